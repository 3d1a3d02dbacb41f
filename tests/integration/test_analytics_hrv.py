"""Hours get their variability when they are over, once more where beats came late, and from one process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import psycopg
import pytest
from psycopg.rows import TupleRow

from analytics import hrv
from analytics.analysis import NO_FINDINGS, Beat
from analytics.hrv import HrvThread, count_due
from analytics.minutes import NO_SIGNAL
from analytics.variability import HOUR_US, Variability, measure_hour
from analytics.writer import Step, Writer
from heartwire.storage.leases import Leases
from heartwire.storage.pool import connect
from tests.conftest import StartHeartwire
from tests.integration.analytics_stack import BEGIN_US, Stack, now_us, on_one_database
from tests.servers.waiting import wait_until

_S: Final = 1_000_000


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture
def connection(stack: Stack) -> Iterator[psycopg.Connection[TupleRow]]:
    with connect(stack.database, "test", autocommit=True) as connection:
        yield connection


@pytest.fixture
def leases(connection: psycopg.Connection[TupleRow]) -> Iterator[Leases]:
    leases = Leases("analytics", "test", 60.0)
    yield leases
    leases.leave(connection)


def _beats(stack: Stack, device: str, begin_us: int = BEGIN_US, length_s: float = 4000.0) -> list[Beat]:
    """Beats that vary, some of them ectopic."""
    ((patient_id,),) = stack.rows("SELECT patient_id FROM devices WHERE device_id = %s", device)
    generator = np.random.default_rng(1)
    found, at_us, last_us = [], begin_us, -1
    while at_us < begin_us + length_s * _S:
        rr_s = float("nan") if last_us < 0 else (at_us - last_us) / _S
        found.append(Beat(patient_id, 1, device, at_us, rr_s, 1.0, "V" if generator.random() < 0.02 else "N"))
        last_us, at_us = at_us, at_us + round(generator.normal(0.8, 0.05) * _S)
    return found


def _write(connection: psycopg.Connection[TupleRow], leases: Leases, beats: list[Beat]) -> Writer:
    writer = Writer(connection, "test", leases.tick(connection).worker_id)
    writer.write(Step({0: 0}, 0, 0, NO_FINDINGS._replace(beats=beats), NO_SIGNAL, [], []))
    return writer


def _expected(beats: list[Beat], hour_us: int) -> Variability:
    inside = [beat for beat in beats if hour_us - 5 * _S <= beat.t_us < hour_us + HOUR_US]
    return measure_hour(
        hour_us,
        np.array([beat.t_us for beat in inside], np.int64),
        np.array([beat.rr_s for beat in inside], np.float32),
        np.array([beat.label == "N" for beat in inside], np.bool_),
    )


def _hours(stack: Stack) -> dict[int, Variability]:
    rows = stack.rows(
        "SELECT extract(epoch FROM hour)::bigint, beats_n, nn_n, coverage, sdnn_ms, rmssd_ms, lf_ms2, hf_ms2,"
        " segments_n FROM hrv_hours ORDER BY hour"
    )
    return {hour_s * _S: Variability(*columns) for hour_s, *columns in rows}


def _assert_same(stored: Variability, expected: Variability) -> None:
    assert [value is None for value in stored] == [value is None for value in expected]
    known = [value for value in expected if value is not None]
    # It is stored in single precision.
    assert [value for value in stored if value is not None] == pytest.approx(known, rel=1e-5)


def test_hours_are_counted_when_they_are_over_and_again_when_beats_come_late(
    stack: Stack, connection: psycopg.Connection[TupleRow], leases: Leases
) -> None:
    device = stack.add_device()
    beats = _beats(stack, device)
    late = beats[1000:1200]
    _write(connection, leases, beats[:1000] + beats[1200:])
    assert count_due(connection) == 0, "beats may still come"
    assert count_due(connection, settled_s=0) == 2
    found = _hours(stack)
    assert list(found) == [BEGIN_US, BEGIN_US + HOUR_US]
    _assert_same(found[BEGIN_US], _expected(beats[:1000] + beats[1200:], BEGIN_US))
    _assert_same(found[BEGIN_US + HOUR_US], _expected(beats, BEGIN_US + HOUR_US))
    assert found[BEGIN_US].sdnn_ms == pytest.approx(50, rel=0.1)
    assert found[BEGIN_US].segments_n == 10
    assert found[BEGIN_US + HOUR_US].sdnn_ms is None, "an hour of which there are seven minutes"
    assert count_due(connection, settled_s=0) == 0
    _write(connection, leases, late)
    assert count_due(connection, settled_s=0) == 1
    _assert_same(_hours(stack)[BEGIN_US], _expected(beats, BEGIN_US))


@on_one_database
def test_an_hour_that_is_not_over_waits(stack: Stack, connection: psycopg.Connection[TupleRow], leases: Leases) -> None:
    device = stack.add_device()
    _write(connection, leases, _beats(stack, device, now_us() // HOUR_US * HOUR_US, 10))
    assert count_due(connection, settled_s=0) == 0
    assert stack.rows("SELECT count(*) FROM hrv_due") == [(1,)]


@on_one_database
def test_a_worker_marks_an_hour_again_only_after_a_while(
    stack: Stack, connection: psycopg.Connection[TupleRow], leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = stack.add_device()
    beats = _beats(stack, device, length_s=60)
    writer = _write(connection, leases, beats[:10])
    marked = stack.rows("SELECT marked_at FROM hrv_due")

    def write(some: list[Beat]) -> None:
        writer.write(Step({0: 0}, 0, 0, NO_FINDINGS._replace(beats=some), NO_SIGNAL, [], []))

    write(beats[10:20])
    assert stack.rows("SELECT marked_at FROM hrv_due") == marked
    writer._marks = {key: at_s - 600 for key, at_s in writer._marks.items()}
    write(beats[20:30])
    assert stack.rows("SELECT marked_at FROM hrv_due") > marked
    assert hrv.SETTLED_S > 600, "whatever is stored between two marks is seen"


@on_one_database
def test_beats_that_come_while_their_hour_is_counted_let_it_be_counted_again(
    stack: Stack, connection: psycopg.Connection[TupleRow], leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = stack.add_device()
    beats = _beats(stack, device, length_s=3000)
    _write(connection, leases, beats[:2000])

    def measure(*given: Any) -> Variability:  # noqa: ANN401 # whatever the one that is replaced takes
        with connect(stack.database, "test-2", autocommit=True) as other:
            _write(other, leases, beats[2000:])
        return measure_hour(*given)

    with monkeypatch.context() as patch:
        patch.setattr(hrv, "measure_hour", measure)
        assert count_due(connection, settled_s=0) == 1
    assert _hours(stack)[BEGIN_US].beats_n == 2000
    assert count_due(connection, settled_s=0) == 1
    assert _hours(stack)[BEGIN_US].beats_n == len(beats)


@on_one_database
def test_the_service_counts_from_one_process(stack: Stack, connection: psycopg.Connection[TupleRow]) -> None:
    device = stack.add_device()
    leases = Leases("analytics", "before", 60.0)
    beats = _beats(stack, device, length_s=3600)
    _write(connection, leases, beats)
    leases.leave(connection)
    stack.execute("UPDATE hrv_due SET marked_at = marked_at - interval '1 day'")
    process = stack.start()
    wait_until(lambda: bool(_hours(stack)), "the hour")
    _assert_same(_hours(stack)[BEGIN_US], _expected(beats, BEGIN_US))
    other = HrvThread(stack.database)
    other._turn(connection)
    assert not other._is_counter
    assert process.stop() == 0

    def takes_over() -> bool:
        other._turn(connection)
        return other._is_counter

    wait_until(takes_over, "the other to take over")


def _rollup(stack: Stack, *more: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "heartwire", "analytics", "rollup", "--from", "2026-03-01", "--to", "2026-03-02", *more],
        env=os.environ | {"HEARTWIRE_ANALYTICS_DATABASE": stack.database},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[1]


@on_one_database
def test_counted_anew_on_demand_and_never_lowered_unasked(
    stack: Stack, connection: psycopg.Connection[TupleRow], leases: Leases
) -> None:
    device = stack.add_device()
    _write(connection, leases, _beats(stack, device))
    says = "hours of heart rate variability that were not right: {}; now they are".format
    assert _rollup(stack) == says(2)
    right = _hours(stack)
    assert right[BEGIN_US].lf_ms2
    assert _rollup(stack) == says(0)
    stack.execute("UPDATE hrv_hours SET sdnn_ms = 1")
    assert _rollup(stack) == says(2)
    # A rerun's beats are not the live analysis's.
    stack.execute(
        "INSERT INTO beats SELECT patient_id, tenant_id, device_id, t + interval '0.3 s', 0.3, 1, 'N', engine, true"
        " FROM beats"
    )
    assert _rollup(stack) == says(0)
    # Retention took half an hour.
    stack.execute("DELETE FROM beats WHERE t < %s", datetime.fromtimestamp(BEGIN_US / 1e6 + 1800, UTC))
    assert _rollup(stack) == says(0)
    assert _hours(stack) == right
    assert _rollup(stack, "--lower") == says(1)
    assert _hours(stack)[BEGIN_US].beats_n < right[BEGIN_US].beats_n
