"""Others misbehave beside an honest device: what it recorded is in the database once, or in its outbox with the reason.

The edges are the real program; what they are given is a scripted record (P1, P2, P8).
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import paho.mqtt.client as mqtt
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from edge.status import OutboxState, read_state
from heartwire.storage.registry import add_patient
from heartwire.topics import Stream, Topic, new_device
from tests.acceptance.invariant import Whereabouts, find_every_sample
from tests.acceptance.system import FS_HZ, System, write_scripted_record
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_RECORD_S: Final = 120
_SPEED: Final = "8"
_MALFORMED_A_SECOND: Final = 1_000
_ROOM: Final = 1 << 30

pytestmark = pytest.mark.parametrize(("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return write_scripted_record(tmp_path, more_s=_RECORD_S - 80)


@pytest.fixture
def system(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> System:
    system = System(heartwire_process, database, broker)
    system.start_ingest()
    return system


def _outbox(system: System, record: Path) -> OutboxState:
    state = read_state(system.outbox(record.parent), _ROOM)
    assert state is not None
    return state


def _stream_some(system: System, record: Path) -> Process:
    edge = system.start_edge(record, _SPEED)
    wait_until(lambda: system.count("ecg_frames") > 20, "some frames", timeout_s=30)
    return edge


def _assert_all_there(system: System, edge: Process, record: Path) -> None:
    assert edge.wait(timeout_s=90) == 0, edge.log
    found = find_every_sample(system.database, system.device, system.outbox(record.parent))
    assert found.held == 0
    assert _n_samples(found) == _RECORD_S * FS_HZ


def _n_samples(found: Whereabouts) -> int:
    return sum(samples.size for samples in found.runs.values())


def test_two_devices_claim_one_name_and_the_second_is_refused_and_keeps_its_signal(
    system: System, record: Path, tmp_path: Path
) -> None:
    # The first one's clock is ahead, so that it shows soon that it still records beside the second.
    ahead = ("--start", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 24)))
    boxes = [tmp_path / "first", tmp_path / "second"]
    first = system.start_edge(record, "1", {"HEARTWIRE_EDGE_OUTBOX": str(boxes[0])}, *ahead)
    wait_until(lambda: system.count("ecg_frames") > 2, "the first to be heard", timeout_s=30)
    second = system.start_edge(record, "1", {"HEARTWIRE_EDGE_OUTBOX": str(boxes[1])})

    def is_told() -> bool:
        state = read_state(boxes[1], _ROOM)
        return state is not None and "claimed_twice" in state.refused

    wait_until(is_told, f"the second to be refused; it says {second.log_end(5)}", timeout_s=60)
    heard = system.count("ecg_frames")
    wait_until(lambda: system.count("ecg_frames") > heard, "the first to be heard all the same", timeout_s=30)
    assert system.rows("SELECT DISTINCT reason FROM dead_letters") == [("claimed_twice",)]
    assert [edge.stop() for edge in (second, first)] == [0, 0]
    one, two = (find_every_sample(system.database, system.device, box) for box in boxes)
    assert two.held > 0, "the second's signal was taken, or thrown away"
    # What both recorded is somewhere; of either, the other's outbox holds nothing.
    assert len(one.runs.keys() | two.runs.keys()) == 2
    whole = _wanted(record)
    for found in (one, two):
        for samples in found.runs.values():
            np.testing.assert_array_equal(samples, whole[: samples.size])


def test_a_subscriber_that_reads_nothing_is_in_nobodys_way(system: System, record: Path) -> None:
    with _deaf_subscriber(system.broker):
        edge = system.start_edge(record, "max")
        _assert_all_there(system, edge, record)


def test_a_thousand_malformed_messages_a_second_beside_a_good_device(system: System, record: Path) -> None:
    edge = _stream_some(system, record)
    with _flood(system) as n_sent:
        _assert_all_there(system, edge, record)
    wait_until(lambda: system.count("dead_letters") == n_sent(), "every one of them to be kept", timeout_s=60)
    assert n_sent() > 3 * _MALFORMED_A_SECOND
    assert system.rows("SELECT DISTINCT reason FROM dead_letters") == [("undecodable",)]


def test_a_revoked_device_that_goes_on_sending_keeps_its_signal_until_it_may_again(
    system: System, record: Path
) -> None:
    edge = _stream_some(system, record)
    _execute(system, "UPDATE devices SET revoked_at = now()")
    wait_until(lambda: system.count("dead_letters") > 0, "the first of its frames to be refused")
    stored = system.count("ecg_frames")

    def waits_with_its_reason() -> bool:
        state = _outbox(system, record)
        return state.frames > 40 and "revoked_device" in state.refused

    wait_until(waits_with_its_reason, "its outbox to grow and say why", timeout_s=30)
    assert system.count("ecg_frames") == stored
    found = find_every_sample(system.database, system.device, system.outbox(record.parent))
    assert found.held > 40
    _execute(system, "UPDATE devices SET revoked_at = NULL")
    _assert_all_there(system, edge, record)


def _wanted(record: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    return np.fromfile(record.with_suffix(".dat"), "<i2")


def _execute(system: System, statement: str) -> None:
    with psycopg.connect(system.database) as connection:
        connection.execute(statement)


@contextmanager
def _deaf_subscriber(broker: BrokerServer) -> Iterator[None]:
    """Subscribe to everything with QoS 1, and never read again from the socket."""
    connect = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04deaf"
    subscribe = b"\x82\x09\x00\x01\x00\x04hw/#\x01"
    with socket.create_connection((broker.host, broker.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.sendall(connect + subscribe)
        answers = deaf.recv(4)
        assert answers == b"\x20\x02\x00\x00", answers
        yield


@contextmanager
def _flood(system: System) -> Iterator[Callable[[], int]]:
    """Publish so many malformed messages a second, in the name of another patient's device; yield their count."""
    bad = new_device()
    with psycopg.connect(system.database) as connection:
        add_patient(connection, "Eve Example", ward="B", device=bad)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bad", protocol=mqtt.MQTTv311)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(2_000)
    client.connect(system.broker.host, system.broker.port)
    client.loop_start()
    stopping = threading.Event()
    sent = 0

    def run() -> None:
        nonlocal sent
        begin_s = time.monotonic()
        while not stopping.is_set():
            while sent < (time.monotonic() - begin_s) * _MALFORMED_A_SECOND:
                client.publish(str(Topic(bad, Stream.ECG)), b"\xc1" + sent.to_bytes(4, "big") * 20, qos=1)
                sent += 1
            stopping.wait(0.02)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield lambda: sent
    finally:
        stopping.set()
        thread.join()
        wait_until(lambda: not client.want_write(), "everything to be sent")
        client.loop_stop()
