"""Where the detection signal peaks, and what the ECG looks like there.  Pure, causal.

A peak counts when nothing within 200 ms on either side is higher (Hamilton 2002, rule 1: the refractory period). So
a block of 0.2 s has one at most, and it is known 200 ms later.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.filters import LAG
from analytics.resample import BLOCK
from analytics.rows import Floats, Integers, Rows, Singles, Table, column

#: 200 ms: two complexes are never closer.
REFRACTORY: Final = BLOCK
#: Samples by which what is decided lags behind the ECG.
DECIDED_LAG: Final = LAG + REFRACTORY
_RING_BLOCKS: Final = 8
_RING: Final = _RING_BLOCKS * BLOCK
#: The ECG about a peak: 0.19 s on either side.
_HALF: Final = 24
_WINDOW: Final = np.arange(-_HALF, _HALF + 1)
#: The R peak is looked for so far from the detection signal's peak: 96 ms.
_REACH: Final = 12
#: A QRS bends within 48 ms.
_BEND: Final = 6
#: A turn of the other direction must be so much sharper to be the R peak: the choice stays with one of R and S.
_SAME_DIRECTION: Final = 1.25
_SHARPEST: Final = 3


@dataclass(slots=True)
class Peaks(Table):
    """What is remembered of each row's signals.

    Attributes
    ----------
    energy : (50,) float32
        Detection signal of the last two blocks.
    ecg : (200,) float32
        ECG of the last eight blocks, mV, each at its index modulo 200.
    direction : int8
        Of the last complex: 1 up, -1 down, 0 unknown.
    """

    energy: Singles = column(np.float32, 2 * BLOCK)
    ecg: Singles = column(np.float32, _RING)
    direction: NDArray[np.int8] = column(np.int8)


class Candidates(NamedTuple):
    """Peaks that may be complexes, at most one a row.

    Attributes
    ----------
    row : int64
    centre : int64
        Sample of the run over which the detection signal peaks.
    energy, slope : float32
        Height of the peak, and the steepest change of the ECG there over 16 ms, mV.
    balance : float32
        The lesser of the steepest rise and fall, over the greater: a QRS has both.
    r_index : float64
        Sample of the run, with its fraction, of the R peak.
    amplitude_mv : float32
        Of the R peak over the ECG 48 ms before.
    """

    row: Rows
    centre: Integers
    energy: Singles
    slope: Singles
    balance: Singles
    r_index: Floats
    amplitude_mv: Singles

    def only(self, which: Integers) -> "Candidates":
        """Return some of them."""
        return Candidates._make(each[which] for each in self)


class Found(NamedTuple):
    """Candidates of one block, and for each row the highest value not judged yet."""

    candidates: Candidates
    ahead: Singles


def find(
    peaks: Peaks,
    rows: Rows,
    block: Singles,
    energy: Singles,
    index: Integers,
    *,
    at_start: Rows,
    least: Singles,
) -> Found:
    """Take one block of each row and return the peaks of the block before the last.

    Parameters
    ----------
    block, energy : (n, 25) float32
        ECG, and the detection signal that came with it.
    index : (n,) int64
        Index in the run of the block's first sample.
    at_start : (m,) int64
        Places in `rows` whose run begins here.
    least : (n,) float32
        Peaks lower than this are not looked at.
    """
    if len(at_start):
        peaks.ecg[rows[at_start]] = block[at_start, :1]
        peaks.energy[rows[at_start]] = 0
        peaks.direction[rows[at_start]] = 0
    place = index % _RING
    peaks.ecg[rows[:, None], place[:, None] + np.arange(BLOCK)] = block
    line = np.concatenate([peaks.energy[rows], energy], axis=1)
    peaks.energy[rows] = line[:, BLOCK:]
    best = line[:, BLOCK : 2 * BLOCK].argmax(axis=1)
    height = line[np.arange(len(rows)), best + BLOCK]
    some = np.flatnonzero(height > least)
    at = best[some]
    around = line[some[:, None], at[:, None] + np.arange(2 * REFRACTORY + 1)]
    is_peak = (around[:, :REFRACTORY].max(axis=1, initial=0) < height[some]) & (
        around[:, REFRACTORY + 1 :].max(axis=1, initial=0) <= height[some]
    )
    some, at = some[is_peak], at[is_peak]
    centre = index[some] + (BLOCK - 1) - LAG - (2 * BLOCK - 1) + at
    candidates = _describe(peaks, rows[some], centre, height[some])
    return Found(candidates, line[:, 2 * BLOCK :].max(axis=1))


def _describe(peaks: Peaks, row: Rows, centre: Integers, height: Singles) -> Candidates:
    ecg = peaks.ecg[row[:, None], (centre[:, None] + _WINDOW) % _RING]
    change = ecg[:, 2:] - ecg[:, :-2]
    near = change[:, _HALF - 1 - _REACH : _HALF + _REACH]
    slope = np.maximum(near.max(axis=1, initial=0), -near.min(axis=1, initial=0))
    rise, fall = np.maximum(change.max(axis=1, initial=0), 0), np.maximum(-change.min(axis=1, initial=0), 0)
    balance = np.minimum(rise, fall) / np.maximum(np.maximum(rise, fall), np.float32(1e-9))

    middle = ecg[:, _HALF - _REACH : _HALF + _REACH + 1]
    before = ecg[:, _HALF - _REACH - _BEND : _HALF + _REACH + 1 - _BEND]
    after = ecg[:, _HALF - _REACH + _BEND : _HALF + _REACH + 1 + _BEND]
    bend = middle - (before + after) * np.float32(0.5)
    many = np.arange(len(row))
    up, down = bend.argmax(axis=1), bend.argmin(axis=1)
    sharp_up, sharp_down = bend[many, up], -bend[many, down]
    direction = peaks.direction[row]
    sharp_up = np.where(direction > 0, sharp_up * np.float32(_SAME_DIRECTION), sharp_up)
    sharp_down = np.where(direction < 0, sharp_down * np.float32(_SAME_DIRECTION), sharp_down)
    is_up = sharp_up >= sharp_down
    sign = np.where(is_up, np.float32(1), np.float32(-1))
    turn = np.where(is_up, up, down) + (_HALF - _REACH)

    # The extremum of the ECG itself, next to the sharpest turn; then the top of the parabola through three samples.
    near_turn = ecg[many[:, None], turn[:, None] + np.arange(-_SHARPEST, _SHARPEST + 1)] * sign[:, None]
    top = turn - _SHARPEST + near_turn.argmax(axis=1)
    left, mid, right = (ecg[many, top + step].astype(np.float64) for step in (-1, 0, 1))
    curve = left - 2 * mid + right
    shift = np.where(curve * sign < 0, 0.5 * (left - right) / np.where(curve == 0, 1, curve), 0)
    r_index = centre + (top - _HALF) + np.clip(shift, -0.5, 0.5)
    rest = ecg[many, top - _BEND]
    return Candidates(
        row, centre, height, slope, balance, r_index, (ecg[many, top] - rest).astype(np.float32, copy=False)
    )


def remember_direction(peaks: Peaks, beats: Candidates) -> None:
    """Note which way the complexes pointed."""
    peaks.direction[beats.row] = np.where(beats.amplitude_mv >= 0, 1, -1)
