"""The wire: what is valid decodes to what was sent, and everything else is refused with its reason."""

import contextlib
import math
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heartwire.frames import (
    FUTURE_MAX_US,
    PAST_MAX_US,
    PAYLOAD_MAX,
    SAMPLES_MAX,
    Ack,
    EcgFrame,
    EventFrame,
    FrameError,
    HrFrame,
    Reason,
    StatusFrame,
    UpFrame,
    decode_ack,
    decode_ecg,
    decode_event,
    decode_hr,
    decode_status,
    encode,
)

NOW_US = 1_790_000_000_000_000

ECG = EcgFrame(7, 3, NOW_US, 250_000, "II", 200.5, -17, 16, bytes(range(250)) * 2)
HR = HrFrame(7, 3, NOW_US, 61, (983, 990), 2)
EVENT = EventFrame(7, 3, NOW_US, "symptom", "palpitations")
STATUS = StatusFrame(7, NOW_US, True, 80, "1.0", "Polar H10", -60, 3, 1_000_000)

DECODERS: list[Callable[[bytes, int], UpFrame]] = [decode_ecg, decode_hr, decode_event, decode_status]


def _reason(decode: Callable[[bytes, int], UpFrame], payload: bytes) -> Reason:
    with pytest.raises(FrameError) as refused:
        decode(payload, NOW_US)
    return refused.value.reason


def _changed(**changes: object) -> bytes:
    # By way of a list: a struct would be encoded even where its values break their bounds, but not with other types.
    fields = dict(zip(ECG.__struct_fields__, msgspec.structs.astuple(ECG), strict=True)) | changes
    return msgspec.msgpack.encode(list(fields.values()))


@pytest.mark.parametrize(
    ("decode", "frame"), [(decode_ecg, ECG), (decode_hr, HR), (decode_event, EVENT), (decode_status, STATUS)]
)
def test_a_frame_survives_the_wire(decode: Callable[[bytes, int], UpFrame], frame: UpFrame) -> None:
    assert decode(encode(frame), NOW_US) == frame


def test_a_frame_is_an_array_in_the_order_of_the_wire() -> None:
    assert msgspec.msgpack.decode(encode(ECG)) == [7, 3, NOW_US, 250_000, "II", 200.5, -17, 16, ECG.samples]


def test_fields_of_a_newer_version_at_the_end_are_ignored() -> None:
    payload = msgspec.msgpack.encode([*msgspec.structs.astuple(ECG), "of a newer version"])
    assert decode_ecg(payload, NOW_US) == ECG


@pytest.mark.parametrize("decode", DECODERS)
@given(payload=st.binary(max_size=200))
@example(payload=b"")
@example(payload=b"\x99" * 50_000)
@example(payload=b"\x91" * 5_000)
def test_any_bytes_are_a_frame_or_a_frame_error(decode: Callable[[bytes, int], UpFrame], payload: bytes) -> None:
    with contextlib.suppress(FrameError):
        decode(payload, NOW_US)


@given(st.integers(0, len(encode(ECG)) - 1))
def test_a_frame_that_is_cut_short_is_undecodable(length: int) -> None:
    assert _reason(decode_ecg, encode(ECG)[:length]) is Reason.UNDECODABLE


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"boot_id": -1}, Reason.INVALID),
        ({"boot_id": 2**32}, Reason.INVALID),
        ({"seq": "3"}, Reason.INVALID),
        ({"fs_mhz": 99_999}, Reason.INVALID),
        ({"fs_mhz": 1_000_001}, Reason.INVALID),
        ({"lead": "x" * 33}, Reason.INVALID),
        ({"baseline": 32_768}, Reason.INVALID),
        ({"flags": 65_536}, Reason.INVALID),
        ({"samples": "text"}, Reason.INVALID),
        ({"gain": math.nan}, Reason.BAD_GAIN),
        ({"gain": math.inf}, Reason.BAD_GAIN),
        ({"gain": 0.0}, Reason.BAD_GAIN),
        ({"gain": -200.0}, Reason.BAD_GAIN),
        ({"samples": bytes(501)}, Reason.BAD_LENGTH),
        ({"samples": b""}, Reason.BAD_LENGTH),
        ({"samples": bytes(2 * 49)}, Reason.BAD_LENGTH),
        ({"samples": bytes(2 * 2_501)}, Reason.BAD_LENGTH),
        ({"samples": bytes(2 * (SAMPLES_MAX + 1)), "fs_mhz": 1_000_000}, Reason.BAD_LENGTH),
        ({"samples": bytes(PAYLOAD_MAX)}, Reason.OVERSIZED),
        ({"t0": NOW_US - PAST_MAX_US - 1}, Reason.ABSURD_TIME),
        ({"t0": NOW_US + FUTURE_MAX_US + 1}, Reason.ABSURD_TIME),
        ({"t0": -1}, Reason.INVALID),
        ({"t0": 2**63}, Reason.INVALID),
    ],
)
def test_a_broken_bound_is_refused_with_its_reason(changes: dict[str, object], reason: Reason) -> None:
    assert _reason(decode_ecg, _changed(**changes)) is reason


@pytest.mark.parametrize("n_samples", [50, 250, 2_500])
def test_the_bounds_themselves_are_valid(n_samples: int) -> None:
    assert decode_ecg(_changed(samples=bytes(2 * n_samples)), NOW_US).n_samples == n_samples


def test_a_message_that_is_no_array_is_refused() -> None:
    assert _reason(decode_ecg, msgspec.msgpack.encode({"boot_id": 1})) is Reason.INVALID
    assert _reason(decode_ecg, msgspec.msgpack.encode([1, 2])) is Reason.INVALID


@given(st.integers(100_000, 1_000_000), st.integers(200, 20_000))
def test_a_frame_ends_where_the_next_begins(fs_mhz: int, n_samples: int) -> None:
    frame = EcgFrame(1, 0, NOW_US, fs_mhz, "I", 200.0, 0, 0, bytes(2 * n_samples))
    assert abs(frame.t_end - NOW_US - n_samples / fs_mhz * 1e9) <= 0.5


def test_an_ack_survives_the_wire() -> None:
    ack = Ack(7, "ecg", 41, ((42, 44), (50, 50)), 60)
    assert decode_ack(encode(ack)) == ack
    with pytest.raises(FrameError):
        decode_ack(msgspec.msgpack.encode([7, "ecg", -2, [], 0]))
