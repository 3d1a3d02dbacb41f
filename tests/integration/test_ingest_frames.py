"""What devices send arrives bit for bit, exactly once, on both databases and both brokers."""

import json
import random

import psycopg
import pytest

from heartwire.frames import EventFrame, HrFrame, StatusFrame, encode
from heartwire.topics import Stream, Topic
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.wire import Device, ecg_frame, now_us


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _row(device: Device, seq: int, boot_id: int = 1) -> tuple[object, ...]:
    frame = ecg_frame(seq, boot_id=boot_id)
    values = (frame.t0, frame.fs_mhz, frame.lead, frame.gain, frame.baseline, frame.flags, frame.samples)
    return (device.name, boot_id, seq, *values)


@on_both_pairs
def test_frames_arrive_bit_for_bit_and_are_acknowledged(stack: Stack) -> None:
    ingest = stack.start_ingest()
    with stack.device() as device:
        device.send(*map(ecg_frame, range(200)))
        ack = device.wait_for_ack(199)
        assert (ack.missing, ack.highest) == ((), 199)
        assert stack.stored() == [_row(device, seq) for seq in range(200)]
    received, samples_ms, xids = stack.rows(
        "SELECT received::text, extract(epoch FROM last_sample_at) * 1000, (SELECT count(DISTINCT xid) FROM ecg_frames)"
        " FROM streams"
    )[0]
    assert received == "{[0,200)}"
    assert samples_ms == ecg_frame(199).t_end / 1000
    assert xids >= 1
    assert ingest.stop() == 0
    assert '"frames": 200' in ingest.log


@on_both_pairs
def test_every_frame_twice_in_random_order_half_through_each_of_two_processes(stack: Stack) -> None:
    processes = [stack.start_ingest(), stack.start_ingest()]
    frames = [(boot_id, seq) for boot_id in (1, 2) for seq in range(300)] * 2
    random.Random(7).shuffle(frames)  # noqa: S311 # not a secret
    # The first process keeps the lower half of the shards.
    with stack.device(range(32)) as first, stack.device(range(32, 64)) as second:
        for device in (first, second):
            device.send(*(ecg_frame(seq, boot_id=boot_id) for boot_id, seq in frames))
        for device in (first, second):
            for boot_id in (1, 2):
                device.wait_for_ack(299, boot_id=boot_id)
        names = sorted((first.name, second.name))
        wanted = {device.name: device for device in (first, second)}
        rows = [_row(wanted[name], seq, boot_id) for name in names for boot_id in (1, 2) for seq in range(300)]
        assert stack.stored() == rows
    assert stack.reasons() == []
    for process in processes:
        assert process.stop() == 0
    ends = [json.loads(process.log.splitlines()[-1]) for process in processes]
    assert all(end["frames"] > 0 for end in ends), "one process did all the work"
    assert sum(end["frames"] for end in ends) == 1200
    assert sum(end["frames"] + end["duplicates"] for end in ends) == 2400


@on_both_pairs
def test_heart_rate_and_events_are_stored_once(stack: Stack) -> None:
    stack.start_ingest()
    begin_us = now_us()
    hr = [HrFrame(1, seq, begin_us + seq * 1_000_000, 61 + seq, (983, 990) if seq else (), 2) for seq in range(3)]
    event = EventFrame(1, 0, begin_us, "symptom", "palpitations, “très fort”")
    with stack.device() as device:
        for _ in range(2):
            device.send(*hr, stream=Stream.HR)
            device.send(event, stream=Stream.EVENT)
        device.wait_for_ack(2, stream=Stream.HR)
        device.wait_for_ack(0, stream=Stream.EVENT)
    stored = stack.rows("SELECT seq, bpm, rr_ms, contact FROM hr_frames ORDER BY seq")
    assert stored == [(0, 61, [], 2), (1, 62, [983, 990], 2), (2, 63, [983, 990], 2)]
    assert stack.rows("SELECT seq, kind, text FROM patient_events") == [(0, "symptom", event.text)]
    assert stack.reasons() == []


@on_both_pairs
def test_analytics_is_woken_once_for_each_commit(stack: Stack) -> None:
    stack.start_ingest()
    with psycopg.connect(stack.database, autocommit=True) as listener, stack.device() as device:
        listener.execute("LISTEN heartwire_frames")
        device.send(ecg_frame(0))
        assert [note.channel for note in listener.notifies(timeout=20, stop_after=1)] == ["heartwire_frames"]
        assert stack.rows("SELECT count(*) FROM ecg_frames") == [(1,)]


def _status(boot_id: int, t_us: int, *, online: bool = True, battery: int = 80) -> StatusFrame:
    return StatusFrame(boot_id, t_us, online, battery, "1.0", "Polar H10", -60, 3, 1_000_000)


@on_both_pairs
def test_the_newest_status_wins(stack: Stack) -> None:
    t_us = now_us() - 60_000_000

    def last() -> list[tuple[object, ...]]:
        return stack.rows(
            "SELECT boot_id, online, battery_percent, (extract(epoch FROM t) * 1000000)::bigint FROM device_status"
        )

    with stack.device() as device:
        topic = str(Topic(device.name, Stream.STATUS))
        # A will that the broker remembers from an earlier life.
        device.send_bytes(topic, encode(_status(1, t_us, online=False, battery=10)), retain=True)
        ingest = stack.start_ingest()
        stack.wait_for_rows(1, "device_status")
        device.send(_status(2, t_us + 10, battery=90), stream=Stream.STATUS)
        # Out of order, of an old boot, and a live will of an old boot: nothing changes.
        device.send(_status(2, t_us + 5, battery=91), stream=Stream.STATUS)
        device.send(_status(1, t_us + 9, battery=92), stream=Stream.STATUS)
        device.send(_status(1, t_us, online=False), stream=Stream.STATUS)
        device.send(ecg_frame(0))
        device.wait_for_ack(0)
        assert last() == [(2, True, 90, t_us + 10)]
        # Ingest starts again and is told the retained will once more.
        assert ingest.stop() == 0
        ingest = stack.start_ingest()
        device.send(ecg_frame(1))
        device.wait_for_ack(1)
        assert last() == [(2, True, 90, t_us + 10)]
        # The will of this boot's connection is older than what was said on it, and true all the same.
        device.send(_status(2, t_us + 8, online=False, battery=93), stream=Stream.STATUS)
        device.send(ecg_frame(2))
        device.wait_for_ack(2)
        assert last() == [(2, False, 90, t_us + 10)]
        device.send(_status(2, t_us + 11, battery=94), stream=Stream.STATUS)
        device.send(ecg_frame(3))
        device.wait_for_ack(3)
        assert last() == [(2, True, 94, t_us + 11)]
    assert ingest.stop() == 0
    assert json.loads(ingest.log.splitlines()[-1])["statuses"] >= 3, "the retained will did not come again"
