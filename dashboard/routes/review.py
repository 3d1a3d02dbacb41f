"""The review queue: what waits to be judged, and judging it."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.alarms import Verdict
from dashboard.permissions import Permission
from dashboard.review.queue import Judged, Queue, judge, read_queue, take_back
from dashboard.routes.alarms import NOTE_MOST
from dashboard.routes.answers import ID_MOST, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import Hand, whence

router = APIRouter(prefix="/api/review")
WithReviewer = Annotated[Viewer, Depends(needs(Permission.REVIEW))]
_AlarmIds = Annotated[list[Annotated[int, Meta(ge=0, le=ID_MOST)]], Meta(min_length=1, max_length=100)]


class Judging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What these alarms were."""

    alarm_ids: _AlarmIds
    verdict: Verdict
    note: Annotated[str, Meta(max_length=NOTE_MOST)] = ""


class TakingBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which alarms are to wait again."""

    alarm_ids: _AlarmIds


@router.get("", responses=gives(Queue))
async def queue(
    viewer: WithReviewer,
    parts: WithParts,
    patient_id: Annotated[int | None, Query(ge=0, le=ID_MOST)] = None,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
    limit: Annotated[int, Query(ge=1, le=300)] = 100,
) -> Response:
    """Return alarms that wait to be judged, the gravest first, like beside like."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await read_queue(connection, viewer, patient_id, days, limit))


@router.post("", responses=gives(Judged), openapi_extra=takes(Judging))
async def post_verdict(request: Request, viewer: WithReviewer, parts: WithParts) -> Response:
    """Judge alarms, all alike or none."""
    said = await read_body(request, Judging)
    async with parts.database.connection_as(viewer) as connection:
        hand = Hand(connection, viewer, whence(request))
        return json_answer(await judge(hand, said.alarm_ids, said.verdict, said.note))


@router.post("/undo", responses=gives(Judged), openapi_extra=takes(TakingBack))
async def undo(request: Request, viewer: WithReviewer, parts: WithParts) -> Response:
    """Take the verdict on these alarms back: they wait again."""
    said = await read_body(request, TakingBack)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await take_back(Hand(connection, viewer, whence(request)), said.alarm_ids))
