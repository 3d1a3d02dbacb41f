"""Topics are read strictly, and a device's shard never changes."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartwire.frames import FrameError, Reason
from heartwire.topics import SHARDS, Stream, Topic, is_device, new_device, parse_topic, shard_of

DEVICE = "0123456789abcdef"


@pytest.mark.parametrize("stream", list(Stream))
def test_a_topic_survives_its_text(stream: Stream) -> None:
    assert parse_topic(str(Topic(DEVICE, stream))) == Topic(DEVICE, stream)


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("", Reason.FOREIGN_TOPIC),
        ("home/kitchen/kettle", Reason.FOREIGN_TOPIC),
        ("hw", Reason.WRONG_VERSION),
        (f"hw/2/{DEVICE}/ecg", Reason.WRONG_VERSION),
        (f"hw/1/51/{DEVICE}", Reason.FOREIGN_TOPIC),
        (f"hw/1/{DEVICE}/ecg", Reason.FOREIGN_TOPIC),
        (f"hw/1/51/{DEVICE}/ecg/more", Reason.FOREIGN_TOPIC),
        ("hw/1/51/0123456789abcdeI/ecg", Reason.BAD_DEVICE),
        ("hw/1/51/short/ecg", Reason.BAD_DEVICE),
        (f"hw/1/50/{DEVICE}/ecg", Reason.WRONG_SHARD),
        (f"hw/1/051/{DEVICE}/ecg", Reason.WRONG_SHARD),
        (f"hw/1/51/{DEVICE}/spo2", Reason.UNKNOWN_STREAM),
    ],
)
def test_other_topics_are_refused_with_their_reason(topic: str, reason: Reason) -> None:
    with pytest.raises(FrameError) as refused:
        parse_topic(topic)
    assert refused.value.reason is reason


@given(st.text(max_size=80))
def test_any_text_is_a_topic_or_a_frame_error(text: str) -> None:
    with contextlib.suppress(FrameError):
        parse_topic(text)


def test_new_devices_are_devices_and_differ() -> None:
    devices = {new_device() for _ in range(100)}
    assert len(devices) == 100
    assert all(is_device(device) for device in devices)
    assert {shard_of(device) for device in devices} <= set(range(SHARDS))


def test_a_shard_never_changes() -> None:
    # Rows in databases carry it: these numbers are for ever.
    assert [shard_of(device) for device in (DEVICE, "0" * 16, "zzzzzzzzzzzzzzzz")] == [51, 36, 10]
