"""What is to be sent next, what is under way, and when it is sent again.  Pure: clock and outbox are arguments.

Frames go out in the order of their time, oldest first, at most a window of them unconfirmed. Sent again is: on
a new connection everything not confirmed; what an acknowledgement names as missing; and everything under way when
nothing was confirmed for a while.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from edge.outbox import Held
from edge.watermark import confirmed_ranges
from heartwire.frames import Ack

#: A frame is not sent again within this time because an acknowledgement misses it: it may be under way, seconds.
_UNDER_WAY_S: Final = 1.0
#: Longest pause between two times that everything is sent again, in units of the first.
_PAUSE_MAX: Final = 6.0


class Key(NamedTuple):
    """What a frame is known by, on one device."""

    boot_id: int
    stream: str
    seq: int


@dataclass(slots=True)
class _Sent:
    held: Held
    sent_s: float
    again: bool = False


class Window:
    """The frames under way.

    Parameters
    ----------
    size : int
        Most frames sent and not confirmed.
    resend_after_s : float
        So long nothing was confirmed: send again; then after twice as long, up to six times.

    Attributes
    ----------
    handed_up_to : int
        Highest position in the outbox of a frame that was ever sent; no older frame may change any more.
    sent, sent_again : int
        Frames sent for the first time, and again.
    """

    def __init__(self, size: int, resend_after_s: float) -> None:
        self.handed_up_to = 0
        self.sent = 0
        self.sent_again = 0
        self._size: Final = size
        self._resend_after_s: Final = resend_after_s
        self._pause_s = resend_after_s
        self._progress_s = 0.0
        self._cursor = 0
        self._under_way: Final[dict[Key, _Sent]] = {}

    def __len__(self) -> int:
        """Return how many frames are under way."""
        return len(self._under_way)

    def begin(self, now_s: float) -> None:
        """Begin anew from the oldest frame: there is a new connection."""
        self._under_way.clear()
        self._cursor = 0
        self._pause_s = self._resend_after_s
        self._progress_s = now_s

    def confirm(self, ack: Ack, now_s: float) -> None:
        """Take out what the database has, and mark what it misses to be sent again.

        Raises
        ------
        ContradictoryAckError
            If the ack cannot be true; nothing changed.
        """
        ranges = confirmed_ranges(ack)
        before = len(self._under_way)
        for key in [key for key in self._under_way if (key.boot_id, key.stream) == (ack.boot_id, ack.stream)]:
            if any(first <= key.seq <= last for first, last in ranges):
                del self._under_way[key]
            elif any(first <= key.seq <= last for first, last in ack.missing):
                self._under_way[key].again = True
        if len(self._under_way) < before:
            self._progress_s = now_s
            self._pause_s = self._resend_after_s

    def forget(self, position: int) -> None:
        """Take out frames up to a position: they were dropped from the outbox."""
        for key in [key for key, sent in self._under_way.items() if sent.held.position <= position]:
            del self._under_way[key]

    def is_stuck(self, now_s: float) -> bool:
        """Whether nothing was confirmed for too long; when so, everything under way is due again."""
        if not self._under_way:
            self._progress_s = now_s
            return False
        if now_s - self._progress_s < self._pause_s:
            return False
        for sent in self._under_way.values():
            sent.again = True
        self._progress_s = now_s
        self._pause_s = min(2 * self._pause_s, _PAUSE_MAX * self._resend_after_s)
        return True

    def due(self, read: Callable[[int, int], list[Held]], now_s: float) -> list[Held]:
        """Return the frames to send now, in order.

        Parameters
        ----------
        read : callable
            `Outbox.after`: the frames after a position, at most so many.
        """
        frames: list[Held] = []
        sent_before = self.sent
        for sent in self._under_way.values():
            if sent.again and now_s - sent.sent_s >= _UNDER_WAY_S:
                sent.again = False
                sent.sent_s = now_s
                frames.append(sent.held)
        room = self._size - len(self._under_way)
        if room > 0:
            for held in read(self._cursor, room):
                self._cursor = held.position
                self._under_way[Key(held.boot_id, held.stream, held.seq)] = _Sent(held, now_s)
                frames.append(held)
                if held.position > self.handed_up_to:
                    self.handed_up_to = held.position
                    self.sent += 1
        self.sent_again = self.sent_again + len(frames) - (self.sent - sent_before)
        return frames
