"""The audit trail, and where people are signed in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Id, WithParts, WithViewer, json_answer, needs
from dashboard.routes.shapes import gives
from dashboard.routes.stretches import US_MOST
from dashboard.trail import OpenSessions, Trail, Wanted, open_sessions, read_trail, revoke_session

router = APIRouter(prefix="/api")
Auditor = Annotated[Viewer, Depends(needs(Permission.SEE_AUDIT))]
OptionalId = Annotated[int | None, Query(ge=0, le=ID_MOST)]
OptionalUs = Annotated[int | None, Query(ge=0, le=US_MOST)]


@router.get("/audit", responses=gives(Trail))
async def trail(
    viewer: Auditor,
    parts: WithParts,
    *,
    before: OptionalId = None,
    user_id: OptionalId = None,
    patient_id: OptionalId = None,
    action: Annotated[str | None, Query(max_length=64, pattern="^[a-z_]+$")] = None,
    from_us: OptionalUs = None,
    to_us: OptionalUs = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Return who saw, changed or exported what, the newest first."""
    wanted = Wanted(before, user_id, patient_id, action, from_us, to_us, limit)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await read_trail(connection, viewer, wanted))


@router.get("/sessions", responses=gives(OpenSessions))
async def sessions(viewer: WithViewer, parts: WithParts, *, everybody: bool = False) -> Response:
    """Return where one is signed in; who looks after people may ask for `everybody`."""
    of = None if everybody and viewer.may(Permission.MANAGE_PEOPLE) else viewer.user_id
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await open_sessions(connection, viewer, of, parts.settings.session_idle_s))


@router.delete("/sessions/{session_id}", status_code=204)
async def end_session(session_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """End one of the own sessions; who looks after people ends anybody's. Its live screens close within 3 s."""
    of_anybody = viewer.may(Permission.MANAGE_PEOPLE)
    async with parts.database.connection_as(viewer) as connection:
        await revoke_session(connection, viewer, session_id, of_anybody=of_anybody)
    return Response(status_code=204)
