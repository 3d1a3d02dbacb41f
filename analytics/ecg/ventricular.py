"""Ventricular fibrillation and flutter, seen in the wave itself.  Pure, causal.

Each second the last 4.1 s are looked at, at 31.25 Hz: spectrum, VF filter leakage (Kuo and Dillman 1978), threshold
crossings (Thakor 1990, doi:10.1109/10.52330; Arafat 2011), how much of the line is at rest, how its values are spread,
and what the detector made of it. Trees fitted offline turn these into a probability; a state with
hysteresis follows it. Features after Figuera et al. (2016), doi:10.1371/journal.pone.0159654.
"""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import add_up
from analytics.ecg.peaks import MASK, RING
from analytics.ecg.resample import FS_HZ
from analytics.rows import Singles

_SLOW: Final = 4
_SIZE: Final = RING // _SLOW
_SLOW_HZ: Final = FS_HZ / _SLOW
_BIN_HZ: Final = _SLOW_HZ / _SIZE
#: The baseline is the mean over so many samples on either side: 0.4 s.
_REACH: Final = 12
FEATURES: Final = 24
_ANGLE: Final = 2 * np.pi / _SIZE * np.arange(_SIZE // 2)
_COS: Final = np.cos(_ANGLE).astype(np.float32)
_SIN: Final = np.sin(_ANGLE).astype(np.float32)
_HANN: Final = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_SIZE) + 0.5) / _SIZE)).astype(np.float32)
_TURNED: Final = np.array([int(f"{at:07b}"[::-1], 2) for at in range(_SIZE)], np.int64)

#: Of a row: the last probabilities, newest last, and what they led to.
#:
#: chance: smoothed.  is_on: it fibrillates.  since_us: from when on.  until_us: end of the last.
#: alike, alike_n: sums over the beats of the last second: likeness to the usual one; beats.
VENTRICULAR: Final = np.dtype(
    [
        ("since_us", np.int64),
        ("until_us", np.int64),
        ("seconds", np.int64),
        ("chance", np.float32),
        ("raw", np.float32, (4,)),
        ("alike", np.float32, (4,)),
        ("beats", np.float32, (4,)),
        ("is_on", np.bool_),
    ],
    align=True,
)
_BEGINS: Final = 0.6
_ENDS: Final = 0.4
#: A regular rhythm is no fibrillation, whatever its wave looks like.
_REGULAR_AT_MOST: Final = 0.3


@compiled
def begin_run(ventricular: Record, now_us: int) -> None:
    """Begin anew after a gap; what fibrillated did so until now."""
    if ventricular.is_on:
        ventricular.until_us = max(now_us, ventricular.since_us)
    ventricular.seconds = 0
    ventricular.chance = 0
    ventricular.raw[:] = 0
    ventricular.alike[:] = 0
    ventricular.beats[:] = 0
    ventricular.is_on = False


@compiled
def add_beat(ventricular: Record, alike: float) -> None:
    """Count a judged beat, and how much it looks like the usual one."""
    ventricular.beats[3] += 1
    ventricular.alike[3] += np.float32(alike)


@compiled
def _transform(real: Singles, imaginary: Singles) -> None:
    """Fast Fourier transform of 128 values in place, input in bit-reversed order."""
    half = 1
    while half < _SIZE:
        step = _SIZE // (2 * half)
        for first in range(0, _SIZE, 2 * half):
            for at in range(half):
                cosine, sine = _COS[at * step], -_SIN[at * step]
                one, other = first + at, first + at + half
                a = real[other] * cosine - imaginary[other] * sine
                b = real[other] * sine + imaginary[other] * cosine
                real[other], imaginary[other] = real[one] - a, imaginary[one] - b
                real[one] += a
                imaginary[one] += b
        half *= 2


