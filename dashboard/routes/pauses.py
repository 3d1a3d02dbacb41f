"""Pausing sound or alarms for a time."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from dashboard.access import Viewer
from dashboard.pauses import Pause, Pausing, begin_pause, end_pause
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import Hand, whence

Actor = Annotated[Viewer, Depends(needs(Permission.ACT_ON_ALARMS))]
router = APIRouter(prefix="/api/pauses")


@router.post("", openapi_extra=takes(Pausing), responses=gives(Pause, 201), status_code=201)
async def post_pause(request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Pause from now on, in the name of who is signed in."""
    wish = await read_body(request, Pausing)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await begin_pause(Hand(connection, viewer, whence(request)), wish), 201)


@router.delete("/{pause_id}", responses=gives(Pause))
async def delete_pause(pause_id: Id, viewer: Actor, parts: WithParts) -> Response:
    """End a pause before its time."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await end_pause(connection, viewer, pause_id))
