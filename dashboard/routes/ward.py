"""The ward's picture, the catalogue of calls, and how the server itself is."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.routes.answers import WithParts, WithViewer, json_answer, needs
from dashboard.routes.shapes import gives
from dashboard.ward import Ward
from heartwire.calls import CALLS

router = APIRouter(prefix="/api")


@router.get("/ward", responses=gives(Ward))
async def ward(viewer: Annotated[Viewer, Depends(needs(Permission.SEE_WARD))], parts: WithParts) -> Response:
    """Return the picture of now."""
    return json_answer(await parts.hub.ward(viewer.tenant_id))


@router.get("/calls")
async def calls(_viewer: WithViewer) -> Response:
    """Return the catalogue of calls: their names, the limits that hold by default, and which lesser ones each hides."""
    return json_answer(
        [
            {
                "code": call.code,
                "names": dict(call.names),
                "priority": call.priority,
                "family": call.family,
                "latching": call.latching,
                "implies": call.implies,
                "limits": {
                    name: {"default": limit.default, "low": limit.low, "high": limit.high, "unit": limit.unit}
                    for name, limit in call.limits.items()
                },
            }
            for call in CALLS.values()
        ]
    )


@router.get("/health")
async def health(parts: WithParts) -> Response:
    """Say whether the server, its database and its broker are there; for machines, without sign-in."""
    begin_s = time.monotonic()
    try:
        async with parts.database.connection() as connection:
            await connection.execute("SELECT 1")
        database_live = True
    except Exception:  # noqa: BLE001 # whatever is wrong with it, it is not there
        database_live = False
    answer = {
        "ok": database_live,
        "database": {"live": database_live, "seconds": round(time.monotonic() - begin_s, 3)},
        "broker": {"live": parts.hub.broker_is_connected},
    }
    return json_answer(answer, 200 if database_live else 503)