@compiled
def look(  # one pass over a window, in its order
    ventricular: Record,
    ecg: Singles,
    index: int,
    now_us: int,
    noisy: float,
    usual_energy: float,
    busy: float,
    is_regular: bool,
    forest: Record,
    features: Singles,
) -> None:
    """Look at the last 4.1 s, at the end of a second.

    Parameters
    ----------
    ecg : (512,) float32
        The ring of `analytics.ecg.peaks`.
    index : int
        Index in the run of the next sample.
    noisy : float
        How rough the last second was beside how busy.
    usual_energy, busy : float
        Height of the complexes in the detection signal; its mean over the last second, mV.
    is_regular : bool
        Beats come regularly, and not too fast to be beats: that is a tachycardia.
    features : (24,) float32
        Filled.
    """
    line = np.empty(_SIZE, np.float32)
    still = 0
    steepest = np.float32(1e-6)
    for at in range(_SIZE):
        total = np.float32(0)
        for step in range(_SLOW):
            total += ecg[(index + at * _SLOW + step) & MASK]
        line[at] = total * np.float32(1 / _SLOW)
    for at in range(2, _SIZE):
        steepest = max(steepest, abs(line[at] - line[at - 2]))
    slopes = np.float32(0)
    steep = 0
    for at in range(2, _SIZE):
        slope = abs(line[at] - line[at - 2])
        slopes += slope
        if slope < steepest * np.float32(0.1):
            still += 1
        if slope > steepest * np.float32(0.4):
            steep += 1
    # The baseline: a moving mean over 0.8 s is taken away (mirrored at the ends).
    padded = np.empty(_SIZE + 2 * _REACH, np.float32)
    for at in range(len(padded)):
        place = abs(at - _REACH)
        padded[at] = line[place] if place < _SIZE else line[2 * (_SIZE - 1) - place]
    flat = np.zeros(_SIZE, np.float32)
    for step in range(2 * _REACH + 1):
        for at in range(_SIZE):
            flat[at] += padded[at + step]
    for at in range(_SIZE):
        flat[at] = line[at] - flat[at] * np.float32(1 / (2 * _REACH + 1))
    most = mean = power = cube = fourth = np.float32(0)
    for at in range(_SIZE):
        value = flat[at]
        mean += abs(value)
        power += value * value
        cube += value**3
        fourth += value**4
        most = max(most, abs(value))
    mean /= np.float32(_SIZE)
    power = max(power / np.float32(_SIZE), np.float32(1e-10))
    sd = np.sqrt(power)
    crossing = np.float32(0)
    part = _SIZE // 4
    for each in range(4):
        top = np.float32(1e-6)
        for at in range(each * part, (each + 1) * part):
            top = max(top, abs(flat[at]))
        for at in range(each * part, (each + 1) * part):
            if abs(flat[at]) > top * np.float32(0.2):
                crossing += 1
    change = np.float32(1e-9)
    for at in range(1, _SIZE):
        change += abs(flat[at] - flat[at - 1])
    half_period = int(np.pi * mean * _SIZE / change + 0.5)
    half_period = min(max(half_period, 1), _SIZE // 4)
    leak = whole = np.float32(1e-9)
    for at in range(half_period, _SIZE):
        leak += abs(flat[at] + flat[at - half_period])
        whole += abs(flat[at]) + abs(flat[at - half_period])

    real, imaginary = np.empty(_SIZE, np.float32), np.zeros(_SIZE, np.float32)
    for at in range(_SIZE):
        source = _TURNED[at]
        real[at] = flat[source] * _HANN[source]
    _transform(real, imaginary)
    peak, peak_power = 2, np.float32(0)
    all_power = np.float32(1e-12)
    low = mid = high = highest = np.float32(0)
    moment = np.float32(0)
    for at in range(2, _SIZE // 2):
        here = real[at] * real[at] + imaginary[at] * imaginary[at]
        hertz = at * _BIN_HZ
        all_power += here
        moment += here * np.float32(hertz)
        if hertz < 2.4:
            low += here
        elif hertz < 7:
            mid += here
        elif hertz < 11:
            high += here
        else:
            highest += here
        if here > peak_power and hertz < 9:
            peak, peak_power = at, here
    around = np.float32(0)
    double = np.float32(0)
    for at in range(2, _SIZE // 2):
        here = real[at] * real[at] + imaginary[at] * imaginary[at]
        if 0.7 * peak <= at <= 1.4 * peak:
            around += here
        if 1.8 * peak <= at <= 2.3 * peak:
            double += here

    beats = alike = np.float32(0)
    for at in range(4):
        beats += ventricular.beats[at]
        alike += ventricular.alike[at]
    features[0] = np.log(sd + np.float32(1e-4))
    features[1] = most / sd
    features[2] = cube / np.float32(_SIZE) / (power * sd)
    features[3] = fourth / np.float32(_SIZE) / (power * power)
    features[4] = crossing / np.float32(_SIZE)
    features[5] = leak / whole
    features[6] = change / (mean * np.float32(_SIZE) + np.float32(1e-9))
    features[7] = np.float32(peak * _BIN_HZ)
    features[8] = around / all_power
    features[9] = double / all_power
    features[10] = low / all_power
    features[11] = mid / all_power
    features[12] = high / all_power
    features[13] = highest / all_power
    features[14] = moment / all_power
    features[15] = np.float32(still / _SIZE)
    features[16] = np.float32(steep / _SIZE)
    features[17] = slopes / np.float32(_SIZE) / steepest
    features[18] = noisy
    features[19] = np.float32(usual_energy) / (sd + np.float32(1e-6))
    features[20] = beats
    features[21] = alike / beats if beats > 0 else np.float32(0)
    features[22] = np.float32(busy) / (sd + np.float32(1e-6))
    features[23] = np.log(np.float32(usual_energy) + np.float32(1e-4))
    raw = 1 / (1 + np.exp(-add_up(forest, features, 0, -np.inf)))
    if is_regular:
        raw = min(raw, _REGULAR_AT_MOST)
    for at in range(3):
        ventricular.raw[at] = ventricular.raw[at + 1]
        ventricular.beats[at] = ventricular.beats[at + 1]
        ventricular.alike[at] = ventricular.alike[at + 1]
    ventricular.beats[3] = 0
    ventricular.alike[3] = 0
    ventricular.raw[3] = raw
    ventricular.seconds += 1
    if ventricular.seconds < 4:
        return
    ventricular.chance = (ventricular.raw[1] + ventricular.raw[2] + ventricular.raw[3]) / np.float32(3)
    if not ventricular.is_on and ventricular.chance > _BEGINS:
        ventricular.is_on = True
        ventricular.since_us = max(now_us - 4_000_000, ventricular.until_us)
    elif ventricular.is_on and ventricular.chance < _ENDS:
        ventricular.is_on = False
        ventricular.until_us = max(now_us - 3_000_000, ventricular.since_us)
