"""Keeps the table `device_links`, on a thread and connection of its own: storing frames does not wait for it."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread
from ingest.decode import Decoded
from ingest.links import LinkRow, Links
from ingest.writer import Written

_QUERIES: Final = load_queries("ingest", "links.sql")
_STATEMENT_TIMEOUT_S: Final = 10.0
#: Messages that wait for the thread; beyond, a whole batch is left out, and its numbers are a little older.
_HELD_MOST: Final = 30_000
_TURN_S: Final = 0.5


class LinkKeeper:
    """Hears of each committed batch, and writes what it makes of it now and then.

    Parameters
    ----------
    database : str
        libpq URL.
    most : int
        Most devices remembered.
    every_s : float
        Pace of writing, seconds.
    """

    def __init__(self, database: str, most: int, every_s: float) -> None:
        self._every_s: Final = every_s
        self._links: Final = Links(most)
        self._batches: Final[deque[tuple[Sequence[Decoded], Written]]] = deque()
        self._n_held = 0
        self._write_due_s = float("-inf")
        self._thread: Final = SideThread(
            database,
            "ingest-links",
            _TURN_S,
            self._turn,
            failing="how the links do is not written",
            statement_timeout_s=_STATEMENT_TIMEOUT_S,
            end=self._end,
        )
        #: Messages that were left out, since the thread did not keep up.
        self.left_out = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what was heard, and end."""
        self._thread.stop()

    def hear(self, messages: Sequence[Decoded], written: Written) -> None:
        """Take in a committed batch; returns at once."""
        if self._n_held > _HELD_MOST:
            self.left_out += len(messages)
            return
        self._n_held += len(messages)
        self._batches.append((messages, written))

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._hear_all(connection)
        if time.monotonic() >= self._write_due_s:
            self._write(connection)
            self._write_due_s = time.monotonic() + self._every_s

    def _end(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._hear_all(connection)
        self._write(connection)

    def _hear_all(self, connection: psycopg.Connection[TupleRow]) -> None:
        while self._batches:
            messages, written = self._batches[0]
            if strangers := self._links.strangers(messages):
                rows = connection.execute(_QUERIES["stored_links"], {"devices": list(strangers)}).fetchall()
                self._links.take_up(strangers, dict(rows))
            accepted = {watermark.key for watermark in written.watermarks} if written.n_refused else None
            self._links.hear(messages, accepted)
            self._batches.popleft()
            self._n_held -= len(messages)

    def _write(self, connection: psycopg.Connection[TupleRow]) -> None:
        rows = self._links.take_changed()
        if not rows:
            return
        try:
            connection.execute(_QUERIES["put_links"], _columns(rows))
        except psycopg.Error:
            self._links.again(rows)
            raise


def _columns(rows: Sequence[LinkRow]) -> dict[str, list[object]]:
    return {
        "devices": [row.device for row in rows],
        "contacts_us": [row.contact_us for row in rows],
        "samples_us": [row.sample_us for row in rows],
        "boots": [row.boot_id for row in rows],
        "boots_first_us": [row.boot_first_us for row in rows],
        "offsets_us": [row.offset_us for row in rows],
        "drifts_ppm": [None if row.drift is None else row.drift.ppm for row in rows],
        "drift_errors_ppm": [None if row.drift is None else row.drift.error_ppm for row in rows],
        "jumps_us": [row.jump_us for row in rows],
        "jumped_us": [row.jumped_us for row in rows],
        "silences_us": [row.silence_us for row in rows],
        "silences_ended_us": [row.silence_ended_us for row in rows],
        "states": [row.state for row in rows],
    }
