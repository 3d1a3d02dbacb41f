"""Beats found against beats annotated, one by one, as ANSI/AAMI EC57 and its reference implementation do it.

That is ``bxb`` of the WFDB Software Package (bxb.c, whose names of cells are quoted below).

A beat found and a beat annotated within 150 ms of each other are a pair, each in one pair at most; every pair, and
every beat without a partner, is one count in a matrix of classes, from which the figures are summed. Ventricular
flutter and fibrillation that the experts annotated are not scored; beats that the engine found where it tells of
fibrillation itself are not read, as ``bxb`` does it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.evaluation.annotations import Annotations, Span, is_inside
from analytics.rows import Bools, Floats, Integers

MATCH_WINDOW_S: Final = 0.150
#: The first five minutes are for learning.
LEARNING_S: Final = 300.0
LEARNING: Final[Span] = (0.0, LEARNING_S)
SCORED: Final[Span] = (LEARNING_S, float("inf"))
#: Rows are what is annotated, columns what is found; O is no beat.
CLASSES: Final = "NSVFQO"
Matrix: TypeAlias = NDArray[np.int64]
_N, _S, _V, _F, _Q, _O = range(6)


class Counts(NamedTuple):
    """True positives, misses and false positives."""

    tp: int
    fn: int
    fp: int

    @property
    def se_percent(self) -> float | None:
        """Sensitivity; ``None`` where there was nothing to find."""
        return 100 * self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def ppv_percent(self) -> float | None:
        """Positive predictivity; ``None`` where nothing was found."""
        return 100 * self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    @property
    def f1_percent(self) -> float | None:
        """Harmonic mean of both; ``None`` where there is nothing at all."""
        return 200 * self.tp / (2 * self.tp + self.fn + self.fp) if any(self) else None


class Pairing(NamedTuple):
    """For each beat the place of its partner in the other list, -1 without one."""

    of_reference: Integers
    of_found: Integers


def pair(reference_s: Floats, found_s: Floats, window_s: float = MATCH_WINDOW_S) -> Pairing:
    """Pair beats one to one, both lists ascending.

    The rule of ``bxb``: of the earliest beat of either list, the first of the other list is the partner if it is
    within the window and no later beat of its own list lies nearer to that one.
    """
    of_reference = np.full(len(reference_s), -1, np.int64)
    of_found = np.full(len(found_s), -1, np.int64)
    reference, found = [*reference_s.tolist(), np.inf, np.inf], [*found_s.tolist(), np.inf, np.inf]
    # Times are samples' times: half a microsecond forgives their rounding.
    window_s += 5e-7
    i = j = 0
    while i < len(reference_s) or j < len(found_s):
        distance = found[j] - reference[i]
        after = found[j + 1] - reference[i] if distance < 0 else found[j] - reference[i + 1]
        if abs(distance) <= window_s and abs(distance) < abs(after) - 1e-9:
            of_reference[i], of_found[j] = j, i
            i += 1
            j += 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    return Pairing(of_reference, of_found)


def compare(reference: Annotations, found: Annotations, spans: Sequence[Span]) -> Matrix:
    """Count pairs by class where the annotated beat, or the beat found without a partner, lies in the spans.

    Parameters
    ----------
    spans
        Stretches to score, begin included, end not, seconds.

    Returns
    -------
    (6, 6) int64
        Annotated class by found class, in the order of `CLASSES`.
    """
    kept = ~is_inside(found.vf_s, found.beats_s)
    found_s, found_class = found.beats_s[kept], _number(found.labels[kept])
    reference_class = _number(reference.labels)
    pairing = pair(reference.beats_s, found_s)
    partner = np.append(found_class, _O)[pairing.of_reference]
    counted = _is_in(spans, reference.beats_s) & ~is_inside(reference.vf_s, reference.beats_s)
    extra = (pairing.of_found < 0) & _is_in(spans, found_s) & ~is_inside(reference.vf_s, found_s)
    matrix = np.zeros((6, 6), np.int64)
    np.add.at(matrix, (reference_class[counted], partner[counted]), 1)
    np.add.at(matrix, (np.full(int(extra.sum()), _O), found_class[extra]), 1)
    return matrix


def _number(labels: NDArray[np.bytes_]) -> Integers:
    return np.array([CLASSES.index(label.decode()) for label in labels.tolist()], np.int64)


def _is_in(spans: Sequence[Span], times_s: Floats) -> Bools:
    inside = np.zeros(len(times_s), np.bool_)
    for begin_s, end_s in spans:
        inside |= (times_s >= begin_s) & (times_s < end_s)
    return inside


def get_qrs(matrix: Matrix) -> Counts:
    """Return the counts of beats whatever their class."""
    return Counts(int(matrix[:_O, :_O].sum()), int(matrix[:_O, _O].sum()), int(matrix[_O, :_O].sum()))


def get_veb(matrix: Matrix) -> Counts:
    """Return the counts of ventricular ectopic beats.

    False are those found at N, at S, or at no beat; one found at a fusion or at an unknown beat is neither right nor
    wrong (``bxb``: VFP = Nv + Sv + Ov + Xv).
    """
    return Counts(int(matrix[_V, _V]), int(np.delete(matrix[_V], _V).sum()), int(matrix[[_N, _S, _O], _V].sum()))


def get_sveb(matrix: Matrix) -> Counts:
    """Return the counts of supraventricular ectopic beats.

    False are those found at N, V, F, or at no beat; one found at an unknown beat is neither right nor wrong
    (``bxb``: SFP = Ns + Vs + Fs + Os + Xs).
    """
    return Counts(int(matrix[_S, _S]), int(np.delete(matrix[_S], _S).sum()), int(matrix[[_N, _V, _F, _O], _S].sum()))
