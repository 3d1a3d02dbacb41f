"""What happened to an alarm, and whether the ledger is whole."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dashboard.access import Action, Viewer, audit_look
from dashboard.ledger import LedgerNow, Story, ledger_now, story
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.shapes import gives

router = APIRouter()
Reader = Annotated[Viewer, Depends(needs(Permission.SEE_LEDGER))]


@router.get("/api/alarms/{alarm_id}/story", responses=gives(Story))
async def get_story(alarm_id: Id, viewer: Reader, parts: WithParts) -> Response:
    """Return what happened to an alarm: every step from the signal to a person, and its entry in the ledger."""
    async with parts.database.connection_as(viewer) as connection:
        found = await story(connection, viewer, alarm_id)
        if found.alarm.patient_id is not None:
            await audit_look(connection, viewer, Action.SAW_PATIENT, found.alarm.patient_id)
        return json_answer(found)


@router.get("/api/ledger", responses=gives(LedgerNow))
async def get_ledger(viewer: Reader, parts: WithParts) -> Response:
    """Return how long the ledger is, its last entry, and the last checks of it."""
    async with parts.database.connection_of(viewer.tenant_id) as connection:
        return json_answer(await ledger_now(connection, viewer.tenant_id))


@router.post("/api/ledger/checks", status_code=202, responses=gives(LedgerNow, 202))
async def post_check(viewer: Reader, parts: WithParts) -> Response:
    """Begin to count the ledger anew, unless that goes on already; `GET /api/ledger` says how far it is."""
    await parts.checks.begin(viewer)
    async with parts.database.connection_of(viewer.tenant_id) as connection:
        return json_answer(await ledger_now(connection, viewer.tenant_id), 202)
