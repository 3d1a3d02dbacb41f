"""A histogram that costs a look into a short list: how often a value fell below each bound.  Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final


class Tally:
    """Counts values by size; one thread adds, any other may read.

    Parameters
    ----------
    bounds : sequence of float
        Upper bounds, rising; a value on a bound belongs to it, as Prometheus has it.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds: Final = tuple(bounds)
        self._counts: Final = [0] * (len(self._bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[float, int]]:
        """Return each bound with how many values were not above it; the last bound is infinity."""
        count = 0
        rising = []
        for bound, here in zip((*self._bounds, float("inf")), self._counts, strict=True):
            count += here
            rising.append((bound, count))
        return rising
