"""What all routes share: who asks, the parts of the server, JSON answers."""

from functools import cache
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Path, Request, Response
from starlette.requests import HTTPConnection

from dashboard.access import Access, Viewer, check_csrf
from dashboard.api_tokens import bearer_of, find_holder, holder_of
from dashboard.counters import Counters
from dashboard.database import Database
from dashboard.device_access import DeviceAccess, Holder
from dashboard.errors import ApiError, Code
from dashboard.hub import Hub
from dashboard.ledger import Checks
from dashboard.openid.sign_in import OpenId
from dashboard.pairing import Pairing
from dashboard.permissions import Permission
from dashboard.report.jobs import Reports
from dashboard.settings import DashboardSettings
from dashboard.sign_in import SignIn

#: What a column of the database can count to.
ID_MOST: Final = 2**63 - 1
Id = Annotated[int, Path(ge=0, le=ID_MOST)]
#: Likewise of a smaller column.
SmallId = Annotated[int, Path(ge=0, le=2**31 - 1)]
_encoder: Final = msgspec.json.Encoder()


class Parts:
    """The parts of a running server, kept in the application's state."""

    def __init__(self, settings: DashboardSettings) -> None:
        self.settings: Final = settings
        self.database: Final = Database(settings.database.get_secret_value(), settings.database_connections)
        self.access: Final = Access(self.database, settings)
        self.openid: Final = OpenId(self.database, self.access, settings)
        self.sign_in: Final = SignIn(self.database, settings, self.access)
        self.counters: Final = Counters()
        self.hub: Final = Hub(self.database, settings, self.counters)
        self.pairing: Final = Pairing(self.database, settings)
        self.reports: Final = Reports(self.database)
        self.checks: Final = Checks(self.database, settings.database.get_secret_value())
        self.device_access: Final = DeviceAccess(self.database, settings)

    async def again(self, viewer: Viewer) -> Viewer | None:
        """Return whose a session or token is by now, with what he may see; ``None`` when it has ended."""
        if viewer.scopes is None:
            return await self.access.again(viewer)
        return await holder_of(self.database, viewer.token_hash)


def get_parts(connection: HTTPConnection) -> Parts:
    """Return the server's parts."""
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


async def get_viewer(request: Request) -> Viewer:
    """Return who asks.

    Raises
    ------
    ApiError
        `NOT_SIGNED_IN`; `BAD_CSRF` where a change does not carry the session's token.
    """
    parts = get_parts(request)
    token = bearer_of(request.headers)
    if token is not None:  # no browser sends it by itself, so no other site can make it
        return await find_holder(parts.database, token)
    viewer = await parts.access.viewer(request.cookies)
    if request.method not in {"GET", "HEAD"}:
        check_csrf(viewer, request.headers)
    return viewer


async def get_holder(request: Request) -> Holder:
    """Return the device that asks, by its own credential, and whose it is.

    Raises
    ------
    ApiError
        `WRONG_CREDENTIALS`, `DEVICE_REVOKED`, `TOO_MANY_ATTEMPTS`; `BAD_ORIGIN` from pages of other sites.
    """
    parts = get_parts(request)
    parts.access.check_origin(request.headers, required=False)
    address = request.client.host if request.client else ""
    return await parts.device_access.holder(request.headers.get("authorization", ""), address)


#: Anybody who is signed in: for what is about himself, or no secret.
WithViewer = Annotated[Viewer, Depends(get_viewer)]


class Needs:
    """A dependency of a route: who asks, if he may. Every route of the care team has one (tests/unit/dashboard)."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Final = permission

    async def __call__(self, viewer: WithViewer) -> Viewer:
        """Return who asks.

        Raises
        ------
        ApiError
            `FORBIDDEN` where the role does not allow it.
        """
        check_permission(viewer, self.permission)
        return viewer


@cache
def needs(permission: Permission) -> Needs:
    """Return the dependency: ``viewer: Annotated[Viewer, Depends(needs(Permission.REVIEW))]``."""
    return Needs(permission)


def check_permission(viewer: Viewer, permission: Permission) -> None:
    """Refuse what the viewer's role does not allow.

    Raises
    ------
    ApiError
        `FORBIDDEN`.
    """
    if not viewer.may(permission):
        raise ApiError(Code.FORBIDDEN, permission=permission.value)


WithHolder = Annotated[Holder, Depends(get_holder)]
WithParts = Annotated[Parts, Depends(get_parts)]


def json_answer(content: Any, status: int = 200) -> Response:  # noqa: ANN401 # whatever msgspec can write
    """Return a JSON answer."""
    return Response(_encoder.encode(content), status, media_type="application/json")
