"""When a device is told what the database has, and in which words.  Pure: the clock is an argument."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from heartwire.frames import Ack
from ingest.decode import StreamKey

#: Most missing ranges in one ack (the wire's bound).
GAPS_MAX: Final = 256
#: Least time between two acks because a frame came again (its edge did not hear the last one), or because its edge
#: has more to send than may be under way, seconds.
_AGAIN_S: Final = 0.25

Gaps: TypeAlias = tuple[tuple[int, int], ...]


class Watermark(NamedTuple):
    """What the database has of one stream, as a commit left it.

    `gaps` are ranges of seq, both ends included, in order; more than `GAPS_MAX` of them say that there are more.
    `new_frames` and `known_frames` are those of the commit's own batch, `is_catching_up` whether they are backlog.
    """

    key: StreamKey
    highest: int
    gaps: Gaps
    new_frames: int
    known_frames: int
    is_catching_up: bool = False

    def up_to_first_gap(self) -> "Watermark":
        """Return it without a word about anything beyond its first gap."""
        return self if not self.gaps else self._replace(highest=self.gaps[0][0] - 1, gaps=())


def ack_of(watermark: Watermark) -> Ack:
    """Say it in the wire's words; with too many gaps, only up to the first that does not fit."""
    gaps = watermark.gaps[:GAPS_MAX]
    highest = watermark.gaps[GAPS_MAX][0] - 1 if len(watermark.gaps) > GAPS_MAX else watermark.highest
    committed = gaps[0][0] - 1 if gaps else highest
    return Ack(watermark.key.boot_id, watermark.key.stream, committed, gaps, highest)


def has_new_gap(gaps: Gaps, told: Gaps) -> bool:
    """Whether something is missing of which the device was not told; both in order."""
    position = 0
    for low, high in gaps:
        while position < len(told) and told[position][1] < low:
            position += 1
        if position == len(told) or not (told[position][0] <= low and high <= told[position][1]):
            return True
    return False


@dataclass(slots=True)
class _Stream:
    told_s: float = float("-inf")
    told: Gaps = ()
    due_s: float = float("inf")
    frames: int = 0
    waiting: Watermark | None = None


class Watermarks:
    """Paces the acks of all streams.

    A stream that was silent is told at once, and then every `every_s` while frames come; at once after
    `every_frames` and when a new gap appears, soon when a known frame comes again or backlog is delivered. Streams of
    which there is nothing to say are forgotten after `every_s`, so what is held is bounded by the streams that send.

    Parameters
    ----------
    every_s, every_frames : float, int
        The pace.
    """

    def __init__(self, every_s: float, every_frames: int) -> None:
        self._every_s: Final = every_s
        self._every_frames: Final = every_frames
        self._streams: Final[dict[StreamKey, _Stream]] = {}
        self._agenda: Final[list[tuple[float, int, StreamKey]]] = []
        self._order: Final = itertools.count()

    def __len__(self) -> int:
        """Return how many streams are remembered."""
        return len(self._streams)

    def note(self, watermark: Watermark, now_s: float) -> None:
        """Take in what a commit left; `now_s` is a monotonic clock, seconds."""
        stream = self._streams.setdefault(watermark.key, _Stream())
        stream.waiting = watermark
        stream.frames += watermark.new_frames
        due_s = stream.told_s + self._every_s
        if stream.frames >= self._every_frames or has_new_gap(watermark.gaps, stream.told):
            due_s = now_s
        elif watermark.known_frames or watermark.is_catching_up:
            due_s = min(due_s, stream.told_s + _AGAIN_S)
        due_s = max(due_s, now_s)
        if due_s < stream.due_s:
            stream.due_s = due_s
            self._put(due_s, watermark.key)

    def clear(self) -> None:
        """Forget all streams."""
        self._streams.clear()
        self._agenda.clear()

    def due(self, now_s: float) -> Iterator[Watermark]:
        """Yield what is to be said now; what is yielded counts as said."""
        while self._agenda and self._agenda[0][0] <= now_s:
            _, _, key = heapq.heappop(self._agenda)
            stream = self._streams.get(key)
            if stream is None:
                continue
            if stream.waiting is not None and stream.due_s <= now_s:
                watermark = stream.waiting
                self._streams[key] = _Stream(told_s=now_s, told=watermark.gaps)
                self._put(now_s + self._every_s, key)
                yield watermark
            elif stream.waiting is None and stream.told_s + self._every_s <= now_s:
                del self._streams[key]

    def next_s(self) -> float:
        """Return when `due` is worth asking, same clock."""
        return self._agenda[0][0] if self._agenda else float("inf")

    def _put(self, when_s: float, key: StreamKey) -> None:
        heapq.heappush(self._agenda, (when_s, next(self._order), key))
