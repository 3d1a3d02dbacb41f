"""What is stored of one patient: who, with which devices, heart rate over time, beats, ECG."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
import psycopg
from psycopg.rows import TupleRow

from dashboard.access import Viewer
from dashboard.alarms import time_of, us_of, us_or_none
from dashboard.corrections import BeatCorrection, corrections
from dashboard.errors import ApiError, Code
from dashboard.records import join_records, pack_ecg
from heartwire.storage.outline import OUTLINES, LeadOutline, outline_of, outline_parameters
from heartwire.storage.queries import load_queries
from heartwire.storage.stored import EXTENT, SPANS, STORED, frames_between, parameters, spans_of, stored_of

_QUERIES: Final = load_queries("dashboard", "patients.sql")
_MINUTE_US: Final = 60_000_000


class Stretch(NamedTuple):
    """From when to when, UTC microseconds; the end is not in it."""

    from_us: int
    to_us: int


class PatientName(msgspec.Struct, frozen=True):
    """Who it is."""

    id: int
    name: str
    ward: str


class Link(msgspec.Struct, frozen=True):
    """How a device's way to the server does.

    Attributes
    ----------
    last_contact_us : int
        Last message of any kind.
    clock_offset_us : int, optional
        Server's clock less device's; ``None`` while unknown.
    clock_drift_ppm, clock_drift_error_ppm : float, optional
        How fast the offset grows, and the standard error; ``None`` for the first hour.
    clock_jump_us, clock_jumped_us : int, optional
        Last step of the device's clock, ahead or (negative) back, and when.
    longest_silence_us, longest_silence_ended_us : int
        Between two messages since the device started, and its end.
    frames_expected, frames_received : int, optional
        ECG frames recorded since the device started, as far as its numbers tell, and those that are stored.
    hour_share : float, optional
        Part of the last hour of which there is signal.
    """

    last_contact_us: int
    clock_offset_us: int | None
    clock_drift_ppm: float | None
    clock_drift_error_ppm: float | None
    clock_jump_us: int | None
    clock_jumped_us: int | None
    longest_silence_us: int
    longest_silence_ended_us: int | None
    frames_expected: int | None
    frames_received: int | None
    hour_share: float | None


class Device(msgspec.Struct, frozen=True):
    """A device and what it last said; all ``None`` before it said anything.

    `description` is what it called itself when it was paired; `signal_us` is when any signal of it last came, by the
    server's clock.
    """

    id: str
    description: str
    online: bool | None
    battery_percent: int | None
    wearable: str | None
    firmware: str | None
    outbox_frames: int | None
    outbox_bytes_left: int | None
    status_us: int | None
    signal_us: int | None
    revoked_us: int | None
    link: Link | None


class StoredSpan(msgspec.Struct, frozen=True):
    """First and last frame, UTC microseconds."""

    first_us: int
    last_us: int


class PatientFacts(msgspec.Struct, frozen=True):
    """What the patient's page shows beside the signal."""

    patient: PatientName
    devices: list[Device]
    limits: dict[str, dict[str, float]]
    stored: StoredSpan | None


class HeartRate(msgspec.Struct, frozen=True):
    """Heart rate in buckets of `bucket_s`, beats a minute; ``None`` where no beat was found."""

    from_us: int
    bucket_s: float
    mean: list[float | None]
    min: list[float | None]
    max: list[float | None]


class Coverage(msgspec.Struct, frozen=True):
    """How much of each bucket of `bucket_s` there is ECG of, 0 to 1."""

    from_us: int
    bucket_s: float
    coverage: list[float]


class Beats(msgspec.Struct, frozen=True):
    """Beats with the interval before each, seconds; one letter each in `label`.

    They are as the engine found them; `corrections` is what people said of them.
    """

    t_us: list[int]
    rr_s: list[float | None]
    label: str
    corrections: list[BeatCorrection]


class Rhythms(msgspec.Struct, frozen=True):
    """From when on which rhythm holds, as MIT-BIH databases call it; the first of a device may be before the stretch.

    `late`: of signal that came late; holds within it only.
    """

    t_us: list[int]
    rhythm: list[str]
    late: list[bool]


class Episode(msgspec.Struct, frozen=True):
    """A stretch of signal of which a call is true; `ended_us` is ``None`` while it lasts."""

    id: int
    call: str
    onset_us: int
    ended_us: int | None
    detail: dict[str, Any]


