"""Pairing devices with patients, and shutting them out."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.fleet import Fleet, Order, read_fleet
from dashboard.pairing_answers import CodeOwner, CodeState, Credential, PairedDevice, PairingCode
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, takes

router = APIRouter(prefix="/api")
Manager = Annotated[Viewer, Depends(needs(Permission.MANAGE_PATIENTS))]
Words = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*$")]


class ForPatient(msgspec.Struct, forbid_unknown_fields=True):
    """For whom a code is made."""

    patient_id: Annotated[int, Meta(ge=0, le=ID_MOST)]


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What a device says to be paired: the code as somebody typed it, and what it is."""

    code: Annotated[str, Meta(max_length=40)]
    description: Words = ""


class Typed(msgspec.Struct, forbid_unknown_fields=True):
    """A code as somebody typed it."""

    code: Annotated[str, Meta(max_length=40)]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why a device is shut out."""

    why: Words = ""


class Devices(msgspec.Struct, frozen=True):
    """A patient's devices, the newest first."""

    devices: list[PairedDevice]


@router.post("/pairing-codes", status_code=201, openapi_extra=takes(ForPatient), responses=gives(PairingCode, 201))
async def make_code(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Make a code by which one device can be paired with a patient, once, within ten minutes."""
    given = await read_body(request, ForPatient)
    origin = f"{request.url.scheme}://{request.url.netloc}"
    return json_answer(await parts.pairing.make_code(viewer, given.patient_id, origin), 201)


@router.get("/pairing-codes/{pairing_code_id}", responses=gives(CodeState))
async def code_state(pairing_code_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Say what became of a code."""
    return json_answer(await parts.pairing.code_state(viewer, pairing_code_id))


@router.post("/pair", status_code=201, openapi_extra=takes(Said), responses=gives(Credential, 201))
async def pair(request: Request, parts: WithParts) -> Response:
    """Give a device its credential, for a code. The device needs no session."""
    parts.access.check_origin(request.headers, required=False)
    said = await read_body(request, Said)
    address = request.client.host if request.client else ""
    return json_answer(await parts.pairing.pair(said.code, said.description, address), 201)


@router.post("/pair/look", openapi_extra=takes(Typed), responses=gives(CodeOwner))
async def look(request: Request, parts: WithParts) -> Response:
    """Say for whom a code was made, so that who typed it sees whether it is his; it holds as before."""
    parts.access.check_origin(request.headers, required=False)
    typed = await read_body(request, Typed)
    address = request.client.host if request.client else ""
    return json_answer(await parts.pairing.look(typed.code, address))


@router.get("/patients/{patient_id}/devices", responses=gives(Devices))
async def devices(patient_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Return a patient's devices, those that were shut out too."""
    return json_answer(Devices(await parts.pairing.devices(viewer, patient_id)))


@router.get("/devices", responses=gives(Fleet))
async def fleet(
    viewer: Annotated[Viewer, Depends(needs(Permission.MANAGE_DEVICES))],
    parts: WithParts,
    *,
    find: Annotated[str, Query(max_length=80, pattern=r"^[^\x00]*$")] = "",
    order: Order = "patient",
    revoked: bool = False,
    most: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Return the devices of all patients whom one may see, those that may send or those that were shut out."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(await read_fleet(connection, viewer, find, order, revoked=revoked, most=most))


@router.post("/devices/{device}/revoke", status_code=204, openapi_extra=takes(Why))
async def revoke(device: str, request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Shut a device out at once and for good."""
    given = await read_body(request, Why)
    await parts.pairing.revoke(viewer, device, given.why)
    return Response(status_code=204)


@router.post("/devices/{device}/credential", responses=gives(Credential))
async def reissue(device: str, viewer: Manager, parts: WithParts) -> Response:
    """Give a device a new credential; the old one is worthless from now on."""
    return json_answer(await parts.pairing.reissue(viewer, device))
