"""When each transaction was seen to be over: by another connection, on this machine's clock.

A transaction's own commit time (`track_commit_timestamp`) is taken before its record is flushed to disk, and a
watermark comes seconds later by design; a snapshot that has the transaction in it says both durable and visible, and is
dated by the same clock as the frame. See docs/adr/0014.
"""

import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import psycopg

from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries

QUERIES: Final = load_queries("simulators.load", "load.sql")
#: Without a word from ingest it is looked all the same, so often; and never more often than the second.
_LONGEST_S: Final = 0.05
_SHORTEST_S: Final = 0.004
#: Transactions that are remembered, the newest: hours of them.
_MOST: Final = 1_000_000


class Snapshots:
    """Turns a sequence of snapshots into the first sighting of each transaction.  Pure."""

    def __init__(self) -> None:
        self._seen: Final[dict[int, int]] = {}
        self._xmax: int | None = None
        self._open: frozenset[int] = frozenset()

    def add(self, xmax: int, in_progress: frozenset[int], at_us: int) -> None:
        """Take in a snapshot: every transaction below `xmax` that is not in progress is over."""
        if self._xmax is not None:
            over = {*self._open, *range(self._xmax, xmax)} - in_progress
            for xid in over:
                self._seen[xid] = at_us
            for xid in list(self._seen)[: max(0, len(self._seen) - _MOST)]:
                del self._seen[xid]
        self._xmax, self._open = xmax, in_progress

    def seen(self) -> Mapping[int, int]:
        """Return when each transaction was first seen to be over, UTC microseconds."""
        return self._seen


class Sightings:
    """A thread that takes a snapshot whenever ingest says that it committed.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached at the start; later it is tried again.
    """

    def __init__(self, database: str) -> None:
        self._database: Final = database
        self._snapshots: Final = Snapshots()
        self._stopping: Final = threading.Event()
        self._connection: psycopg.Connection[Any] | None = self._open()
        self._thread: Final = threading.Thread(target=self._run, name="sightings", daemon=True)
        self._thread.start()

    def stop(self) -> Mapping[int, int]:
        """End it, and return when each transaction was first seen to be over, UTC microseconds."""
        self._stopping.set()
        self._thread.join()
        return self._snapshots.seen()

    def _open(self) -> psycopg.Connection[Any]:
        connection = connect(self._database, "simulate", autocommit=True)
        with translated():
            connection.execute(QUERIES["listen"])
        return connection

    def _run(self) -> None:
        ends = False
        while not ends:
            ends = self._stopping.wait(_SHORTEST_S)  # one look more: what was committed last is to be seen too
            try:
                if self._connection is None:
                    self._connection = self._open()
                self._look(self._connection)
            except (psycopg.Error, HeartwireError, OSError):
                self._connection = None
                self._stopping.wait(0.5)
        if self._connection is not None:
            self._connection.close()

    def _look(self, connection: psycopg.Connection[Any]) -> None:
        for _ in connection.notifies(timeout=_LONGEST_S, stop_after=1):
            pass
        row = connection.execute(QUERIES["snapshot"]).fetchone()
        assert row is not None
        self._snapshots.add(row[0], frozenset(row[1]), time.time_ns() // 1000)