class Variability(msgspec.Struct, frozen=True):
    """Heart rate variability by hour (doi:10.1161/01.CIR.93.5.1043), one element an hour that was counted.

    Attributes
    ----------
    hour_us : list of int
        When each begins.
    sdnn_ms, rmssd_ms, lf_ms2, hf_ms2 : list of float
        ``None`` where too little of the hour is known.
    coverage : list of float
        Which part of the hour lies between normal beats, 0 to 1.
    nn : list of int
        Intervals between normal beats.
    """

    hour_us: list[int]
    sdnn_ms: list[float | None]
    rmssd_ms: list[float | None]
    lf_ms2: list[float | None]
    hf_ms2: list[float | None]
    coverage: list[float]
    nn: list[int]


async def patient_name(connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int) -> PatientName:
    """Return who it is.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also for another tenant's patient.
    """
    given = {"patient_id": patient_id, "tenant_id": viewer.tenant_id}
    row = await (await connection.execute(_QUERIES["patient"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return PatientName(*row)


async def add_patient(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, name: str, ward: str, language: str
) -> PatientName:
    """Register a patient of the viewer's tenant.

    Raises
    ------
    ApiError
        `INVALID` for a ward that the viewer does not see: the database refuses it.
    """
    given = {"tenant_id": viewer.tenant_id, "name": name, "ward": ward, "language": language}
    try:
        row = await (await connection.execute(_QUERIES["add_patient"], given)).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        raise ApiError(Code.INVALID, field="ward") from None
    assert row is not None
    return PatientName(*row)


async def patient_facts(connection: psycopg.AsyncConnection[Any], patient: PatientName) -> PatientFacts:
    """Return what is known of a patient beside the signal."""
    given = {"patient_id": patient.id}
    devices = []
    async for row in await connection.execute(_QUERIES["devices"], given):
        device, description, online, battery, wearable, firmware, frames, bytes_left, t, signal, revoked, *link = row
        times = (us_or_none(t), us_or_none(signal), us_or_none(revoked))
        said = (online, battery, wearable, firmware, frames, bytes_left)
        devices.append(Device(device, description, *said, *times, _link(link)))
    limits: dict[str, dict[str, float]] = {}
    async for call, name, value in await connection.execute(_QUERIES["limits"], given):
        limits.setdefault(call, {})[name] = value
    row = await (await connection.execute(EXTENT, given)).fetchone()
    stored = StoredSpan(us_of(row[0]), us_of(row[1])) if row is not None and row[0] is not None else None
    return PatientFacts(patient, devices, limits, stored)


def _link(row: Sequence[Any]) -> Link | None:
    contact, offset_us, drift, drift_error, jump_us, jumped, silence_us, silence_ended, *counts = row
    if contact is None:
        return None
    clock = (offset_us, drift, drift_error, jump_us, us_or_none(jumped))
    return Link(us_of(contact), *clock, silence_us, us_or_none(silence_ended), *counts)


async def heart_rate(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, bucket_us: int
) -> HeartRate:
    """Return the heart rate over time; from a minute on, in buckets of whole minutes."""
    query, stretch, bucket_us = _in_minutes("heart_rate", stretch, bucket_us)
    n = _n_buckets(stretch, bucket_us)
    mean: list[float | None] = [None] * n
    low, high = mean.copy(), mean.copy()
    given = _between(patient, stretch) | {"bucket_us": bucket_us}
    async for begin, *values in await connection.execute(_QUERIES[query], given):
        bucket = (us_of(begin) - stretch.from_us) // bucket_us
        mean[bucket], low[bucket], high[bucket] = (round(value, 1) for value in values)
    return HeartRate(stretch.from_us, bucket_us / 1e6, mean, low, high)


async def variability(connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch) -> Variability:
    """Return the heart rate variability of the hours that begin in a stretch; of each, that by which most is known."""
    rows = await (await connection.execute(_QUERIES["variability"], _between(patient, stretch))).fetchall()
    hours, *columns = (list(column) for column in zip(*rows, strict=True)) if rows else ([] for _ in range(7))
    return Variability([us_of(hour) for hour in hours], *columns)


async def coverage(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, bucket_us: int
) -> Coverage:
    """Return how much ECG there is over time; from a minute on, in buckets of whole minutes."""
    if bucket_us >= _MINUTE_US:
        return await _coverage_in_minutes(connection, patient, stretch, bucket_us)
    rows = await _read_stored(connection, SPANS, patient, stretch)
    n_buckets = _n_buckets(stretch, bucket_us)
    last_us = stretch.from_us + n_buckets * bucket_us
    us: dict[str, list[float]] = {}
    for lead, begin_us, end_us in spans_of(rows):
        of_lead = us.setdefault(lead, [0.0] * n_buckets)
        begin, end = max(begin_us, stretch.from_us) - stretch.from_us, min(end_us, last_us) - stretch.from_us
        for bucket in range(begin // bucket_us, -(-end // bucket_us)):
            of_lead[bucket] += min(end, (bucket + 1) * bucket_us) - max(begin, bucket * bucket_us)
    # Of the lead that has most.
    most = [max(of_leads) for of_leads in zip(*us.values(), strict=True)] or [0.0] * n_buckets
    return Coverage(stretch.from_us, bucket_us / 1e6, [min(1.0, round(length / bucket_us, 3)) for length in most])


async def ecg_records(connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch) -> bytes:
    """Return the frames that reach into a stretch, whole, as records behind their lengths."""
    rows = stored_of(await _read_stored(connection, STORED, patient, stretch))
    return join_records(
        pack_ecg(
            patient.id,
            flags=item.frame.flags,
            t0_us=item.frame.t0_us,
            samples=item.frame.samples,
            **item.scale._asdict(),
        )
        for item in frames_between(rows, stretch.from_us, stretch.to_us)
    )


async def ecg_outline(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, bucket_us: int, lead: str | None
) -> LeadOutline:
    """Return the outline of the ECG of a stretch; from half a second on, in buckets of whole half seconds."""
    given = outline_parameters(patient.id, *stretch, bucket_us)
    rows = await (await connection.cursor(binary=True).execute(OUTLINES, given)).fetchall()
    # Arithmetic of tens of milliseconds, on a thread: the live pages are served meanwhile.
    return await asyncio.to_thread(outline_of, rows, *stretch, bucket_us, lead)


async def beats(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, engine: str | None = None
) -> Beats:
    """Return the beats of a stretch: the live analysis's, or those of one version of the engine."""
    given = _between(patient, stretch) | {"engine": engine}
    rows = await (await connection.execute(_QUERIES["beats"], given)).fetchall()
    intervals = [rr_s if rr_s is not None and math.isfinite(rr_s) else None for _, rr_s, _ in rows]
    said = [] if engine is not None else await corrections(connection, patient.id, *stretch)
    return Beats([us_of(t) for t, _, _ in rows], intervals, "".join(label for _, _, label in rows), said)


async def rhythms(connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch) -> Rhythms:
    """Return the rhythms of a stretch, and for each device the one with which it begins."""
    rows = await (await connection.execute(_QUERIES["rhythms"], _between(patient, stretch))).fetchall()
    return Rhythms([us_of(t) for t, _, _ in rows], [rhythm for _, rhythm, _ in rows], [late for _, _, late in rows])


async def episodes(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, call: str | None, limit: int
) -> list[Episode]:
    """Return the episodes that reach into a stretch, the newest first: of one call, or of all."""
    given = _between(patient, stretch) | {"call": call, "limit": limit}
    rows = await (await connection.execute(_QUERIES["episodes"], given)).fetchall()
    return [Episode(number, code, us_of(onset), us_or_none(end), detail) for number, code, onset, end, detail in rows]


async def _coverage_in_minutes(
    connection: psycopg.AsyncConnection[Any], patient: PatientName, stretch: Stretch, bucket_us: int
) -> Coverage:
    query, stretch, bucket_us = _in_minutes("coverage", stretch, bucket_us)
    shares = [0.0] * _n_buckets(stretch, bucket_us)
    given = _between(patient, stretch) | {"bucket_us": bucket_us}
    async for begin, seconds in await connection.execute(_QUERIES[query], given):
        shares[(us_of(begin) - stretch.from_us) // bucket_us] = min(1.0, round(seconds * 1e6 / bucket_us, 3))
    return Coverage(stretch.from_us, bucket_us / 1e6, shares)


async def _read_stored(
    connection: psycopg.AsyncConnection[Any], query: LiteralString, patient: PatientName, stretch: Stretch
) -> list[TupleRow]:
    given = parameters(patient.id, stretch.from_us, stretch.to_us)
    return await (await connection.cursor(binary=True).execute(query, given)).fetchall()


def _in_minutes(query: str, stretch: Stretch, bucket_us: int) -> tuple[str, Stretch, int]:
    """Return the query that reads minutes where they suffice, and the stretch and bucket widened to whole ones."""
    if bucket_us < _MINUTE_US:
        return query, stretch, bucket_us
    begin_us = stretch.from_us // _MINUTE_US * _MINUTE_US
    return f"{query}_minutes", stretch._replace(from_us=begin_us), -(-bucket_us // _MINUTE_US) * _MINUTE_US


def _n_buckets(stretch: Stretch, bucket_us: int) -> int:
    return -(-(stretch.to_us - stretch.from_us) // bucket_us)


def _between(patient: PatientName, stretch: Stretch) -> dict[str, Any]:
    return {"patient_id": patient.id, "from": time_of(stretch.from_us), "to": time_of(stretch.to_us)}
