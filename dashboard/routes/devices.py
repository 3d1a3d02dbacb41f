"""Pairing devices with patients, and shutting them out."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response
from msgspec import Meta

from dashboard.routes.answers import WithParts, WithViewer, json_answer
from dashboard.routes.bodies import read_body

router = APIRouter(prefix="/api")
#: What a column of the database can count to.
_ID_MOST: Final = 2**63 - 1
Id = Annotated[int, Path(ge=0, le=_ID_MOST)]
Words = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")]


class ForPatient(msgspec.Struct, forbid_unknown_fields=True):
    """For whom a code is made."""

    patient_id: Annotated[int, Meta(ge=0, le=_ID_MOST)]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What a device says to be paired: the code as somebody typed it, and what it is."""

    code: Annotated[str, Meta(max_length=40)]
    description: Words = ""


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why a device is shut out."""

    why: Words = ""


@router.post("/pairing-codes", status_code=201)
async def make_code(request: Request, viewer: WithViewer, parts: WithParts) -> Response:
    """Make a code by which one device can be paired with a patient, once, within ten minutes."""
    given = await read_body(request, ForPatient)
    return json_answer(await parts.pairing.make_code(viewer, given.patient_id), 201)


@router.get("/pairing-codes/{pairing_code_id}")
async def code_state(pairing_code_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Say what became of a code."""
    return json_answer(await parts.pairing.code_state(viewer, pairing_code_id))


@router.post("/pair", status_code=201)
async def pair(request: Request, parts: WithParts) -> Response:
    """Give a device its credential, for a code. The device needs no session."""
    parts.access.check_origin(request.headers, required=False)
    said = await read_body(request, Said)
    address = request.client.host if request.client else ""
    return json_answer(await parts.pairing.pair(said.code, said.description, address), 201)


@router.get("/patients/{patient_id}/devices")
async def devices(patient_id: Id, viewer: WithViewer, parts: WithParts) -> Response:
    """Return a patient's devices, those that were shut out too."""
    return json_answer({"devices": await parts.pairing.devices(viewer, patient_id)})


@router.post("/devices/{device}/revoke", status_code=204)
async def revoke(device: str, request: Request, viewer: WithViewer, parts: WithParts) -> Response:
    """Shut a device out at once and for good."""
    given = await read_body(request, Why)
    await parts.pairing.revoke(viewer, device, given.why)
    return Response(status_code=204)


@router.post("/devices/{device}/credential")
async def reissue(device: str, viewer: WithViewer, parts: WithParts) -> Response:
    """Give a device a new credential; the old one is worthless from now on."""
    return json_answer(await parts.pairing.reissue(viewer, device))
