"""How well beats found agree with beats annotated, as ANSI/AAMI EC57 compares them.  Pure.

Clause 4.3: a beat found and a beat annotated within 150 ms of each other are a pair, each in one pair at most;
a beat of either list without a partner is a miss or a false detection. The first five minutes are for learning and
not scored; nor is ventricular flutter or fibrillation (clause 4.2), between ``[`` and ``]``.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rows import Bools, Floats

MATCH_WINDOW_S: Final = 0.150
LEARNING_S: Final = 300.0
#: Annotation codes that are beats (EC57 table 1; WFDB codes).
BEAT_SYMBOLS: Final = frozenset("NLRBAaJSVrFejnE/fQ?")


class Counts(NamedTuple):
    """Beats found and annotated, beats annotated only, beats found only."""

    tp: int
    fn: int
    fp: int

    @property
    def se_percent(self) -> float | None:
        """Sensitivity; ``None`` without beats."""
        return 100 * self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def ppv_percent(self) -> float | None:
        """Positive predictivity; ``None`` without beats."""
        return 100 * self.tp / (self.tp + self.fp) if self.tp + self.fp else None

    def plus(self, other: "Counts") -> "Counts":
        """Add up, for gross statistics."""
        return Counts(self.tp + other.tp, self.fn + other.fn, self.fp + other.fp)


class Reference(NamedTuple):
    """What experts annotated.

    Attributes
    ----------
    beats_s : (n,) float64
        Times of the beats, ascending.
    flutter_s : tuple of (float, float)
        Stretches of ventricular flutter or fibrillation.
    """

    beats_s: Floats
    flutter_s: tuple[tuple[float, float], ...]


class Pairing(NamedTuple):
    """Which beats have a partner, by place in either list."""

    reference_paired: Bools
    found_paired: Bools


def read_reference(times_s: Floats, symbols: Sequence[str], end_s: float) -> Reference:
    """Sort annotations into beats and flutter; one that does not end lasts until `end_s`."""
    beats, flutter = [], []
    begin: float | None = None
    for time, symbol in zip(times_s.tolist(), symbols, strict=True):
        if symbol == "[":
            begin = time
        elif symbol == "]" and begin is not None:
            flutter.append((begin, time))
            begin = None
        elif symbol in BEAT_SYMBOLS:
            beats.append(time)
    if begin is not None:
        flutter.append((begin, end_s))
    return Reference(np.array(beats, np.float64), tuple(flutter))


def pair(reference_s: Floats, found_s: Floats, window_s: float = MATCH_WINDOW_S) -> Pairing:
    """Pair beats one to one, both lists ascending.

    Walking along both lists, the earliest two that are free and within the window of each other are a pair: as many
    pairs as there can be.
    """
    reference_paired = np.zeros(len(reference_s), np.bool_)
    found_paired = np.zeros(len(found_s), np.bool_)
    reference, found = reference_s.tolist(), found_s.tolist()
    # Times are samples' times: half a microsecond forgives their rounding.
    window_s += 5e-7
    i = j = 0
    while i < len(reference) and j < len(found):
        distance = found[j] - reference[i]
        if distance > window_s:
            i += 1
        elif distance < -window_s:
            j += 1
        else:
            reference_paired[i] = found_paired[j] = True
            i += 1
            j += 1
    return Pairing(reference_paired, found_paired)


class Score(NamedTuple):
    """Counts of one record: after the first five minutes, and in them."""

    scored: Counts
    learning: Counts


def score(reference: Reference, found_s: NDArray[np.float64]) -> Score:
    """Compare the beats found in a record with those annotated.

    Parameters
    ----------
    reference
        Annotations.
    found_s : (n,) float64
        Times of the beats found, ascending.
    """
    pairing = pair(reference.beats_s, found_s)
    reference_counts = ~_is_flutter(reference, reference.beats_s)
    found_counts = ~_is_flutter(reference, found_s) | pairing.found_paired
    parts = []
    for is_learning in (False, True):
        of_reference = reference_counts & ((reference.beats_s < LEARNING_S) == is_learning)
        of_found = found_counts & ((found_s < LEARNING_S) == is_learning)
        parts.append(
            Counts(
                int((pairing.reference_paired & of_reference).sum()),
                int((~pairing.reference_paired & of_reference).sum()),
                int((~pairing.found_paired & of_found).sum()),
            )
        )
    return Score(*parts)


def _is_flutter(reference: Reference, times_s: Floats) -> Bools:
    inside = np.zeros(len(times_s), np.bool_)
    for begin_s, end_s in reference.flutter_s:
        inside |= (times_s >= begin_s) & (times_s <= end_s)
    return inside


def is_confirmed(call: str, limit: float, onset_s: float, raised_s: float, beats_s: Floats) -> bool | None:
    """Whether annotated beats around an alarm meet its rule too; ``None`` for a call that beats cannot confirm.

    A tolerance of one match window on times and 5 bpm on rates: it asks whether the alarm is right, not exact.
    """
    near = beats_s[(beats_s >= onset_s - 1.0) & (beats_s <= raised_s + 1.0)]
    if call in {"asystole", "pause"}:
        edges = np.concatenate([[onset_s - 1.0], near, [raised_s + 1.0]]) if len(near) < 2 else near
        following = beats_s[beats_s > raised_s + 1.0][:1]
        return bool(np.diff(np.concatenate([edges, following])).max() >= limit - 2 * MATCH_WINDOW_S)
    intervals = {"extreme_tachycardia": 16, "extreme_bradycardia": 4}.get(call)
    if call not in {"extreme_tachycardia", "extreme_bradycardia", "tachycardia", "bradycardia"}:
        return None
    if intervals is None:
        intervals = max(1, int(((beats_s >= onset_s - 0.5) & (beats_s <= raised_s)).sum()) - 1)
    if len(near) <= intervals:
        return call.endswith("bradycardia")
    rates = 60 * intervals / (near[intervals:] - near[:-intervals])
    return bool(rates.max() > limit - 5) if call.endswith("tachycardia") else bool(rates.min() < limit + 5)
