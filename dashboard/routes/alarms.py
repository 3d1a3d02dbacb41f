"""Taking an alarm on, and taking that back."""

from fastapi import APIRouter, Response

from dashboard.alarms import Alarm, undo_acknowledgement
from dashboard.care import acknowledge_and_read
from dashboard.routes.answers import Id, WithParts, WithViewer, json_answer
from dashboard.routes.shapes import gives

router = APIRouter(prefix="/api/alarms/{alarm_id}/acknowledgement")


@router.post("", responses=gives(Alarm))
async def post_acknowledgement(alarm_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Acknowledge, in the name of who is signed in; a patient who asked by it is told that it was seen."""
    async with parts.database.connection() as connection:
        alarm, words = await acknowledge_and_read(connection, viewer, alarm_id)
    parts.hub.say(words)
    return json_answer(alarm)


@router.delete("", responses=gives(Alarm))
async def delete_acknowledgement(alarm_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Undo an acknowledgement."""
    async with parts.database.connection() as connection:
        return json_answer(await undo_acknowledgement(connection, viewer, alarm_id))
