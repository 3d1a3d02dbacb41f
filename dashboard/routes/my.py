"""A patient's own data, for his own device: by its credential, and of no other patient."""

import time
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response

from dashboard import patients as stored
from dashboard.device_access import OwnAction
from dashboard.my import Looks, Me, OwnEvents, OwnMessages, looks, own_events, own_messages, own_zone
from dashboard.pairing_answers import shown_name
from dashboard.patients import Stretch
from dashboard.routes.answers import WithHolder, WithParts, json_answer
from dashboard.routes.shapes import gives
from dashboard.routes.stretches import ECG_MOST_S, RECORDS, US_MOST, WithStretch, check_length

router = APIRouter(prefix="/api/my")
Before = Annotated[int | None, Query(ge=0, le=US_MOST)]
Limit = Annotated[int, Query(ge=1, le=200)]
_HOURS_MOST: Final = 168
#: A phone's screen shows no more, buckets.
_BUCKETS: Final = 360
_HOUR_US: Final = 3_600_000_000


@router.get("", responses=gives(Me))
async def me(holder: WithHolder, parts: WithParts) -> Response:
    """Say whose device this is, as it may be shown, and whom to call."""
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW)
        zone = await own_zone(connection, holder)
    patient, number = holder.patient, parts.settings.emergency_number
    now_us = time.time_ns() // 1000
    me = Me(shown_name(patient.name), patient.ward, holder.language, number, holder.device, now_us, zone)
    return json_answer(me)


@router.get("/trend", responses=gives(stored.HeartRate))
async def trend(
    holder: WithHolder, parts: WithParts, hours: Annotated[int, Query(ge=1, le=_HOURS_MOST)] = 24
) -> Response:
    """Return the own heart rate of the last hours, in buckets of whole minutes."""
    now_us = time.time_ns() // 1000
    stretch = Stretch(now_us - hours * _HOUR_US, now_us)
    bucket_us = max(60_000_000, hours * _HOUR_US // _BUCKETS)
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW_TREND)
        return json_answer(await stored.heart_rate(connection, holder.patient, stretch, bucket_us))


@router.get("/events", responses=gives(OwnEvents))
async def events(holder: WithHolder, parts: WithParts, before_us: Before = None, limit: Limit = 50) -> Response:
    """Return the own symptoms and what was told of the own heart, the newest first."""
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW_EVENTS)
        return json_answer(await own_events(connection, holder, before_us, limit))


@router.get("/ecg", response_class=Response, responses=RECORDS)
async def ecg(holder: WithHolder, stretch: WithStretch, parts: WithParts) -> Response:
    """Return own stored ECG, as binary records."""
    check_length(stretch, ECG_MOST_S)
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW_ECG)
        records = await stored.ecg_records(connection, holder.patient, stretch)
    return Response(records, media_type="application/octet-stream")


@router.get("/access", responses=gives(Looks))
async def access(holder: WithHolder, parts: WithParts) -> Response:
    """Return who of the care team looked at the own data, or did something, in the last 90 days."""
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW_ACCESS)
        return json_answer(await looks(connection, holder))


@router.get("/messages", responses=gives(OwnMessages))
async def messages(holder: WithHolder, parts: WithParts, before_us: Before = None, limit: Limit = 100) -> Response:
    """Return what was said between the patient and the care team, and what of it was read."""
    async with parts.database.connection_as(holder) as connection:
        await parts.device_access.audit(connection, holder, OwnAction.SAW_MESSAGES)
        return json_answer(await own_messages(connection, holder, before_us, limit))
