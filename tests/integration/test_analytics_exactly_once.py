"""Every frame is analysed once and in order, whatever is killed, late to commit or started twice."""

import random
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from heartwire.frames import EcgFrame
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, AlarmRow, Stack, on_one_database, store
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

#: Much happens in little time: small batches, many checkpoints.
_BUSY = {
    "HEARTWIRE_ANALYTICS_BATCH_FRAMES": "7",
    "HEARTWIRE_ANALYTICS_CHECKPOINT_EVERY_S": "0.3",
    "HEARTWIRE_ANALYTICS_LEASE_TTL_S": "1",
    "HEARTWIRE_ANALYTICS_IDLE_AFTER_S": "1",
}


_Found = tuple[list[tuple[Any, ...]], list[AlarmRow]]


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture(scope="module")
def eventful() -> list[EcgFrame]:
    """Two minutes: sinus rhythm, seven seconds without a beat, sinus rhythm, 36 a minute, sinus rhythm."""
    beats = [
        *regular_beats(0.4, 40.0, 72),
        *regular_beats(47.0, 70.0, 72),
        *regular_beats(70.5, 95.0, 36),
        *regular_beats(96.0, 120.0, 72),
    ]
    return cut_into_frames(draw_ecg(beats, 120.0), BEGIN_US)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, _Found]:
    """By kind of database, what `expected` has found there: once for all tests."""
    return {}


@pytest.fixture
def expected(
    stack: Stack, eventful: list[EcgFrame], database_server: PostgresServer, undisturbed: dict[str, _Found]
) -> _Found:
    """What the eventful signal gives undisturbed, in one batch: the standard of all other ways."""
    if database_server.name in undisturbed:
        return undisturbed[database_server.name]
    device = stack.add_device()
    stack.store(device, eventful)
    process = stack.start()
    stack.wait_until_analysed()
    assert process.stop() == 0
    beats, alarms = stack.beats(device), stack.alarms(device)
    assert len(beats) > 115
    told = [alarm.call for alarm in alarms if alarm.events == ["raised", "ended"]]
    assert {"asystole", "extreme_bradycardia", "bradycardia"} <= set(told)
    assert told.count("asystole") == 1
    undisturbed[database_server.name] = beats, alarms
    return beats, alarms


def _portions(frames: list[EcgFrame], size: int) -> Iterator[list[EcgFrame]]:
    return (frames[begin : begin + size] for begin in range(0, len(frames), size))


def _assert_found(stack: Stack, device: str, expected: _Found) -> None:
    beats, alarms = expected
    assert stack.beats(device) == beats
    assert stack.alarms(device) == alarms
    stack.assert_minutes_are_true(device)
    open_episodes = "SELECT count(*) FROM episodes WHERE device_id = %s AND ended_at IS NULL"
    assert stack.rows(open_episodes, device) == [(0,)]


def test_killed_again_and_again_it_finds_the_same(stack: Stack, eventful: list[EcgFrame], expected: _Found) -> None:
    devices = [stack.add_device() for _ in range(3)]
    process = stack.start(env=_BUSY)
    for number, portion in enumerate(_portions(eventful, 5)):
        for device in devices:
            stack.store(device, portion)
        if number % 5 == 2:
            process.kill()
            process.start()
    wait_until(lambda: "frames read again" in process.log, "the last start")
    stack.wait_until_analysed()
    for device in devices:
        _assert_found(stack, device, expected)
    assert process.stop() == 0
    assert stack.rows("SELECT count(*) FROM analysis_checkpoints WHERE device_id = ANY(%s)", devices) == [(3,)]


@on_one_database
def test_frames_in_another_order_and_other_portions_give_the_same(
    stack: Stack, eventful: list[EcgFrame], expected: _Found
) -> None:
    device = stack.add_device()
    process = stack.start(env=_BUSY)
    generator = random.Random(5)  # noqa: S311 # not a secret
    # Each frame comes up to 2 s after its turn: within the patience that waits for it.
    late = sorted(eventful, key=lambda frame: frame.seq + generator.uniform(0.0, 2.0))
    for portion in _portions(late, 11):
        stack.store(device, portion)
    stack.wait_until_analysed()
    _assert_found(stack, device, expected)
    assert process.stop() == 0


def test_a_transaction_that_commits_late_is_not_skipped(
    stack: Stack, eventful: list[EcgFrame], expected: _Found
) -> None:
    device, other = stack.add_device(), stack.add_device()
    # The day's part of the table is there: TimescaleDB makes one under a lock that lasts as long as the transaction.
    stack.store(stack.add_device(), eventful[:1])
    stack.start(env={"HEARTWIRE_ANALYTICS_HEARTBEAT_EVERY_S": "0.1", "HEARTWIRE_ANALYTICS_INSTANCE": "waiting"})
    with psycopg.connect(stack.database) as slow:
        store(slow, device, eventful[:60])
        stack.store(other, eventful)
        # What was begun after it waits for it, and the heartbeat says so.
        wait_until(lambda: stack.heartbeat("waiting").get("frames_held_back") == len(eventful), "held back frames")
        assert stack.beats(other) == []
    stack.store(device, eventful[60:])
    stack.wait_until_analysed()
    _assert_found(stack, device, expected)
    _assert_found(stack, other, expected)


