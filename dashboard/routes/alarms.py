"""One alarm, and what a person does to it: taking it on, silencing it, reviewing it, and taking each of these back."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta

from dashboard import alarm_acts as acts
from dashboard.access import Viewer
from dashboard.alarms import Alarm, Verdict, one_alarm
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import Shown, read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import Hand, whence

Actor = Annotated[Viewer, Depends(needs(Permission.ACT_ON_ALARMS))]
router = APIRouter(prefix="/api/alarms/{alarm_id}")
Seer = Annotated[Viewer, Depends(needs(Permission.SEE_WARD))]
Reviewer = Annotated[Viewer, Depends(needs(Permission.REVIEW))]
NOTE_MOST: Final = 1_000


class Silencing(msgspec.Struct, forbid_unknown_fields=True):
    """For how long an alarm is to be silent."""

    seconds: Annotated[int, Meta(ge=30, le=600)] = 120


class Reviewing(msgspec.Struct, forbid_unknown_fields=True):
    """What an alarm was."""

    verdict: Verdict
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""


@router.get("", responses=gives(Alarm))
async def get_alarm(alarm_id: Id, viewer: Seer, parts: WithParts) -> Response:
    """Return an alarm as it stands."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await one_alarm(connection, viewer.tenant_id, alarm_id))


@router.post("/acknowledgement", openapi_extra=takes(Shown), responses=gives(Alarm))
async def post_acknowledgement(alarm_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Acknowledge what was shown of an alarm, in the name of who is signed in; without a body, as it was raised."""
    shown = await read_body(request, Shown, empty=Shown(0))
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acts.acknowledge(Hand(connection, viewer, whence(request)), alarm_id, shown.additions))


@router.delete("/acknowledgement", responses=gives(Alarm))
async def delete_acknowledgement(alarm_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Undo an acknowledgement."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acts.undo_acknowledgement(Hand(connection, viewer, whence(request)), alarm_id))


@router.post("/silence", openapi_extra=takes(Silencing), responses=gives(Alarm))
async def post_silence(alarm_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Silence an alarm from now on, without a body for two minutes. Nobody is told further meanwhile."""
    said = await read_body(request, Silencing, empty=Silencing())
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acts.silence(Hand(connection, viewer, whence(request)), alarm_id, said.seconds))


@router.delete("/silence", responses=gives(Alarm))
async def delete_silence(alarm_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Let an alarm sound again."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acts.undo_silence(Hand(connection, viewer, whence(request)), alarm_id))


@router.post("/review", openapi_extra=takes(Reviewing), responses=gives(Alarm))
async def post_review(alarm_id: Id, request: Request, viewer: Reviewer, parts: WithParts) -> Response:
    """Say what an alarm was: true, false, or not to be told."""
    said = await read_body(request, Reviewing)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(
            await acts.review(Hand(connection, viewer, whence(request)), alarm_id, said.verdict, said.note)
        )


@router.delete("/review", responses=gives(Alarm))
async def delete_review(alarm_id: Id, request: Request, viewer: Reviewer, parts: WithParts) -> Response:
    """Undo a review: the alarm waits for one again."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await acts.undo_review(Hand(connection, viewer, whence(request)), alarm_id))
