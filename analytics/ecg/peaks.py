"""Where the detection signal peaks, and what the ECG looks like there.  Pure, causal.

A peak counts when nothing within 200 ms on either side is higher (Hamilton 2002, rule 1: the refractory period). So
a block of 0.2 s has one at most, and it is known 200 ms later.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.filters import LAG
from analytics.ecg.resample import BLOCK
from analytics.rows import Singles

#: 200 ms: two complexes are never closer.
REFRACTORY: Final = BLOCK
#: Samples by which what is decided lags behind the ECG.
DECIDED_LAG: Final = LAG + REFRACTORY
#: ECG remembered: 4.1 s. A power of two, so that a mask finds a sample's place.
RING: Final = 512
MASK: Final = RING - 1
#: The ECG about a peak: 0.19 s on either side.
_HALF: Final = 24
#: The R peak is looked for so far from the detection signal's peak: 96 ms.
_REACH: Final = 12
#: A QRS bends within 48 ms.
_BEND: Final = 6
#: A turn of the other direction must be so much sharper to be the R peak: the choice stays with one of R and S.
_SAME_DIRECTION: Final = 1.25
_SHARPEST: Final = 3

#: The change of the ECG over 16 ms, 96 ms on either side of a peak: its shape, whatever the baseline does.
WAVE: Final = 2 * _REACH + 1
_SHIFT: Final = 2
#: A complex at least so like one of the two shapes known is of that shape.
_SAME: Final = 0.7
_LEARNS: Final = 1 / 8
#: A peak rougher than this has the turns of a complex; T waves and most P waves are rounder.
SHARP: Final = 0.6
#: What may be a complex that became small, by likeness and by samples: P and T waves are wider.
_SMALL_ALIKE: Final = 0.7
_SMALL_WIDTH: Final = 10
#: Room for `find`: the detection signal of three blocks; likewise how well the shapes fit; the ECG's change for that.
_LINE: Final = 3 * BLOCK
ROOM: Final = 2 * _LINE + _LINE + WAVE
#: The energy's peak lies so near the best fit: 24 ms.
_NEAR: Final = 3
#: A complex like none of the shapes, of the usual height, counts as if so much of a shape fitted.
_UNLIKE: Final = 0.5
#: Energy is compared with that 110 to 200 ms before and after.
_SIDE: Final = 14

#: What is remembered of a row's signals.
#:
#: energy: detection signal of the last two blocks.  ecg: the last 4.1 s, mV, each at its index modulo `RING`.
#: direction: of the last complex: 1 up, -1 down, 0 unknown.
#: waves, weights: two shapes that the complexes have, mV over 16 ms, and how many had them lately.
PEAKS: Final = np.dtype(
    [
        ("energy", np.float32, (2 * BLOCK,)),
        ("ecg", np.float32, (RING,)),
        ("waves", np.float32, (2, WAVE)),
        ("weights", np.float32, (2,)),
        ("direction", np.int8),
    ],
    align=True,
)

#: A peak that may be a complex.
#:
#: centre: sample of the run over which the detection signal peaks.
#: energy: height of the peak, mV.  slope: the steepest change of the ECG there over 16 ms, mV.
#: balance: the lesser of the steepest rise and fall, over the greater: a QRS has both.
#: r_index: sample of the run, with its fraction, of the R peak.
#: amplitude_mv: of the R peak over the ECG 48 ms before.
#: alike, alike_usual: correlation with the liker of the two shapes of the complexes so far, and with the usual one.
#: side_before, side_after: energy 112 to 200 ms before and after, over the peak's.
#: width: samples with much slope.  slant: change over 0.38 s, over the range.
#: rise: energy over slope.  fit: how much of a shape of the complexes it holds.  fit_side: that 110 to 200 ms beside
#: it, over its own.  score: of the trees.  These from `alike` on only where one looks closely, else 0.
#: rough: curvature over slope.
#: rr_s: of a complex: time since the one before in the same run, NaN without.
CANDIDATE: Final = np.dtype(
    [
        ("centre", np.int64),
        ("r_index", np.float64),
        ("energy", np.float32),
        ("slope", np.float32),
        ("balance", np.float32),
        ("amplitude_mv", np.float32),
        ("rr_s", np.float32),
        ("alike", np.float32),
        ("alike_usual", np.float32),
        ("side_before", np.float32),
        ("side_after", np.float32),
        ("width", np.float32),
        ("rough", np.float32),
        ("slant", np.float32),
        ("rise", np.float32),
        ("fit", np.float32),
        ("fit_side", np.float32),
        ("score", np.float32),
    ],
    align=True,
)


class Found(NamedTuple):
    """Whether there is a candidate, and the highest value that is not judged yet."""

    is_there: bool
    ahead: float


@compiled
def find(
    peaks: Record,
    block: Singles,
    energy: Singles,
    index: int,
    least: float,
    candidate: Record,
    room: Singles,
    starts: bool,
    closely: bool,
    usual: float,
) -> Found:
    """Take one block and tell whether the block before the last had a peak.

    Parameters
    ----------
    block, energy : (25,) float32
        ECG, and the detection signal that came with it.
    index : int
        Index in the run of the block's first sample.
    least : float
        A peak lower than this is not looked at.
    candidate : CANDIDATE
        Filled where there is a peak.
    room : (250,) float32
        To work in.
    closely : bool
        Find peaks of how well the shapes of the complexes fit, not of the detection signal: in noise that signal
        peaks between complexes too, and higher. Fill the candidate's shape too.
    usual : float
        Height of the complexes in the detection signal, mV.
    """
    if starts:
        peaks.ecg[:] = block[0]
        peaks.energy[:] = 0
        peaks.direction = 0
        peaks.weights[:] = 0
    for at in range(BLOCK):
        peaks.ecg[(index + at) & MASK] = block[at]
    line, fit = room[:_LINE], room[_LINE : 2 * _LINE]
    for at in range(2 * BLOCK):
        line[at] = peaks.energy[at]
    for at in range(BLOCK):
        line[2 * BLOCK + at] = energy[at]
    for at in range(2 * BLOCK):
        peaks.energy[at] = line[BLOCK + at]
    ahead = np.float32(0)
    for at in range(2 * BLOCK, 3 * BLOCK):
        ahead = max(ahead, line[at])
    first = index + (BLOCK - 1) - LAG - (3 * BLOCK - 1)
    fits = closely and (peaks.weights[0] > 0 or peaks.weights[1] > 0)
    if fits:
        _fit(peaks, first, fit, room[2 * _LINE :])
        for at in range(_LINE):
            fit[at] = max(fit[at], np.float32(_UNLIKE) * min(line[at] / usual, np.float32(1)))
    best = _find_peak(fit if fits else line)
    if best < 0:
        return Found(False, ahead)
    height = line[best]
    if fits:
        for at in range(best - _NEAR, best + _NEAR + 1):
            height = max(height, line[at])
    if height <= least:
        return Found(False, ahead)
    centre = first + best
    _describe(peaks, centre, height, candidate)
    _leave_open(candidate)
    if closely:
        describe_closely(peaks, centre, candidate)
        if fits:
            beside = np.float32(0)
            for at in range(_SIDE, REFRACTORY + 1):
                beside += abs(fit[best - at]) + abs(fit[best + at])
            candidate.fit = fit[best]
            candidate.fit_side = beside / (np.float32(2 * (REFRACTORY + 1 - _SIDE)) * fit[best])
    before = after = np.float32(0)
    for at in range(_SIDE, REFRACTORY + 1):
        before += line[best - at]
        after += line[best + at]
    candidate.side_before = before / (np.float32(REFRACTORY + 1 - _SIDE) * height)
    candidate.side_after = after / (np.float32(REFRACTORY + 1 - _SIDE) * height)
    return Found(True, ahead)


@compiled
def _find_peak(line: Singles) -> int:
    """Return where the middle block peaks, nothing within 200 ms being higher; -1 if it does not."""
    best = BLOCK
    for at in range(BLOCK + 1, 2 * BLOCK):
        if line[at] > line[best]:
            best = at
    height = line[best]
    for at in range(best - REFRACTORY, best):
        if line[at] >= height:
            return -1
    for at in range(best + 1, best + REFRACTORY + 1):
        if line[at] > height:
            return -1
    return best if height > 0 else -1


@compiled
def _fit(peaks: Record, first: int, fit: Singles, change: Singles) -> None:
    """Fill how much of a shape the ECG holds about each sample from `first` on: 1 where it is the shape itself."""
    for at in range(_LINE + WAVE):
        place = first - _REACH - 1 + at
        change[at] = peaks.ecg[(place + 2) & MASK] - peaks.ecg[place & MASK]
    fit[:] = 0
    for each in range(2):
        if peaks.weights[each] <= 0:
            continue
        own = np.float32(1e-12)
        for step in range(WAVE):
            own += peaks.waves[each, step] ** 2
        for at in range(_LINE):
            total = np.float32(0)
            for step in range(WAVE):
                total += change[at + step] * peaks.waves[each, step]
            fit[at] = max(fit[at], total / own)


@compiled
def is_small_complex(peaks: Record, candidate: Record) -> bool:
    """Tell whether a peak too low for a complex is as narrow as one, and looks like the usual one."""
    describe_closely(peaks, candidate.centre, candidate)
    return bool(candidate.alike_usual > _SMALL_ALIKE and candidate.width <= _SMALL_WIDTH and candidate.rough > SHARP)


@compiled
def _describe(peaks: Record, centre: int, height: float, candidate: Record) -> None:
    ecg = np.empty(2 * _HALF + 1, np.float32)
    for at in range(2 * _HALF + 1):
        ecg[at] = peaks.ecg[(centre + at - _HALF) & MASK]
    rise = fall = near = np.float32(0)
    moved = bent = np.float32(1e-9)
    for at in range(2 * _HALF - 1):
        change = ecg[at + 2] - ecg[at]
        moved += abs(ecg[at + 1] - ecg[at])
        bent += abs(ecg[at + 2] - ecg[at + 1] - ecg[at + 1] + ecg[at])
        rise = max(rise, change)
        fall = max(fall, -change)
        if _HALF - 1 - _REACH <= at < _HALF + _REACH:
            near = max(near, abs(change))
    up = down = _HALF - _REACH
    sharp_up = sharp_down = np.float32(-np.inf)
    for at in range(_HALF - _REACH, _HALF + _REACH + 1):
        bend = ecg[at] - (ecg[at - _BEND] + ecg[at + _BEND]) * np.float32(0.5)
        if bend > sharp_up:
            sharp_up = bend
            up = at
        if -bend > sharp_down:
            sharp_down = -bend
            down = at
    if peaks.direction > 0:
        sharp_up *= np.float32(_SAME_DIRECTION)
    elif peaks.direction < 0:
        sharp_down *= np.float32(_SAME_DIRECTION)
    is_up = sharp_up >= sharp_down
    sign = np.float32(1) if is_up else np.float32(-1)
    turn = up if is_up else down
    # The extremum of the ECG itself, next to the sharpest turn; then the top of the parabola through three samples.
    top = turn - _SHARPEST
    for at in range(turn - _SHARPEST + 1, turn + _SHARPEST + 1):
        if ecg[at] * sign > ecg[top] * sign:
            top = at
    left, mid, right = float(ecg[top - 1]), float(ecg[top]), float(ecg[top + 1])
    curve = left - 2 * mid + right
    shift = 0.5 * (left - right) / curve if curve * sign < 0 else 0.0
    candidate.centre = centre
    candidate.energy = height
    candidate.slope = near
    candidate.rough = bent / moved
    candidate.balance = min(rise, fall) / max(max(rise, fall), np.float32(1e-9))
    candidate.r_index = centre + (top - _HALF) + min(max(shift, -0.5), 0.5)
    candidate.amplitude_mv = ecg[top] - ecg[top - _BEND]


@compiled
def _leave_open(candidate: Record) -> None:
    """Clear what only a closer look fills: the room is every patient's, and this one may be asked for it later."""
    candidate.alike = candidate.alike_usual = np.float32(0)
    candidate.width = candidate.slant = candidate.rise = np.float32(0)
    candidate.fit = candidate.fit_side = np.float32(0)
    candidate.score = np.float32(0)


