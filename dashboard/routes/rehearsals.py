"""Rehearsals of limits: asked for, followed, cancelled."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta

from dashboard import rehearsals
from dashboard.access import Viewer
from dashboard.permissions import Permission
from dashboard.rehearsals import DAYS_MOST, Rehearsal
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes

router = APIRouter(prefix="/api/patients/{patient_id}/rehearsals")
WithSetter = Annotated[Viewer, Depends(needs(Permission.SET_LIMITS))]
_Name = Annotated[str, Meta(max_length=40)]


class AskedRehearsal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which limits are to be tried, by call and name (``null``: the catalogue's), on how many of the last days."""

    limits: Annotated[dict[_Name, Annotated[dict[_Name, float | None], Meta(max_length=4)]], Meta(max_length=40)]
    days: Annotated[int, Meta(ge=1, le=DAYS_MOST)] = 3


@router.post("", responses=gives(Rehearsal, 202), openapi_extra=takes(AskedRehearsal), status_code=202)
async def ask(patient_id: Id, request: Request, viewer: WithSetter, parts: WithParts) -> Response:
    """Ask for limits to be tried on the patient's last days."""
    body = await read_body(request, AskedRehearsal)
    async with parts.database.connection_as(viewer) as connection:
        found = await rehearsals.ask(connection, viewer, patient_id, body.limits, body.days)
    return json_answer(found, 202)


@router.get("/{rehearsal_id}", responses=gives(Rehearsal))
async def one(patient_id: Id, rehearsal_id: Id, viewer: WithSetter, parts: WithParts) -> Response:
    """Return how far a rehearsal is, or what came of it."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await rehearsals.find(connection, viewer, patient_id, rehearsal_id))


@router.delete("/{rehearsal_id}", responses=gives(Rehearsal))
async def cancel(patient_id: Id, rehearsal_id: Id, viewer: WithSetter, parts: WithParts) -> Response:
    """Let a rehearsal be."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await rehearsals.cancel(connection, viewer, patient_id, rehearsal_id))
