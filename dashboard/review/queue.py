"""Alarms that wait to be judged, like beside like, and judging many at once."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import psycopg

from dashboard.access import Viewer
from dashboard.alarm_acts import review, undo_review
from dashboard.alarms import Verdict, us_of, us_or_none
from dashboard.review.alike import Looks, group_alike
from dashboard.whence import Hand
from heartwire.calls import CALLS, PATIENT_MESSAGE, SYMPTOM, Family, Priority
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard.review", "review.sql")
#: What can be judged by its strip, the gravest first.
REVIEWED: Final = [
    call.code
    for call in CALLS.values()
    if call.family is Family.CLINICAL and call.code not in {SYMPTOM, PATIENT_MESSAGE}
]


class Waiting(msgspec.Struct, frozen=True):
    """An alarm that nobody has judged; times are UTC microseconds.

    Attributes
    ----------
    bpm, amplitude_mv : float, optional
        Rate and height of the beats in the ten seconds after the onset.
    group : int
        Number of the first alarm of those that are alike; they stand one after the other.
    """

    alarm_id: int
    patient_id: int
    name: str
    ward: str
    call: str
    priority: Priority
    onset_us: int
    end_us: int | None
    late: bool
    detail: dict[str, float | str]
    confidence: float | None
    bpm: float | None
    amplitude_mv: float | None
    group: int


class Queue(msgspec.Struct, frozen=True):
    """The first of those that wait, and how many wait in all."""

    waiting: list[Waiting]
    n: int


class Judged(msgspec.Struct, frozen=True):
    """Alarms that were judged, or wait again."""

    alarm_ids: list[int]


async def read_queue(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int | None, days: int, limit: int
) -> Queue:
    """Return what waits to be judged of the last days, whole groups of alarms that are alike."""
    given = {
        "tenant_id": viewer.tenant_id,
        "patient_id": patient_id,
        "days": days,
        "limit": limit,
        "calls": REVIEWED,
    }
    rows = await (await connection.execute(_QUERIES["queue"], given)).fetchall()
    return Queue(_in_groups(rows), rows[0][-1] if rows else 0)


async def judge(hand: Hand, alarm_ids: Sequence[int], verdict: Verdict, note: str) -> Judged:
    """Judge all of these alike, or none of them.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    # One hand holds several alarms: always in the same order, so that two hands wait and neither for ever.
    for alarm_id in sorted(set(alarm_ids)):
        await review(hand, alarm_id, verdict, note)
    return Judged(sorted(set(alarm_ids)))


async def take_back(hand: Hand, alarm_ids: Sequence[int]) -> Judged:
    """Let all of these wait again, or none of them.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    for alarm_id in sorted(set(alarm_ids)):
        await undo_review(hand, alarm_id)
    return Judged(sorted(set(alarm_ids)))


def _in_groups(rows: Sequence[Sequence[Any]]) -> list[Waiting]:
    looks = [Looks(row[1], row[4], row[11], row[12]) for row in rows]
    firsts = group_alike(looks)
    # The first of a group keeps its place in the order of gravity; those like it come after it.
    order = sorted(range(len(rows)), key=lambda place: (firsts[place], place))
    return [_waiting(rows[place], rows[firsts[place]][0]) for place in order]


def _waiting(row: Sequence[Any], group: int) -> Waiting:
    alarm_id, patient_id, name, ward, call, priority, onset, ended, late, detail, confidence, bpm, amplitude_mv, _ = row
    return Waiting(
        alarm_id, patient_id, name, ward, call, Priority(priority), us_of(onset), us_or_none(ended), late, detail,
        confidence, bpm, amplitude_mv, group,
    )  # fmt: skip
