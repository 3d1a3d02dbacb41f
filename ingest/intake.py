"""What is received and not yet committed: a bounded hold between the network and the writer."""

import queue
from collections.abc import Sequence
from typing import Final, TypeAlias

from ingest.packets import Received

#: What came in one read of the network.
Chunk: TypeAlias = Sequence[Received]


class Intake:
    """Filled by the network's thread alone, emptied by the writer's thread alone.

    What counts is everything between `put` and `release`, the batch being written included. When it is full
    `put` refuses; the network's side then leaves the broker until `has_room` (see ingest/subscriber.py).

    Parameters
    ----------
    most_frames, most_bytes : int
        The bound, in messages and in payload bytes; the last chunk may go beyond it.
    """

    def __init__(self, most_frames: int, most_bytes: int) -> None:
        self._most_frames: Final = most_frames
        self._most_bytes: Final = most_bytes
        self._queue: Final[queue.SimpleQueue[Chunk | None]] = queue.SimpleQueue()
        # Each side writes its own two and reads the other's, so no lock is needed.
        self._put_frames = self._put_bytes = 0
        self._released_frames = self._released_bytes = 0

    def put(self, chunk: Chunk) -> bool:
        """Take messages in, or return ``False`` when the bound is reached."""
        if self.held_frames >= self._most_frames or self.held_bytes >= self._most_bytes:
            return False
        self._put_frames += len(chunk)
        self._put_bytes += payload_bytes(chunk)
        self._queue.put(chunk)
        return True

    def take(self, timeout_s: float) -> Chunk | None:
        """Return the next messages; ``None`` when none came in time or `wake` was called."""
        try:
            return self._queue.get(timeout=timeout_s) if timeout_s > 0 else self._queue.get_nowait()
        except queue.Empty:
            return None

    def wake(self) -> None:
        """Make a `take` that waits return; may be called by a signal handler."""
        self._queue.put(None)

    def release(self, messages: Sequence[Received]) -> None:
        """Say that these are committed."""
        self._released_frames += len(messages)
        self._released_bytes += payload_bytes(messages)

    @property
    def held_frames(self) -> int:
        """Messages received and not committed."""
        return self._put_frames - self._released_frames

    @property
    def held_bytes(self) -> int:
        """Their payload bytes."""
        return self._put_bytes - self._released_bytes

    @property
    def has_room(self) -> bool:
        """Whether at most half of the bound is held."""
        return self.held_frames <= self._most_frames // 2 and self.held_bytes <= self._most_bytes // 2


def payload_bytes(messages: Sequence[Received]) -> int:
    """Return the bytes of all payloads."""
    return sum([len(message.payload) for message in messages])
