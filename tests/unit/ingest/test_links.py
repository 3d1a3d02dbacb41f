"""What arrivals tell of a device's way: last contact, silence, clock; over reboots, backlog, restarts and strangers."""

import pytest

from heartwire.frames import EcgFrame, StatusFrame
from heartwire.topics import Stream
from ingest.decode import DecodedFrame, DecodedStatus, StreamKey
from ingest.links import FORGET_US, LinkRow, Links
from ingest.packets import Received

_S = 1_000_000
_BEGIN_US = 1_780_000_000 * _S
_DEVICE = "0" * 16


def _frame(boot_id: int, seq: int, t0_us: int, at_us: int, device: str = _DEVICE) -> DecodedFrame:
    ecg = EcgFrame(boot_id, seq, t0_us, 250_000, "II", 200.0, 0, 0, bytes(500))
    return DecodedFrame(StreamKey(device, Stream.ECG, boot_id), ecg, _received(at_us))


def _received(at_us: int, *, retained: bool = False) -> Received:
    return Received(topic=b"", payload=b"", size=0, at_us=at_us, retained=retained, connection=1, mid=1)


def _stretch(
    boot_id: int, begin_us: int, seconds: int, *, offset_us: int = 0, first_seq: int = 0
) -> list[DecodedFrame]:
    return [
        _frame(boot_id, first_seq + n, begin_us + n * _S - offset_us, begin_us + (n + 1) * _S + 30_000)
        for n in range(seconds)
    ]


def _hear(links: Links, frames: list[DecodedFrame]) -> None:
    links.take_up(links.strangers(frames), {})
    links.hear(frames, {frame.key for frame in frames})


def _row(links: Links) -> LinkRow:
    (row,) = links.take_changed()
    return row


def test_what_a_live_device_tells() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 30, offset_us=2 * _S))
    row = _row(links)
    assert row.contact_us == _BEGIN_US + 30 * _S + 30_000
    assert row.sample_us == _BEGIN_US + 28 * _S
    assert row.boot_first_us == _BEGIN_US - 2 * _S
    assert row.offset_us == pytest.approx(2 * _S, abs=50_000)
    assert (row.silence_us, row.jumped_us) == (_S, None)
    assert links.take_changed() == []


def test_the_longest_silence_and_its_end() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 5))
    _hear(links, _stretch(1, _BEGIN_US + 47 * _S, 5, first_seq=47))
    _hear(links, _stretch(1, _BEGIN_US + 60 * _S, 5, first_seq=60))
    row = _row(links)
    assert (row.silence_us, row.silence_ended_us) == (43 * _S, _BEGIN_US + 48 * _S + 30_000)


def test_a_new_boot_begins_anew_and_what_is_left_of_the_old_one_says_nothing() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 30))
    _hear(links, _stretch(2, _BEGIN_US + 40 * _S, 30, offset_us=-90 * _S))
    _hear(links, _stretch(1, _BEGIN_US + 71 * _S, 3, first_seq=30))
    row = _row(links)
    assert (row.boot_id, row.contact_us) == (2, _BEGIN_US + 74 * _S + 30_000)
    assert row.offset_us == pytest.approx(-90 * _S, abs=50_000)


def test_a_restart_goes_on_where_it_was_and_a_damaged_memory_begins_anew() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 30, offset_us=7 * _S))
    before = _row(links)
    again = Links(10)
    more = _stretch(1, _BEGIN_US + 30 * _S, 2, offset_us=7 * _S, first_seq=30)
    assert again.strangers(more) == {_DEVICE}
    again.take_up({_DEVICE}, {_DEVICE: before.state})
    assert again.strangers(more) == set()
    _hear(again, more)
    after = _row(again)
    assert (after.offset_us, after.boot_first_us, after.silence_us) == (
        before.offset_us,
        before.boot_first_us,
        before.silence_us,
    )
    again.take_up({"1" * 16}, {"1" * 16: b"\x93"})
    assert len(again) == 2


def test_who_was_heard_by_another_meanwhile_is_asked_for_again() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 5))
    later = _stretch(1, _BEGIN_US + FORGET_US + 10 * _S, 1, first_seq=80)
    assert links.strangers(later) == {_DEVICE}


def test_a_refused_boot_and_a_retained_status_are_not_heard() -> None:
    links = Links(10)
    _hear(links, _stretch(1, _BEGIN_US, 20))
    _row(links)
    links.hear(_stretch(2, _BEGIN_US + 20 * _S, 5), set())
    status = StatusFrame(1, _BEGIN_US, True, 50, "", "", None, 0, 0)
    links.hear([DecodedStatus(_DEVICE, status, _received(_BEGIN_US + 50 * _S, retained=True))], set())
    assert links.take_changed() == []
    links.hear([DecodedStatus(_DEVICE, status, _received(_BEGIN_US + 50 * _S))], set())
    assert _row(links).contact_us == _BEGIN_US + 50 * _S


def test_it_is_bounded() -> None:
    links = Links(3)
    for n in range(6):
        _hear(links, [_frame(1, 0, _BEGIN_US, _BEGIN_US + _S, device=f"{n:016d}")])
    assert len(links) == 3
    assert [row.device for row in links.take_changed()] == [f"{n:016d}" for n in (3, 4, 5)]


def test_a_drift_over_hours_is_told_with_its_error() -> None:
    links = Links(10)
    for part in range(24):
        # 30 ppm slow: 9 ms in each five minutes.
        begin_us = _BEGIN_US + part * 300 * _S
        frames = [
            _frame(1, part * 300 + n, begin_us + n * _S - 9_000 * part - 30 * n, begin_us + (n + 1) * _S + 30_000)
            for n in range(300)
        ]
        _hear(links, frames)
        row = _row(links)
    assert row.drift is not None
    assert row.drift.ppm == pytest.approx(30, abs=3)
    assert row.drift.error_ppm < 3
