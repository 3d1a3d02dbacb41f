"""From blocks of ECG to the detection signal: how much slope there is about each sample.  Pure, causal.

The chain of Hamilton (2002), "Open source ECG analysis", doi:10.1109/CIC.2002.1166717, section 2.1: low pass, high
pass, slope, magnitude, mean over 88 ms; here all of it are symmetric moving sums, so that the peak of the detection
signal lies over the QRS whatever the shape. Deviations: 125 Hz for 200 Hz; moving means for the recursive low pass.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.resample import BLOCK
from analytics.rows import Singles

_SMOOTH: Final = 3
_BASE: Final = 17
_SLOPE: Final = 3
_MEAN: Final = 11
#: Samples by which each block looks back.
_TAIL: Final = 2 * (_SMOOTH - 1) + (_BASE - 1) + (_SLOPE - 1) + (_MEAN - 1)
#: Samples by which the detection signal lags behind the ECG: 128 ms.
LAG: Final = _TAIL // 2
_LINE: Final = _TAIL + BLOCK

#: tail: the last samples, mV.
FILTERS: Final = np.dtype([("tail", np.float32, (_TAIL,))], align=True)


#: Room for a block with what came before it.
LINES: Final = np.dtype([(name, np.float32, (_LINE,)) for name in ("line", "one", "two", "smooth")])


class Filtered(NamedTuple):
    """A block after the filters.

    Attributes
    ----------
    rough : float
        Mean magnitude of what lies above the QRS's band, about 20 to 35 Hz, mV.
    busy : float
        Mean of the detection signal, mV.
    """

    rough: float
    busy: float


@compiled
def apply(filters: Record, block: Singles, energy: Singles, lines: Record, starts: bool) -> Filtered:
    """Filter one block.

    Parameters
    ----------
    block : (25,) float32
        ECG, mV.
    energy : (25,) float32
        Filled with the detection signal: mean magnitude of the band-passed signal's change over 16 ms, mV. Lags by
        `LAG`.
    lines : LINES
        Room to work in.
    starts : bool
        The run begins here: as if the first sample had stood there for ever.
    """
    if starts:
        filters.tail[:] = block[0]
    line, one, two, smooth = lines.line, lines.one, lines.two, lines.smooth
    for at in range(_TAIL):
        line[at] = filters.tail[at]
    for at in range(BLOCK):
        line[_TAIL + at] = block[at]
    for at in range(_TAIL):
        filters.tail[at] = line[BLOCK + at]
    # Sums of 3, then again: 3 x 3.
    for at in range(_LINE - 2):
        one[at] = line[at] + line[at + 1] + line[at + 2]
    for at in range(_LINE - 4):
        smooth[at] = (one[at] + one[at + 1] + one[at + 2]) * np.float32(1 / _SMOOTH**2)
    # Sums of 2, 4, 8, 16, 17: each from the one before.
    for at in range(_LINE - 5):
        one[at] = smooth[at] + smooth[at + 1]
    for at in range(_LINE - 7):
        two[at] = one[at] + one[at + 2]
    for at in range(_LINE - 11):
        one[at] = two[at] + two[at + 4]
    for at in range(_LINE - 20):
        base = one[at] + one[at + 8] + smooth[at + 16]
        two[at] = smooth[at + _BASE // 2] - base * np.float32(1 / _BASE)
    # The slope's magnitude, and sums of 2, 4, 8, 11.
    for at in range(_LINE - 22):
        line[at] = abs(two[at + 2] - two[at])
    for at in range(_LINE - 23):
        one[at] = line[at] + line[at + 1]
    for at in range(_LINE - 25):
        two[at] = one[at] + one[at + 2]
    busy = np.float32(0)
    for at in range(BLOCK):
        energy[at] = (two[at] + two[at + 4] + one[at + 8] + line[at + 10]) * np.float32(1 / _MEAN)
    for at in range(BLOCK):
        busy += energy[at]
    rough = np.float32(0)
    first = _LINE - 4 - (BLOCK + 4)
    for at in range(BLOCK):
        two[at] = abs(smooth[first + at + 2] - (smooth[first + at] + smooth[first + at + 4]) * np.float32(0.5))
    for at in range(BLOCK):
        rough += two[at]
    return Filtered(rough / BLOCK, busy / BLOCK)
