"""Bluetooth SIG, Heart Rate Service 1.0 (section 3.1) and Battery Service 1.0 (section 3.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import WearableBytesError
from edge.wearables.heart_rate import HEART_RATE_MEASUREMENT, read_battery, read_heart_rate
from edge.wearables.wearable import Contact, HeartRate


def test_the_characteristic_is_0x2a37() -> None:
    assert HEART_RATE_MEASUREMENT == "00002a37-0000-1000-8000-00805f9b34fb"


def test_3_1_1_1_flags_bit_0_the_rate_is_of_8_or_of_16_bits() -> None:
    assert read_heart_rate(bytes.fromhex("003d")).bpm == 61
    assert read_heart_rate(bytes.fromhex("00ff")).bpm == 255
    assert read_heart_rate(bytes.fromhex("013d00")).bpm == 61
    assert read_heart_rate(bytes.fromhex("012c01")).bpm == 300


@pytest.mark.parametrize(
    ("flags", "contact"),
    [(0, Contact.UNKNOWN), (2, Contact.UNKNOWN), (4, Contact.NONE), (6, Contact.PRESENT)],
)
def test_3_1_1_1_flags_bits_1_and_2_are_the_sensor_contact(flags: int, contact: Contact) -> None:
    assert read_heart_rate(bytes([flags, 60])).contact is contact


def test_3_1_1_1_flags_bits_5_to_7_are_reserved_and_not_looked_at() -> None:
    assert read_heart_rate(bytes([0xE0, 60])) == HeartRate(60, Contact.UNKNOWN, None, ())


def test_3_1_1_3_energy_expended_is_16_bits_of_kilojoule_before_the_intervals() -> None:
    assert read_heart_rate(bytes.fromhex("0e3c3412")) == HeartRate(60, Contact.PRESENT, 0x1234, ())
    assert read_heart_rate(bytes.fromhex("183cffff0004")) == HeartRate(60, Contact.UNKNOWN, 65535, (1024,))


def test_3_1_1_4_rr_intervals_are_of_1024th_of_a_second_the_oldest_first() -> None:
    reading = read_heart_rate(bytes.fromhex("103b53040004ff03"))
    assert reading.rr_1024 == (1107, 1024, 1023)
    assert reading.rr_ms == (1081, 1000, 999)
    assert read_heart_rate(bytes.fromhex("103c")).rr_1024 == ()
    assert read_heart_rate(bytes.fromhex("103cffff0100")).rr_ms == (63999, 1)


@given(st.integers(0, 65535))
def test_3_1_1_4_an_interval_in_milliseconds_is_the_nearest_so_that_beats_do_not_drift_from_their_frame(
    rr: int,
) -> None:
    (rr_ms,) = HeartRate(60, Contact.UNKNOWN, None, (rr,)).rr_ms
    assert abs(rr_ms - rr * 1000 / 1024) <= 0.5


def test_a_notification_of_a_real_polar_h10() -> None:
    # Published with Polar's number 16, 59, 83, 4: no contact bits, one interval.
    assert read_heart_rate(bytes([16, 59, 83, 4])) == HeartRate(59, Contact.UNKNOWN, None, (1107,))


@pytest.mark.parametrize("data", ["", "00", "013d", "003d00", "083d01", "103d00", "183d000000"])
def test_what_does_not_fit_its_flags_is_refused(data: str) -> None:
    with pytest.raises(WearableBytesError):
        read_heart_rate(bytes.fromhex(data))


@given(st.binary(max_size=64))
def test_whatever_the_bytes_it_is_a_reading_within_bounds_or_a_typed_error(data: bytes) -> None:
    try:
        reading = read_heart_rate(data)
    except WearableBytesError:
        return
    assert 0 <= reading.bpm <= 65535
    assert all(0 <= rr <= 63999 for rr in reading.rr_ms)
    # Nothing of the notification was left out.
    wide = 1 if data[0] & 1 else 0
    assert len(data) == 2 + wide + (2 if reading.energy_kj is not None else 0) + 2 * len(reading.rr_1024)


@given(bpm=st.integers(0, 65535), rr=st.lists(st.integers(0, 65535), max_size=9), kj=st.none() | st.integers(0, 65535))
def test_what_was_written_by_the_book_is_read(bpm: int, rr: list[int], kj: int | None) -> None:
    flags = 1 | (8 if kj is not None else 0) | (16 if rr else 0)
    data = bytes([flags]) + bpm.to_bytes(2, "little")
    data += b"" if kj is None else kj.to_bytes(2, "little")
    data += b"".join(one.to_bytes(2, "little") for one in rr)
    assert read_heart_rate(data) == HeartRate(bpm, Contact.UNKNOWN, kj, tuple(rr))


def test_battery_3_1_a_level_is_a_percentage() -> None:
    assert read_battery(b"\x64").percent == 100
    assert read_battery(b"\x00").percent == 0
    for data in (b"", b"\x65", b"\xff", b"\x32\x00"):
        with pytest.raises(WearableBytesError):
            read_battery(data)
