"""Counts minutes, and the variability of hours, anew from what is stored: for a database in which they are doubted."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from analytics.hrv import recount_hours
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("analytics", "rollups.sql")
#: So much of one patient is counted in one transaction: analysis waits meanwhile.
_PART: Final = timedelta(days=1)


class Rebuilt(NamedTuple):
    """Minutes and (of variability) hours that were not as they are now."""

    beats: int
    signal: int
    variability: int


def rebuild_minutes(
    connection: psycopg.Connection[TupleRow],
    begin: datetime,
    end: datetime,
    *,
    patient_id: int | None = None,
    lowers: bool = False,
) -> Rebuilt:
    """Count the minutes and hours of a stretch anew, a day of one patient at a time, while everything runs.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    begin, end : datetime
        Rounded outwards to whole minutes.
    patient_id : int, optional
        One patient instead of all.
    lowers : bool
        Let a minute have fewer beats than it had. Otherwise it keeps them: where retention took beats, their count is
        all that is left.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        The database; whole days of patients are done or not done, and it may be repeated.
    """
    begin = begin.astimezone(UTC).replace(second=0, microsecond=0)
    end = (end.astimezone(UTC) + timedelta(minutes=1, microseconds=-1)).replace(second=0, microsecond=0)
    beats = signal = variability = 0
    with translated():
        for (patient,) in connection.execute(_QUERIES["patients"], {"patient_id": patient_id}).fetchall():
            at = begin
            while at < end:
                given = {"patient_id": patient, "from": at, "to": min(at + _PART, end), "lowers": lowers}
                with connection.transaction():
                    connection.execute(_QUERIES["keep_still"], given)
                    beats += _count(connection, "count_beats", given)
                    signal += _count(connection, "count_signal", given)
                    variability += recount_hours(connection, patient, at, min(at + _PART, end), lowers=lowers)
                at += _PART
    return Rebuilt(beats, signal, variability)


def _count(connection: psycopg.Connection[TupleRow], query: str, given: dict[str, object]) -> int:
    row = connection.execute(_QUERIES[query], given).fetchone()
    assert row is not None
    return int(row[0])
