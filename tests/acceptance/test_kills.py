"""Promises P1 and P2: whatever is killed mid-stream, every sample and every beat is there once, the alarm rang once."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from tests.acceptance.system import System, write_scripted_record
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

# Fast enough to be short, slow enough that the kill falls into the middle.
_SPEED = "8"
_FRAMES_BEFORE = 54  # the asystole has begun, and is not over

on_timescaledb_and_mosquitto = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return write_scripted_record(tmp_path)


def _stream_until_middle(system: System, record: Path) -> Process:
    edge = system.start_edge(record, _SPEED)
    wait_until(lambda: system.count("ecg_frames") >= _FRAMES_BEFORE, "the middle of the stream", timeout_s=60)
    assert edge.is_running, edge.log
    return edge


def _check(system: System, edge: Process, record: Path) -> None:
    assert edge.wait(timeout_s=90) == 0, edge.log
    wanted = wfdb.rdrecord(str(record), physical=False).d_signal[:, 0]
    np.testing.assert_array_equal(system.stored_samples(), wanted)
    system.wait_until_analysed()
    expected = system.expected_beats_us()
    assert len(expected) > 70
    assert system.beats_us() == expected
    assert system.alarm_events("asystole") == ["raised", "ended"]


@on_timescaledb_and_mosquitto
def test_left_alone(heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    system.start_analytics()
    _check(system, _stream_until_middle(system, record), record)


@pytest.mark.parametrize("database_server", ["embedded-postgresql"], indirect=True)
def test_the_broker_is_killed(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path
) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    system.start_analytics()
    edge = _stream_until_middle(system, record)
    broker.kill()
    broker.start()
    _check(system, edge, record)


@on_timescaledb_and_mosquitto
def test_ingest_is_killed(heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path) -> None:
    system = System(heartwire_process, database, broker)
    ingest = system.start_ingest()
    system.start_analytics()
    edge = _stream_until_middle(system, record)
    ingest.kill()
    ingest.start()
    _check(system, edge, record)


@on_timescaledb_and_mosquitto
def test_analytics_is_killed(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, record: Path
) -> None:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    analytics = system.start_analytics()
    edge = _stream_until_middle(system, record)
    wait_until(lambda: system.alarm_events("asystole") != [], "the alarm, while the asystole lasts", timeout_s=30)
    analytics.kill()
    analytics.start()
    _check(system, edge, record)


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_the_database_is_killed(
    heartwire_process: StartHeartwire, killable_database_server: PostgresServer, broker: BrokerServer, record: Path
) -> None:
    server = killable_database_server
    system = System(heartwire_process, server.dsn("heartwire"), broker)
    system.start_ingest()
    system.start_analytics()
    edge = _stream_until_middle(system, record)
    server.kill()
    server.start()
    _check(system, edge, record)
