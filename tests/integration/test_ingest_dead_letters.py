"""What is not a good frame is kept with its reason, is counted, and stands in nobody's way (P8)."""

import json
import math
import threading
import time
from typing import Final

import msgspec
import pytest

from heartwire.frames import FUTURE_MAX_US, PAST_MAX_US, PAYLOAD_MAX, EcgFrame, encode
from heartwire.topics import Stream, Topic, topic_prefix
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until
from tests.wire import ecg_frame, now_us


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _changed(**changes: object) -> bytes:
    """Return a frame of which some fields are not as they should be."""
    fields = msgspec.structs.asdict(ecg_frame(0)) | changes
    return msgspec.msgpack.encode([fields[name] for name in EcgFrame.__struct_fields__])


def _bad_payloads() -> dict[str, list[bytes]]:
    """Return payloads for a registered device's ``ecg``, by the reason that each must meet."""
    good = encode(ecg_frame(0))
    return {
        "undecodable": [b"", b"\xc1\xff garbage", good[:7], good[:-1]],
        "oversized": [b"\x00" * (PAYLOAD_MAX + 1)],
        "invalid": [b"\x90", msgspec.msgpack.encode({"seq": 1}), _changed(seq=-1), _changed(lead="I\0I")],
        "bad_gain": [_changed(gain=value) for value in (math.nan, math.inf, 0.0, -200.0)],
        "bad_length": [_changed(samples=b"\0" * 499), _changed(samples=b""), _changed(samples=b"\0\0" * 5000)],
        "absurd_time": [
            _changed(t0=0),
            _changed(t0=now_us() - PAST_MAX_US - 60_000_000),
            _changed(t0=now_us() + FUTURE_MAX_US + 60_000_000),
        ],
    }


_BAD_TOPICS: Final = {
    "hw/2/{device}/ecg": "wrong_version",
    "{prefix}/nothing": "unknown_stream",
    "hw/1/0/NOT-A-DEVICE/ecg": "bad_device",
    "hw/1/64/{device}/ecg": "wrong_shard",
    "{prefix}": "foreign_topic",
    "{prefix}/ecg/more": "foreign_topic",
}


@on_both_pairs
def test_bad_messages_are_kept_with_their_reason_and_the_next_frame_is_stored(stack: Stack) -> None:
    ingest = stack.start_ingest()
    wanted: list[tuple[str, bytes]] = []
    with stack.device() as device, stack.stranger() as stranger:
        seq = 0
        for reason, payloads in _bad_payloads().items():
            for payload in payloads:
                device.send_bytes(str(Topic(device.name, Stream.ECG)), payload)
                device.send(ecg_frame(seq))
                wanted.append((reason, payload))
                seq += 1
        good = encode(ecg_frame(0))
        for topic, reason in _BAD_TOPICS.items():
            device.send_bytes(topic.format(device=device.name, prefix=topic_prefix(device.name)), good)
            device.send(ecg_frame(seq))
            wanted.append((reason, good))
            seq += 1
        stranger.send(ecg_frame(0))
        wanted.append(("unknown_device", good))
        device.send(ecg_frame(seq))
        device.wait_for_ack(seq)
        assert [row[2] for row in stack.stored()] == list(range(seq + 1))
        assert not stranger.acks, "a device that nobody registered was told that its frame is safe"
    kept = stack.rows("SELECT reason, payload FROM dead_letters")
    assert sorted(kept) == sorted(wanted)
    assert ingest.stop() == 0
    counted = json.loads(ingest.log.splitlines()[-1])["dead_letters"]
    assert counted == {reason: sum(reason == other for other, _ in wanted) for reason in {one for one, _ in wanted}}


@on_both_pairs
def test_another_frame_under_a_known_number_changes_nothing(stack: Stack) -> None:
    stack.start_ingest()
    with stack.device() as device:
        device.send(ecg_frame(0), ecg_frame(0, salt=1))
        stack.wait_for_rows(1, "dead_letters")
        device.wait_for_ack(0)
        assert [row[-1] for row in stack.stored()] == [ecg_frame(0).samples]
    assert stack.reasons() == ["conflicting"]


@on_both_pairs
def test_of_two_devices_with_one_name_the_second_is_refused_told_and_not_confirmed(stack: Stack) -> None:
    ingest = stack.start_ingest()
    second_us = 1_000_000
    with stack.device() as device:
        # The boot that is heard of first records on, a minute and more, beside the one that is heard of later.
        device.send(ecg_frame(0, boot_id=1, t0_us=now_us()))
        device.wait_for_ack(0, boot_id=1)
        device.send(ecg_frame(0, boot_id=2, t0_us=now_us() - 20 * second_us))
        device.wait_for_ack(0, boot_id=2)
        stack.execute("UPDATE streams SET created_at = created_at - interval '50 s'")
        assert ingest.stop() == 0
        ingest = stack.start_ingest()
        device.send(ecg_frame(1, boot_id=1, t0_us=now_us()))
        device.wait_for_ack(1, boot_id=1)
        for seq in (1, 2, 3):
            device.send(ecg_frame(seq, boot_id=2, t0_us=now_us()))
        wait_until(lambda: bool(device.messages), "the device to be told")
        device.send(ecg_frame(2, boot_id=1, t0_us=now_us()))
        device.wait_for_ack(2, boot_id=1)
        assert {(one.boot_id, one.code) for one in device.messages} == {(2, "claimed_twice")}
        assert max(ack.committed for ack in device.acks if ack.boot_id == 2) == 0
    assert sorted(row[1:3] for row in stack.stored()) == [(1, 0), (1, 1), (1, 2), (2, 0)]
    assert stack.reasons() == ["claimed_twice"]
    assert ingest.stop() == 0
    assert json.loads(ingest.log.splitlines()[-1])["refused"] == 3


@on_both_pairs
def test_a_revoked_device_is_refused_at_once_and_heard_again_when_it_may_send(stack: Stack) -> None:
    stack.start_ingest()
    with stack.device() as device:
        device.send(ecg_frame(0))
        device.wait_for_ack(0)
        stack.execute("UPDATE devices SET revoked_at = now()")
        device.send(ecg_frame(1))
        stack.wait_for_rows(1, "dead_letters")
        wait_until(lambda: bool(device.messages), "the device to be told")
        assert device.messages[0].code == "revoked_device"
        assert [row[2] for row in stack.stored()] == [0]
        stack.execute("UPDATE devices SET revoked_at = NULL")
        device.send(ecg_frame(1))
        device.wait_for_ack(1)
    assert stack.reasons() == ["revoked_device"]


@on_both_pairs
def test_a_thousand_malformed_messages_a_second_do_not_hurt_the_good_ones(stack: Stack) -> None:
    stack.start_ingest()
    rubbish = [bytes([0xC1, number % 256]) * 30 for number in range(1_000)]
    with stack.device() as good, stack.device() as bad:
        longest_s = 0.0
        for seq in range(3):
            begin_s = time.monotonic()
            sender = threading.Thread(target=bad.send_bytes, args=(str(Topic(bad.name, Stream.ECG)), *rubbish))
            sender.start()
            good.send(ecg_frame(seq, t0_us=now_us()))
            good.wait_for_ack(seq)
            longest_s = max(longest_s, time.monotonic() - begin_s)
            sender.join()
        stack.wait_for_rows(3_000, "dead_letters")
        assert [row[2] for row in stack.stored()] == [0, 1, 2]
        assert longest_s < 8, "the good frame waited for the bad ones"
    assert set(stack.reasons()) == {"undecodable"}
