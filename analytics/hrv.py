"""Counts the variability of hours that are over, on a thread of its own, and anew where beats came late.

Nothing of it is in the way of live analysis: a mark is all that is written with the beats. An hour is counted when it
is over and its last mark is a quarter of an hour old. A worker marks an hour anew at most every ten minutes
(`analytics.writer.MARK_AGAIN_S`), so whatever was stored by then is seen, and what comes later marks it again
(docs/adr/0017).
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from analytics.variability import measure_hour
from analytics.writer import MARK_AGAIN_S
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics", "hrv.sql")
#: A mark is settled when its worker has marked again or will not: seconds.
SETTLED_S: Final = 1.5 * MARK_AGAIN_S
_EVERY_S: Final = 1.0
#: Hours in one turn: about a tenth of a second of computing.
_HOURS_A_TURN: Final = 10
_STATEMENT_TIMEOUT_S: Final = 30.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)


class _Hour(NamedTuple):
    """One hour of one device by one engine."""

    patient_id: int
    hour: datetime
    device_id: str
    engine: str
    tenant_id: int


def count_due(
    connection: psycopg.Connection[TupleRow], most: int = _HOURS_A_TURN, *, settled_s: float = SETTLED_S
) -> int:
    """Count hours that are due, each in a transaction of its own, and return how many.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        The database; an hour is counted or still due.
    """
    with translated():
        due = connection.execute(_QUERIES["due"], {"most": most, "settled_s": settled_s}).fetchall()
        for *columns, marked_at in due:
            hour = _Hour(*columns)
            with connection.transaction():
                _count(connection, hour, lowers=False)
                connection.execute(_QUERIES["forget"], hour._asdict() | {"marked_at": marked_at})
    return len(due)


def recount_hours(
    connection: psycopg.Connection[TupleRow], patient_id: int, begin: datetime, end: datetime, *, lowers: bool
) -> int:
    """Count a patient's hours of a stretch anew, within the caller's transaction; return how many were not right.

    An hour that is not over is left to when it is.
    """
    begin = begin - (begin - _EPOCH) % _HOUR
    given = {"patient_id": patient_id, "from": begin, "to": end}
    hours = [_Hour(*row) for row in connection.execute(_QUERIES["hours"], given).fetchall()]
    now = datetime.now(UTC)
    return sum(_count(connection, hour, lowers=lowers) for hour in hours if hour.hour + _HOUR <= now)


def _count(connection: psycopg.Connection[TupleRow], hour: _Hour, *, lowers: bool) -> int:
    given = hour._asdict()
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_QUERIES["beats"], given).fetchall()
    times, intervals, normal = zip(*rows, strict=True) if rows else ((), (), ())
    found = measure_hour(
        (hour.hour - _EPOCH) // timedelta(microseconds=1),
        np.array(times, np.int64),
        np.array(intervals, np.float32),
        np.array(normal, np.bool_),
    )
    return connection.execute(_QUERIES["put"], given | found._asdict() | {"lowers": lowers}).rowcount


class HrvThread:
    """Counts what is due at a steady pace, where no other process does.

    Parameters
    ----------
    database : str
        libpq URL.
    """

    def __init__(self, database: str) -> None:
        self._is_counter = False
        self._thread: Final = SideThread(
            database,
            "analytics-hrv",
            _EVERY_S,
            self._turn,
            failing="nobody counts heart rate variability",
            statement_timeout_s=_STATEMENT_TIMEOUT_S,
            begin=self._begin,
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is due stays due."""
        self._thread.stop()

    def _begin(self, _connection: psycopg.Connection[TupleRow]) -> None:
        self._is_counter = False

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        if not self._is_counter:
            row = connection.execute(_QUERIES["become_counter"]).fetchone()
            self._is_counter = row is not None and bool(row[0])
            if self._is_counter:
                _logger.info("counts heart rate variability")
        if self._is_counter:
            count_due(connection)
