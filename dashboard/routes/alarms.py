"""Taking an alarm on, and taking that back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from dashboard.access import Viewer
from dashboard.alarms import Alarm, acknowledge, undo_acknowledgement
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import Shown, read_body
from dashboard.routes.shapes import gives, takes

router = APIRouter(prefix="/api/alarms/{alarm_id}/acknowledgement")
Actor = Annotated[Viewer, Depends(needs(Permission.ACT_ON_ALARMS))]


@router.post("", openapi_extra=takes(Shown), responses=gives(Alarm))
async def post_acknowledgement(alarm_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Acknowledge what was shown of an alarm, in the name of who is signed in; without a body, as it was raised."""
    shown = await read_body(request, Shown, empty=Shown(0))
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acknowledge(connection, viewer, alarm_id, shown.additions))


@router.delete("", responses=gives(Alarm))
async def delete_acknowledgement(alarm_id: Id, viewer: Actor, parts: WithParts) -> Response:
    """Undo an acknowledgement."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await undo_acknowledgement(connection, viewer, alarm_id))
