"""What an acknowledgement says the database has.  Pure."""

from typing import NamedTuple

from heartwire.frames import Ack


class SeqRange(NamedTuple):
    """Frames from `first` to `last`, both included."""

    first: int
    last: int


class ContradictoryAckError(ValueError):
    """An acknowledgement that cannot be true."""


def confirmed_ranges(ack: Ack) -> tuple[SeqRange, ...]:
    """Return the ranges of seq that the database has, in order, not touching each other.

    Raises
    ------
    ContradictoryAckError
        If `highest` is below `committed`, or the missing ranges are out of order, overlap, or lie outside
        of what is between the two. Nothing of such an acknowledgement is believed.
    """
    if ack.highest < ack.committed:
        raise ContradictoryAckError(f"highest {ack.highest} is below committed {ack.committed}")
    ranges: list[SeqRange] = []
    first = 0
    for low, high in ack.missing:
        if not max(first, ack.committed + 1) <= low <= high < ack.highest:
            raise ContradictoryAckError(
                f"missing {low} to {high} does not fit between {max(first, ack.committed + 1)} and {ack.highest}"
            )
        if low > first:
            ranges.append(SeqRange(first, low - 1))
        first = high + 1
    if ack.highest >= first:
        ranges.append(SeqRange(first, ack.highest))
    return tuple(ranges)
