"""Database or ingest killed mid-stream, and back again: nothing lost, nothing twice (P1, P2)."""

import re
import time

import psutil
import psycopg
import pytest

from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, is_ready, on_both_killable_pairs, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until
from tests.wire import Device, ecg_frame

#: What ingest lets a broker that speaks MQTT 5 send before it hears a PUBACK.
_WINDOW_FRAMES = 50


def _stored_seqs(stack: Stack) -> list[int]:
    return [row[2] for row in stack.stored()]


@on_both_killable_pairs
def test_the_database_is_killed_mid_stream(
    heartwire_process: StartHeartwire, killable_database_server: PostgresServer, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, killable_database_server.dsn("heartwire"), broker)
    window = {
        "HEARTWIRE_INGEST_HELD_MAX_FRAMES": str(_WINDOW_FRAMES),
        "HEARTWIRE_INGEST_BATCH_MAX_FRAMES": str(_WINDOW_FRAMES),
    }
    ingest = stack.start_ingest(env=window if broker.speaks_mqtt5 else {})
    with stack.device() as device:
        device.send(*map(ecg_frame, range(40)))
        killable_database_server.kill()
        wait_until(lambda: "nothing can be stored" in ingest.log or _heard(device) == 39, "ingest to see it")
        told = _heard(device)
        device.send(*map(ecg_frame, range(40, 300)))
        wait_until(lambda: bool(_waiting(ingest.log)), "ingest to hold what it cannot store")
        assert _heard(device) <= max(told, 39), "told that frames are safe while there was no database"
        if broker.speaks_mqtt5:
            # No PUBACK before a commit: the broker sends one window, and keeps the rest.
            wait_until(lambda: max(_waiting(ingest.log)) == _WINDOW_FRAMES, "a full window")
            assert "leaves the broker" not in ingest.log
        killable_database_server.start()
        _go_on_as_an_edge(device, 299)
        assert _stored_seqs(stack) == list(range(300))
    assert stack.reasons() == []
    assert ingest.stop() == 0


def _heard(device: Device) -> int:
    return max((ack.committed for ack in device.acks), default=-1)


def _waiting(log: str) -> list[int]:
    return [int(count) for count in re.findall(r"nothing can be stored: .*?; (\d+) messages wait", log) if int(count)]


@on_both_pairs
def test_ingest_is_killed_mid_stream(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> None:
    stack = Stack(heartwire_process, database, broker)
    ingest = stack.start_ingest()
    with stack.device() as device:
        device.send(*map(ecg_frame, range(100)))
        ingest.kill()
        device.send(*map(ecg_frame, range(100, 200)))
        subscriptions = ingest.log.count("subscribed at")
        ingest.start(lambda: is_ready(ingest) and ingest.log.count("subscribed at") > subscriptions)
        _go_on_as_an_edge(device, 199)
        assert _stored_seqs(stack) == list(range(200))
    assert stack.reasons() == []


@on_both_pairs
def test_without_its_broker_ingest_waits_and_leaves_the_processor_to_others(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, database, broker)
    ingest = stack.start_ingest(env={"HEARTWIRE_INGEST_ACK_EVERY_S": "0.1"})
    with stack.device() as device:
        device.send(*map(ecg_frame, range(3)))
        wait_until(lambda: _heard(device) == 2, "the device to be told")
    broker.kill()

    def tried() -> int:
        return ingest.log.count("no connection to the broker")

    wait_until(lambda: tried() > 0, "ingest to miss its broker")
    begin_s, n_tried, spent_s = time.monotonic(), tried(), _cpu_s(ingest)
    wait_until(lambda: tried() >= n_tried + 6, "ingest to look for it again and again")
    spent_s = _cpu_s(ingest) - spent_s
    broker.start()
    assert spent_s < 0.25 * (time.monotonic() - begin_s), "what nobody can be told is due all the time"


def _cpu_s(process: Process) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


@on_both_pairs
def test_a_slow_database_slows_the_devices_down_and_nothing_is_lost(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, database, broker)
    bound = {"HEARTWIRE_INGEST_HELD_MAX_FRAMES": "50", "HEARTWIRE_INGEST_BATCH_MAX_FRAMES": "20"}
    ingest = stack.start_ingest(env=bound)
    with stack.device() as device:
        with psycopg.connect(database) as blocker:
            blocker.execute("LOCK TABLE ecg_frames IN ACCESS EXCLUSIVE MODE")
            device.send(*map(ecg_frame, range(300)))
            if not broker.speaks_mqtt5:
                # This broker does not stop at a window, so ingest leaves it when it holds all it may.
                wait_until(lambda: "leaves the broker" in ingest.log, "ingest to leave the broker")
            assert not device.acks, "told that frames are safe while nothing could be stored"
        _go_on_as_an_edge(device, 299)
        assert _stored_seqs(stack) == list(range(300))
    assert stack.reasons() == []
    assert ingest.stop() == 0


def _go_on_as_an_edge(device: Device, last: int) -> None:
    """Believe the acks and nothing else: send what they miss, and the last frame until it is safe."""
    answered: set[tuple[int, int]] = set()
    told_s = 0.0

    def is_safe() -> bool:
        nonlocal told_s
        for ack in device.acks:
            for low, high in set(ack.missing) - answered:
                answered.add((low, high))
                device.send(*map(ecg_frame, range(low, high + 1)))
        if time.monotonic() - told_s > 1.0:
            told_s = time.monotonic()
            device.send(ecg_frame(last))
        return _heard(device) >= last

    wait_until(is_safe, f"everything up to {last} to be committed")


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@on_both_pairs
def test_acks_name_the_missing_ranges(stack: Stack) -> None:
    stack.start_ingest()
    with stack.device() as device:
        sent = [*range(10), *range(20, 25), 30]
        device.send(*map(ecg_frame, sent))
        wait_until(lambda: any(ack.highest == 30 for ack in device.acks), "an ack of the highest frame")
        ack = device.acks[-1]
        assert (ack.committed, ack.missing, ack.highest) == (9, ((10, 19), (25, 29)), 30)
        device.send(*map(ecg_frame, range(10, 20)))
        assert device.wait_for_ack(24).missing == ((25, 29),)
        device.send(*map(ecg_frame, range(25, 30)))
        assert device.wait_for_ack(30).missing == ()
        assert _stored_seqs(stack) == list(range(31))
