"""What a loaded device sends again, and when."""

from heartwire.frames import Ack
from simulators.load.watermark import Held


def _held(made: int, *, most: int = 100, patience_s: float = 15.0) -> Held:
    held = Held(most, patience_s)
    for second in range(made):
        assert held.make(float(second)) == second
    return held


def _ack(highest: int, *missing: tuple[int, int]) -> Ack:
    return Ack(1, "ecg", missing[0][0] - 1 if missing else highest, missing, highest)


def _queued(held: Held) -> list[int]:
    return list(iter(held.next, None))


def test_a_frame_that_was_sent_waits_for_nobody() -> None:
    held = _held(10)
    assert not held.waiting
    assert held.committed == 0


def test_committed_is_counted_around_the_gaps() -> None:
    held = _held(10)
    held.heard(_ack(9, (2, 3), (7, 7)), 9.0)
    assert held.committed == 7


def test_what_an_ack_calls_missing_is_sent_again_once_it_is_old_and_not_at_every_word() -> None:
    held = _held(10)
    held.heard(_ack(8, (2, 3), (7, 7)), 9.0)
    assert _queued(held) == [2, 3]  # 7 is on its way
    held.heard(_ack(8, (2, 3), (7, 7)), 10.0)
    assert _queued(held) == []
    for second in range(10, 14):
        held.make(float(second))
    held.heard(_ack(8, (2, 3), (7, 7)), 13.0)
    assert _queued(held) == [2, 3, 7]


def test_an_old_ack_that_comes_late_changes_nothing() -> None:
    held = _held(10)
    held.heard(_ack(9), 9.0)
    held.heard(_ack(5, (2, 3)), 9.0)
    assert held.committed == 10
    assert not held.waiting


def test_a_new_connection_sends_all_that_is_not_known_to_be_there() -> None:
    held = _held(10)
    held.heard(_ack(6, (2, 3)), 9.0)
    held.put_off(9)
    held.connected(10.0)
    assert _queued(held) == [2, 3, 7, 8, 9]


def test_without_a_word_for_long_everything_is_sent_again() -> None:
    held = _held(14)
    held.look(14.0)
    assert not held.waiting
    held.look(15.5)
    assert _queued(held) == list(range(14))
    held.look(16.0)
    assert not held.waiting


def test_what_is_older_than_may_be_held_is_given_up() -> None:
    held = _held(10, most=4)
    held.connected(10.0)
    assert _queued(held) == [6, 7, 8, 9]
    held.put_off(5)
    held.put_off(6)
    assert _queued(held) == [6]


def test_frames_put_off_are_sent_in_order() -> None:
    held = _held(10)
    for seq in (7, 8, 9):
        held.put_off(seq)
    assert held.next() == 7
    held.put_off(10)
    assert _queued(held) == [8, 9, 10]
