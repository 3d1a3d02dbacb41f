"""Late signal takes its turn: a device that catches up an hour does not delay what others send now (P3).  Pure.

The engine takes one device's frames one after the other, and many devices' side by side: an hour of one device in one
step would keep everybody waiting for 20 s. So a step takes at most `DEPTH` late frames of a device; its others wait, in
their order. Frames that are not late never wait, not even those of a device of which late ones do.

What waits is known after a restart from the device's checkpoint, which every step that brings a turn commits: the late
frames from a place in the log on. They are read again from there.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from analytics.ordering import Frame
from heartwire.frames import EcgFlag

#: Signal that is older when it arrives is late (promise P3), microseconds.
LATE_US: Final = 30_000_000
#: Late frames of one device in one step: about 0.2 s of computing when it is alone.
DEPTH: Final = 32
#: As a plain number: an enumeration's operators cost more than all the rest that is done with a frame here.
_CLOCK_NOT_SET: Final = int(EcgFlag.CLOCK_NOT_SET)


class Place(NamedTuple):
    """A place in the log: a transaction, and how many of the device's late frames in it come before."""

    xid: int
    number: int


def is_late(frame: Frame) -> bool:
    """Whether the signal was late when it arrived; of a clock that was not set nobody knows, and it counts as live."""
    return frame.received_us - frame.t_end_us > LATE_US and not frame.flags & _CLOCK_NOT_SET


class Backlog:
    """Late frames that wait, by device.

    Each step: `begin_step`, then `sort` for each batch that was read.

    Attributes
    ----------
    moved : set of str
        Devices of which the step has changed from where on their late frames wait, or whether any do.

    Parameters
    ----------
    most : int
        So many frames may wait. Beyond it, it `is_full`: read nothing more until there is room.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._waiting: Final[dict[str, deque[tuple[Place, Frame]]]] = {}
        self._count = 0
        self._turns: Final[defaultdict[str, int]] = defaultdict(int)
        self.moved: Final[set[str]] = set()

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read."""
        return self._count >= self._most

    @property
    def waiting(self) -> set[str]:
        """Devices of which late frames wait, or did until this step."""
        return self.moved.union(self._waiting)

    def place(self, device: str) -> Place | None:
        """Return from where on the device's late frames wait; ``None`` if none do."""
        waiting = self._waiting.get(device)
        return waiting[0][0] if waiting else None

    def oldest_xid(self, devices: Iterable[str] | None = None) -> int | None:
        """Return the first transaction of which frames wait, of these devices or of any; ``None`` if none do."""
        places = [self.place(device) for device in (self._waiting if devices is None else devices)]
        return min((place.xid for place in places if place is not None), default=None)

    def begin_step(self, room: int) -> list[Frame]:
        """Return the frames that waited and have their turn: of as many devices as have room, in turn."""
        self._turns.clear()
        self.moved.clear()
        ready: list[Frame] = []
        for device in list(self._waiting):
            if len(ready) >= room:
                break
            waiting = self._waiting.pop(device)
            count = min(DEPTH, len(waiting))
            ready += [waiting.popleft()[1] for _ in range(count)]
            self._count -= count
            self._turns[device] = count
            self.moved.add(device)
            if waiting:
                self._waiting[device] = waiting  # behind the others
        return ready

    def sort(self, frames: Iterable[Frame]) -> list[Frame]:
        """Take whole transactions in; return the frames whose turn it is, in order. The others wait."""
        ready: list[Frame] = []
        for frame, place in _numbered(frames):
            device = frame.device_id
            if place is None or (device not in self._waiting and self._turns[device] < DEPTH):
                ready.append(frame)
                if place is not None:
                    self._turns[device] += 1
                continue
            if device not in self._waiting:
                self.moved.add(device)
            self._wait(place, frame)
        return ready

    def sort_again(self, frames: Iterable[Frame], places: Mapping[str, Place]) -> list[Frame]:
        """Do as `sort` with frames that were read before: late ones of these devices wait, from these places on.

        Those that had their turn before are in the checkpoint, and are neither returned nor kept.
        """
        ready: list[Frame] = []
        for frame, place in _numbered(frames):
            since = places.get(frame.device_id)
            if place is None or since is None:
                ready.append(frame)
            elif place >= since:
                self._wait(place, frame)
        return ready

    def forget(self, device: str) -> None:
        """Let nothing of a device wait here: others will see to it."""
        self._count -= len(self._waiting.pop(device, ()))
        self.moved.discard(device)

    def _wait(self, place: Place, frame: Frame) -> None:
        self._waiting.setdefault(frame.device_id, deque()).append((place, frame))
        self._count += 1


def _numbered(frames: Iterable[Frame]) -> Iterable[tuple[Frame, Place | None]]:
    """Yield frames, the late ones with their places."""
    last: dict[str, Place] = {}
    for frame in frames:
        if not is_late(frame):
            yield frame, None
            continue
        before = last.get(frame.device_id)
        number = before.number + 1 if before is not None and before.xid == frame.xid else 0
        place = last[frame.device_id] = Place(frame.xid, number)
        yield frame, place
