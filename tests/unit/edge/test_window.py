"""What is sent, what is sent again, and what goes beside a full window."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.outbox import Held
from edge.window import Window
from heartwire.frames import Ack


def _held(*seqs: int) -> list[Held]:
    return [Held(seq + 1, 1, "ecg", seq, b"") for seq in seqs]


class _Box:
    def __init__(self, n: int) -> None:
        self.frames = _held(*range(n))

    def after(self, position: int, limit: int) -> list[Held]:
        return [held for held in self.frames if held.position > position][:limit]


def _seqs(frames: list[Held]) -> list[int]:
    return [held.seq for held in frames]


def test_sends_in_order_and_no_more_than_the_window() -> None:
    window = Window(4, 10.0, is_live=False)
    box = _Box(10)
    assert _seqs(window.due(box.after, 0.0)) == [0, 1, 2, 3]
    assert window.due(box.after, 0.1) == []
    window.confirm(Ack(1, "ecg", 1, (), 1), 0.2)
    assert _seqs(window.due(box.after, 0.2)) == [4, 5]
    assert window.sent == 6


def test_sends_again_exactly_what_is_missing_and_only_when_it_may_be_lost() -> None:
    window = Window(10, 10.0, is_live=False)
    window.due(_Box(10).after, 0.0)
    window.confirm(Ack(1, "ecg", 2, ((3, 4), (7, 7)), 8), 0.5)
    assert window.due(_Box(10).after, 0.6) == []  # it may be under way
    assert _seqs(window.due(_Box(10).after, 1.0)) == [3, 4, 7]
    assert window.due(_Box(10).after, 5.0) == []
    assert len(window) == 4


def test_a_new_connection_begins_with_the_oldest() -> None:
    window = Window(10, 10.0, is_live=False)
    box = _Box(5)
    window.due(box.after, 0.0)
    box.frames = box.frames[2:]
    window.begin(5, 1.0)
    assert _seqs(window.due(box.after, 1.0)) == [2, 3, 4]
    assert window.sent == 5


def test_without_an_answer_it_asks_and_then_sends_everything_again() -> None:
    window = Window(100, 10.0, is_live=False)
    box = _Box(32)
    window.due(box.after, 0.0)
    window.begin(32, 0.0)
    window.due(box.after, 0.0)
    assert not window.is_stuck(9.9)
    assert window.is_stuck(10.0)
    asked = window.due(box.after, 10.0)
    assert _seqs(asked) == list(range(16))
    assert not window.is_stuck(29.9)
    assert window.is_stuck(30.0)
    window.due(box.after, 30.0)
    window.confirm(Ack(1, "ecg", 19, (), 19), 30.5)
    assert _seqs(window.due(box.after, 31.0)) == list(range(20, 32))


def test_nothing_under_way_is_never_stuck() -> None:
    window = Window(4, 10.0, is_live=False)
    assert not window.is_stuck(0.0)
    assert not window.is_stuck(1000.0)
    window.due(_Box(1).after, 1000.0)
    assert not window.is_stuck(1009.0)


def test_new_frames_of_a_live_source_go_beside_a_full_window_once() -> None:
    window = Window(4, 10.0, is_live=True)
    box = _Box(10)
    window.begin(10, 0.0)
    assert _seqs(window.due(box.after, 0.0)) == [0, 1, 2, 3]
    box.frames += _held(10)
    assert _seqs(window.due(box.after, 1.0)) == [10]
    assert window.due(box.after, 1.1) == []
    assert window.handed_up_to == 11
    window.confirm(Ack(1, "ecg", 3, ((4, 9),), 10), 2.0)
    box.frames = box.frames[4:10]
    assert _seqs(window.due(box.after, 2.0)) == [4, 5, 6, 7]
    window.confirm(Ack(1, "ecg", 10, (), 10), 3.0)
    assert len(window) == 0


@given(data=st.data(), n=st.integers(1, 60), size=st.integers(1, 20), is_live=st.booleans())
@settings(max_examples=50)
def test_whatever_is_lost_on_the_way_everything_arrives(
    data: st.DataObject, n: int, size: int, *, is_live: bool
) -> None:
    """Frames and acks get lost by chance; every frame is with the database in bounded time all the same."""
    window = Window(size, 10.0, is_live=is_live)
    box = _Box(n)
    have: set[int] = set()
    now_s = 0.0
    window.begin(n, now_s)
    for step in range(10_000):
        if not box.frames:
            break
        now_s += 0.5
        loses = step < 40 and data.draw(st.booleans())
        if loses and data.draw(st.integers(0, 9)) == 0:
            window.begin(n, now_s)
        window.is_stuck(now_s)
        came = _seqs(window.due(box.after, now_s))
        assert len(window) <= size
        if loses:
            continue
        have |= set(came)
        if came:
            ack = _ack(have)
            window.confirm(ack, now_s)
            box.frames = [held for held in box.frames if held.seq not in have]
    assert have == set(range(n))
    assert now_s < 40 * 0.5 + 61.0 * (2 + n / size)


def _ack(have: set[int]) -> Ack:
    highest = max(have)
    missing = [seq for seq in range(highest) if seq not in have]
    return Ack(1, "ecg", missing[0] - 1 if missing else highest, tuple((seq, seq) for seq in missing), highest)


def _catch_up(window: Window, box: _Box, *, answer_s: float, rounds: int, begin_s: float = 0.0) -> list[int]:
    """Send and have everything confirmed after `answer_s`, again and again; return how much was under way."""
    widths = []
    now_s = begin_s
    for _ in range(rounds):
        sent = window.due(box.after, now_s)
        widths.append(len(window))
        now_s += answer_s
        if sent:
            window.confirm(Ack(1, "ecg", sent[-1].seq, (), sent[-1].seq), now_s)
    return widths


def test_the_window_grows_while_the_database_answers_soon() -> None:
    window = Window(256, 10.0, is_live=False)
    window.begin(0, 0.0)
    assert _catch_up(window, _Box(2_000), answer_s=0.3, rounds=6) == [32, 64, 128, 256, 256, 256]


def test_the_window_shrinks_while_the_database_answers_late_and_never_closes() -> None:
    window = Window(256, 10.0, is_live=False)
    window.begin(0, 0.0)
    box = _Box(4_000)
    _catch_up(window, box, answer_s=0.3, rounds=5)
    late = _catch_up(window, box, answer_s=3.0, rounds=8, begin_s=10.0)
    assert late == [256, 128, 64, 32, 16, 8, 8, 8]
    assert _catch_up(window, box, answer_s=0.3, rounds=3, begin_s=60.0) == [8, 16, 32]
