"""How beats look: cutting a beat's wave out, and comparing it with others.  Pure.

Sums over a wave are kept in several parts that do not wait for each other; products at all shifts stand side by side.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.peaks import MASK
from analytics.ecg.resample import FS_HZ
from analytics.rows import Singles

#: A shape: 0.2 s on either side of the detection signal's peak.
HALF: Final = round(0.2 * FS_HZ)
SIZE: Final = 2 * HALF + 1
#: A beat's wave may lie so far beside it: 24 ms.
SHIFT: Final = 3
_SHIFTS: Final = 2 * SHIFT + 1
WIDE: Final = SIZE + 2 * SHIFT
#: The QRS alone: 88 ms on either side.
QRS_HALF: Final = 11
#: The P wave's place before the R peak: 0.26 to 0.07 s.
P_FROM: Final = 32
P_SIZE: Final = 24
#: The P wave may come so much earlier or later than usual: 32 ms.
_P_SHIFT: Final = 4
#: Steep: more than this part of the steepest slope; the wave is over after so many samples that are not.
_STEEP: Final = 0.2
_CALM_SAMPLES: Final = 5


class Likeness(NamedTuple):
    """How a wave stands to a shape.

    Attributes
    ----------
    alike : float
        Correlation at the best shift.
    size : float
        Its size over the shape's, there.
    shift : int
        Where their product is greatest, counted from the earliest: there they lie upon each other.
    """

    alike: float
    size: float
    shift: int


@compiled
def cut(ecg: Singles, centre: int, wave: Singles) -> None:
    """Fill a beat's wave, (57,) float32, without its mean."""
    first = centre - WIDE // 2
    mean = np.float32(0)
    for at in range(WIDE):
        wave[at] = ecg[(first + at) & MASK]
        mean += wave[at]
    mean /= np.float32(WIDE)
    for at in range(WIDE):
        wave[at] -= mean


@compiled
def dot(one: Singles, other: Singles) -> float:
    """Return the sum of products of two arrays of equal length."""
    a = b = c = d = np.float32(0)
    whole = len(one) - len(one) % 4
    for at in range(0, whole, 4):
        a += one[at] * other[at]
        b += one[at + 1] * other[at + 1]
        c += one[at + 2] * other[at + 2]
        d += one[at + 3] * other[at + 3]
    for at in range(whole, len(one)):
        a += one[at] * other[at]
    return (a + b) + (c + d)


@compiled
def sum_up(values: Singles, first: int, size: int) -> tuple[float, float]:
    """Return the sum of some values, and that of their squares."""
    a = b = c = d = np.float32(0)
    a_power = b_power = c_power = d_power = np.float32(0)
    whole = first + size - size % 4
    for at in range(first, whole, 4):
        a += values[at]
        b += values[at + 1]
        c += values[at + 2]
        d += values[at + 3]
        a_power += values[at] * values[at]
        b_power += values[at + 1] * values[at + 1]
        c_power += values[at + 2] * values[at + 2]
        d_power += values[at + 3] * values[at + 3]
    for at in range(whole, first + size):
        a += values[at]
        a_power += values[at] * values[at]
    return (a + b) + (c + d), (a_power + b_power) + (c_power + d_power)


@compiled
def compare(wave: Singles, shape: Singles, half: int) -> Likeness:
    """Compare the middle of a beat's wave with that of a shape, at all shifts.

    Parameters
    ----------
    wave : (57,) float32
        As `cut` fills it.
    shape : (51,) float32
    half : int
        So many samples on either side of the middle.
    """
    size = 2 * half + 1
    first = HALF - half
    a = b = c = d = e = f = g = np.float32(0)
    for at in range(first, first + size):
        value = shape[at]
        a += wave[at] * value
        b += wave[at + 1] * value
        c += wave[at + 2] * value
        d += wave[at + 3] * value
        e += wave[at + 4] * value
        f += wave[at + 5] * value
        g += wave[at + 6] * value
    own_total, own = sum_up(shape, first, size)
    total, power = sum_up(wave, first, size)
    part = np.float32(1 / size)
    own = max(own - own_total * own_total * part, np.float32(1e-12))
    best, best_power = np.float32(-1), own
    most, best_shift = np.float32(-np.inf), SHIFT
    for shift in range(_SHIFTS):
        product = a
        if shift == 1:
            product = b
        elif shift == 2:
            product = c
        elif shift == 3:
            product = d
        elif shift == 4:
            product = e
        elif shift == 5:
            product = f
        elif shift == 6:
            product = g
        varied = max(power - total * total * part, np.float32(1e-12))
        if product > most:
            most, best_shift = product, shift
        alike = (product - total * own_total * part) / np.sqrt(varied * own)
        if alike > best:
            best, best_power = alike, varied
        if shift < _SHIFTS - 1:
            leaves, comes = wave[first + shift], wave[first + shift + size]
            power += comes * comes - leaves * leaves
            total += comes - leaves
    return Likeness(best, np.sqrt(best_power / own), best_shift)


@compiled
def correlate(one: Singles, other: Singles) -> float:
    """Return the correlation of two shapes, without shifts."""
    return dot(one, other) / np.sqrt((dot(one, one) + np.float32(1e-12)) * (dot(other, other) + np.float32(1e-12)))


@compiled
def measure_width(wave: Singles) -> float:
    """Return over how many samples about the middle the wave's slope is steep."""
    steepest = np.float32(1e-9)
    for at in range(len(wave) - 2):
        steepest = max(steepest, abs(wave[at + 2] - wave[at]))
    steep = steepest * np.float32(_STEEP)
    middle = (len(wave) - 2) // 2
    first, last = middle, middle
    calm = 0
    for at in range(middle, -1, -1):
        if abs(wave[at + 2] - wave[at]) > steep:
            first = at
            calm = 0
        else:
            calm += 1
            if calm > _CALM_SAMPLES:
                break
    calm = 0
    for at in range(middle, len(wave) - 2):
        if abs(wave[at + 2] - wave[at]) > steep:
            last = at
            calm = 0
        else:
            calm += 1
            if calm > _CALM_SAMPLES:
                break
    return float(last - first + 1)


@compiled
def cut_p(ecg: Singles, first: int, place: Singles) -> None:
    """Fill the P wave's place, (24,) float32, without its slant and its mean."""
    head = ecg[first & MASK]
    slant = (ecg[(first + P_SIZE - 1) & MASK] - head) / np.float32(P_SIZE - 1)
    mean = np.float32(0)
    for at in range(P_SIZE):
        place[at] = ecg[(first + at) & MASK] - head - slant * np.float32(at)
        mean += place[at]
    mean /= np.float32(P_SIZE)
    for at in range(P_SIZE):
        place[at] -= mean


@compiled
def compare_p(ecg: Singles, first: int, p_wave: Singles, place: Singles) -> float:
    """Return the best correlation of the P wave's place with its mean, up to 32 ms earlier or later.

    Parameters
    ----------
    place : (24,) float32
        To work in.
    """
    best = np.float32(-1)
    own = dot(p_wave, p_wave) + np.float32(1e-12)
    for shift in range(-_P_SHIFT, _P_SHIFT + 1):
        cut_p(ecg, first + shift, place)
        alike = dot(place, p_wave) / np.sqrt((dot(place, place) + np.float32(1e-12)) * own)
        best = max(best, alike)
    return best


@compiled
def find_size(shape: Record) -> float:
    """Return the range of a shape's wave, mV."""
    wave = shape.wave
    low = high = wave[0]
    for at in range(SIZE):
        low, high = min(low, wave[at]), max(high, wave[at])
    return high - low
