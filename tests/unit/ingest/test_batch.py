"""What is live is committed first, the backlog in what room is left; all of it once, in order, within bounds."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from heartwire.frames import EcgFrame
from heartwire.topics import Stream
from ingest.batch import BatchLimits, Waiting
from ingest.decode import LATE_US, Decoded, DecodedFrame, StreamKey
from ingest.packets import Received

NOW_US: Final = 1_790_000_000_000_000
LIMITS: Final = BatchLimits(frames=10, n_bytes=10_000, longest_s=0.1, quiet_s=0.01, spacing_s=0.02)


def _frame(seq: int, *, late: bool, device: str = "d", n_bytes: int = 100) -> DecodedFrame:
    frame = EcgFrame(1, seq, NOW_US - (LATE_US + 1 if late else 0), 250_000, "II", 200.0, 0, 0, bytes(n_bytes))
    received = Received(b"t", bytes(n_bytes), n_bytes, NOW_US, retained=False, connection=1, mid=1)
    return DecodedFrame(StreamKey(device, Stream.ECG, 1), frame, received)


def _seqs(messages: list[Decoded]) -> list[int]:
    return [message.frame.seq for message in messages if isinstance(message, DecodedFrame)]


def test_live_frames_pass_a_backlog_that_came_before_them() -> None:
    waiting = Waiting(LIMITS)
    waiting.add([_frame(seq, late=True) for seq in range(100)], 0.0)
    waiting.add([_frame(seq, late=False) for seq in range(100, 103)], 0.0)
    assert _seqs(waiting.take()) == [100, 101, 102, 0, 1, 2, 3, 4, 5, 6]


def test_a_backlog_moves_on_however_much_is_live() -> None:
    waiting = Waiting(LIMITS)
    waiting.add([_frame(0, late=True)], 0.0)
    waiting.add([_frame(seq, late=False) for seq in range(1, 100)], 0.0)
    assert _seqs(waiting.take()) == [*range(1, 10), 0]


def test_a_stream_is_behind_while_its_backlog_waits() -> None:
    waiting = Waiting(LIMITS)
    waiting.add([_frame(seq, late=True, device="old") for seq in range(12)], 0.0)
    waiting.add([_frame(0, late=False, device="new")], 0.0)
    key = StreamKey("old", Stream.ECG, 1)
    assert not waiting.is_behind(StreamKey("new", Stream.ECG, 1))
    waiting.take()
    assert waiting.is_behind(key)
    waiting.take()
    assert not waiting.is_behind(key)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3_000)), max_size=60))
def test_everything_is_taken_once_in_order_and_within_bounds(story: list[tuple[bool, int]]) -> None:
    waiting = Waiting(LIMITS)
    waiting.add([_frame(seq, late=late, n_bytes=size) for seq, (late, size) in enumerate(story)], 0.0)
    taken = []
    while waiting:
        batch = waiting.take()
        sizes = [len(message.received.payload) for message in batch]
        assert 0 < len(batch) <= LIMITS.frames
        # A batch ends when its bound is reached; the backlog's first is beyond it at most.
        assert sum(sizes[:-2]) <= LIMITS.n_bytes
        taken += _seqs(batch)
    assert waiting.n_bytes == 0
    for lane in (True, False):
        wanted = [seq for seq, (late, _) in enumerate(story) if late is lane]
        assert [seq for seq in taken if story[seq][0] is lane] == wanted


def test_when_it_is_time() -> None:
    waiting = Waiting(LIMITS)
    assert waiting.wait_s(0.0, 0.0) == float("inf")
    waiting.add([_frame(0, late=False)], 1.0)
    assert waiting.wait_s(1.0, 0.0) > 0
    assert waiting.wait_s(1.02, 0.0) <= 0, "quiet"
    assert waiting.wait_s(1.02, 1.015) > 0, "too soon after the last commit"
    assert waiting.wait_s(1.2, 1.195) <= 0, "nobody waits longer than the longest time"
    waiting.add([_frame(seq, late=False) for seq in range(1, 10)], 1.0)
    assert waiting.wait_s(1.0, 1.0) == 0, "full"