@compiled
def describe_closely(peaks: Record, centre: int, candidate: Record) -> None:
    """Fill what tells a complex from noise."""
    ecg = np.empty(2 * _HALF + 1, np.float32)
    for at in range(2 * _HALF + 1):
        ecg[at] = peaks.ecg[(centre + at - _HALF) & MASK]
    steepest = np.float32(0)
    for at in range(2 * _HALF - 1):
        steepest = max(steepest, abs(ecg[at + 2] - ecg[at]))
    low = high = ecg[0]
    wide = 0
    for at in range(2 * _HALF - 1):
        low, high = min(low, ecg[at]), max(high, ecg[at])
        if abs(ecg[at + 2] - ecg[at]) > np.float32(0.3) * steepest:
            wide += 1
    candidate.width = wide
    candidate.slant = abs(ecg[2 * _HALF] - ecg[0]) / max(high - low, np.float32(1e-6))
    candidate.rise = candidate.energy / max(candidate.slope, np.float32(1e-6))
    _liken(peaks, ecg, candidate)


@compiled
def _liken(peaks: Record, ecg: Singles, candidate: Record) -> None:
    """Compare the candidate's shape with those of the complexes so far."""
    candidate.alike = candidate.alike_usual = 0
    usual = 0 if peaks.weights[0] >= peaks.weights[1] else 1
    for each in range(2):
        if peaks.weights[each] <= 0:
            continue
        best = np.float32(-1)
        own = np.float32(1e-12)
        for at in range(WAVE):
            own += peaks.waves[each, at] ** 2
        for shift in range(-_SHIFT, _SHIFT + 1):
            product = power = np.float32(0)
            first = _HALF - _REACH - 1 + shift
            for at in range(WAVE):
                change = ecg[first + at + 2] - ecg[first + at]
                product += change * peaks.waves[each, at]
                power += change * change
            best = max(best, product / np.sqrt(max(power, np.float32(1e-12)) * own))
        candidate.alike = max(candidate.alike, best)
        if each == usual:
            candidate.alike_usual = best


