"""Alarms as the pages see them; what a person does to them is in `dashboard.alarm_acts`."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import dict_row

from dashboard.access import Viewer
from dashboard.errors import ApiError, Code
from heartwire.calls import CALLS, Family, Priority
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "alarms.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATCHING: Final = [call.code for call in CALLS.values() if call.latching]


class AlarmState(StrEnum):
    """Where an alarm is in its life."""

    PENDING = "pending"
    """Raised; neither on a screen nor delivered to anybody so far."""
    ACTIVE = "active"
    SILENCED = "silenced"
    """A person silenced it for a time that is not over."""
    PAUSED = "paused"
    """Its patient's alarms are paused, or off: it is listed, it neither sounds nor is it sent to anybody."""
    ACKNOWLEDGED = "acknowledged"
    LATCHED = "latched"
    """Over, and nobody has acknowledged it."""
    ENDED = "ended"
    SUPPRESSED = "suppressed"
    """A greater alarm says all that it says."""


class Verdict(StrEnum):
    """What a reviewer finds of an alarm."""

    TRUE = "true"
    FALSE = "false"
    UNSURE = "unsure"


class Acknowledgement(msgspec.Struct, frozen=True):
    """Who took an alarm on, and when."""

    name: str
    at_us: int


class Silence(msgspec.Struct, frozen=True):
    """Who silenced an alarm, when, and until when."""

    name: str
    at_us: int
    until_us: int


class Escalation(msgspec.Struct, frozen=True):
    """How far nobody's answer has led: the step, to whom it was told, and when the next step is due.

    `to` is ``None`` when there is nobody; `next_us` when no step follows.
    """

    step: int
    to: str | None
    at_us: int
    next_us: int | None


class Review(msgspec.Struct, frozen=True):
    """What a person found of an alarm afterwards."""

    name: str
    at_us: int
    verdict: Verdict
    note: str


class Alarm(msgspec.Struct, frozen=True):
    """One alarm; times are UTC microseconds. Without a patient it is about the system itself.

    `additions` counts what was added to it since it was raised: who acknowledges it says how many were shown.
    `confidence` is how sure the engine was, 0 to 1; ``None`` where it did not say. `silenced` while it holds.
    `shown_us`: when the first screen had painted it. `paused_us`: it was raised while its patient's alarms were
    paused, which no sound told.
    """

    id: int
    patient_id: int | None
    call: str
    priority: Priority
    family: Family
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
    shown_us: int | None
    paused_us: int | None
    silenced: Silence | None
    escalation: Escalation | None
    reviewed: Review | None


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


async def one_alarm(connection: psycopg.AsyncConnection[Any], tenant_id: int, alarm_id: int) -> Alarm:
    """Return an alarm as it stands.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    rows = await _rows(connection, "one", {"alarm_id": alarm_id, "tenant_id": tenant_id})
    if not rows:
        raise ApiError(Code.NOT_FOUND)
    return _alarm(rows[0])


async def _rows(connection: psycopg.AsyncConnection[Any], query: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_QUERIES[query], given)
        return await cursor.fetchall()


def _alarm(row: dict[str, Any]) -> Alarm:
    acknowledged = silenced = escalation = reviewed = None
    if row["acknowledged_at"] is not None:
        acknowledged = Acknowledgement(row["acknowledged_name"], us_of(row["acknowledged_at"]))
    if row["is_silenced"]:
        silenced = Silence(row["silenced_name"], us_of(row["silenced_at"]), us_of(row["silenced_until"]))
    if row["escalated_at"] is not None:
        said = row["escalation"]
        escalation = Escalation(said["step"], said.get("to"), us_of(row["escalated_at"]), said.get("next_us"))
    if row["reviewed_at"] is not None:
        verdict = Verdict(row["verdict"])
        reviewed = Review(row["reviewed_name"], us_of(row["reviewed_at"]), verdict, row["review_note"])
    call = CALLS.get(row["call"])
    return Alarm(
        id=row["alarm_id"],
        patient_id=row["patient_id"],
        call=row["call"],
        priority=Priority(row["priority"]),
        family=call.family if call else Family.CLINICAL,
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
        shown_us=us_or_none(row["shown_at"]),
        paused_us=us_or_none(row["paused_at"]),
        silenced=silenced,
        escalation=escalation,
        reviewed=reviewed,
    )


def _state(row: dict[str, Any]) -> AlarmState:
    if row["suppressed_at"] is not None:
        return AlarmState.SUPPRESSED
    acknowledged = row["acknowledged_at"] is not None
    if row["ended_at"] is not None:
        return AlarmState.LATCHED if row["call"] in _LATCHING and not acknowledged else AlarmState.ENDED
    if acknowledged:
        return AlarmState.ACKNOWLEDGED
    if row["is_paused"]:
        return AlarmState.PAUSED
    if row["is_silenced"]:
        return AlarmState.SILENCED
    is_known = row["shown_at"] is not None or row["notified_at"] is not None
    return AlarmState.ACTIVE if is_known else AlarmState.PENDING
