"""The minutes behind the trends are those that the beats and frames themselves give, in whatever order they came."""

import os
import random
import subprocess
import sys

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.analysis import NO_FINDINGS, Beat
from analytics.minutes import NO_SIGNAL
from analytics.writer import Step, Writer
from heartwire.storage.leases import Leases
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

_ENGINE = "test"
#: Beats of three minutes, about the borders: time, interval, label.
_BEATS = st.tuples(
    st.integers(0, 180) | st.sampled_from([59, 60, 119, 120]),
    st.floats(0.25, 3.0, width=32) | st.just(float("nan")),
    st.sampled_from("NNNSVFQ?"),
)


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


def _write(writer: Writer, beats: list[Beat], cursor: dict[int, int]) -> None:
    step = Step(cursor, 0, 0, NO_FINDINGS._replace(beats=beats), NO_SIGNAL, [], [])
    writer.write(step)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_BEATS, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_beats_in_any_order_and_portions_and_twice_give_the_same_minutes(
    stack: Stack, drawn: list[tuple[int, float, str]], generator: random.Random
) -> None:
    device = stack.add_device()
    ((patient_id,),) = stack.rows("SELECT patient_id FROM devices WHERE device_id = %s", device)
    unique = {t_s: Beat(patient_id, 1, device, BEGIN_US + t_s * 1_000_000, rr_s, 1.0, label)
              for t_s, rr_s, label in drawn}  # fmt: skip
    beats = [*unique.values(), *list(unique.values())[::2]]
    generator.shuffle(beats)
    with psycopg.connect(stack.database, autocommit=True) as connection:
        leases = Leases("analytics", "test", 60.0)
        writer = Writer(connection, _ENGINE, leases.tick(connection).worker_id)
        while beats:
            size = generator.randint(1, 9)
            _write(writer, beats[:size], {0: 0})
            del beats[:size]
        leases.leave(connection)
    stack.assert_minutes_are_true(device)


@on_one_database
def test_what_comes_late_and_in_two_leads_is_counted_where_it_belongs(stack: Stack) -> None:
    device = stack.add_device()
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 200.0, 72), 200.0), BEGIN_US)
    stack.start()
    stack.store(device, frames[:70])
    stack.store(device, frames[150:])
    stack.wait_until_analysed()
    stack.store(device, frames[70:150], received_us=BEGIN_US + 900_000_000)
    stack.wait_until_analysed()
    stack.assert_minutes_are_true(device)
    assert stack.rows("SELECT ecg_us FROM ecg_minutes ORDER BY minute") == [(60_000_000,)] * 3 + [(20_000_000,)]


@on_one_database
def test_minutes_are_counted_anew_on_demand_and_never_lowered_unasked(stack: Stack) -> None:
    device = stack.add_device()
    process = stack.start()
    stack.store(device, cut_into_frames(draw_ecg(regular_beats(0.4, 130.0, 72), 130.0), BEGIN_US))
    stack.wait_until_analysed()
    query = "SELECT * FROM beat_minutes ORDER BY minute"
    right, signal = stack.rows(query), stack.rows("SELECT * FROM ecg_minutes ORDER BY minute")
    stack.execute("UPDATE beat_minutes SET beats_n = beats_n - 5, rr_n = 3 WHERE beats_n > 20")
    stack.execute("DELETE FROM ecg_minutes WHERE ecg_us < 60000000")
    # Retention took the first minute's beats.
    stack.execute("DELETE FROM beats WHERE t < (SELECT min(minute) + interval '1 minute' FROM beat_minutes)")
    before = stack.rows(query)[0]
    assert _rebuild(stack).splitlines()[0] == "minutes that were not right: 1 of beats, 1 of signal; now they are"
    assert stack.rows(query) == [before, *right[1:]]
    assert stack.rows("SELECT * FROM ecg_minutes ORDER BY minute") == signal
    assert _rebuild(stack).startswith("minutes that were not right: 0 of beats, 0 of signal")
    assert _rebuild(stack, "--lower").startswith("minutes that were not right: 1 of beats")
    stack.assert_minutes_are_true(device)
    assert process.is_running


def _rebuild(stack: Stack, *more: str) -> str:
    words = ["analytics", "rollup", "--from", "2026-03-01", "--to", "2026-03-02", *more]
    done = subprocess.run(
        [sys.executable, "-m", "heartwire", *words],
        env=os.environ | {"HEARTWIRE_ANALYTICS_DATABASE": stack.database},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
