"""Promises P1 and P2: whatever is killed, and again while it recovers, every sample and every beat is there once.

The alarm rang once, too. The moments are left to chance, and a failure prints the seed. Of ingest two processes are
killed in test_many_ingests.py.
"""

import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import wfdb

from tests.acceptance.invariant import find_every_sample
from tests.acceptance.system import System, write_scripted_record
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

# Fast enough to be short, slow enough that the kill falls into the middle.
_SPEED = "8"
_FRAMES_BEFORE = 54  # the asystole has begun, and is not over
#: Of 150 frames: early enough that the edge still streams when what was killed is back.
_FRAMES_EARLY, _FRAMES_LATE = 5, 65
# A late stretch is judged to its end when 10 s of live signal have gone by, which a kill may put off.
_AFTER_S = 40
# How far off a beat beside a seam may be, microseconds (the beats are 830,000 apart), and how many are.
_SEAM_US = 50_000
_AT_SEAMS = 4

on_timescaledb_and_mosquitto = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return write_scripted_record(tmp_path, more_s=_AFTER_S)


@pytest.fixture
def chance() -> random.Random:
    seed = time.time_ns()
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)  # noqa: S311 # not a secret


def _stream_until(system: System, record: Path, n_frames: int) -> Process:
    edge = system.start_edge(record, _SPEED)
    wait_until(lambda: system.count("ecg_frames") >= n_frames, f"{n_frames} frames to be stored", timeout_s=60)
    assert edge.is_running, edge.log
    return edge


def _some_frames(chance: random.Random) -> int:
    return chance.randint(_FRAMES_EARLY, _FRAMES_LATE)


def _kill_while_it_recovers(process: Process, chance: random.Random, longest_s: float) -> None:
    """Start what was killed, and kill it again at some moment of the seconds that it needs to serve again."""
    process.start()
    time.sleep(chance.uniform(0.0, longest_s))
    process.kill()


