"""Which peaks are complexes: thresholds that follow the signal.  Pure, causal.

The rules of Hamilton (2002), doi:10.1109/CIC.2002.1166717, and Pan and Tompkins (1985), doi:10.1109/TBME.1985.325532:
a threshold between the medians of the last eight complexes and of the last eight other peaks; a peak soon after a
complex with less than half its slope is its T wave; where a complex is overdue, the best peak since the last one is
taken at half the threshold. Deviations are marked below.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from analytics.peaks import DECIDED_LAG, Candidates
from analytics.resample import BLOCK, FS_HZ
from analytics.rows import Bools, Floats, Integers, Rows, Singles, Table, column

#: Between the noise's level (0) and the complexes' (1): that of Pan and Tompkins; Hamilton has 0.3125.
_THRESHOLD: Final = 0.25
_OVERDUE: Final = 1.5
_OVERDUE_THRESHOLD: Final = 0.5
#: After the baseline swung: what the electrode did may have made the complexes smaller. (Not in Hamilton.)
_SWUNG_THRESHOLD: Final = 0.25
#: Height below which nothing is a complex: that of a complex of about 0.1 mV.
_LEAST: Final = 0.012
#: Peaks lower than this part of the threshold are neither complexes nor noise that matters.
_LOOKED_AT: Final = 0.1
_T_WAVE: Final = round(0.36 * FS_HZ)
_T_WAVE_SLOPE: Final = 0.5
_ONE_SIDED: Final = 1 / 8
#: A run begins with 1.4 s in which peaks are only gathered; then they are judged, the highest being a complex.
_LEARNING: Final = 7 * BLOCK
_GATHERED: Final = 8
_LONG_AGO: Final = -(10**12)
_USUAL_RR_S: Final = 1.0


@dataclass(slots=True)
class Detector(Table):
    """What is known of each row's complexes.

    Attributes
    ----------
    high, low : (8,) float32
        Heights of the last complexes and of the last other peaks.
    high_level, low_level : float32
        Their medians.
    rr_s : (8,) float32
        Last intervals; NaN where there are fewer.
    usual_rr_s : float32
        Their median.
    last : int64
        Sample of the run over which the last complex's energy peaked.
    last_r : float64
        Its R peak; NaN before the first of a run.
    last_slope : float32
    swung : bool
        The baseline swung since the last complex.
    learned : bool
        The levels are of this patient.
    held_* :
        The best peak since the last complex that was not taken for one; height 0 when there is none.
    gathered_* : (8,)
        Peaks of the time in which the levels are learned.
    """

    high: Singles = column(np.float32, 8)
    low: Singles = column(np.float32, 8)
    high_level: Singles = column(np.float32)
    low_level: Singles = column(np.float32)
    rr_s: Singles = column(np.float32, 8, first=np.nan)
    usual_rr_s: Singles = column(np.float32, first=_USUAL_RR_S)
    last: Integers = column(np.int64, first=_LONG_AGO)
    last_r: Floats = column(np.float64, first=np.nan)
    last_slope: Singles = column(np.float32)
    swung: Bools = column(np.bool_)
    learned: Bools = column(np.bool_)
    held: Floats = column(np.float64, 6)
    gathered: Floats = column(np.float64, _GATHERED, 6)
    n_gathered: Integers = column(np.int64)


class Detected(NamedTuple):
    """Complexes, at most one a row.

    Attributes
    ----------
    rr_s : float32
        Time since the complex before in the same run, else NaN.
    """

    candidates: Candidates
    rr_s: Singles


_KEPT: Final = frozenset({"high", "low", "high_level", "low_level", "usual_rr_s", "learned"})


def begin_run(detector: Detector, rows: Rows, *, forget: Bools) -> None:
    """Begin anew: intervals are not known across a gap; after a short one (not `forget`) the levels still hold."""
    detector.clear(rows[~forget], keep=_KEPT)
    detector.clear(rows[forget])


def get_threshold(detector: Detector, rows: Rows) -> Singles:
    """Return the height above which a peak is a complex."""
    low, high = detector.low_level[rows], detector.high_level[rows]
    threshold: Singles = np.maximum(low + (high - low) * np.float32(_THRESHOLD), np.float32(_LEAST))
    return threshold


def get_least(detector: Detector, rows: Rows) -> Singles:
    """Return the height below which a peak needs not be looked at."""
    least: Singles = np.maximum(get_threshold(detector, rows) * np.float32(_LOOKED_AT), np.float32(_LEAST))
    return least


def detect(detector: Detector, rows: Rows, index: Integers, candidates: Candidates) -> list[Detected]:
    """Judge the candidates of one block.

    Parameters
    ----------
    rows, index
        All rows of the block, and the index in the run of its first sample.
    candidates
        Their peaks.

    Returns
    -------
    list of Detected
        In the order of time for each row.
    """
    found: list[Detected] = []
    learned = detector.learned[candidates.row]
    if not learned.all():
        _gather(detector, candidates.only(np.flatnonzero(~learned)))
        candidates = candidates.only(np.flatnonzero(learned))
    ready = rows[~detector.learned[rows] & (index >= _LEARNING) & (detector.n_gathered[rows] > 0)]
    if len(ready):
        found += _learn(detector, ready)
    if len(candidates.row):
        found += _judge(detector, candidates)
    found += _search_back(detector, rows, index)
    return found


def _gather(detector: Detector, candidates: Candidates) -> None:
    at = np.minimum(detector.n_gathered[candidates.row], _GATHERED - 1)
    detector.gathered[candidates.row, at] = _pack(candidates)
    detector.n_gathered[candidates.row] = at + 1


def _pack(candidates: Candidates) -> Floats:
    return np.stack([each.astype(np.float64) for each in candidates[1:]], axis=1)


def _unpack(rows: Rows, packed: Floats) -> Candidates:
    centre, energy, slope, balance, r_index, amplitude_mv = packed.T
    return Candidates(
        rows,
        centre.astype(np.int64),
        energy.astype(np.float32),
        slope.astype(np.float32),
        balance.astype(np.float32),
        r_index.copy(),
        amplitude_mv.astype(np.float32),
    )


def _learn(detector: Detector, rows: Rows) -> list[Detected]:
    highest = detector.gathered[rows, :, 1].max(axis=1).astype(np.float32)
    detector.high[rows] = highest[:, None]
    detector.high_level[rows] = highest
    detector.learned[rows] = True
    found = []
    count = detector.n_gathered[rows]
    for turn in range(int(count.max())):
        some = rows[count > turn]
        found += _judge(detector, _unpack(some, detector.gathered[some, turn]))
    detector.n_gathered[rows] = 0
    detector.gathered[rows] = 0
    return found


def _judge(detector: Detector, candidates: Candidates) -> list[Detected]:
    row = candidates.row
    since = candidates.centre - detector.last[row]
    is_high = candidates.energy > get_threshold(detector, row)
    one_sided = candidates.balance < _ONE_SIDED
    is_t_wave = (since < _T_WAVE) & (candidates.slope < np.float32(_T_WAVE_SLOPE) * detector.last_slope[row])
    taken = is_high & ~is_t_wave & ~one_sided & (since >= BLOCK)
    found = [_accept(detector, candidates.only(np.flatnonzero(taken)))] if taken.any() else []
    other = np.flatnonzero(~is_high & ~one_sided & ~taken)
    if len(other):
        rest = candidates.only(other)
        detector.low[rest.row] = np.roll(detector.low[rest.row], 1, axis=1)
        detector.low[rest.row, 0] = rest.energy
        detector.low_level[rest.row] = _median(detector.low[rest.row])
        better = (rest.energy > detector.held[rest.row, 1]) & (since[other] >= _T_WAVE)
        best = rest.only(np.flatnonzero(better))
        detector.held[best.row] = _pack(best)
    return found


def _median(values: Singles) -> Singles:
    ranked = np.sort(values, axis=1)
    median: Singles = (ranked[:, 3] + ranked[:, 4]) * np.float32(0.5)
    return median


def _accept(detector: Detector, candidates: Candidates) -> Detected:
    row = candidates.row
    rr_s = ((candidates.r_index - detector.last_r[row]) / FS_HZ).astype(np.float32)
    detector.high[row] = np.roll(detector.high[row], 1, axis=1)
    detector.high[row, 0] = candidates.energy
    detector.high_level[row] = _median(detector.high[row])
    known = np.flatnonzero(~np.isnan(rr_s))
    if len(known):
        some = row[known]
        detector.rr_s[some] = np.roll(detector.rr_s[some], 1, axis=1)
        detector.rr_s[some, 0] = rr_s[known]
        ranked = np.sort(detector.rr_s[some], axis=1)  # NaN last
        count = (~np.isnan(ranked)).sum(axis=1)
        detector.usual_rr_s[some] = ranked[np.arange(len(some)), count // 2]
    detector.last[row] = candidates.centre
    detector.last_r[row] = candidates.r_index
    detector.last_slope[row] = candidates.slope
    detector.held[row] = 0
    detector.swung[row] = False
    return Detected(candidates, rr_s)


def _search_back(detector: Detector, rows: Rows, index: Integers) -> list[Detected]:
    decided = index + (BLOCK - 1) - DECIDED_LAG
    overdue = (decided - detector.last[rows]) > detector.usual_rr_s[rows] * np.float32(_OVERDUE * FS_HZ)
    part = np.where(detector.swung[rows], np.float32(_SWUNG_THRESHOLD), np.float32(_OVERDUE_THRESHOLD))
    enough = detector.held[rows, 1] > get_threshold(detector, rows) * part
    some = rows[overdue & enough & detector.learned[rows]]
    if not len(some):
        return []
    return [_accept(detector, _unpack(some, detector.held[some]))]
