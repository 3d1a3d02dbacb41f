"""One patient: facts, heart rate over time, ECG, beats, rhythms, alarms."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from dashboard import patients as stored
from dashboard.access import Action, Viewer
from dashboard.alarms import Alarm, patient_alarms
from dashboard.patients import Stretch
from dashboard.permissions import Permission
from dashboard.records import pack_outline
from dashboard.routes.answers import Id, WithParts, json_answer, needs
from dashboard.routes.looking import looking
from dashboard.routes.shapes import gives
from dashboard.routes.stretches import ECG_MOST_S, RECORDS, US_MOST, WithStretch, check_length
from heartwire.storage.envelope import STORED_BUCKET_US

router = APIRouter(prefix="/api/patients/{patient_id}")
Reader = Annotated[Viewer, Depends(needs(Permission.SEE_PATIENT))]

_BUCKETS_MOST = 5_000
_BEATS_MOST_S = 3_600
_RHYTHMS_MOST_S = 86_400
_TREND_MOST_S = 400 * 86_400
#: A day and what lies around it.
_OUTLINE_MOST_S = 2 * 86_400
_FINE_OUTLINE_MOST_S = 7_200


class Alarms(msgspec.Struct, frozen=True):
    """A patient's alarms, the newest first, and whether there are older ones."""

    alarms: list[Alarm]
    more: bool


class Episodes(msgspec.Struct, frozen=True):
    """Episodes that reach into a stretch, the newest first, and whether there are more."""

    episodes: list[stored.Episode]
    more: bool


WithBucket = Annotated[float, Query(alias="bucket_s", ge=0.1, le=86_400, allow_inf_nan=False)]


def _bucket_us(stretch: Stretch, bucket_s: float) -> int:
    bucket_us = round(bucket_s * 1e6)
    check_length(stretch, min(_TREND_MOST_S, _BUCKETS_MOST * bucket_s))
    return bucket_us


@router.get("", responses=gives(stored.PatientFacts))
async def facts(patient_id: Id, viewer: Reader, parts: WithParts) -> Response:
    """Return who it is, with which devices and limits, and from when to when there is ECG."""
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.patient_facts(connection, patient))


@router.get("/hr", responses=gives(stored.HeartRate))
async def heart_rate(
    patient_id: Id, stretch: WithStretch, bucket_s: WithBucket, viewer: Reader, parts: WithParts
) -> Response:
    """Return the heart rate in buckets of time."""
    bucket_us = _bucket_us(stretch, bucket_s)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.heart_rate(connection, patient, stretch, bucket_us))


@router.get("/stored", responses=gives(stored.Coverage))
async def coverage(
    patient_id: Id, stretch: WithStretch, bucket_s: WithBucket, viewer: Reader, parts: WithParts
) -> Response:
    """Return how much ECG there is in buckets of time."""
    bucket_us = _bucket_us(stretch, bucket_s)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.coverage(connection, patient, stretch, bucket_us))


@router.get("/hrv", responses=gives(stored.Variability))
async def variability(patient_id: Id, stretch: WithStretch, viewer: Reader, parts: WithParts) -> Response:
    """Return the heart rate variability by hour."""
    check_length(stretch, _TREND_MOST_S)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.variability(connection, patient, stretch))


@router.get("/ecg", response_class=Response, responses=RECORDS)
async def ecg(patient_id: Id, stretch: WithStretch, viewer: Reader, parts: WithParts) -> Response:
    """Return stored ECG, as binary records."""
    check_length(stretch, ECG_MOST_S)
    async with looking(parts, viewer, patient_id, Action.SAW_ECG) as (connection, patient):
        records = await stored.ecg_records(connection, patient, stretch)
    return Response(records, media_type="application/octet-stream")


@router.get("/outline", response_class=Response, responses=RECORDS)
async def outline(
    patient_id: Id,
    stretch: WithStretch,
    bucket_s: Annotated[float, Query(ge=0.01, le=3_600, allow_inf_nan=False)],
    viewer: Reader,
    parts: WithParts,
    *,
    lead: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """Return what the ECG looks like: the least and the greatest value of each bucket of time, as one binary record.

    Of the named lead, or of the one with most signal. In buckets shorter than half a second, of two hours at most.
    """
    check_length(stretch, _OUTLINE_MOST_S if bucket_s >= STORED_BUCKET_US / 1e6 else _FINE_OUTLINE_MOST_S)
    async with looking(parts, viewer, patient_id, Action.SAW_ECG) as (connection, patient):
        found = await stored.ecg_outline(connection, patient, stretch, round(bucket_s * 1e6), lead)
    return Response(pack_outline(found), media_type="application/octet-stream")


@router.get("/beats", responses=gives(stored.Beats))
async def beats(
    patient_id: Id,
    stretch: WithStretch,
    viewer: Reader,
    parts: WithParts,
    engine: Annotated[str | None, Query(max_length=64, pattern="^[!-~]+$")] = None,
) -> Response:
    """Return the beats of a stretch: those of the live analysis, or of one version of the engine (a rerun's, too)."""
    check_length(stretch, _BEATS_MOST_S)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.beats(connection, patient, stretch, engine))


@router.get("/rhythms", responses=gives(stored.Rhythms))
async def rhythms(patient_id: Id, stretch: WithStretch, viewer: Reader, parts: WithParts) -> Response:
    """Return the rhythms of a stretch."""
    check_length(stretch, _RHYTHMS_MOST_S)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        return json_answer(await stored.rhythms(connection, patient, stretch))


@router.get("/episodes", responses=gives(Episodes))
async def episodes(
    patient_id: Id,
    stretch: WithStretch,
    viewer: Reader,
    parts: WithParts,
    *,
    call: Annotated[str | None, Query(max_length=64, pattern="^[a-z_]+$")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 2_000,
) -> Response:
    """Return the episodes that reach into a stretch, the newest first: of one call, or of all."""
    check_length(stretch, _TREND_MOST_S)
    async with looking(parts, viewer, patient_id) as (connection, patient):
        found = await stored.episodes(connection, patient, stretch, call, limit + 1)
    return json_answer(Episodes(found[:limit], len(found) > limit))


@router.get("/alarms", responses=gives(Alarms))
async def alarms(
    patient_id: Id,
    viewer: Reader,
    parts: WithParts,
    before_us: Annotated[int | None, Query(ge=0, le=US_MOST)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return the patient's alarms, the newest first."""
    async with looking(parts, viewer, patient_id) as (connection, _):
        found, more = await patient_alarms(connection, viewer, patient_id, before_us, limit)
    return json_answer(Alarms(found, more))
