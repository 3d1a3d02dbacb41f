"""Whether the way of an alarm is proven: by the canary's last runs (promise P6, docs/adr/0028)."""

from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import dict_row

from dashboard.alarms import us_of
from heartwire.canary import STALE_CYCLES, UNPROVEN_CYCLES, Stage
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "canary.sql")


class CanaryState(StrEnum):
    """What the way of an alarm is known to be."""

    PROVEN = "proven"
    STALE = "stale"
    """The last run failed, or the proof is older than it should be."""
    FAILED = "failed"
    """Not proven for two cycles."""
    NEVER = "never"
    """No run ever came through."""


class StageTime(msgspec.Struct, frozen=True):
    """A stage that was reached, and its time since the one before; of two machines' clocks it may be negative."""

    stage: Stage
    ms: int


class CanaryNow(msgspec.Struct, frozen=True):
    """Whether and when an alarm last came through from a wearable to an acknowledgement.

    `stages` are those of the last run that is over; `failed_stage` is the one that it did not reach.
    """

    state: CanaryState
    proven_us: int | None
    failed_stage: Stage | None
    stages: list[StageTime]


class CanaryFacts(msgspec.Struct, frozen=True):
    """What the database said last: times are UTC microseconds, the cycle seconds."""

    proven_us: int | None
    cycle_s: float
    failed_stage: Stage | None
    stages: list[StageTime]


NO_RUNS: Final = CanaryFacts(None, 0.0, None, [])


async def read_canary(connection: psycopg.AsyncConnection[Any]) -> CanaryFacts:
    """Read how the last runs went."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(_QUERIES["runs"])).fetchall()
    if not rows:
        return NO_RUNS
    proven = next((row for row in rows if row["failed_stage"] is None), None)
    return CanaryFacts(
        None if proven is None else us_of(proven["ended_at"]),
        rows[0]["cycle_s"],
        None if rows[0]["failed_stage"] is None else Stage(rows[0]["failed_stage"]),
        _stage_times(rows[0]),
    )


def canary_now(facts: CanaryFacts, now_us: int) -> CanaryNow:
    """Say what holds now of what the database said last.  Pure."""
    if facts.proven_us is None:
        return CanaryNow(CanaryState.NEVER, None, facts.failed_stage, facts.stages)
    cycles = (now_us - facts.proven_us) / (facts.cycle_s * 1e6)
    if cycles > UNPROVEN_CYCLES:
        state = CanaryState.FAILED
    elif cycles > STALE_CYCLES or facts.failed_stage is not None:
        state = CanaryState.STALE
    else:
        state = CanaryState.PROVEN
    return CanaryNow(state, facts.proven_us, facts.failed_stage, facts.stages)


def _stage_times(run: dict[str, Any]) -> list[StageTime]:
    times = []
    before_us = us_of(run["onset_at"])
    for stage in Stage:
        at = run[f"{stage}_at"]
        if at is not None:
            times.append(StageTime(stage, round((us_of(at) - before_us) / 1000)))
            before_us = us_of(at)
    return times
