"""Which numbers of a stream are known: a set of integers as ranges, cheap where they come in order.  Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Gap(NamedTuple):
    """Numbers that are missing, both ends included."""

    low: int
    high: int


class SeqSet:
    """Numbers from 0 on, held as ranges that neither touch nor overlap.

    Parameters
    ----------
    ranges : iterable of (int, int)
        First number and the one after the last, in order.
    """

    __slots__ = ("_highs", "_lows")

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        # Of each range its first number, and the one after its last.
        self._lows: list[int] = []
        self._highs: list[int] = []
        for low, high in ranges:
            self._lows.append(low)
            self._highs.append(high)

    def add(self, seq: int) -> bool:
        """Take a number in; return ``False`` when it was there."""
        highs = self._highs
        if highs and highs[-1] == seq:
            highs[-1] = seq + 1
            return True
        return self._add(seq)

    def _add(self, seq: int) -> bool:
        lows, highs = self._lows, self._highs
        after = bisect_right(lows, seq)
        if after and seq < highs[after - 1]:
            return False
        touches_before = after > 0 and highs[after - 1] == seq
        touches_after = after < len(lows) and lows[after] == seq + 1
        if touches_before and touches_after:
            highs[after - 1] = highs.pop(after)
            lows.pop(after)
        elif touches_before:
            highs[after - 1] = seq + 1
        elif touches_after:
            lows[after] = seq
        else:
            lows.insert(after, seq)
            highs.insert(after, seq + 1)
        return True

    def __contains__(self, seq: int) -> bool:
        after = bisect_right(self._lows, seq)
        return after > 0 and seq < self._highs[after - 1]

    @property
    def highest(self) -> int:
        """The highest number, -1 for none."""
        return self._highs[-1] - 1 if self._highs else -1

    @property
    def ranges(self) -> Sequence[tuple[int, int]]:
        """First number and the one after the last of each range, in order."""
        return tuple(zip(self._lows, self._highs, strict=True))

    def gaps(self, most: int) -> tuple[Gap, ...]:
        """Return what is missing below the highest, at most so many ranges, the lowest first."""
        lows, highs = self._lows, self._highs
        if not lows or (len(lows) == 1 and not lows[0]):
            return ()
        first = (Gap(0, lows[0] - 1),) if lows[0] else ()
        between = zip(highs[:most], lows[1 : most + 1], strict=False)
        return (*first, *(Gap(high, low - 1) for high, low in between))[:most]


def multirange(seqs: Sequence[int]) -> str:
    """Return numbers, each once, in PostgreSQL's words for an ``int8multirange``."""
    if len(seqs) == 1:
        return f"{{[{seqs[0]},{seqs[0] + 1})}}"
    added = SeqSet()
    for seq in sorted(seqs):
        added.add(seq)
    return "{" + ",".join(f"[{low},{high})" for low, high in added.ranges) + "}"