@compiled
def remember_shape(peaks: Record, complex_: Record) -> None:
    """Learn a complex's shape."""
    wave = np.empty(WAVE, np.float32)
    first = complex_.centre - _REACH - 1
    power = np.float32(1e-12)
    for at in range(WAVE):
        wave[at] = peaks.ecg[(first + at + 2) & MASK] - peaks.ecg[(first + at) & MASK]
        power += wave[at] * wave[at]
    which, most = -1, np.float32(_SAME)
    for each in range(2):
        if peaks.weights[each] > 0:
            product = np.float32(0)
            own = np.float32(1e-12)
            for at in range(WAVE):
                product += wave[at] * peaks.waves[each, at]
                own += peaks.waves[each, at] ** 2
            alike = product / np.sqrt(power * own)
            if alike > most:
                which, most = each, alike
    if which < 0:
        which = 0 if peaks.weights[0] < peaks.weights[1] else 1
        peaks.weights[which] = 0
    part = max(np.float32(1) / (peaks.weights[which] + np.float32(1)), np.float32(_LEARNS))
    for at in range(WAVE):
        peaks.waves[which, at] += (wave[at] - peaks.waves[which, at]) * part
    for each in range(2):
        peaks.weights[each] *= np.float32(0.97)
    peaks.weights[which] += np.float32(1)


@compiled
def remember_direction(peaks: Record, amplitude_mv: float) -> None:
    """Note which way a complex pointed."""
    peaks.direction = 1 if amplitude_mv >= 0 else -1
