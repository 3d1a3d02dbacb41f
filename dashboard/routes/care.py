"""Adding a patient; symptoms, messages and questions between patients and the care team."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard import care
from dashboard.access import Action, Viewer, audit
from dashboard.care import Message, Symptom
from dashboard.errors import ApiError, Code
from dashboard.patients import PatientName, add_patient, patient_name
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Id, WithParts, json_answer, needs
from dashboard.routes.bodies import Shown, read_body
from dashboard.routes.looking import looking
from dashboard.routes.shapes import gives, takes
from dashboard.routes.stretches import US_MOST
from heartwire.care import Form, Said, check_form

router = APIRouter(prefix="/api")
Manager = Annotated[Viewer, Depends(needs(Permission.MANAGE_PATIENTS))]
Reader = Annotated[Viewer, Depends(needs(Permission.SEE_PATIENT))]
Actor = Annotated[Viewer, Depends(needs(Permission.ACT_ON_ALARMS))]
Talker = Annotated[Viewer, Depends(needs(Permission.MESSAGE))]
Before = Annotated[int | None, Query(ge=0, le=US_MOST)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class NewPatient(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be watched; the language is that of his own phone."""

    name: Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")]
    ward: Annotated[str, Meta(max_length=80, pattern=r"^[^\x00-\x1f]*$")] = ""
    language: Literal["en", "fr"] = "en"


class ReadMessages(msgspec.Struct, forbid_unknown_fields=True):
    """Which messages of a patient were shown and read."""

    messages: Annotated[list[Annotated[int, Meta(ge=0, le=ID_MOST)]], Meta(min_length=1, max_length=200)]


class Words(msgspec.Struct, forbid_unknown_fields=True):
    """What is said to a patient."""

    text: Said


class Symptoms(msgspec.Struct, frozen=True):
    """A patient's symptoms, the newest first, and whether there are older ones."""

    symptoms: list[Symptom]
    more: bool


class Messages(msgspec.Struct, frozen=True):
    """What was said both ways, the newest first, and whether there is older."""

    messages: list[Message]
    more: bool


@router.post("/patients", status_code=201, openapi_extra=takes(NewPatient), responses=gives(PatientName, 201))
async def post_patient(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Register a patient; devices are paired with a code afterwards."""
    given = await read_body(request, NewPatient)
    async with parts.database.connection_as(viewer) as connection:
        patient = await add_patient(connection, viewer, given.name.strip(), given.ward.strip(), given.language)
        await audit(connection, viewer, Action.ADDED_PATIENT, patient.id)
    return json_answer(patient, 201)


@router.get("/patients/{patient_id}/symptoms", responses=gives(Symptoms))
async def get_symptoms(
    patient_id: Id, viewer: Reader, parts: WithParts, before_us: Before = None, limit: Limit = 50
) -> Response:
    """Return what a patient felt, the newest first."""
    async with looking(parts, viewer, patient_id, Action.SAW_SYMPTOMS) as (connection, _):
        return json_answer(Symptoms(*await care.symptoms(connection, viewer.tenant_id, patient_id, before_us, limit)))


@router.post("/symptoms/{symptom_id}/read", openapi_extra=takes(Shown), responses=gives(Symptom))
async def post_symptom_read(symptom_id: Id, request: Request, viewer: Actor, parts: WithParts) -> Response:
    """Say that a symptom was read; the patient is told by whom, and its alarm is over."""
    seen = await read_body(request, Shown)
    async with parts.database.connection_as(viewer) as connection:
        symptom, words = await care.read_symptom(connection, viewer, symptom_id, seen.additions)
    parts.hub.say(words)
    return json_answer(symptom)


@router.get("/patients/{patient_id}/messages", responses=gives(Messages))
async def get_messages(
    patient_id: Id, viewer: Reader, parts: WithParts, before_us: Before = None, limit: Limit = 50
) -> Response:
    """Return what was said between a patient and the care team, the newest first."""
    async with looking(parts, viewer, patient_id, Action.SAW_MESSAGES) as (connection, _):
        return json_answer(Messages(*await care.messages(connection, viewer.tenant_id, patient_id, before_us, limit)))


@router.post(
    "/patients/{patient_id}/messages", status_code=201, openapi_extra=takes(Words), responses=gives(Message, 201)
)
async def post_message(patient_id: Id, request: Request, viewer: Talker, parts: WithParts) -> Response:
    """Say something to a patient: to his devices at once, and to those that ask later."""
    given = await read_body(request, Words)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        message, words = await care.send_message(connection, viewer, patient_id, given.text)
    parts.hub.say(words)
    return json_answer(message, 201)


@router.post(
    "/patients/{patient_id}/questions", status_code=201, openapi_extra=takes(Form), responses=gives(Message, 201)
)
async def post_question(patient_id: Id, request: Request, viewer: Talker, parts: WithParts) -> Response:
    """Ask a patient to answer a short form."""
    form = await read_body(request, Form)
    if check_form(form) is not None:
        raise ApiError(Code.INVALID, field="fields")
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        message, words = await care.ask(connection, viewer, patient_id, form)
    parts.hub.say(words)
    return json_answer(message, 201)


@router.post("/patients/{patient_id}/messages/read", openapi_extra=takes(ReadMessages), responses=gives(Messages))
async def post_messages_read(patient_id: Id, request: Request, viewer: Talker, parts: WithParts) -> Response:
    """Say that these of a patient's messages and answers were read, all or none; he is told by whom."""
    given = await read_body(request, ReadMessages)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        messages, words = await care.read_messages(connection, viewer, patient_id, given.messages)
    parts.hub.say(words)
    return json_answer(Messages(messages, more=False))


@router.post("/messages/{message_id}/read", responses=gives(Message))
async def post_message_read(message_id: Id, viewer: Talker, parts: WithParts) -> Response:
    """Say that a patient's message or answer was read; he is told by whom."""
    async with parts.database.connection_as(viewer) as connection:
        message, words = await care.read_message(connection, viewer, message_id)
    parts.hub.say(words)
    return json_answer(message)
