"""From blocks of ECG to the detection signal: how much slope there is about each sample.  Pure, causal.

The chain of Hamilton (2002), "Open source ECG analysis", doi:10.1109/CIC.2002.1166717, section 2.1: low pass, high
pass, slope, magnitude, mean over 88 ms; here all of it are symmetric moving sums, so that the peak of the detection
signal lies over the QRS whatever the shape. Deviations: 125 Hz for 200 Hz; moving means for the recursive low pass.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from analytics.resample import BLOCK
from analytics.rows import Rows, Singles, Table, column

_SMOOTH: Final = 3
_BASE: Final = 17
_SLOPE: Final = 3
_MEAN: Final = 11
#: Samples by which each block looks back.
_TAIL: Final = 2 * (_SMOOTH - 1) + (_BASE - 1) + (_SLOPE - 1) + (_MEAN - 1)
#: Samples by which the detection signal lags behind the ECG: 128 ms.
LAG: Final = _TAIL // 2


@dataclass(slots=True)
class Filters(Table):
    """The last samples of each row."""

    tail: Singles = column(np.float32, _TAIL)


class Filtered(NamedTuple):
    """A block after the filters.

    Attributes
    ----------
    energy : (n, 25) float32
        Detection signal: mean magnitude of the band-passed signal's change over 16 ms, mV. Lags by `LAG`.
    rough : (n,) float32
        Mean magnitude of what lies above the QRS's band, about 20 to 35 Hz, mV.
    busy : (n,) float32
        Mean of the detection signal.
    """

    energy: Singles
    rough: Singles
    busy: Singles


def apply(filters: Filters, rows: Rows, block: Singles, *, at_start: Rows) -> Filtered:
    """Filter one block of each row.

    Parameters
    ----------
    block : (n, 25) float32
        ECG, mV.
    at_start : (m,) int64
        Places in `rows` whose run begins here: as if the first sample had stood there for ever.
    """
    if len(at_start):
        filters.tail[rows[at_start]] = block[at_start, :1]
    line = np.concatenate([filters.tail[rows], block], axis=1)
    filters.tail[rows] = line[:, BLOCK:]
    smooth = _sum3(_sum3(line)) * np.float32(1 / _SMOOTH**2)
    middle = smooth[:, _BASE // 2 : -(_BASE // 2)]
    band = middle - _sum17(smooth) * np.float32(1 / _BASE)
    slope = np.abs(band[:, 2:] - band[:, :-2])
    energy = _sum11(slope) * np.float32(1 / _MEAN)
    recent = smooth[:, -(BLOCK + 4) :]
    bend = np.abs(recent[:, 2:-2] - (recent[:, :-4] + recent[:, 4:]) * np.float32(0.5))
    return Filtered(energy, _mean(bend), _mean(energy))


def _mean(block: Singles) -> Singles:
    # A running sum adds in the same order whatever the shape in memory, np.sum does not.
    mean: Singles = np.cumsum(block, axis=1)[:, -1] * np.float32(1 / BLOCK)
    return mean


def _sum3(line: Singles) -> Singles:
    three: Singles = line[:, :-2] + line[:, 1:-1] + line[:, 2:]
    return three


def _sum11(line: Singles) -> Singles:
    two = line[:, :-1] + line[:, 1:]
    four = two[:, :-2] + two[:, 2:]
    eight = four[:, :-4] + four[:, 4:]
    eleven: Singles = eight[:, :-3] + two[:, 8:-1] + line[:, 10:]
    return eleven


def _sum17(line: Singles) -> Singles:
    two = line[:, :-1] + line[:, 1:]
    four = two[:, :-2] + two[:, 2:]
    eight = four[:, :-4] + four[:, 4:]
    seventeen: Singles = eight[:, :-9] + eight[:, 8:-1] + line[:, 16:]
    return seventeen
