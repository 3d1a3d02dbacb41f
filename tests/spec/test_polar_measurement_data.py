"""Polar Measurement Data Specification for 3rd Party, by its chapters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import WearableBytesError
from edge.wearables.polar_h10 import (
    PMD_CONTROL_POINT,
    PMD_DATA,
    PMD_SERVICE,
    Answer,
    Command,
    Setting,
    Status,
    ask_settings,
    read_answer,
    read_ecg,
    read_features,
    read_settings,
    read_stopped,
    start_ecg,
    stop_ecg,
)


def test_gatt_service_and_characteristics_declaration() -> None:
    assert PMD_SERVICE.upper() == "FB005C80-02E7-F387-1CAD-8ACD2D8DF0C8"
    assert PMD_CONTROL_POINT.upper() == "FB005C81-02E7-F387-1CAD-8ACD2D8DF0C8"
    assert PMD_DATA.upper() == "FB005C82-02E7-F387-1CAD-8ACD2D8DF0C8"


def test_control_point_error_codes() -> None:
    assert [status.value for status in Status] == list(range(14))
    assert (Status.ALREADY_IN_STATE.value, Status.DEVICE_IN_CHARGER.value) == (6, 13)


def test_read_features_from_device() -> None:
    assert read_features(bytes.fromhex("0f05" + 15 * "00")) == {0, 2}  # an H10: ECG and acceleration
    assert read_features(bytes.fromhex("0f6e01")) == {1, 2, 3, 5, 6, 8}
    for data in ("", "0f", "f005"):
        with pytest.raises(WearableBytesError):
            read_features(bytes.fromhex(data))


def test_request_stream_settings() -> None:
    assert ask_settings().hex() == "0100"
    answer = read_answer(bytes.fromhex("f00100000000018200010" + "10e00"))
    assert answer == Answer(Command.GET_SETTINGS, 0, Status.SUCCESS, False, bytes.fromhex("0001820001010e00"))
    assert read_settings(answer.parameters) == {Setting.SAMPLE_RATE: (130,), Setting.RESOLUTION: (14,)}


def test_request_stream_settings_with_several_values_and_all_sizes() -> None:
    parameters = "0004" + "1900" + "3200" + "6400" + "c800" + "0101" + "1000" + "0203" + "0200" + "0400" + "0800"
    parameters += "0301" + "d0070000" + "0401" + "03" + "0501" + "0000803f"
    assert read_settings(bytes.fromhex(parameters)) == {
        Setting.SAMPLE_RATE: (25, 50, 100, 200),
        Setting.RESOLUTION: (16,),
        Setting.RANGE: (2, 4, 8),
        Setting.RANGE_MILLIUNIT: (2000,),
        Setting.CHANNELS: (3,),
        Setting.FACTOR: (0x3F800000,),
    }


def test_start_stream_and_stop_stream() -> None:
    assert start_ecg().hex() == "02000001820001010e00"
    assert stop_ecg().hex() == "0300"
    assert read_answer(bytes.fromhex("f0020000" + "00")) == Answer(Command.START, 0, Status.SUCCESS, False, b"")
    assert read_answer(bytes.fromhex("f0020006")).status == Status.ALREADY_IN_STATE
    assert read_answer(bytes.fromhex("f0030000")).status == Status.SUCCESS
    assert read_answer(bytes.fromhex("f001000001aa")).more


def test_what_the_control_point_says_unasked() -> None:
    assert read_stopped(bytes.fromhex("010002")) == frozenset({0, 2})
    assert read_stopped(bytes.fromhex("f0020000")) is None
    assert read_stopped(b"") is None
    for data in ("", "f00200", "0100"):
        with pytest.raises(WearableBytesError):
            read_answer(bytes.fromhex(data))


def test_frame_types_ecg() -> None:
    header = "00" + "ea54a2423d45480a" + "00"
    packet = read_ecg(bytes.fromhex(header + "550000" + "8fffff" + "ffff7f" + "000080"))
    assert packet.samples_uv == (85, -113, 8_388_607, -8_388_608)
    assert packet.last_ns == int.from_bytes(bytes.fromhex("ea54a2423d45480a"), "little")
    assert packet.fs_hz == 130


def test_frame_types_ecg_the_timestamp_counts_nanoseconds_since_2000() -> None:
    since_2000_ns = 599_616_000 * 10**9  # 2019-01-01, where an H10 begins that nobody has set
    data = b"\x00" + since_2000_ns.to_bytes(8, "little") + b"\x00" + 73 * b"\x01\x00\x00"
    assert len(data) == 229
    packet = read_ecg(data)
    assert (packet.last_ns, len(packet.samples_uv)) == (since_2000_ns, 73)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "00" + 8 * "00" + "00",  # no sample
        "00" + 8 * "00" + "00" + "0100",  # half of one
        "02" + 8 * "00" + "00" + "010000",  # acceleration
        "00" + 8 * "00" + "01" + "010000",  # reserved frame type
        "00" + 8 * "00" + "80" + "010000",  # a delta frame, which ECG has not
    ],
)
def test_other_frames_are_refused(data: str) -> None:
    with pytest.raises(WearableBytesError):
        read_ecg(bytes.fromhex(data))


@given(st.binary(max_size=260))
def test_whatever_the_bytes_nothing_else_is_raised(data: bytes) -> None:
    for read in (read_ecg, read_answer, read_features, read_settings):
        try:
            read(data)
        except WearableBytesError:
            continue


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=80), st.integers(0, 2**64 - 1))
def test_every_sample_that_was_written_is_read(samples: list[int], last_ns: int) -> None:
    data = b"\x00" + last_ns.to_bytes(8, "little") + b"\x00"
    data += b"".join(sample.to_bytes(3, "little", signed=True) for sample in samples)
    packet = read_ecg(data)
    assert (packet.samples_uv, packet.last_ns) == (tuple(samples), last_ns)
    for cut in range(1, 3):
        with pytest.raises(WearableBytesError):
            read_ecg(data[:-cut])
