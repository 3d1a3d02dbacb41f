"""What analytics says of itself with each sign of life: how much waits, since when, and for whom."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics", "heartbeat.sql")
#: Frames held back by somebody's open transaction for this time are worth a warning, seconds.
_HELD_BACK_S: Final = 10.0
#: What was seen so long ago is not told any more, seconds.
_STALE_S: Final = 150.0


class Waiting(NamedTuple):
    """Committed frames that are not analysed yet, of all shards.

    Attributes
    ----------
    frames : int
        How many; 10,000 stands for more.
    oldest_s : float
        Since when the oldest waits, seconds.
    held_back : int
        How many of them wait for a transaction that is open elsewhere.
    """

    frames: int
    oldest_s: float
    held_back: int


class Condition:
    """Describes the service for its heartbeat.

    Parameters
    ----------
    describe : callable
        Returns what the service knows of itself, or ``None`` when it is stuck; must not wait.
    """

    def __init__(self, describe: Callable[[], Mapping[str, object] | None]) -> None:
        self._describe: Final = describe
        self._warned = False
        self._waiting: tuple[float, Waiting] | None = None

    @property
    def waiting(self) -> Waiting | None:
        """What waited at the last sign of life; ``None`` when that is too long ago to say anything."""
        seen = self._waiting
        return seen[1] if seen is not None and time.monotonic() - seen[0] < _STALE_S else None

    def __call__(self, connection: psycopg.Connection[TupleRow]) -> Mapping[str, object] | None:
        """Return the detail of one sign of life, or ``None`` when there is to be none."""
        described = self._describe()
        if described is None:
            _logger.error("the analysis does not come round; no heartbeat until it does")
            return None
        row = connection.execute(_QUERIES["waiting"]).fetchone()
        assert row is not None
        waiting, oldest_s, held_back = row
        self._waiting = (time.monotonic(), Waiting(waiting, oldest_s, held_back))
        is_held = held_back > 0 and oldest_s > _HELD_BACK_S
        if is_held and not self._warned:
            _logger.warning(
                "%d frames wait, for up to %.0f s, for a transaction that is open elsewhere; end it (pg_stat_activity)",
                held_back,
                oldest_s,
            )
        self._warned = is_held
        return {
            **described,
            "frames_waiting": waiting,
            "oldest_wait_s": round(oldest_s, 3),
            "frames_held_back": held_back,
        }