def _wanted(record: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    samples: np.ndarray[tuple[int, ...], np.dtype[np.int64]] = wfdb.rdrecord(str(record), physical=False).d_signal[:, 0]
    return samples


def _assert_same_beats(found_us: list[int], expected_us: list[int]) -> None:
    """Each beat is there once, where the undisturbed signal has it.

    After a fault the newest frames are sent first. At eight times the speed the patience for those before them is over
    in 0.4 s, and then they are analysed as a stretch of their own: a beat beside the seam may be some samples off.
    """
    assert len(expected_us) > 70
    assert len(found_us) == len(expected_us)
    assert np.abs(np.subtract(found_us, expected_us)).max() <= _SEAM_US
    assert sum(found != expected for found, expected in zip(found_us, expected_us, strict=True)) <= _AT_SEAMS


def _check(system: System, edge: Process, record: Path) -> None:
    assert edge.wait(timeout_s=90) == 0, edge.log
    found = find_every_sample(system.database, system.device, system.outbox(record.parent))
    assert found.held == 0
    (samples,) = found.runs.values()
    np.testing.assert_array_equal(samples, _wanted(record))
    system.wait_until_analysed()
    _assert_same_beats(system.beats_us(), system.expected_beats_us())
    assert system.alarm_events("asystole") == ["raised", "ended"]


@on_timescaledb_and_mosquitto
def test_left_alone(heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    system.start_analytics()
    _check(system, _stream_until(system, record, _FRAMES_BEFORE), record)


def _kill_the_broker_twice(system: System, record: Path, chance: random.Random, *, forgets: bool) -> None:
    broker = system.broker
    system.start_ingest()
    system.start_analytics()
    edge = _stream_until(system, record, _some_frames(chance))
    broker.kill()
    if forgets:
        broker.forget()
    _kill_while_it_recovers(broker.process, chance, 1.0)
    if forgets:
        broker.forget()
    broker.start()
    _check(system, edge, record)


@pytest.mark.parametrize("database_server", ["embedded-postgresql"], indirect=True)
def test_the_broker_is_killed_and_killed_again_while_it_recovers(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path, chance: random.Random
) -> None:
    _kill_the_broker_twice(System(heartwire_process, database, broker), record, chance, forgets=False)


@on_timescaledb_and_mosquitto
def test_the_broker_is_killed_and_its_memory_is_deleted(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path, chance: random.Random
) -> None:
    _kill_the_broker_twice(System(heartwire_process, database, broker), record, chance, forgets=True)


@on_timescaledb_and_mosquitto
def test_analytics_is_killed_and_killed_again_while_it_recovers(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path, chance: random.Random
) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    analytics = system.start_analytics()
    edge = _stream_until(system, record, _FRAMES_BEFORE)
    wait_until(lambda: system.alarm_events("asystole") != [], "the alarm, while the asystole lasts", timeout_s=30)
    analytics.kill()
    _kill_while_it_recovers(analytics, chance, 3.0)
    analytics.start()
    _check(system, edge, record)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_the_database_is_shut_down_at_once_and_killed_while_it_recovers(
    heartwire_process: StartHeartwire,
    killable_database_server: PostgresServer,
    broker: BrokerServer,
    record: Path,
    chance: random.Random,
) -> None:
    server = killable_database_server
    system = System(heartwire_process, server.dsn("heartwire"), broker)
    system.start_ingest()
    system.start_analytics()
    edge = _stream_until(system, record, _some_frames(chance))
    server.process.stop(signal.SIGQUIT)  # PostgreSQL's "immediate": it does not tidy up
    _kill_while_it_recovers(server.process, chance, 1.0)
    server.start()
    _check(system, edge, record)


@on_timescaledb_and_mosquitto
def test_the_edge_is_killed_and_killed_again_while_it_recovers(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path, chance: random.Random
) -> None:
    system = System(heartwire_process, database, broker)
    ingest = system.start_ingest()
    edge = _stream_until(system, record, _some_frames(chance))
    # With the database out of its reach it has something to lose.
    ingest.kill()
    time.sleep(chance.uniform(0.0, 1.0))
    edge.kill()
    outbox = system.outbox(record.parent)
    before = find_every_sample(database, system.device, outbox)
    _kill_while_it_recovers(edge, chance, 3.0)
    ingest.start()
    edge.start()
    assert edge.wait(timeout_s=90) == 0, edge.log
    after = find_every_sample(database, system.device, outbox)
    assert after.held == 0
    for boot_id, samples in before.runs.items():
        np.testing.assert_array_equal(after.runs[boot_id], samples)
    wanted = _wanted(record)
    *cut_short, whole = [samples for _, samples in sorted(after.runs.items())]
    np.testing.assert_array_equal(whole, wanted)
    for samples in cut_short:
        np.testing.assert_array_equal(samples, wanted[: len(samples)])


@on_timescaledb_and_mosquitto
def test_the_compactor_is_killed_and_killed_again_while_it_recovers(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path, chance: random.Random
) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    system.start_analytics()
    compactor = system.start_compactor()
    edge = _stream_until(system, record, _FRAMES_EARLY)
    wait_until(lambda: system.count("ecg_blocks") > 0, "the first block", timeout_s=60)
    for _ in range(3):
        compactor.kill()
        _kill_while_it_recovers(compactor, chance, 2.0)
        compactor.start()
        time.sleep(chance.uniform(0.5, 1.5))
    assert edge.wait(timeout_s=90) == 0, edge.log
    # Of two whole minutes and what is left of a third, at most two ends are not old enough.
    wait_until(lambda: system.count("ecg_frames") < 80, "blocks of all whole minutes", timeout_s=60)
    found = find_every_sample(database, system.device, system.outbox(record.parent))
    assert found.held == 0
    (samples,) = found.runs.values()
    np.testing.assert_array_equal(samples, _wanted(record))
    assert len(system.beats_us()) > 70
    assert system.alarm_events("asystole") == ["raised", "ended"]
