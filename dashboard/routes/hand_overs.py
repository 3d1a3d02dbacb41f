"""Whose a patient is: nurses, colleagues, handing over."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Meta

from dashboard import hand_overs as stored
from dashboard.access import Viewer
from dashboard.hand_overs import Colleague, HandOver, Named
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes
from dashboard.whence import Hand, whence

Seer = Annotated[Viewer, Depends(needs(Permission.SEE_WARD))]
Actor = Annotated[Viewer, Depends(needs(Permission.ACT_ON_ALARMS))]
router = APIRouter(prefix="/api")
_UserId = Annotated[int, Meta(ge=0, le=ID_MOST)]


class Assigning(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be a patient's nurse; null is nobody."""

    user_id: _UserId | None


class Assigned(msgspec.Struct, frozen=True):
    """A patient's nurse."""

    nurse: Named | None


class Offering(msgspec.Struct, forbid_unknown_fields=True):
    """To whom one's patients are to be handed over; those of one ward, or all."""

    to_user_id: _UserId
    ward: Annotated[str, Meta(max_length=200)] | None = None


class Colleagues(msgspec.Struct, frozen=True):
    """Who may be given patients."""

    colleagues: list[Colleague]


@router.get("/colleagues", responses=gives(Colleagues))
async def get_colleagues(viewer: Seer, parts: WithParts) -> Response:
    """Return who may be given patients, and may be put on call."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Colleagues(await stored.colleagues(connection, viewer)))


@router.put("/patients/{patient_id}/nurse", openapi_extra=takes(Assigning), responses=gives(Assigned))
async def put_nurse(patient_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Make somebody a patient's nurse."""
    said = await read_body(request, Assigning)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Assigned(await stored.assign_nurse(connection, viewer, patient_id, said.user_id)))


@router.post("/hand-overs", openapi_extra=takes(Offering), responses=gives(HandOver, 201), status_code=201)
async def post_hand_over(request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Offer all of one's patients and open alarms to a colleague."""
    said = await read_body(request, Offering)
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.offer(connection, viewer, said.to_user_id, said.ward), 201)


@router.post("/hand-overs/{hand_over_id}/acceptance", responses=gives(HandOver))
async def post_acceptance(hand_over_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Take over what was offered to who is signed in."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.accept(Hand(connection, viewer, whence(request)), hand_over_id))


@router.delete("/hand-overs/{hand_over_id}", responses=gives(HandOver))
async def delete_hand_over(hand_over_id: Id, viewer: Actor, parts: WithParts) -> Response:
    """Take an offer back, or decline it."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await stored.withdraw(connection, viewer, hand_over_id))
