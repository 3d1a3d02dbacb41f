"""Frames that arrive in any order reach the engine in the device's order, and none is lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ordering import LATE_STRETCH_ENDS_US, PATIENCE_US, Frame, Lane, Order, Released

_FRAME_S = 0.8
_FS_HZ = 250
#: A boot whose number is smaller than that of the one before it.
_BEGAN_S = {5: 20_000}


def _frame(seq: int, boot_id: int = 1, seconds: float = _FRAME_S) -> Frame:
    return Frame(
        xid=0,
        device_id="0" * 16,
        patient_id=1,
        tenant_id=1,
        boot_id=boot_id,
        seq=seq,
        # Boots follow each other in time; their numbers say nothing.
        t0_us=round((_BEGAN_S.get(boot_id, 1000 * boot_id) + seq * seconds) * 1e6),
        received_us=0,
        fs_mhz=_FS_HZ * 1000,
        lead="II",
        gain=200.0,
        baseline=0,
        flags=0,
        samples=bytes(2 * round(seconds * _FS_HZ)),
    )


def _push(order: Order, keys: list[tuple[int, int]]) -> list[Released]:
    return [released for boot_id, seq in keys for released in order.push(_frame(seq, boot_id))]


def _keys(released: list[Released], lane: Lane) -> list[tuple[int, int]]:
    return [(item.frame.boot_id, item.frame.seq) for item in released if item.lane is lane]


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.data(),
)
def test_delays_within_the_patience_do_not_show(frames_of_boots: list[int], data: st.DataObject) -> None:
    keys = [(boot, seq) for boot, count in enumerate(frames_of_boots, 1) for seq in range(count)]
    # Within a boot, a frame is overtaken by frames that began at most 2 s after it.
    delays_s = data.draw(st.lists(st.floats(0, 2.0), min_size=len(keys), max_size=len(keys)))
    arrivals = sorted(keys, key=lambda key: (key[0], key[1] * _FRAME_S + delays_s[keys.index(key)]))
    order = Order()
    released = _push(order, arrivals)
    assert _keys(released, Lane.LIVE) == keys
    assert not order.waiting
    assert order.skipped == 0


@given(st.permutations([(boot, seq) for boot in (1, 2) for seq in range(25)]), st.integers(0, 25))
def test_any_order_at_all_loses_nothing(arrivals: list[tuple[int, int]], n_lost: int) -> None:
    arrivals = arrivals[n_lost:]
    order = Order()
    released = _push(order, arrivals)
    out = [(item.frame.boot_id, item.frame.seq) for item in released] + [
        (frame.boot_id, frame.seq) for frame in order.waiting
    ]
    assert sorted(out) == sorted(arrivals)
    live = _keys(released, Lane.LIVE)
    assert live == sorted(live)
    assert sum(frame.duration_us for frame in order.waiting) < PATIENCE_US


@given(st.permutations([(boot, seq) for boot in (1, 2) for seq in range(20)]), st.integers(0, 40))
def test_a_saved_order_goes_on_as_if_nothing_had_happened(arrivals: list[tuple[int, int]], cut: int) -> None:
    undisturbed = Order()
    expected = _push(undisturbed, arrivals)
    order = Order()
    released = _push(order, arrivals[:cut])
    order = msgspec.msgpack.decode(msgspec.msgpack.encode(order), type=Order)
    released += _push(order, arrivals[cut:])
    assert released == expected
    assert order == undisturbed


def test_a_missing_frame_is_waited_for_and_then_left_behind() -> None:
    order = Order()
    assert _keys(_push(order, [(1, 0), (1, 2), (1, 3), (1, 4)]), Lane.LIVE) == [(1, 0)]
    assert _keys(order.push(_frame(5)), Lane.LIVE) == [(1, 2), (1, 3), (1, 4), (1, 5)]
    assert order.skipped == 1
    assert _keys(order.push(_frame(6)), Lane.LIVE) == [(1, 6)]


def test_a_boot_begins_with_its_frame_0() -> None:
    order = Order()
    assert order.push(_frame(2, boot_id=7)) == []
    assert _keys(_push(order, [(7, 1), (7, 0)]), Lane.LIVE) == [(7, 0), (7, 1), (7, 2)]
    assert _keys(_push(order, [(9, 0)]), Lane.LIVE) == [(9, 0)]


def test_boots_are_in_the_order_of_time_whatever_their_numbers() -> None:
    order = Order()
    assert _keys(_push(order, [(9, 0), (9, 1), (5, 0), (5, 1)]), Lane.LIVE) == [(9, 0), (9, 1), (5, 0), (5, 1)]
    assert _keys(_push(order, [(9, 2), (5, 2)]), Lane.LATE) == [(9, 2)]


def test_the_memory_of_boots_is_bounded() -> None:
    order = Order()
    live = _keys(_push(order, [(boot_id, 0) for boot_id in range(10, 60)]), Lane.LIVE)
    assert len(live) == 50
    assert len(order.boots) == 8
    assert _keys(_push(order, [(12, 1)]), Lane.LATE) == [(12, 1)]


@pytest.mark.parametrize("seconds", [0.2, 10.0])
def test_what_waits_is_bounded_whatever_the_length_of_frames(seconds: float) -> None:
    order = Order()
    most = 0
    for seq in range(1, 100):
        order.push(_frame(seq, seconds=seconds))
        most = max(most, len(order.waiting))
    assert 0 < most <= max(PATIENCE_US / (seconds * 1e6), 1) + 1e-9
    assert not order.waiting


def test_late_signal_forms_stretches_of_its_own() -> None:
    order = Order()
    _push(order, [(1, 0), *((1, seq) for seq in range(10, 20))])
    late = _push(order, [(1, 3), (1, 4), (1, 7)])
    assert [(item.frame.seq, item.lane, item.begins) for item in late] == [
        (3, Lane.LATE, True),
        (4, Lane.LATE, False),
        (7, Lane.LATE, True),
    ]


def test_a_late_stretch_ends_when_the_live_signal_has_gone_on() -> None:
    order = Order()
    _push(order, [(1, 0), *((1, seq) for seq in range(10, 20)), (1, 3)])
    seq = 20
    while not order.late_is_over:
        order.push(_frame(seq))
        seq += 1
    assert (seq - 20) * _FRAME_S * 1e6 >= LATE_STRETCH_ENDS_US > (seq - 21) * _FRAME_S * 1e6
    (late,) = order.push(_frame(4))
    assert late.begins


def test_the_same_frame_again_changes_nothing() -> None:
    order = Order()
    _push(order, [(1, 0), (1, 2)])
    assert order.push(_frame(2)) == []
    assert _keys(order.push(_frame(1)), Lane.LIVE) == [(1, 1), (1, 2)]
    assert not order.waiting


@given(st.sets(st.integers(0, 60), min_size=1))
def test_at_the_end_everything_that_waits_is_released_in_order(came: set[int]) -> None:
    order = Order()
    released = _push(order, [(1, seq) for seq in sorted(came)])
    released += order.release_rest()
    assert _keys(released, Lane.LIVE) == [(1, seq) for seq in sorted(came)]
    assert not order.waiting
    assert order.release_rest() == []
