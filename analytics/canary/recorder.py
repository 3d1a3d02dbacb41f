"""Follows each of the canary's tachycardias through the database, acknowledges its alarm, and keeps what it saw."""

import logging
import threading
import time
from collections import deque
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from analytics.canary.letters import Letters
from analytics.canary.runs import judge
from analytics.canary.settings import CanarySettings
from heartwire.access import CANARY_DEVICE
from heartwire.canary import Stage
from heartwire.storage.canary import CANARY_LOGIN, register_canary
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.canary", "recorder.sql")
_EVERY_S: Final = 0.2
_CALL: Final = "ventricular_tachycardia"
#: Stages that every run must reach.
WANTED: Final = tuple(Stage)
#: Runs that wait for the database; older ones are of no use any more.
_RUNS_MOST: Final = 100


class _Run:
    """A run that goes on."""

    def __init__(self, onset_us: int) -> None:
        self.onset_us: Final = onset_us
        self.begin_s: Final = time.monotonic()
        self.run_id: int | None = None
        self.alarm_id: int | None = None
        self.reached: Final[dict[Stage, int]] = {}


class Recorder:
    """Keeps runs, on a thread and connection of its own.

    Attributes
    ----------
    n_proven, n_failed : int
        Runs that ended so, since the start.
    proven_s : float or None
        When the last was proven, monotonic seconds.
    """

    def __init__(self, settings: CanarySettings) -> None:
        self.n_proven = 0
        self.n_failed = 0
        self.proven_s: float | None = None
        self._settings: Final = settings
        self._lock: Final = threading.Lock()
        self._runs: Final[deque[_Run]] = deque(maxlen=_RUNS_MOST)
        self._letters: Final = Letters(settings.pages_url) if settings.pages_url else None
        self._thread: Final = SideThread(
            settings.database.get_secret_value(),
            "canary",
            _EVERY_S,
            self._turn,
            failing="nobody sees how far the canary's alarm comes",
            begin=self._begin,
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a run that goes on is left as it is."""
        self._thread.stop()
        if self._letters is not None:
            self._letters.close()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_running

    def began(self, onset_us: int) -> None:
        """Take in that a tachycardia has begun."""
        with self._lock:
            self._runs.append(_Run(onset_us))
        self._thread.wake()

    def taken(self) -> None:
        """Take in that the broker has the newest tachycardia's first frame."""
        with self._lock:
            if self._runs:
                self._runs[-1].reached.setdefault(Stage.SENT, time.time_ns() // 1000)

    def _begin(self, connection: psycopg.Connection[TupleRow]) -> None:
        password = self._settings.broker_password
        register_canary(connection, None if password is None else password.get_secret_value())
        connection.execute(_QUERIES["forget_old"])
        if self._letters is not None:
            self._letters.listen(connection)

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        if self._letters is not None:
            self._letters.take(connection)
        with self._lock:
            runs = list(self._runs)
        for run in runs:
            if self._follow(connection, run):
                with self._lock:
                    self._runs.remove(run)

    def _follow(self, connection: psycopg.Connection[TupleRow], run: _Run) -> bool:
        """Look how far a run is, keep it, and return whether it is over."""
        given = {"device": CANARY_DEVICE, "onset_us": run.onset_us, "call": _CALL}
        if run.run_id is None:
            run.run_id = _one(connection, "begin", {**given, "cycle_s": self._settings.cycle_s})[0]
        self._look(connection, run, given)
        verdict = judge(
            run.reached,
            WANTED,
            waited_s=time.monotonic() - run.begin_s,
            patience_s=self._settings.patience_s,
        )
        connection.execute(
            _QUERIES["keep"],
            {str(stage): run.reached.get(stage) for stage in Stage}
            | {"run_id": run.run_id, "ended": verdict.ended, "failed": verdict.failed},
        )
        if verdict.failed is not None:
            self.n_failed += 1
            _logger.error("the way of an alarm is not proven: the canary's was not %s in time", verdict.failed)
        elif verdict.ended:
            self.n_proven += 1
            self.proven_s = time.monotonic()
            _logger.info("the way of an alarm is proven, %.1f s", time.monotonic() - run.begin_s)
        return verdict.ended

    def _look(self, connection: psycopg.Connection[TupleRow], run: _Run, given: dict[str, object]) -> None:
        found = {Stage.STORED: _one(connection, "stored", given)[0]} if Stage.STORED not in run.reached else {}
        row = connection.execute(_QUERIES["alarm"], given).fetchone()
        if row is not None:
            alarm_id, raised_us, notified_us, acknowledged_us, sealed_us = row
            found |= {
                Stage.RAISED: raised_us,
                Stage.NOTIFIED: notified_us,
                Stage.ACKNOWLEDGED: acknowledged_us,
                Stage.SEALED: sealed_us,
            }
            # Nobody is told of what is taken on: first it must have been told.
            if notified_us is not None and acknowledged_us is None:
                self._acknowledge(connection, alarm_id)
        run.reached.update({stage: us for stage, us in found.items() if us is not None})

    def _acknowledge(self, connection: psycopg.Connection[TupleRow], alarm_id: int) -> None:
        if self._letters is None:
            connection.execute(_QUERIES["acknowledge"], {"alarm_id": alarm_id, "login": CANARY_LOGIN})
        else:
            self._letters.answer(alarm_id)


def _one(connection: psycopg.Connection[TupleRow], query: str, given: dict[str, object]) -> TupleRow:
    row = connection.execute(_QUERIES[query], given).fetchone()
    assert row is not None
    return row
