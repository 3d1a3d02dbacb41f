"""What people add to a patient's record, and its trends."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from msgspec import Meta

from dashboard import record
from dashboard.access import Viewer
from dashboard.corrections import BeatCorrection, CorrectionKind
from dashboard.patients import patient_facts, patient_name
from dashboard.permissions import Permission
from dashboard.record import Author, LimitChange, Note, Trends
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.looking import looking
from dashboard.routes.shapes import gives, takes
from dashboard.routes.stretches import US_MOST, WithStretch, check_length

router = APIRouter(prefix="/api/patients/{patient_id}")
Reader = Annotated[Viewer, Depends(needs(Permission.SEE_PATIENT))]
Reviewer = Annotated[Viewer, Depends(needs(Permission.REVIEW))]
Writer = Annotated[Viewer, Depends(needs(Permission.WRITE_NOTES))]
Setter = Annotated[Viewer, Depends(needs(Permission.SET_LIMITS))]

_TREND_MOST_S: Final = 400 * 86_400
_BUCKETS_MOST: Final = 5_000
_NAME: Final = Meta(max_length=64)
_Us = Annotated[int, Meta(ge=0, le=US_MOST)]


class NewCorrection(msgspec.Struct, forbid_unknown_fields=True):
    """What is said of a beat: the engine's at exactly that time, or one that is added."""

    t_us: _Us
    kind: CorrectionKind
    label: Annotated[str, Meta(pattern="^[NSVFQ]$")] | None = None


class NewNote(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody writes, about the patient or about a moment of the signal."""

    text: Annotated[str, Meta(min_length=1, max_length=1500, pattern=r"\S")]
    about_us: _Us | None = None


class CorrectedNote(msgspec.Struct, forbid_unknown_fields=True):
    """What a note is to say instead; empty: it is taken back."""

    text: Annotated[str, Meta(max_length=1500)]


class NewLimits(msgspec.Struct, forbid_unknown_fields=True):
    """Limits by call and name; ``null``: the catalogue's again. What is not named stays."""

    limits: dict[Annotated[str, _NAME], dict[Annotated[str, _NAME], float | None]]


class Notes(msgspec.Struct, frozen=True):
    """A patient's notes, the newest first."""

    notes: list[Note]


class Limits(msgspec.Struct, frozen=True):
    """A patient's own limits, and who changed what, the newest first."""

    limits: dict[str, dict[str, float]]
    changes: list[LimitChange]


@router.post("/beat-corrections", openapi_extra=takes(NewCorrection), responses=gives(BeatCorrection))
async def post_correction(patient_id: Id, request: Request, viewer: Reviewer, parts: WithParts) -> Response:
    """Say what a beat is, in the name of who is signed in; what the engine found stays beside it."""
    wanted = await read_body(request, NewCorrection)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        author = Author(connection, viewer, patient_id)
        return json_answer(await record.correct_beat(author, wanted.t_us, wanted.kind, wanted.label))


@router.delete("/beat-corrections/{correction_id}", status_code=204)
async def delete_correction(patient_id: Id, correction_id: Id, viewer: Reviewer, parts: WithParts) -> Response:
    """Undo a correction of a beat."""
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        await record.undo_correction(Author(connection, viewer, patient_id), correction_id)
    return Response(status_code=204)


@router.get("/notes", responses=gives(Notes))
async def get_notes(patient_id: Id, viewer: Reader, parts: WithParts) -> Response:
    """Return what the team wrote about a patient."""
    async with looking(parts, viewer, patient_id) as (connection, _):
        return json_answer(Notes(await record.notes(connection, patient_id)))


@router.post("/notes", openapi_extra=takes(NewNote), responses=gives(Notes))
async def post_note(patient_id: Id, request: Request, viewer: Writer, parts: WithParts) -> Response:
    """Write a note, and return all."""
    wanted = await read_body(request, NewNote)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        await record.write_note(Author(connection, viewer, patient_id), wanted.text, wanted.about_us)
        return json_answer(Notes(await record.notes(connection, patient_id)))


@router.post("/notes/{note_id}/correction", openapi_extra=takes(CorrectedNote), responses=gives(Notes))
async def post_note_correction(
    patient_id: Id, note_id: Id, request: Request, viewer: Writer, parts: WithParts
) -> Response:
    """Correct a note, or take it back; what it said before stays to be read. Return all."""
    wanted = await read_body(request, CorrectedNote)
    async with parts.database.connection_as(viewer) as connection:
        await patient_name(connection, viewer, patient_id)
        await record.write_note(Author(connection, viewer, patient_id), wanted.text.strip(), None, note_id)
        return json_answer(Notes(await record.notes(connection, patient_id)))


@router.get("/limits", responses=gives(Limits))
async def get_limits(patient_id: Id, viewer: Reader, parts: WithParts) -> Response:
    """Return a patient's own limits, and who changed what."""
    async with looking(parts, viewer, patient_id) as (connection, patient):
        facts = await patient_facts(connection, patient)
        return json_answer(Limits(facts.limits, await record.limit_changes(connection, patient_id)))


@router.put("/limits", openapi_extra=takes(NewLimits), responses=gives(Limits))
async def put_limits(patient_id: Id, request: Request, viewer: Setter, parts: WithParts) -> Response:
    """Give a patient limits of his own, within the catalogue's bounds; the analysis follows within seconds."""
    wanted = await read_body(request, NewLimits)
    async with parts.database.connection_as(viewer) as connection:
        patient = await patient_name(connection, viewer, patient_id)
        await record.set_limits(Author(connection, viewer, patient_id), wanted.limits)
        facts = await patient_facts(connection, patient)
        return json_answer(Limits(facts.limits, await record.limit_changes(connection, patient_id)))


@router.get("/trends", responses=gives(Trends))
async def get_trends(
    patient_id: Id,
    stretch: WithStretch,
    bucket_s: Annotated[float, Query(ge=60, le=86_400, allow_inf_nan=False)],
    viewer: Reader,
    parts: WithParts,
) -> Response:
    """Return beats by class, atrial fibrillation and battery over time, in buckets of whole minutes."""
    check_length(stretch, min(_TREND_MOST_S, _BUCKETS_MOST * bucket_s))
    async with looking(parts, viewer, patient_id) as (connection, _):
        return json_answer(await record.trends(connection, patient_id, stretch, round(bucket_s * 1e6)))
