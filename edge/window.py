"""What is to be sent next, what is under way, and when it is sent again.  Pure: clock and outbox are arguments.

Frames go out in the order of their time, oldest first, at most a window of them unconfirmed. Sent again is: on
a new connection everything not confirmed; what an acknowledgement names as missing; and, when nothing was confirmed
for a while, the oldest few, and all that are under way as soon as the database answers.

How wide the window is follows from how soon the database answers: a link that is fast is filled, and when thousands of
devices come back at once, each of them holds less of what all share.

While the window is full, because the database is away or there is much to catch up on, a live source's new frames
are sent once beside it: who looks at the patient now sees the patient now. They take their turn in the window later.
"""

import itertools
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
#: Frames sent again to ask whether the database is there: each may end as a dead letter of an unknown device.
_PROBE_FRAMES: Final = 16
#: The window of a new connection, and the narrowest, frames.
_FIRST_WIDTH: Final = 32
_LEAST_WIDTH: Final = 8
#: Confirmed sooner, the window grows by as much; later, it is halved: seconds from sending to confirmation.
_SOON_S: Final = 1.0
_LATE_S: Final = 2.5
#: Most new frames sent beside a full window at a time.
_LIVE_FRAMES: Final = 8


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
        Most frames sent and not confirmed; a new connection begins with fewer.
    resend_after_s : float
        So long nothing was confirmed: send again; then after twice as long, up to six times.
    is_live : bool
        Whether new frames go beside a full window.

    Attributes
    ----------
    handed_up_to : int
        Highest position in the outbox of a frame that was ever sent; no older frame may change any more.
    sent : int
        Frames that took their turn in the window, each counted once.
    """

    def __init__(self, size: int, resend_after_s: float, *, is_live: bool) -> None:
        self.handed_up_to = 0
        self.sent = 0
        self._is_live: Final = is_live
        self._size: Final = size
        self._width = size
        self._narrowed_s = float("-inf")
        self._resend_after_s: Final = resend_after_s
        self._pause_s = resend_after_s
        self._progress_s = 0.0
        self._cursor = 0  # positions: of the last frame of this connection in the window ...
        self._furthest = 0  # ... of any connection ...
        self._live_cursor = 0  # ... and of the last one that needs no sending beside it
        self._is_asking = False
        self._under_way: Final[dict[Key, _Sent]] = {}

    def __len__(self) -> int:
        """Return how many frames are under way."""
        return len(self._under_way)

    def begin(self, last_position: int, now_s: float) -> None:
        """Begin anew from the oldest frame: there is a new connection. `last_position` is that of the newest."""
        self._under_way.clear()
        self._cursor = 0
        self._width = min(self._size, _FIRST_WIDTH)
        self._live_cursor = max(self._live_cursor, last_position)
        self._is_asking = False
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
        longest_s = 0.0
        for key in [key for key in self._under_way if (key.boot_id, key.stream) == (ack.boot_id, ack.stream)]:
            if any(first <= key.seq <= last for first, last in ranges):
                longest_s = max(longest_s, now_s - self._under_way.pop(key).sent_s)
            elif any(first <= key.seq <= last for first, last in ack.missing):
                self._under_way[key].again = True
        if len(self._under_way) < before:
            self._progress_s = now_s
            self._pause_s = self._resend_after_s
            self._widen(before - len(self._under_way), longest_s, now_s)
            if self._is_asking:
                self._is_asking = False
                for sent in self._under_way.values():
                    sent.again = True

    def forget(self, position: int) -> None:
        """Take out frames up to a position: they were dropped from the outbox."""
        for key in [key for key, sent in self._under_way.items() if sent.held.position <= position]:
            del self._under_way[key]

    def is_stuck(self, now_s: float) -> bool:
        """Whether nothing was confirmed for too long; when so, the oldest frames under way are due again."""
        if not self._under_way:
            self._progress_s = now_s
            return False
        if now_s - self._progress_s < self._pause_s:
            return False
        for sent in itertools.islice(self._under_way.values(), _PROBE_FRAMES):
            sent.again = True
        self._is_asking = True
        self._width = min(self._width, _LEAST_WIDTH)
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
        for sent in self._under_way.values():
            if sent.again and now_s - sent.sent_s >= _UNDER_WAY_S:
                sent.again = False
                sent.sent_s = now_s
                frames.append(sent.held)
        room = self._width - len(self._under_way)
        for held in read(self._cursor, room) if room > 0 else ():
            self._cursor = held.position
            self._under_way[Key(held.boot_id, held.stream, held.seq)] = _Sent(held, now_s)
            frames.append(held)
            if held.position > self._furthest:
                self._furthest = held.position
                self.sent += 1
        if self._is_live and len(self._under_way) >= self._width:
            for held in read(max(self._live_cursor, self._cursor), _LIVE_FRAMES):
                self._live_cursor = held.position
                frames.append(held)
        self.handed_up_to = max(self.handed_up_to, self._cursor, self._live_cursor if frames else 0)
        return frames

    def _widen(self, confirmed: int, longest_s: float, now_s: float) -> None:
        """Learn from a confirmation how much may be under way."""
        if longest_s <= _SOON_S:
            self._width = min(self._size, self._width + confirmed)
        elif longest_s > _LATE_S and now_s - self._narrowed_s > _LATE_S:
            self._width = max(min(self._size, _LEAST_WIDTH), self._width // 2)
            self._narrowed_s = now_s
