"""Seeing a patient of another ward, for a reason."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.glass import Elsewhere, Glass, OpenGlass, break_glass, find_elsewhere, open_glass
from dashboard.permissions import Permission
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes

router = APIRouter(prefix="/api")
Breaker = Annotated[Viewer, Depends(needs(Permission.BREAK_GLASS))]


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why somebody of another ward must see the patient; the patient's team reads it, and he sees who looked."""

    reason: Annotated[str, Meta(min_length=10, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]


@router.get("/glass/patients", responses=gives(Elsewhere))
async def patients_elsewhere(
    viewer: Breaker, parts: WithParts, name: Annotated[str, Query(min_length=3, max_length=80, pattern="^[^\x00]*$")]
) -> Response:
    """Return patients of all wards by a part of their names: name, ward and number, nothing else."""
    async with parts.database.connection_of(viewer.tenant_id) as connection:
        return json_answer(await find_elsewhere(connection, viewer, name))


@router.get("/patients/{patient_id}/glass", responses=gives(OpenGlass))
async def get_glass(patient_id: Id, viewer: Breaker, parts: WithParts) -> Response:
    """Return until when one sees a patient of another ward, if by breaking the glass."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await open_glass(connection, viewer, patient_id))


@router.post("/patients/{patient_id}/glass", status_code=201, openapi_extra=takes(Reason), responses=gives(Glass, 201))
async def post_glass(patient_id: Id, request: Request, viewer: Breaker, parts: WithParts) -> Response:
    """See a patient of another ward for four hours; the patient's team is told by an alarm, with the reason."""
    given = await read_body(request, Reason)
    async with parts.database.connection_of(viewer.tenant_id) as connection:
        return json_answer(await break_glass(connection, viewer, patient_id, given.reason.strip()), 201)
