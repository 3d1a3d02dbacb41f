"""What a device knows of its frames: which it made, which the database has, which are to be sent (again).  Pure.

A frame is a function of its device and its number (`simulators/load/signal.py`), so what is held are numbers only.
"""

from collections import deque
from typing import Final

from heartwire.frames import Ack

#: A frame that an ack calls missing is sent again when it is this old, and not more often, seconds.
_MISSING_S: Final = 3


class Held:
    """Frames 0, 1, 2 ... of one boot of one device.

    Parameters
    ----------
    most : int
        Of the newest frames so many are held; what is older and not committed is given up.
    patience_s : float
        Without a word from the database for so long, everything that it is not known to have is sent again.

    Attributes
    ----------
    made : int
        Frames that became due, one a second.
    """

    __slots__ = ("_gaps", "_heard_s", "_highest", "_patience_s", "_queue", "_repeated_s", "made", "most")

    def __init__(self, most: int, patience_s: float) -> None:
        self.made = 0
        self.most: Final = most
        self._patience_s: Final = patience_s
        self._highest = -1
        self._gaps: tuple[tuple[int, int], ...] = ()
        self._queue: Final[deque[tuple[int, int]]] = deque()
        self._heard_s = 0.0
        self._repeated_s = float("-inf")

    @property
    def committed(self) -> int:
        """How many frames the database is known to have."""
        return self._highest + 1 - sum(high - low + 1 for low, high in self._gaps)

    @property
    def waiting(self) -> bool:
        """Whether frames wait to be sent."""
        return bool(self._queue)

    def make(self, now_s: float) -> int:
        """Return the next frame, which is due now (a monotonic clock); it is not queued."""
        if not self.made:
            self._heard_s = now_s
        self.made += 1
        return self.made - 1

    def put_off(self, seq: int) -> None:
        """Queue a frame that could not be sent."""
        if self._queue and self._queue[-1][1] == seq - 1:
            self._queue[-1] = (self._queue[-1][0], seq)
        else:
            self._queue.append((seq, seq))

    def next(self) -> int | None:
        """Take the next frame out of the queue; ``None`` when nothing waits."""
        while self._queue:
            low, high = self._queue.popleft()
            low = max(low, self.made - self.most)
            if low <= high:
                if low < high:
                    self._queue.appendleft((low + 1, high))
                return low
        return None

    def connected(self, now_s: float) -> None:
        """Queue everything that the database is not known to have: a new connection begins."""
        self._queue.clear()
        self._queue.extend(self._not_committed(self.made - 1))
        self._heard_s = self._repeated_s = now_s

    def heard(self, ack: Ack, now_s: float) -> None:
        """Take in a watermark; queue what it calls missing, unless that was sent a moment ago."""
        if ack.highest >= self._highest:
            self._highest, self._gaps = ack.highest, ack.missing
            self._heard_s = now_s
        if not self._gaps or now_s - self._repeated_s < _MISSING_S or self._queue:
            return
        newest = self.made - 1 - _MISSING_S
        self._queue.extend(
            (max(low, self.made - self.most), min(high, newest))
            for low, high in self._gaps
            if low <= newest and high >= self.made - self.most
        )
        self._repeated_s = now_s

    def look(self, now_s: float) -> None:
        """Queue what was sent long ago and never confirmed."""
        if now_s - self._heard_s > self._patience_s and not self._queue:
            self._queue.extend(self._not_committed(self.made - 1))
            self._heard_s = self._repeated_s = now_s

    def _not_committed(self, newest: int) -> list[tuple[int, int]]:
        oldest = max(0, self.made - self.most)
        ranges = [*self._gaps, (self._highest + 1, newest)]
        return [(max(low, oldest), high) for low, high in ranges if high >= max(low, oldest)]
