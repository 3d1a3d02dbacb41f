"""Checkpoints are read as they were written, or not at all; and each device has its turn."""

import msgspec
import pytest

from analytics.checkpoints import (
    CheckpointError,
    DeviceState,
    Schedule,
    Track,
    decode_state,
    encode_state,
    valid_limits,
)
from analytics.ordering import Order
from heartwire.topics import new_device

_STATE = DeviceState(
    Order({3: 5}, 3, 7), Track(1, 1, "II", 4, b"state", [(5, 6)], [("asystole", 7)]), None, {"pause": {"seconds": 3.0}}
)


def test_a_state_is_read_as_it_was_written() -> None:
    assert decode_state(encode_state(_STATE)) == _STATE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode_state(_STATE)[:-3],
        b"\xff" * 40,
        msgspec.msgpack.encode(msgspec.structs.replace(_STATE, format=99)),
    ],
)
def test_another_format_or_damage_is_refused(data: bytes) -> None:
    with pytest.raises(CheckpointError):
        decode_state(data)


def test_a_limit_that_the_catalogue_does_not_allow_is_left_out() -> None:
    stored = {
        1: {"pause": {"seconds": 3.0, "bpm": 60.0}, "asystole": {"seconds": 600.0}, "sneezing": {"seconds": 1.0}},
        2: {"tachycardia": {"bpm": 110.0}},
    }
    assert valid_limits(stored) == {1: {"pause": {"seconds": 3.0}}, 2: {"tachycardia": {"bpm": 110.0}}}


def test_every_device_is_saved_within_the_time_and_few_at_once() -> None:
    schedule = Schedule(60.0, 900.0)
    devices = [new_device() for _ in range(500)]
    most = 0
    for second in range(300):
        for device in devices:
            schedule.note(device, second, float(second))
        due = schedule.due(float(second))
        most = max(most, len(due))
        schedule.saved(due, float(second))
        # Nobody's frames of more than a minute ago are needed again.
        assert schedule.replay_xid(second + 1, []) >= second - 60
    assert most < 50


def test_what_a_restart_needs_again_ends_with_the_last_checkpoint() -> None:
    schedule = Schedule(60.0, 900.0)
    schedule.note("a", 5, 0.0)
    schedule.note("b", 7, 0.0)
    schedule.note("a", 9, 0.0)
    assert schedule.replay_xid(10, []) == 5
    assert schedule.replay_xid(10, ["a"]) == 7
    assert schedule.replay_xid(10, ["a", "b"]) == 10
    schedule.saved(["a"], 0.0)
    assert schedule.unsaved() == ["b"]
    schedule.note("a", 12, 0.0)
    assert schedule.replay_xid(13, ["b"]) == 12


def test_only_who_is_saved_and_silent_is_put_aside() -> None:
    schedule = Schedule(60.0, 100.0)
    schedule.note("a", 5, 0.0)
    schedule.note("b", 5, 0.0)
    schedule.saved(["a"], 0.0)
    assert schedule.idle(99.0) == []
    assert schedule.idle(100.0) == ["a"]
    schedule.forget("a")
    assert len(schedule) == 1
    assert schedule.due(1.0) == []
    schedule.hasten("b")
    assert schedule.due(1.0) == ["b"]
