"""Which limit would have rung less and lost nothing, from how far each alarm went.  Pure.

It is a thought, not a finding: the rates are counted from beats, as the engine nearly does, so a rehearsal on the
stored signal says what would really have rung (docs/adr/0026).
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from heartwire.calls import CALLS, Limit

#: Rings of a limit of which nothing is said yet, and reviewed false ones without which nobody knows what they were.
LEAST_RINGS: Final = 5
_LEAST_FALSE: Final = 3
#: A suggestion silences at least this part of what was not true: less is not worth a change.
_LEAST_PART: Final = 0.5


class Reach(NamedTuple):
    """How far an alarm went, in all that a limit may be about; ``None`` where it is not known.

    Attributes
    ----------
    slowest, fastest : float or None
        Mean rate over ten seconds, beats a minute.
    longest_s, lasted_s : float or None
        The longest interval; how long it was true, seconds.
    most_v : float or None
        Ventricular beats in a minute.
    """

    slowest: float | None
    fastest: float | None
    longest_s: float | None
    lasted_s: float | None
    most_v: float | None


class Direction(NamedTuple):
    """A call's limit that can be suggested: its name, whether the alarm rings below it, and which reach it is about."""

    name: str
    is_low: bool
    step: float
    reach: Literal["slowest", "fastest", "longest_s", "lasted_s", "most_v"]


#: By call. What is of high priority is not here: nobody is to be led to quieten those by a number.
DIRECTIONS: Final = {
    "bradycardia": Direction("bpm", is_low=True, step=1.0, reach="slowest"),
    "tachycardia": Direction("bpm", is_low=False, step=1.0, reach="fastest"),
    "supraventricular_tachycardia": Direction("bpm", is_low=False, step=1.0, reach="fastest"),
    "pause": Direction("seconds", is_low=False, step=0.1, reach="longest_s"),
    "atrial_fibrillation": Direction("seconds", is_low=False, step=5.0, reach="lasted_s"),
    "frequent_pvcs": Direction("count", is_low=False, step=1.0, reach="most_v"),
}


class Ring(NamedTuple):
    """One alarm: the farthest that it went past the limit (``None`` where no beat is known), and its verdict."""

    extreme: float | None
    verdict: str | None


class Suggestion(msgspec.Struct, frozen=True):
    """Another limit: how many `of` the rings it would have silenced, and how many that were true would still ring."""

    value: float
    silences: int
    of: int
    still_true: int


def extreme(call: str, reach: Reach) -> float | None:
    """Return how far past its call's limit an alarm went, ``None`` where that is not known."""
    value: float | None = getattr(reach, DIRECTIONS[call].reach)
    return value


def suggest(call: str, value: float, rings: Sequence[Ring]) -> Suggestion | None:
    """Return the limit nearest to this one that silences most and loses nothing true, or ``None``.

    Nearest: the first of those that silence as many as any that loses nothing.
    """
    direction = DIRECTIONS.get(call)
    n_true = sum(ring.verdict == "true" for ring in rings)
    n_false = sum(ring.verdict == "false" for ring in rings)
    if direction is None or len(rings) < LEAST_RINGS or n_false < _LEAST_FALSE or n_true >= n_false:
        return None
    best: Suggestion | None = None
    for candidate in _candidates(CALLS[call].limits[direction.name], value, direction):
        silenced = [ring for ring in rings if not _rings_at(ring, candidate, is_low=direction.is_low)]
        if any(ring.verdict == "true" for ring in silenced):
            break
        if len(silenced) > (0 if best is None else best.silences):
            best = Suggestion(candidate, len(silenced), len(rings), n_true)
    if best is None or best.silences < _LEAST_PART * (len(rings) - n_true):
        return None
    return best


def _candidates(limit: Limit, value: float, direction: Direction) -> list[float]:
    """Return limits less sensitive than this one, the nearest first, at most a third away: beyond is another matter."""
    step = -direction.step if direction.is_low else direction.step
    least, most = max(limit.low, value * 2 / 3), min(limit.high, value * 4 / 3)
    candidates = (round(value + number * step, 1) for number in range(1, 200))
    return [candidate for candidate in candidates if least <= candidate <= most]


def _rings_at(ring: Ring, limit: float, *, is_low: bool) -> bool:
    """Whether it would still ring; what is not known does."""
    if ring.extreme is None:
        return True
    return ring.extreme < limit if is_low else ring.extreme > limit
