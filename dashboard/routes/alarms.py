"""Taking an alarm on, and taking that back."""

from fastapi import APIRouter, Response

from dashboard.alarms import Alarm, acknowledge, undo_acknowledgement
from dashboard.routes.answers import Id, WithParts, WithViewer, json_answer
from dashboard.routes.shapes import gives

router = APIRouter(prefix="/api/alarms/{alarm_id}/acknowledgement")


@router.post("", responses=gives(Alarm))
async def post_acknowledgement(alarm_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Acknowledge, in the name of who is signed in."""
    async with parts.database.connection() as connection:
        return json_answer(await acknowledge(connection, viewer, alarm_id))


@router.delete("", responses=gives(Alarm))
async def delete_acknowledgement(alarm_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Undo an acknowledgement."""
    async with parts.database.connection() as connection:
        return json_answer(await undo_acknowledgement(connection, viewer, alarm_id))
