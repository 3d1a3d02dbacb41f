"""The ward's picture, the catalogue of calls, and how the server itself is."""

import time
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.routes.answers import WithParts, WithViewer, json_answer, needs
from dashboard.routes.shapes import gives
from dashboard.ward import Ward
from heartwire.calls import CALLS, Family, Priority

router = APIRouter(prefix="/api")


@router.get("/ward", responses=gives(Ward))
async def ward(viewer: Annotated[Viewer, Depends(needs(Permission.SEE_WARD))], parts: WithParts) -> Response:
    """Return the picture of now."""
    return json_answer(await parts.hub.ward(viewer.sight))


class CallNames(msgspec.Struct, frozen=True):
    """What it is called, by language."""

    en: str
    fr: str
    de: str


class CallLimit(msgspec.Struct, frozen=True):
    """A limit of a call; a patient may have one of his own between `low` and `high`."""

    default: float
    low: float
    high: float
    unit: str


class CallInfo(msgspec.Struct, frozen=True):
    """A call of the catalogue.

    `implies`: the lesser calls that it hides while it lasts; those that they hide are not all among them. `limits` by
    name.
    """

    code: str
    names: CallNames
    priority: Priority
    family: Family
    latching: bool
    implies: tuple[str, ...]
    limits: dict[str, CallLimit]


class Reached(msgspec.Struct, frozen=True):
    """Whether something that the server needs is there."""

    live: bool
    seconds: float | None = None


class Health(msgspec.Struct, frozen=True):
    """How the server itself is."""

    ok: bool
    database: Reached
    broker: Reached


@router.get("/calls", responses=gives(list[CallInfo]))
async def calls(_viewer: WithViewer) -> Response:
    """Return the catalogue of calls: their names, the limits that hold by default, and which lesser ones each hides."""
    return json_answer(
        [
            CallInfo(
                call.code,
                CallNames(**call.names),
                call.priority,
                call.family,
                call.latching,
                call.implies,
                {
                    name: CallLimit(limit.default, limit.low, limit.high, limit.unit)
                    for name, limit in call.limits.items()
                },
            )
            for call in CALLS.values()
        ]
    )


@router.get("/health", responses=gives(Health) | gives(Health, 503))
async def health(parts: WithParts) -> Response:
    """Say whether the server, its database and its broker are there; for machines, without sign-in."""
    begin_s = time.monotonic()
    try:
        async with parts.database.connection() as connection:
            await connection.execute("SELECT 1")
        database_live = True
    except Exception:  # noqa: BLE001 # whatever is wrong with it, it is not there
        database_live = False
    database = Reached(database_live, round(time.monotonic() - begin_s, 3))
    answer = Health(database_live, database, Reached(parts.hub.broker_is_connected))
    return json_answer(answer, 200 if database_live else 503)
