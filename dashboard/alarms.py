"""Alarms as the pages see them, and what a person does to them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import dict_row

from dashboard.access import Action, Viewer, audit
from dashboard.errors import ApiError, Code
from heartwire.calls import CALLS, Family
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "alarms.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATCHING: Final = [call.code for call in CALLS.values() if call.latching]


class AlarmState(StrEnum):
    """Where an alarm is in its life."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    LATCHED = "latched"
    """Over, and nobody has acknowledged it."""
    ENDED = "ended"
    SUPPRESSED = "suppressed"
    """A greater alarm says all that it says."""


class Acknowledgement(msgspec.Struct, frozen=True):
    """Who took an alarm on, and when."""

    name: str
    at_us: int


class Alarm(msgspec.Struct, frozen=True):
    """One alarm; times are UTC microseconds. Without a patient it is about the system itself.

    `additions` counts what was added to it since it was raised: who acknowledges it says how many were shown.
    `confidence` is how sure the engine was, 0 to 1; ``None`` where it did not say.
    """

    id: int
    patient_id: int | None
    call: str
    priority: str
    family: str
    late: bool
    onset_us: int
    signal_us: int
    raised_us: int
    ended_us: int | None
    suppressed_by: str | None
    acknowledged: Acknowledgement | None
    state: AlarmState
    detail: dict[str, Any]
    additions: int
    confidence: float | None


def us_of(at: datetime) -> int:
    """Return a time as UTC microseconds."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def us_or_none(at: datetime | None) -> int | None:
    """Return a time as UTC microseconds, or ``None``."""
    return None if at is None else us_of(at)


def time_of(us: int) -> datetime:
    """Return UTC microseconds as a time."""
    return _EPOCH + timedelta(microseconds=us)


async def open_alarms(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> list[Alarm]:
    """Return all alarms that must stay on the screen."""
    rows = await _rows(connection, "open", {"tenant_id": tenant_id, "latching": _LATCHING})
    return [_alarm(row) for row in rows]


async def patient_alarms(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int, before_us: int | None, limit: int
) -> tuple[list[Alarm], bool]:
    """Return `limit` of a patient's alarms, the newest first, and whether there are more.

    Alarms that began in the same microsecond come together, though they are more than `limit`.
    """
    given = {
        "patient_id": patient_id,
        "tenant_id": viewer.tenant_id,
        "before": None if before_us is None else time_of(before_us),
        "limit": limit,
    }
    rows = await _rows(connection, "of_patient", given)
    return [_alarm(row) for row in rows], bool(rows) and rows[-1]["has_older"]


async def acknowledge(connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm_id: int, additions: int) -> Alarm:
    """Take an alarm on, in the name of who is signed in; a second time changes nothing.

    Parameters
    ----------
    additions : int
        As they were shown.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_OPEN` when it is over or suppressed; `CHANGED` when something was added that was not shown.
    """
    async with connection.transaction():
        alarm = await _locked(connection, viewer, alarm_id)
        if alarm.acknowledged is not None:
            return alarm
        if alarm.state not in {AlarmState.ACTIVE, AlarmState.LATCHED}:
            raise ApiError(Code.NOT_OPEN)
        if alarm.additions != additions:
            raise ApiError(Code.CHANGED)
        await _add_event(connection, viewer, alarm, "acknowledged", Action.ACKNOWLEDGED)
        return await _one(connection, viewer, alarm_id)


async def undo_acknowledgement(connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm_id: int) -> Alarm:
    """Take an acknowledgement back, whoever gave it; without one nothing changes.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    async with connection.transaction():
        alarm = await _locked(connection, viewer, alarm_id)
        if alarm.acknowledged is None:
            return alarm
        await _add_event(connection, viewer, alarm, "acknowledgement_undone", Action.UNDID_ACKNOWLEDGEMENT)
        return await _one(connection, viewer, alarm_id)


async def _locked(connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm_id: int) -> Alarm:
    given = {"alarm_id": alarm_id, "tenant_id": viewer.tenant_id}
    if await (await connection.execute(_QUERIES["lock"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
    return await _one(connection, viewer, alarm_id)


async def _one(connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm_id: int) -> Alarm:
    rows = await _rows(connection, "one", {"alarm_id": alarm_id, "tenant_id": viewer.tenant_id})
    if not rows:
        raise ApiError(Code.NOT_FOUND)
    return _alarm(rows[0])


async def _add_event(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, alarm: Alarm, kind: str, action: Action
) -> None:
    given = {"alarm_id": alarm.id, "tenant_id": viewer.tenant_id, "kind": kind, "user_id": viewer.user_id}
    await connection.execute(_QUERIES["add_event"], given)
    await audit(connection, viewer, action, alarm.patient_id)


async def _rows(connection: psycopg.AsyncConnection[Any], query: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_QUERIES[query], given)
        return await cursor.fetchall()


def _alarm(row: dict[str, Any]) -> Alarm:
    acknowledged = None
    if row["acknowledged_at"] is not None:
        acknowledged = Acknowledgement(row["name"], us_of(row["acknowledged_at"]))
    call = CALLS.get(row["call"])
    return Alarm(
        id=row["alarm_id"],
        patient_id=row["patient_id"],
        call=row["call"],
        priority=row["priority"],
        family=(call.family if call else Family.CLINICAL).value,
        late=row["late"],
        onset_us=us_of(row["onset_at"]),
        signal_us=us_of(row["signal_at"]),
        raised_us=us_of(row["raised_at"] or row["signal_at"]),
        ended_us=us_or_none(row["ended_at"]),
        suppressed_by=row["suppressed_by"],
        acknowledged=acknowledged,
        state=_state(row),
        detail=row["detail"],
        additions=row["additions"],
        confidence=row["confidence"],
    )


def _state(row: dict[str, Any]) -> AlarmState:
    if row["suppressed_at"] is not None:
        return AlarmState.SUPPRESSED
    acknowledged = row["acknowledged_at"] is not None
    if row["ended_at"] is None:
        return AlarmState.ACKNOWLEDGED if acknowledged else AlarmState.ACTIVE
    return AlarmState.LATCHED if row["call"] in _LATCHING and not acknowledged else AlarmState.ENDED
