"""Whether the patient's own complexes still come, under waves that may look like fibrillation.  Pure, causal.

An arm that moves or trembles and an electrode that comes loose make waves as high as those of fibrillating ventricles,
and of their frequencies; but the complexes go on in them. Fibrillating ventricles have none. So the shape that the
complexes had over a line at rest is looked for in the last 4.1 s: its slope, in which slow waves are small, is
correlated with the signal's (a matched filter; Köhler, Hennig and Orglmeister 2002, doi:10.1109/51.993193). That a
rhythm which goes on elsewhere refutes the alarm is how Aboukhalil et al. (J Biomed Inform 41:442, 2008) judge those of
monitors, by the pulse; here it is looked for in the lead itself.

A shape that is itself like a wave tells nothing, and is not used.
"""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.peaks import MASK, RING, WAVE
from analytics.ecg.resample import FS_HZ
from analytics.rows import Singles

#: Nothing is learned where so much of the complexes' height lies between them: it may be a wave.
AT_REST: Final = 0.15
#: Complexes that must be seen in 4.1 s, and how like the shape they are on average; how high, over the shape, at least
#: and at most.
_LEAST: Final = 3
_ALIKE: Final = 0.65
_LOW: Final = 0.5
_HIGH: Final = 2.0
#: Below this likeness there is nothing; complexes are 250 ms apart.
_FAINT: Final = 0.5
_APART: Final = FS_HZ // 4
#: A shape so like a wave of some frequency, 2 to 8 Hz, could be one.
_WAVELIKE: Final = 0.7


def _make_waves() -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """Return sines and cosines of the frequencies of fibrillation over a shape, at right angles, each of length 1."""
    at_s = (np.arange(WAVE) - WAVE // 2) / FS_HZ
    pairs = []
    for hz in np.arange(2.0, 8.25, 0.5):
        sine, cosine = np.sin(2 * np.pi * hz * at_s), np.cos(2 * np.pi * hz * at_s)
        cosine -= cosine.mean()
        pairs.append([each / np.sqrt(np.sum(each**2)) for each in (sine, cosine)])
    return np.array(pairs, np.float32)


_WAVES: Final = _make_waves()

#: change: slope of the patient's usual complex over 16 ms, mV, without its mean; 0 where none is known.
OWN: Final = np.dtype([("change", np.float32, (WAVE,))], align=True)


@compiled
def forget(own: Record) -> None:
    """Know no shape any more."""
    own.change[:] = 0


@compiled
def learn(own: Record, peaks: Record, rest: float) -> None:
    """Take the usual shape of the complexes, in a second in which there is no doubt that they are.

    Parameters
    ----------
    rest : float
        How much of the complexes' height lies between them.
    """
    usual = 0 if peaks.weights[0] >= peaks.weights[1] else 1
    if rest >= AT_REST or peaks.weights[usual] <= 0:
        return
    mean = np.float32(0)
    for at in range(WAVE):
        mean += peaks.waves[usual, at]
    mean *= np.float32(1 / WAVE)
    for at in range(WAVE):
        own.change[at] = peaks.waves[usual, at] - mean


@compiled
def get_slope(own: Record) -> float:
    """Return the steepest change of a complex over 16 ms, mV; 0 where no shape is known."""
    slope = np.float32(0)
    for step in range(WAVE):
        slope = max(slope, abs(own.change[step]))
    return float(slope)


@compiled
def are_seen(own: Record, ecg: Singles, index: int) -> bool:
    """Tell whether complexes of the patient's own shape are in the last 4.1 s.

    Parameters
    ----------
    ecg : (512,) float32
        The ring of `analytics.ecg.peaks`, mV.
    index : int
        Index in the run of the next sample.
    """
    power = np.float32(0)
    for step in range(WAVE):
        power += own.change[step] * own.change[step]
    if power <= 0 or _is_wavelike(own.change, power):
        return False
    change = np.empty(RING - 2, np.float32)
    for at in range(RING - 2):
        change[at] = ecg[(index + at + 2) & MASK] - ecg[(index + at) & MASK]
    best = np.zeros(RING // _APART + 1, np.float32)
    count, last = 0, -_APART
    for first in range(RING - 2 - WAVE + 1):
        product = mean = square = np.float32(0)
        for step in range(WAVE):
            value = change[first + step]
            product += value * own.change[step]
            mean += value
            square += value * value
        if not np.float32(_LOW) * power < product < np.float32(_HIGH) * power:
            continue
        square -= mean * mean * np.float32(1 / WAVE)
        alike = product / np.sqrt(max(square, np.float32(1e-9)) * power)
        if alike <= np.float32(_FAINT):
            continue
        if first - last >= _APART:
            best[count] = alike
            count += 1
            last = first
        elif alike > best[count - 1]:
            best[count - 1] = alike
            last = first
    if count < _LEAST:
        return False
    ranked = np.sort(best)
    total = np.float32(0)
    for at in range(_LEAST):
        total += ranked[len(best) - 1 - at]
    return bool(total > np.float32(_ALIKE * _LEAST))


@compiled
def _is_wavelike(change: Singles, power: float) -> bool:
    for each in range(len(_WAVES)):
        sine = cosine = np.float32(0)
        for step in range(WAVE):
            sine += change[step] * _WAVES[each, 0, step]
            cosine += change[step] * _WAVES[each, 1, step]
        if sine * sine + cosine * cosine > np.float32(_WAVELIKE**2) * power:
            return True
    return False
