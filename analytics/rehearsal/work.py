"""Takes up rehearsals that wait, one after the other, and writes down what came of each."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.checkpoints import Limits, valid_limits
from analytics.ecg.calls import CODES
from analytics.engine import ENGINE_VERSION
from analytics.reader import find_schema
from analytics.rehearsal.both import Both, Ring, within
from analytics.rehearsal.outcome import Told, compare_rings
from analytics.rerun import PART_US, Asked, RerunError, parts
from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.rehearsal", "rehearsal.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: So often a rehearsal is begun: one that ends its process again and again is given up.
_ATTEMPTS_MOST: Final = 3


class _Job(NamedTuple):
    """A rehearsal that was asked for."""

    rehearsal_id: int
    patient_id: int
    tenant_id: int
    from_at: datetime
    to_at: datetime
    limits: Limits
    attempts: int


class _UnwantedError(Exception):
    """It was cancelled, or who started this process is gone."""


def work_off(connection: psycopg.Connection[TupleRow], is_wanted: Callable[[], bool] = lambda: True) -> int:
    """Do what waits, until nothing does, and return how many were done.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    is_wanted : callable
        Asked before each ten minutes of signal; what is not done when it says no is taken up by another process.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        The database; what was under way is taken up again.
    """
    find_schema(connection)
    n_done = 0
    while is_wanted() and (job := _take(connection)) is not None:
        try:
            if job.attempts > _ATTEMPTS_MOST:
                _fail(connection, job, "gave_up")
            else:
                _do(connection, job, is_wanted)
                n_done += 1
        except _UnwantedError:
            _logger.info("rehearsal %d is not wanted any more", job.rehearsal_id)
        except RerunError as error:
            _logger.warning("rehearsal %d: %s", job.rehearsal_id, error)
            _fail(connection, job, "damaged")
        except HeartwireError:
            raise
        except Exception:
            _logger.exception("rehearsal %d", job.rehearsal_id)
            _fail(connection, job, "defect")
        finally:
            if not connection.closed:
                connection.execute(_QUERIES["release"], job._asdict())
    return n_done


def is_due(connection: psycopg.Connection[TupleRow]) -> bool:
    """Whether something waits or is under way."""
    row = connection.execute(_QUERIES["is_due"]).fetchone()
    return row is not None and bool(row[0])


def _take(connection: psycopg.Connection[TupleRow]) -> _Job | None:
    """Claim the oldest that nobody is at."""
    with translated():
        for (rehearsal_id,) in connection.execute(_QUERIES["due"]).fetchall():
            given = {"rehearsal_id": rehearsal_id}
            claimed = connection.execute(_QUERIES["claim"], given).fetchone()
            if claimed is None or not claimed[0]:
                continue
            row = connection.execute(_QUERIES["begin"], given).fetchone()
            if row is not None:
                return _Job(*row)
            connection.execute(_QUERIES["release"], given)
    return None


def _do(connection: psycopg.Connection[TupleRow], job: _Job, is_wanted: Callable[[], bool]) -> None:
    begin_us, end_us = _us(job.from_at), _us(job.to_at)
    asked = Asked(job.patient_id, begin_us, end_us)
    own: Limits = {}
    with translated():
        for call, name, value in connection.execute(_QUERIES["limits"], job._asdict()):
            own.setdefault(call, {})[name] = value
    both = Both(_valid(own), _valid(job.limits))
    for part_us, frames in parts(connection, asked, job.tenant_id):
        if not is_wanted():
            raise _UnwantedError
        both.take(frames)
        done_us = max(begin_us, min(part_us + PART_US, end_us))
        given = {"rehearsal_id": job.rehearsal_id, "done": job.from_at + (done_us - begin_us) * _MICROSECOND}
        with translated():
            if connection.execute(_QUERIES["go_on"], given).fetchone() is None:
                raise _UnwantedError
        if part_us >= end_us and not both.lasts(begin_us, end_us):
            break
    both.end()
    if not both.signal_us:
        _fail(connection, job, "no_signal")
        return
    now, then = (within(rings, begin_us, end_us) for rings in both.rings())
    outcome = compare_rings(now, then, _told(connection, job), both.signal_us, ENGINE_VERSION)
    with translated():
        result = Jsonb(msgspec.to_builtins(outcome))
        connection.execute(_QUERIES["finish"], {"rehearsal_id": job.rehearsal_id, "result": result})
    _logger.info("rehearsal %d is done, %.1f h of signal", job.rehearsal_id, both.signal_us / 3.6e9)


def _told(connection: psycopg.Connection[TupleRow], job: _Job) -> list[Told]:
    given: dict[str, Any] = {
        "patient_id": job.patient_id,
        "from": job.from_at,
        "to": job.to_at,
        "analysed": list(CODES),
    }
    with translated():
        rows = connection.execute(_QUERIES["told"], given).fetchall()
    return [
        Told(alarm_id, Ring(device, call, _us(onset), None if ended is None else _us(ended)), *review)
        for alarm_id, device, call, onset, ended, *review in rows
    ]


def _fail(connection: psycopg.Connection[TupleRow], job: _Job, why: str) -> None:
    with translated():
        connection.execute(_QUERIES["fail"], {"rehearsal_id": job.rehearsal_id, "why": why})


def _valid(limits: Limits) -> Limits:
    return valid_limits({0: limits})[0]


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
