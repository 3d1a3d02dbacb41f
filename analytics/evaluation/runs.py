"""Runs of ectopic beats found against runs annotated, as ANSI/AAMI EC57 and WFDB's ``rxr`` (rxr.c) compare them.

A run is a row of V or F beats (supraventricular: of S beats; in atrial fibrillation every N counts as S). It is found
where the other annotator has as long a run within it, 150 ms more at either end: a couplet needs two, a short run
(3 to 5) three, a long run (6 or more, fibrillation too) six. Sensitivity looks from the annotated runs, positive
predictivity from the runs found; so the true positives of both differ.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import AF_RHYTHMS, Annotations, Span, is_inside
from analytics.evaluation.beats import LEARNING_S, MATCH_WINDOW_S
from analytics.rows import Bools, Floats

_LONGEST: Final = 6


class TwoSided(NamedTuple):
    """Episodes annotated that were found or not, and episodes found that are annotated or not."""

    tp_se: int
    fn: int
    tp_ppv: int
    fp: int

    @property
    def se_percent(self) -> float | None:
        """Sensitivity; ``None`` where there was nothing to find."""
        return 100 * self.tp_se / (self.tp_se + self.fn) if self.tp_se + self.fn else None

    @property
    def ppv_percent(self) -> float | None:
        """Positive predictivity; ``None`` where nothing was found."""
        return 100 * self.tp_ppv / (self.tp_ppv + self.fp) if self.tp_ppv + self.fp else None

    def plus(self, other: "TwoSided") -> "TwoSided":
        """Add up, for gross statistics."""
        return TwoSided(*(mine + its for mine, its in zip(self, other, strict=True)))


class Runs(NamedTuple):
    """Figures by length."""

    couplets: TwoSided
    short: TwoSided
    long: TwoSided

    def plus(self, other: "Runs") -> "Runs":
        """Add up, for gross statistics."""
        return Runs(*(mine.plus(its) for mine, its in zip(self, other, strict=True)))


class _Run(NamedTuple):
    begin_s: float
    end_s: float
    length: int


class _Line(NamedTuple):
    """An annotator's beats, each in a run or not, and stretches that are a long run in themselves."""

    beats_s: Floats
    is_ectopic: Bools
    fibrillation: list[Span]


def compare_ventricular_runs(reference: Annotations, found: Annotations, begin_s: float = LEARNING_S) -> Runs:
    """Compare runs of V and F beats from `begin_s` on."""
    return _compare(_get_ventricular(reference), _get_ventricular(found), begin_s)


def compare_supraventricular_runs(reference: Annotations, found: Annotations, begin_s: float = LEARNING_S) -> Runs:
    """Compare runs of S beats from `begin_s` on."""
    return _compare(_get_supraventricular(reference), _get_supraventricular(found), begin_s)


def _get_ventricular(annotations: Annotations) -> _Line:
    return _make_line(annotations, np.isin(annotations.labels, [b"V", b"F"]), annotations.vf_s)


def _get_supraventricular(annotations: Annotations) -> _Line:
    return _make_line(annotations, annotations.labels == b"S", annotations.get_spans(AF_RHYTHMS))


def _make_line(annotations: Annotations, is_ectopic: Bools, fibrillation: list[Span]) -> _Line:
    outside = ~is_inside(fibrillation, annotations.beats_s)
    return _Line(annotations.beats_s[outside], is_ectopic[outside], fibrillation)


def _compare(reference: _Line, found: _Line, begin_s: float) -> Runs:
    annotated = [
        (run.length, _get_longest(found, run.begin_s - MATCH_WINDOW_S, run.end_s + MATCH_WINDOW_S))
        for run in _find_runs(reference, begin_s)
    ]
    detected = [
        (run.length, _get_longest(reference, run.begin_s - MATCH_WINDOW_S, run.end_s + MATCH_WINDOW_S))
        for run in _find_runs(found, begin_s)
    ]
    return Runs(*(_count(annotated, detected, least, most) for least, most in ((2, 2), (3, 5), (_LONGEST, _LONGEST))))


def _count(annotated: list[tuple[int, int]], detected: list[tuple[int, int]], least: int, most: int) -> TwoSided:
    found = [other >= least for length, other in annotated if least <= length <= most]
    right = [other >= least for length, other in detected if least <= length <= most]
    return TwoSided(sum(found), len(found) - sum(found), sum(right), len(right) - sum(right))


def _find_runs(line: _Line, begin_s: float) -> Iterator[_Run]:
    """Give the runs; of one that the record's end cuts off, only a long one has a length that is sure."""
    marks = sorted(
        [(at, at, ectopic, 1) for at, ectopic in zip(line.beats_s.tolist(), line.is_ectopic.tolist(), strict=True)]
        + [(start_s, end_s, True, _LONGEST) for start_s, end_s in line.fibrillation]
    )
    run: _Run | None = None
    for start_s, end_s, ectopic, length in marks:
        if end_s < begin_s:
            continue
        if not ectopic:
            if run is not None:
                yield run
            run = None
        elif run is None:
            run = _Run(max(start_s, begin_s), end_s, length)
        else:
            run = _Run(run.begin_s, max(run.end_s, end_s), min(run.length + length, _LONGEST))
    if run is not None and run.length == _LONGEST:
        yield run


def _get_longest(line: _Line, begin_s: float, end_s: float) -> int:
    """Return the longest row of ectopic beats in the window, six at most."""
    if any(start_s <= end_s and stop_s > begin_s for start_s, stop_s in line.fibrillation):
        return _LONGEST
    first, last = np.searchsorted(line.beats_s, [begin_s, end_s + 1e-9])
    longest = length = 0
    for ectopic in line.is_ectopic[first:last].tolist():
        length = length + 1 if ectopic else 0
        longest = max(longest, length)
    return min(longest, _LONGEST)
