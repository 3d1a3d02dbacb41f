"""Limits tried on a patient's stored days before they are his: asked for here, done by analytics (docs/adr/0026)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import Verdict, us_of
from dashboard.errors import ApiError, Code
from heartwire.calls import CALLS
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "rehearsals.sql")
#: Asked for at once by one person, at most.
_UNDER_WAY_MOST: Final = 2
DAYS_MOST: Final = 7

#: By call and limit; ``None`` is the catalogue's default.
Change = Mapping[str, Mapping[str, float | None]]


class RehearsalState(StrEnum):
    """Where a rehearsal is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """`failed` says why: ``no_signal``, ``damaged``, ``gave_up`` or ``defect``."""
    CANCELLED = "cancelled"


class CallOutcome(msgspec.Struct, frozen=True):
    """What the tried limits change of one call: see `Rehearsal`.

    `rang` alarms were raised then; the engine, run again, raises `now` with the patient's limits and `tried` with those
    tried: `saved` of the first are not among the second, `added` the other way. Of those saved, `saved_true`,
    `saved_false` and `saved_unsure` were so reviewed, and `lost` were true and nothing else would ring about that
    moment. `not_repeated` of those that rang are not raised again: there were other limits then, or another engine.
    """

    call: str
    rang: int
    now: int
    tried: int
    saved: int
    added: int
    saved_true: int
    saved_false: int
    saved_unsure: int
    lost: int
    not_repeated: int


class ListedAlarm(msgspec.Struct, frozen=True):
    """One of them; `alarm_id` is what rang then, `still` the call that would ring about that moment."""

    call: str
    device_id: str
    onset_us: int
    end_us: int | None
    alarm_id: int | None
    verdict: Verdict | None
    note: str
    reviewer: str | None
    still: str | None


class RehearsalOutcome(msgspec.Struct, frozen=True):
    """What the tried limits change; the lists hold the first of each, what would be lost before the rest."""

    engine: str
    signal_us: int
    calls: list[CallOutcome]
    saved: list[ListedAlarm]
    added: list[ListedAlarm]


class Rehearsal(msgspec.Struct, frozen=True):
    """A rehearsal; times are UTC microseconds, `progress` is 0 to 1, `limits` all of the patient's own as tried."""

    id: int
    from_us: int
    to_us: int
    limits: dict[str, dict[str, float]]
    state: RehearsalState
    progress: float
    failed: str | None
    result: RehearsalOutcome | None


async def ask(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int, change: Change, days: int
) -> Rehearsal:
    """Ask for a patient's limits, changed so, to be tried on his last days.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `INVALID` for a limit that there is not or that is out of its bounds; `BUSY` when he waits for two.
    """
    given = _given(viewer, patient_id)
    if await (await connection.execute(_QUERIES["patient"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
    limits: dict[str, dict[str, float]] = {}
    async for call, name, value in await connection.execute(_QUERIES["limits"], given):
        limits.setdefault(call, {})[name] = value
    tried = apply_change(limits, change)
    row = await (await connection.execute(_QUERIES["under_way"], given)).fetchone()
    if row is not None and row[0] >= _UNDER_WAY_MOST:
        raise ApiError(Code.BUSY, most=_UNDER_WAY_MOST)
    row = await (await connection.execute(_QUERIES["ask"], given | {"days": days, "limits": Jsonb(tried)})).fetchone()
    assert row is not None
    await audit(connection, viewer, Action.REHEARSED_LIMITS, patient_id)
    return await find(connection, viewer, patient_id, row[0])


async def find(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int, rehearsal_id: int
) -> Rehearsal:
    """Return how far it is, or what came of it.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = _given(viewer, patient_id) | {"rehearsal_id": rehearsal_id}
    row = await (await connection.execute(_QUERIES["one"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return _rehearsal(row)


async def cancel(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int, rehearsal_id: int
) -> Rehearsal:
    """Let it be; what is done already stays.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = _given(viewer, patient_id) | {"rehearsal_id": rehearsal_id}
    await connection.execute(_QUERIES["cancel"], given)
    return await find(connection, viewer, patient_id, rehearsal_id)


def apply_change(limits: Mapping[str, Mapping[str, float]], change: Change) -> dict[str, dict[str, float]]:
    """Return a patient's own limits as they would be.  Pure.

    Raises
    ------
    ApiError
        `INVALID`.
    """
    tried = {call: dict(own) for call, own in limits.items()}
    for call, values in change.items():
        for name, value in values.items():
            limit = CALLS[call].limits.get(name) if call in CALLS else None
            if limit is None or (value is not None and not limit.low <= value <= limit.high):
                raise ApiError(Code.INVALID, field=f"{call}.{name}"[:64])
            own = tried.setdefault(call, {})
            if value is None:
                own.pop(name, None)
            else:
                own[name] = value
    return {call: own for call, own in tried.items() if own}


def _given(viewer: Viewer, patient_id: int) -> dict[str, object]:
    return {"patient_id": patient_id, "tenant_id": viewer.tenant_id, "user_id": viewer.user_id}


def _rehearsal(row: Sequence[Any]) -> Rehearsal:
    rehearsal_id, begin, end, limits, attempts, done, ended, cancelled, failed, result = row
    state = RehearsalState.RUNNING if attempts else RehearsalState.WAITING
    if cancelled is not None:
        state = RehearsalState.CANCELLED
    elif ended is not None:
        state = RehearsalState.DONE if failed is None else RehearsalState.FAILED
    progress = 0.0 if done is None else (done - begin) / (end - begin)
    outcome = None if result is None else msgspec.convert(result, RehearsalOutcome)
    return Rehearsal(rehearsal_id, us_of(begin), us_of(end), limits, state, round(progress, 3), failed, outcome)
