"""Where the agent's threads meet: frames from the source, acks and changes from the link.  Bounded.

Full of frames, it makes the source wait; of acks only the latest of each stream counts.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Iterable
from typing import Final

from heartwire.frames import Ack, EcgFrame, FrameError, HrFrame, Message, decode_ack, decode_message

#: Frames that wait for the next write; a source that is faster waits.
FRAMES_MAX: Final = 512
#: Streams of runs with an ack that waits; there is one for each run in the outbox.
_ACKS_MAX: Final = 64


class Mailbox:
    """Takes what other threads bring, and wakes the agent."""

    def __init__(self) -> None:
        self.made = 0
        self.acks_refused = 0
        self._changed: Final = threading.Condition()
        self._frames: Final[deque[EcgFrame | HrFrame]] = deque()
        self._acks: Final[dict[tuple[int, str], Ack]] = {}
        self._message: Message | None = None
        self._woken = False
        self._source_ended = False
        self._source_error: Exception | None = None

    def put(self, frames: Iterable[EcgFrame | HrFrame], stop: threading.Event) -> None:
        """Leave frames, waiting for room unless the agent stops."""
        for frame in frames:
            with self._changed:
                while len(self._frames) >= FRAMES_MAX and not stop.is_set():
                    self._changed.wait(0.2)
                self._frames.append(frame)
                self.made += 1
                self._changed.notify_all()

    def end_source(self, error: Exception | None) -> None:
        """Say that no more frames come, and why, if it is not their natural end."""
        with self._changed:
            self._source_ended = True
            self._source_error = error
            self._changed.notify_all()

    def on_ack(self, payload: bytes) -> None:
        """Leave an acknowledgement; one that cannot be read is counted."""
        try:
            ack = decode_ack(payload)
        except FrameError:
            self.acks_refused += 1
            return
        with self._changed:
            key = (ack.boot_id, ack.stream)
            if key in self._acks or len(self._acks) < _ACKS_MAX:
                self._acks[key] = ack
            self._woken = True
            self._changed.notify_all()

    def on_message(self, payload: bytes) -> None:
        """Leave a message of the server; only the latest counts, and one that cannot be read is none."""
        with contextlib.suppress(FrameError), self._changed:
            self._message = decode_message(payload)
            self._woken = True
            self._changed.notify_all()

    def on_link(self) -> None:
        """Wake the agent."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def wait(self, timeout_s: float, *, for_frames: bool) -> None:
        """Wait for acks or a change; for frames, too, if wanted; at most so long."""
        with self._changed:
            if not (self._woken or (for_frames and self._frames)):
                self._changed.wait(timeout_s)
            self._woken = False

    def peek(self) -> list[EcgFrame | HrFrame]:
        """Return the frames that wait; they stay until `take`."""
        with self._changed:
            return list(self._frames)

    def take(self, count: int) -> None:
        """Take out the oldest frames."""
        with self._changed:
            for _ in range(count):
                self._frames.popleft()
            self._changed.notify_all()

    def take_acks(self) -> list[Ack]:
        """Take out the acks."""
        with self._changed:
            acks = list(self._acks.values())
            self._acks.clear()
            return acks

    def take_message(self) -> Message | None:
        """Take out the latest message, if there is one."""
        with self._changed:
            message, self._message = self._message, None
            return message

    @property
    def frames_waiting(self) -> int:
        """How many frames wait."""
        return len(self._frames)

    @property
    def has_source_ended(self) -> bool:
        """Whether no more frames come."""
        return self._source_ended

    @property
    def source_error(self) -> Exception | None:
        """Why the source broke off."""
        return self._source_error
