"""What a device has sent and the database has not confirmed, in memory.  Pure: the clock is an argument.

Bounded: when full, the oldest frame is dropped and counted; the frame after it, unless it was sent already, says
`GAP_BEFORE`. (The real edge keeps its frames on disk; this one is a device for tests.)
"""

from collections import deque
from typing import Final, Generic, TypeVar

import msgspec

from heartwire.frames import Ack, EcgFlag, EcgFrame, EventFrame, HrFrame

#: A frame that an ack calls missing is not sent again before the last sending is this old, seconds.
_AGAIN_S: Final = 3.0

_Frame = TypeVar("_Frame", EcgFrame, HrFrame, EventFrame)


class Outbox(Generic[_Frame]):
    """Frames of one stream of one boot, their seq from 0 on.

    Parameters
    ----------
    most : int
        Most frames held.

    Attributes
    ----------
    added, sent, confirmed, dropped : int
        Frames taken in; sendings; frames that the database has; frames lost to the bound.
    """

    def __init__(self, boot_id: int, most: int) -> None:
        self.added = self.sent = self.confirmed = self.dropped = 0
        self._boot_id: Final = boot_id
        self._most: Final = most
        self._frames: Final[dict[int, _Frame]] = {}  # in the order of seq
        self._sent_s: Final[dict[int, float]] = {}  # of frames held
        self._to_send: deque[int] = deque()
        self._last_s = 0.0

    def __len__(self) -> int:
        """Return how many frames wait for confirmation."""
        return len(self._frames)

    def add(self, frame: _Frame) -> None:
        """Take in the next frame."""
        self._frames[frame.seq] = frame
        self._to_send.append(frame.seq)
        self.added += 1
        while len(self._frames) > self._most:
            self._drop_oldest()

    def next(self, now_s: float) -> _Frame | None:
        """Return the next frame to be sent now, ``None`` if none is; it stays until it is confirmed."""
        while self._to_send:
            seq = self._to_send.popleft()
            if seq in self._frames:
                self._sent_s[seq] = self._last_s = now_s
                self.sent += 1
                return self._frames[seq]
        return None

    def send_all_again(self) -> None:
        """Begin a new connection: what was under way on the last one may be lost."""
        self._to_send = deque(self._frames)
        self._sent_s.clear()

    def confirm(self, ack: Ack, now_s: float) -> None:
        """Let go of what the database has, and mark what it misses to be sent again."""
        if ack.boot_id != self._boot_id or ack.highest >= self.added:
            return  # of another boot, or it speaks of frames that never were
        missing = [range(low, high + 1) for low, high in ack.missing]
        again = []
        for seq in list(self._frames):
            if seq > ack.highest:
                break
            if seq > ack.committed and any(seq in gap for gap in missing):
                if now_s - self._sent_s.get(seq, now_s) > _AGAIN_S:
                    again.append(seq)
                    self._sent_s[seq] = now_s
            else:
                self._forget(seq)
                self.confirmed += 1
        self._to_send.extendleft(reversed(again))

    def send_last_again(self, now_s: float, quiet_s: float) -> None:
        """After a silence, send the newest frame once more: the ack to it says what else is missing."""
        if self._sent_s and not self._to_send and now_s - self._last_s > quiet_s:
            self._to_send.append(max(self._sent_s))

    def _drop_oldest(self) -> None:
        self._forget(next(iter(self._frames)))
        self.dropped += 1
        seq, frame = next(iter(self._frames.items()))
        if seq not in self._sent_s and isinstance(frame, EcgFrame):
            self._frames[seq] = msgspec.structs.replace(frame, flags=frame.flags | EcgFlag.GAP_BEFORE)

    def _forget(self, seq: int) -> None:
        del self._frames[seq]
        self._sent_s.pop(seq, None)