@pytest.fixture
def ward(stack: Stack) -> list[str]:
    """Devices of several shards, so that each of two processes has some."""
    return [stack.add_device() for _ in range(8)]


def test_two_share_the_work_and_whoever_is_killed_the_other_takes_over(
    stack: Stack, ward: list[str], eventful: list[EcgFrame], expected: _Found
) -> None:
    processes = [stack.start(env=_BUSY)]
    processes.append(stack.start(env=_BUSY, waits=False))
    for number, portion in enumerate(_portions(eventful, 8)):
        for device in ward:
            stack.store(device, portion)
        if number in {4, 8}:
            wait_until(lambda: _shares(stack) == [32, 32], "both to have their half")
            processes[number // 8].kill()
            wait_until(lambda: _shares(stack) == [64], "the other to have all")
            processes[number // 8].start()
    stack.wait_until_analysed()
    for device in ward:
        _assert_found(stack, device, expected)


def test_one_that_is_frozen_and_wakes_up_after_its_time_writes_nothing(
    stack: Stack, ward: list[str], eventful: list[EcgFrame], expected: _Found
) -> None:
    frozen = stack.start(env=_BUSY)
    portions = list(_portions(eventful, 8))
    for device in ward:
        stack.store(device, portions[0])
    stack.wait_until_analysed()
    (worker_id,) = stack.rows("SELECT worker_id FROM shard_workers")[0]
    frozen.send(signal.SIGSTOP)
    try:
        for portion in portions[1:]:
            for device in ward:
                stack.store(device, portion)
        stack.start(env=_BUSY)
        wait_until(lambda: _shares(stack) == [64], "the other to have all")
        stack.wait_until_analysed()
        # What one process does for all goes over to the other, too, such as sealing what happens to alarms.
        assert stack.rows("SELECT 1 FROM alarm_events LIMIT 1") == [(1,)]
        wait_until(lambda: stack.rows("SELECT 1 FROM ledger_due LIMIT 1") == [], "all to be sealed")
    finally:
        frozen.send(signal.SIGCONT)
    wait_until(lambda: _shares(stack) == [32, 32], "the frozen one to join anew")
    assert stack.rows("SELECT 1 FROM shard_workers WHERE worker_id = %s", worker_id) == []
    assert "taken for dead" in frozen.log
    for device in ward:
        _assert_found(stack, device, expected)


def test_workers_that_come_and_go_while_data_flows_find_everything_once(
    stack: Stack, ward: list[str], eventful: list[EcgFrame], expected: _Found
) -> None:
    processes = [stack.start(env=_BUSY)]
    for number, portion in enumerate(_portions(eventful, 8)):
        for device in ward:
            stack.store(device, portion)
        if number in {2, 5}:
            processes.append(stack.start(env=_BUSY))
        elif number in {8, 11}:
            assert processes.pop(0).stop() == 0
    wait_until(lambda: _shares(stack) == [64], "the last to have all")
    stack.wait_until_analysed()
    for device in ward:
        _assert_found(stack, device, expected)


def _shares(stack: Stack) -> list[int]:
    """Return how many shards each living worker holds."""
    query = "SELECT count(*) FROM shard_leases WHERE service = 'analytics' AND worker_id IS NOT NULL GROUP BY worker_id"
    return [count for (count,) in stack.rows(query)]


def test_the_database_killed_and_started_again(
    heartwire_process: StartHeartwire, killable_database_server: PostgresServer, eventful: list[EcgFrame]
) -> None:
    stack = Stack(heartwire_process, killable_database_server.dsn("heartwire"))
    undisturbed, device = stack.add_device(), stack.add_device()
    process = stack.start(env=_BUSY)
    stack.store(undisturbed, eventful)
    stack.wait_until_analysed()
    expected = stack.beats(undisturbed), stack.alarms(undisturbed)
    assert len(expected[0]) > 115
    for number, portion in enumerate(_portions(eventful, 20)):
        stack.store(device, portion)
        if number in {1, 3}:
            killable_database_server.kill()
            wait_until(_counts(process, "nothing is analysed", number), "analytics to see that")
            killable_database_server.start()
    stack.wait_until_analysed()
    _assert_found(stack, device, expected)
    _assert_found(stack, undisturbed, expected)
    assert process.is_running


def _counts(process: Process, words: str, least: int) -> Callable[[], bool]:
    return lambda: process.log.count(words) >= min(least, 2)
