"""The API's description in the words of OpenAPI, from the routes themselves; the server itself does not publish it.

It stands in docs/openapi.json; `make docs` writes it.
"""

from typing import Any, Final

from fastapi import FastAPI

from dashboard.access import COOKIE, CSRF_HEADER
from dashboard.routes import (
    account,
    alarms,
    care,
    devices,
    glass,
    hand_overs,
    ledger,
    live,
    my,
    notices,
    on_call,
    openid,
    other_systems,
    pages,
    patients,
    pauses,
    people,
    record,
    rehearsals,
    report,
    review,
    session,
    statistics,
    storage,
    trail,
    ward,
)
from dashboard.routes.shapes import refuses, shared_shapes

ROUTERS: Final = (
    session,
    openid,
    account,
    ward,
    patients,
    record,
    report,
    rehearsals,
    review,
    statistics,
    care,
    other_systems,  # its stream of alarms, before the alarms by number
    alarms,
    ledger,
    pauses,
    hand_overs,
    glass,
    people,
    trail,
    on_call,
    notices,
    devices,
    storage,
    my,
    live,
    pages,
)
_DESCRIPTION: Final = f"""\
Who is signed in has the cookie `{COOKIE}`; a change carries the session's second token in the header `{CSRF_HEADER}`.
A patient's device asks for its own data below `/api/my` with its credential as HTTP Basic (user: the device,
password: its secret).
Another system sends its token as `Authorization: Bearer hwt_...`, which may what its scopes name.
The live connection is a WebSocket at `/api/live`. Times are UTC microseconds.
"""


def include_routes(app: FastAPI) -> None:
    """Give an application all routes."""
    for routes in ROUTERS:
        app.include_router(routes.router, responses=refuses())


def describe() -> dict[str, Any]:
    """Return the API's description: all that is below ``/api``."""
    app = FastAPI(title="heartwire", version="1", description=_DESCRIPTION)
    include_routes(app)
    document = app.openapi()
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith("/api/")}
    document["components"] = {"schemas": shared_shapes()}
    return document
