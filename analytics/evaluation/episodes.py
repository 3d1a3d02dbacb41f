"""Episodes found against episodes annotated, as ANSI/AAMI EC57 and WFDB's ``epicmp`` (epicmp.c) do it.

An annotated episode is found if any part of it is; an episode found is right if any part of it is annotated.
Durations are compared by what both have in common.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import Span, merge
from analytics.evaluation.runs import TwoSided
from analytics.rows import Bools

#: An alarm so long after the end of what it speaks of still tells of it, seconds.
_TOLD_LATE_S: Final = 10.0


class Episodes(NamedTuple):
    """Figures of episodes.

    Attributes
    ----------
    counts : TwoSided
        Episodes.
    reference_s, found_s, both_s : float
        Seconds annotated, found, and both.
    """

    counts: TwoSided
    reference_s: float
    found_s: float
    both_s: float

    @property
    def duration_se_percent(self) -> float | None:
        """Annotated time that was found; ``None`` without such time."""
        return 100 * self.both_s / self.reference_s if self.reference_s else None

    @property
    def duration_ppv_percent(self) -> float | None:
        """Time found that is annotated; ``None`` without such time."""
        return 100 * self.both_s / self.found_s if self.found_s else None

    def plus(self, other: "Episodes") -> "Episodes":
        """Add up, for gross statistics."""
        return Episodes(
            self.counts.plus(other.counts),
            self.reference_s + other.reference_s,
            self.found_s + other.found_s,
            self.both_s + other.both_s,
        )


class Seconds(NamedTuple):
    """Seconds of the record, by whether a rhythm is annotated and found in most of them."""

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def se_percent(self) -> float | None:
        """Sensitivity; ``None`` without such seconds."""
        return 100 * self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def sp_percent(self) -> float | None:
        """Specificity; ``None`` without other seconds."""
        return 100 * self.tn / (self.tn + self.fp) if self.tn + self.fp else None

    def plus(self, other: "Seconds") -> "Seconds":
        """Add up, for gross statistics."""
        return Seconds(*(mine + its for mine, its in zip(self, other, strict=True)))


def compare_episodes(
    reference: Sequence[Span], found: Sequence[Span], within: Span, excluded: Sequence[Span] = ()
) -> Episodes:
    """Compare episodes within a stretch of the record.

    Parameters
    ----------
    reference, found
        Episodes, ascending, seconds.
    excluded
        Stretches that count for nobody; an episode that one of them cuts in two is still one.
    """
    judged = _subtract([within], merge(excluded))
    annotated = [pieces for each in reference if (pieces := _intersect([each], judged))]
    detected = [pieces for each in found if (pieces := _intersect([each], judged))]
    all_annotated = [piece for pieces in annotated for piece in pieces]
    all_detected = [piece for pieces in detected for piece in pieces]
    seen = [bool(_intersect(pieces, all_detected)) for pieces in annotated]
    right = [bool(_intersect(pieces, all_annotated)) for pieces in detected]
    return Episodes(
        TwoSided(sum(seen), len(seen) - sum(seen), sum(right), len(right) - sum(right)),
        _get_length(all_annotated),
        _get_length(all_detected),
        _get_length(_intersect(all_annotated, all_detected)),
    )


def _intersect(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    common = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return [(begin_s, end_s) for begin_s, end_s in common if end_s > begin_s]


def _subtract(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    left = list(some)
    for begin_s, end_s in others:
        left = [piece for a, b in left for piece in ((a, min(b, begin_s)), (max(a, end_s), b)) if piece[1] > piece[0]]
    return left


def _get_length(spans: Iterable[Span]) -> float:
    return float(sum(end_s - begin_s for begin_s, end_s in spans))


def count_seconds(
    reference: Sequence[Span], found: Sequence[Span], seconds: float, excluded: Sequence[Span] = ()
) -> Seconds:
    """Count whole seconds of a record; a second any part of which is excluded is not counted."""
    size = int(seconds)
    counted = _get_cover(excluded, size) <= 0
    annotated, detected = (_get_cover(each, size) >= 0.5 for each in (reference, found))
    cells = (annotated & detected, annotated & ~detected, ~annotated & detected, ~annotated & ~detected)
    return Seconds(*(_count(cell & counted) for cell in cells))


def _count(cell: Bools) -> int:
    return int(cell.sum())


def _get_cover(spans: Sequence[Span], size: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return how much of each second the spans cover."""
    begin_s = np.arange(size, dtype=np.float64)
    cover = np.zeros(size)
    for start_s, end_s in spans:
        cover += np.clip(np.minimum(end_s, begin_s + 1) - np.maximum(start_s, begin_s), 0, None)
    return cover


def get_delays(reference: Sequence[Span], alarms: Sequence[tuple[float, float]]) -> list[float | None]:
    """Return for each annotated episode the seconds from its onset to the alarm; ``None`` without one.

    Parameters
    ----------
    alarms : sequence of (raised_s, ended_s)
        An alarm that was there already at the onset has a delay of 0.
    """
    delays: list[float | None] = []
    for begin_s, end_s in reference:
        raised = [raised_s for raised_s, ended_s in alarms if ended_s > begin_s and raised_s <= end_s + _TOLD_LATE_S]
        delays.append(max(min(raised) - begin_s, 0.0) if raised else None)
    return delays
