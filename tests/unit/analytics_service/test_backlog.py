"""Late frames take turns: no device has many in one step, none is lost, and what is live never waits."""

from collections.abc import Iterator
from itertools import groupby

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from analytics.backlog import DEPTH, LATE_US, Backlog, Place, is_late
from analytics.ordering import Frame
from heartwire.frames import EcgFlag

_ROOM = 10_000


def _frame(xid: int, device: str, seq: int, *, late: bool, flags: int = 0) -> Frame:
    received_us = 1_000_000 + (LATE_US + 1 if late else 0)
    return Frame(xid, device, 1, 1, 1, seq, 0, received_us, 250_000, "II", 200.0, 0, flags, bytes(500))


def _late(device: str, count: int, xid: int = 7, first: int = 0) -> list[Frame]:
    return [_frame(xid, device, seq, late=True) for seq in range(first, first + count)]


@st.composite
def _logs(draw: st.DrawFn) -> list[Frame]:
    """Frames of three devices in a few transactions, long runs of late ones among them."""
    log: list[Frame] = []
    for xid in range(draw(st.integers(1, 6))):
        for device in draw(st.permutations("abc")):
            count = draw(st.integers(0, 3 * DEPTH))
            late = draw(st.booleans())
            log += [_frame(xid, device, len(log) + number, late=late) for number in range(count)]
    return log


def _steps(log: list[Frame], backlog: Backlog) -> Iterator[list[Frame]]:
    for _, frames in groupby(log, key=lambda frame: frame.xid):
        yield backlog.begin_step(_ROOM) + backlog.sort(frames)
    while len(backlog):
        yield backlog.begin_step(_ROOM)


@given(_logs())
def test_each_frame_has_its_turn_once_in_its_devices_order(log: list[Frame]) -> None:
    steps = list(_steps(log, Backlog(10**6)))
    ready = [frame for step in steps for frame in step]
    assert sorted(ready, key=lambda frame: frame.seq) == log
    for device in "abc":
        for late in (True, False):
            its = [frame.seq for frame in ready if frame.device_id == device and is_late(frame) is late]
            assert its == sorted(its)
            if late:
                assert all(sum(f.device_id == device and is_late(f) for f in step) <= DEPTH for step in steps)


@given(_logs(), st.integers(0, 5))
def test_what_waits_is_found_again_from_its_place(log: list[Frame], read: int) -> None:
    backlog = Backlog(10**6)
    steps = _steps([frame for frame in log if frame.xid <= read], backlog)
    done = [frame for _, step in zip(range(read + 1), steps, strict=False) for frame in step]
    places = {device: place for device in "abc" if (place := backlog.place(device)) is not None}
    xid = backlog.oldest_xid()
    assert xid == min((place.xid for place in places.values()), default=None)
    if xid is None:
        return
    again = Backlog(10**6)
    seen = [frame for frame in log if xid <= frame.xid <= read]
    again.sort_again(seen, places)
    assert len(again) == len(backlog)
    for device, place in places.items():
        assert again.place(device) == place
    rest = [frame for step in _steps([], again) for frame in step]
    whole = [frame for frame in log if frame.xid <= read]
    assert sorted(done + rest, key=lambda frame: frame.seq) == whole


def test_live_frames_do_not_wait_for_the_late_ones_of_their_own_device() -> None:
    backlog = Backlog(10**6)
    live = _frame(7, "a", 5_000, late=False)
    ready = backlog.sort([*_late("a", 1_000), live])
    assert ready == [*_late("a", DEPTH), live]
    assert backlog.place("a") == Place(7, DEPTH)
    assert backlog.moved == {"a"}


def test_signal_of_a_clock_that_was_not_set_is_live() -> None:
    frame = _frame(7, "a", 0, late=True, flags=int(EcgFlag.CLOCK_NOT_SET))
    assert not is_late(frame)
    assert is_late(msgspec.structs.replace(frame, flags=0))
    # A clock that is known roughly is known: what it recorded an hour ago is late.
    assert is_late(msgspec.structs.replace(frame, flags=int(EcgFlag.CLOCK_ESTIMATED)))


def test_signal_of_a_clock_that_was_corrected_is_late_as_any_other() -> None:
    estimated = int(EcgFlag.CLOCK_ESTIMATED)
    assert is_late(_frame(7, "a", 0, late=True, flags=estimated))
    assert not is_late(_frame(7, "a", 0, late=False, flags=estimated))


def test_when_there_is_no_room_for_all_they_take_turns() -> None:
    backlog = Backlog(10**6)
    backlog.sort([*_late("a", 200), *_late("b", 200)])
    turns = [{frame.device_id for frame in backlog.begin_step(DEPTH)} for _ in range(4)]
    assert turns == [{"a"}, {"b"}, {"a"}, {"b"}]


def test_it_says_when_it_is_full_and_when_there_is_room() -> None:
    backlog = Backlog(50)
    backlog.sort(_late("a", 50 + DEPTH))
    assert backlog.is_full
    backlog.begin_step(_ROOM)
    assert not backlog.is_full


def test_what_is_given_up_waits_no_more() -> None:
    backlog = Backlog(10**6)
    backlog.sort([*_late("a", 100), *_late("b", 100)])
    backlog.forget("a")
    assert backlog.place("a") is None
    assert backlog.moved == {"b"}
    assert len(backlog) == 100 - DEPTH
