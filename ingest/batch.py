"""Which messages are committed together, and when.  Pure: the clock is an argument.

What is live goes first. A device that was away delivers hours at once; they are taken in as room is left, so that they
hold up nobody's present.
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ingest.decode import DeadLetter, Decoded, DecodedFrame, StreamKey

#: Part of every batch that the backlog gets, however much is live: it must end, too.
_BACKLOG_PART: Final = 0.1


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Bounds of a batch.

    Attributes
    ----------
    frames, n_bytes : int
        Messages and payload bytes.
    longest_s : float
        No live message waits longer for others.
    quiet_s : float
        Nobody waits for more when nothing came for this long: a broker that delivers no more before it
        hears acknowledgements, or a quiet ward.
    spacing_s : float
        Least time from one commit to the next of a batch that is not full: at a steady trickle, one commit
        for several frames rather than one for each.
    """

    frames: int
    n_bytes: int
    longest_s: float
    quiet_s: float
    spacing_s: float


@dataclass(slots=True)
class Waiting:
    """Messages that wait to be committed, each kind in the order of their arrival."""

    limits: BatchLimits
    n_bytes: int = 0
    _live: deque[Decoded] = field(default_factory=deque)
    _backlog: deque[Decoded] = field(default_factory=deque)
    _behind: Counter[StreamKey] = field(default_factory=Counter)
    _opened_s: float = 0.0
    _added_s: float = 0.0

    def add(self, messages: Iterable[Decoded], now_s: float) -> None:
        """Take messages in; `now_s` is a monotonic clock, seconds."""
        if not self:
            self._opened_s = now_s
        self._added_s = now_s
        for message in messages:
            self.n_bytes += len(message.received.payload)
            if type(message) is DecodedFrame:
                if message.is_late:
                    self._backlog.append(message)
                    self._behind[message.key] += 1
                else:
                    self._live.append(message)
            elif type(message) is DeadLetter:
                self._backlog.append(message)
            else:
                self._live.append(message)

    def __len__(self) -> int:
        """Return how many messages wait."""
        return len(self._live) + len(self._backlog)

    def is_behind(self, key: StreamKey) -> bool:
        """Whether older frames of a stream wait here: what the database misses of it was not lost."""
        return key in self._behind

    def take(self) -> list[Decoded]:
        """Take out the next batch: what is live, and of the backlog what there is room for."""
        for_backlog = max(1, int(self.limits.frames * _BACKLOG_PART)) if self._backlog else 0
        live = self._take(self._live, self.limits.frames - for_backlog, self.limits.n_bytes)
        n_bytes = sum([len(message.received.payload) for message in live])
        backlog = self._take(self._backlog, self.limits.frames - len(live), max(self.limits.n_bytes - n_bytes, 1))
        for message in backlog:
            if type(message) is DecodedFrame:
                self._behind[message.key] -= 1
                if not self._behind[message.key]:
                    del self._behind[message.key]
        return live + backlog

    def _take(self, lane: deque[Decoded], frames: int, n_bytes: int) -> list[Decoded]:
        taken: list[Decoded] = []
        while lane and len(taken) < frames and n_bytes > 0:
            message = lane.popleft()
            n_bytes -= len(message.received.payload)
            self.n_bytes -= len(message.received.payload)
            taken.append(message)
        return taken

    def wait_s(self, now_s: float, committed_s: float) -> float:
        """Return how long to wait for more messages, seconds; 0 or less when it is time to commit.

        Parameters
        ----------
        now_s : float
            Monotonic clock, seconds.
        committed_s : float
            When the last commit ended, same clock.
        """
        if not self:
            return float("inf")
        if len(self) >= self.limits.frames or self.n_bytes >= self.limits.n_bytes:
            return 0.0
        quiet_at_s = max(self._added_s + self.limits.quiet_s, committed_s + self.limits.spacing_s)
        return min(quiet_at_s, self._opened_s + self.limits.longest_s) - now_s
