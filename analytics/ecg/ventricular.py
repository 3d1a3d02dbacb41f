"""Ventricular fibrillation and flutter, seen in the wave itself.  Pure, causal.

Each second the last 4.1 s are looked at, at 31.25 Hz: how peaked the slopes are (QRS complexes are, waves are not), VF
filter leakage (Kuo and Dillman 1978), threshold crossings (Thakor 1990, doi:10.1109/10.52330; Arafat 2011), boxes of
the phase plane that are visited (Amann 2007, doi:10.1109/TBME.2006.880909), spectrum, how much of the line is at rest,
and what the detector made of it; beside some of these, what they were four seconds before. Trees fitted offline
(`analytics.training.ventricular`) turn them into log-odds, which add up to the evidence that decides. Features after
Figuera et al. (2016), doi:10.1371/journal.pone.0159654.

Waves without any order, under which the patient's own complexes go on (`analytics.ecg.own`), or with so much noise that
nobody could see them, are a movement: it begins no fibrillation. The trees, which know few of them, are not asked.
"""

from typing import Final

import numpy as np

from analytics.ecg import own as own_complexes
from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import add_up
from analytics.ecg.peaks import MASK, RING
from analytics.ecg.resample import BLOCK_US, FS_HZ
from analytics.rows import Singles

_SLOW: Final = 4
_SIZE: Final = RING // _SLOW
_SLOW_HZ: Final = FS_HZ / _SLOW
_BIN_HZ: Final = _SLOW_HZ / _SIZE
FEATURES: Final = 24
#: What the features are, in their order: for those who fit the trees.
(
    SIZE, CROSSING, LEAK, PEAK_HZ, MID, HIGHEST, STILL, ROUGH, USUAL, BEATS, ALIKE, USUAL_SIZE, BOXES, WAVES_HZ, WAVE,
    PEAKED, COMPLEX, WANDER, NARROW, PEAKED_BEFORE, CROSSING_BEFORE, WAVES_HZ_BEFORE, LEAK_BEFORE, SIZE_BEFORE,
) = range(FEATURES)  # fmt: skip
_BEFORE: Final = (PEAKED, CROSSING, WAVES_HZ, LEAK, SIZE)
_ANGLE: Final = 2 * np.pi / _SIZE * np.arange(_SIZE // 2)
_COS: Final = np.cos(_ANGLE).astype(np.float32)
_SIN: Final = np.sin(_ANGLE).astype(np.float32)
_HANN: Final = (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(_SIZE) + 0.5) / _SIZE)).astype(np.float32)
_TURNED: Final = np.array([int(f"{at:07b}"[::-1], 2) for at in range(_SIZE)], np.int64)
#: The baseline is a moving mean over 0.8 s.
_REACH: Final = 12
#: Delay (0.5 s) and boxes a side of the phase plane.
_DELAY: Final = 16
_GRID: Final = 20

#: A wave this low (a sine of 0.11 mV from peak to peak) is asystole.
_LEAST: Final = np.float32(np.log(0.04))
#: Slopes as peaked as complexes make them, over a line at rest in between: not looked at further.
_SHARP: Final = 14.0
_AT_REST: Final = 0.4
#: The same where there are beats that look like the usual one.
_SHARP_BEATS: Final = 6.0
_AT_REST_BEATS: Final = 0.2
_USUAL_BEATS: Final = 0.9
#: Beats so much like the usual one, no faster than this, the last no longer ago: not looked at at all.
_CALM_BEATS: Final = 0.95
_CALM_BPM: Final = 150.0
_CALM_US: Final = 1_600_000

#: Without order: less of the power than this is around one frequency, and each half wave is so little the reverse of
#: the one before.
_LOOSE_NARROW: Final = 0.55
_LOOSE_LEAK: Final = 0.5
#: Noise hides the complexes: so many of the last seven seconds are noise, and the last is as rough as this beside the
#: slope of a complex.
_NOISE_LATELY_S: Final = 3
_HIDES: Final = 0.08

#: Of a row: evidence of fibrillation, and what it led to.
#:
#: raw: last probabilities, newest last.  chance: their mean.  evidence: sum of log-odds within bounds.
#: rose_us, full_us: when the evidence last left nothing, and was last the `most` that it has been since.
#: seconds: of signal since the last gap.  lost: blocks without signal since the last look.
#: is_on: it fibrillates, for `lasted` seconds looked at.  since_us: from when on.  until_us: end of the last.
#: narrow: seconds of one frequency, less others.  is_flutter: it flutters, or fibrillates; turned_us: since when.
#: waves, waves_us, wave_us: seconds of a wave as a tachycardia has it: how many, since when, until when; wave_hz: its
#: frequency.
#: alike, beats: sums over the beats of the last four seconds: likeness to the usual one; count.
#: before: features of the last four seconds.
VENTRICULAR: Final = np.dtype(
    [
        ("since_us", np.int64),
        ("until_us", np.int64),
        ("turned_us", np.int64),
        ("rose_us", np.int64),
        ("full_us", np.int64),
        ("seconds", np.int64),
        ("narrow", np.int64),
        ("lost", np.int64),
        ("lasted", np.int64),
        ("waves", np.int64),
        ("waves_us", np.int64),
        ("wave_us", np.int64),
        ("wave_hz", np.float32),
        ("chance", np.float32),
        ("evidence", np.float32),
        ("most", np.float32),
        ("raw", np.float32, (3,)),
        ("alike", np.float32, (4,)),
        ("beats", np.float32, (4,)),
        ("before", np.float32, (4, len(_BEFORE))),
        ("is_on", np.bool_),
        ("is_flutter", np.bool_),
    ],
    align=True,
)
#: Evidence at which it begins, and that there is at most; what one second adds, and takes, at most; what a second takes
#: that need not be looked at.
_BEGINS: Final = 3.0
_WHOLE: Final = 12.0
_MOST: Final = 2.0
_CUTS: Final = 3.0
#: Added to each second's log-odds: a missed fibrillation is worse than a false one; what stays is likelier than what
#: begins, the more so (a second, at most) the longer it has lasted.
_LEANS: Final = 0.15
_STAYS: Final = 0.8
_GROWS: Final = 0.03
_STAYS_MOST: Final = 1.5
#: Without signal evidence fades by so much a block; after so many blocks the window is no more looked at.
_FADES: Final = 0.1
_LOST: Final = 5
#: The look is over the last 4.1 s: what it first sees began so long ago, what it last saw ended so long ago.
_BEGAN_US: Final = 3_000_000
_ENDED_US: Final = 3_000_000
#: Log-odds where the trees need not be asked; below which it does not matter how much.
_SURELY_NOT: Final = -6.0
_PLAINLY_NOT: Final = -4.0
#: Flutter has so much of its power around one frequency, for so many seconds more than not.
_NARROW: Final = 0.8
_SURE: Final = 4
#: A tachycardia without complexes: nearly all power around one frequency, each half wave the reverse of the one before,
#: no rest in between, not low.
_WAVE_NARROW: Final = 0.9
_WAVE_LEAK: Final = 0.35
_WAVE_STILL: Final = 0.3
_WAVE_SIZE: Final = np.float32(np.log(0.1))
_WAVE_LEAST_HZ: Final = 1.6
_WAVE_MOST_HZ: Final = 5.0
#: What seems to come regularly may be waves of it, but not when it looks like the usual beat.
_WAVE_ALIKE: Final = 0.8


@compiled
def begin_run(ventricular: Record, gap_us: int, last_us: int) -> None:
    """Begin anew after a gap: what was known fades; after a long gap, what fibrillated did so until `last_us`."""
    ventricular.seconds = 0
    ventricular.waves = 0
    ventricular.lost = 0
    ventricular.alike[:] = 0
    ventricular.beats[:] = 0
    ventricular.before[:] = 0
    fades = np.float32(gap_us) * np.float32(_FADES / BLOCK_US)
    ventricular.evidence = max(ventricular.evidence - fades, np.float32(0)) if gap_us >= 0 else np.float32(0)
    if ventricular.evidence > 0:
        return
    if ventricular.is_on:
        ventricular.until_us = max(last_us, ventricular.since_us)
    ventricular.chance = 0
    ventricular.most = 0
    ventricular.raw[:] = 0
    ventricular.is_on = False


@compiled
def lose(ventricular: Record) -> None:
    """Take a block of 0.2 s in which nothing could be seen: what was known fades."""
    ventricular.lost += 1
    if ventricular.lost >= _LOST:
        ventricular.seconds = 0
        ventricular.waves = 0
    ventricular.evidence = max(ventricular.evidence - np.float32(_FADES), np.float32(0))
    _end(ventricular)


@compiled
def _end(ventricular: Record) -> None:
    if ventricular.is_on and ventricular.evidence <= 0:
        ventricular.is_on = False
        ventricular.until_us = max(ventricular.full_us - _ENDED_US, ventricular.since_us)
        ventricular.most = 0


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
def _read(ecg: Singles, index: int, line: Singles, flat: Singles) -> None:
    """Fill the last 4.1 s at 31.25 Hz, and the same without its baseline (mirrored at the ends)."""
    for at in range(_SIZE):
        total = np.float32(0)
        for step in range(_SLOW):
            total += ecg[(index + at * _SLOW + step) & MASK]
        line[at] = total * np.float32(1 / _SLOW)
    total = line[0]
    for at in range(1, _REACH + 1):
        total += 2 * line[at]
    for at in range(_SIZE):
        flat[at] = line[at] - total * np.float32(1 / (2 * _REACH + 1))
        comes, goes = at + _REACH + 1, abs(at - _REACH)
        if comes >= _SIZE:
            comes = 2 * (_SIZE - 1) - comes
        total += line[comes] - line[goes]


@compiled
def _describe(ventricular: Record, line: Singles, flat: Singles, features: Singles) -> bool:  # one pass in its order
    """Fill what is told by values and slopes; return whether they may be those of fibrillation."""
    steepest = np.float32(1e-6)
    level = np.float32(0)
    for at in range(_SIZE):
        level += line[at]
    level *= np.float32(1 / _SIZE)
    for at in range(2, _SIZE):
        steepest = max(steepest, abs(line[at] - line[at - 2]))
    still = 0
    for at in range(2, _SIZE):
        if abs(line[at] - line[at - 2]) < steepest * np.float32(0.1):
            still += 1
    mean = power = whole = slow = np.float32(1e-9)
    for at in range(_SIZE):
        value = flat[at]
        mean += abs(value)
        power += value * value
        away = line[at] - level
        whole += away * away
        slow += (away - value) ** 2
    sd = np.sqrt(power / np.float32(_SIZE))
    crossing = 0
    part = _SIZE // 4
    for each in range(4):
        top = np.float32(1e-6)
        for at in range(each * part, (each + 1) * part):
            top = max(top, abs(flat[at]))
        for at in range(each * part, (each + 1) * part):
            if abs(flat[at]) > top * np.float32(0.2):
                crossing += 1
    change = second = fourth = bend = np.float32(1e-12)
    last = np.float32(0)
    for at in range(1, _SIZE):
        slope = flat[at] - flat[at - 1]
        change += abs(slope)
        square = slope * slope
        second += square
        fourth += square * square
        if at > 1:
            bend += (slope - last) ** 2
        last = slope
    half_period = min(max(int(np.pi * mean / change + 0.5), 1), _SIZE // 4)
    leak = both = np.float32(1e-9)
    for at in range(half_period, _SIZE):
        leak += abs(flat[at] + flat[at - half_period])
        both += abs(flat[at]) + abs(flat[at - half_period])
    # Waves: from below to above a third of the spread.
    is_up = False
    waves = 0
    begun = -1
    lengths = np.empty(_SIZE, np.int64)
    edge = np.float32(0.35) * sd
    for at in range(_SIZE):
        if not is_up and flat[at] > edge:
            is_up = True
            if begun >= 0:
                lengths[waves] = at - begun
                waves += 1
            begun = at
        elif is_up and flat[at] < -edge:
            is_up = False
    features[SIZE] = np.log(sd + np.float32(1e-4))
    features[CROSSING] = np.float32(crossing / _SIZE)
    features[LEAK] = leak / both
    features[STILL] = np.float32(still / _SIZE)
    features[WAVES_HZ] = np.float32(waves / _SIZE * _SLOW_HZ)
    features[WAVE] = np.float32(np.sort(lengths[:waves])[waves // 2]) if waves > 1 else np.float32(99)
    features[PEAKED] = fourth * np.float32(_SIZE - 1) / (second * second)
    features[COMPLEX] = np.sqrt(bend / second)
    features[WANDER] = slow / whole
    features[PEAKED_BEFORE] = ventricular.before[0, 0]
    features[CROSSING_BEFORE] = ventricular.before[0, 1]
    features[WAVES_HZ_BEFORE] = ventricular.before[0, 2]
    features[LEAK_BEFORE] = ventricular.before[0, 3]
    features[SIZE_BEFORE] = ventricular.before[0, 4]
    for at in range(3):
        ventricular.before[at] = ventricular.before[at + 1]
    for each, feature in enumerate(_BEFORE):
        ventricular.before[3, each] = features[feature]
    is_sharp = features[PEAKED] > _SHARP and features[STILL] > _AT_REST
    is_calm = features[BEATS] >= 2 and features[ALIKE] > _USUAL_BEATS  # one may be chance
    is_calm = is_calm and features[PEAKED] > _SHARP_BEATS and features[STILL] > _AT_REST_BEATS
    return bool(features[SIZE] >= _LEAST and not is_sharp and not is_calm)


@compiled
def _analyse(flat: Singles, features: Singles) -> None:
    """Fill what the phase plane and the spectrum tell."""
    top = np.float32(1e-6)
    for at in range(_SIZE):
        top = max(top, abs(flat[at]))
    scale = np.float32(_GRID / 2 - 0.01) / top
    seen = np.zeros(_GRID * _GRID, np.bool_)
    boxes = 0
    for at in range(_DELAY, _SIZE):
        box = int((flat[at] + top) * scale) * _GRID + int((flat[at - _DELAY] + top) * scale)
        if not seen[box]:
            seen[box] = True
            boxes += 1
    real, imaginary = np.empty(_SIZE, np.float32), np.zeros(_SIZE, np.float32)
    for at in range(_SIZE):
        source = _TURNED[at]
        real[at] = flat[source] * _HANN[source]
    _transform(real, imaginary)
    peak, peak_power = 2, np.float32(0)
    whole = np.float32(1e-12)
    mid = highest = narrow = np.float32(0)
    for at in range(2, _SIZE // 2):
        here = real[at] * real[at] + imaginary[at] * imaginary[at]
        real[at] = here
        hertz = at * _BIN_HZ
        whole += here
        if 2.4 <= hertz < 7:
            mid += here
        elif hertz >= 11:
            highest += here
        if here > peak_power and hertz < 9:
            peak, peak_power = at, here
    for at in range(2, _SIZE // 2):
        if 0.7 * peak <= at <= 1.4 * peak:
            narrow += real[at]
    features[PEAK_HZ] = np.float32(peak * _BIN_HZ)
    features[MID] = mid / whole
    features[HIGHEST] = highest / whole
    features[NARROW] = narrow / whole
    features[BOXES] = np.float32(boxes / (_GRID * _GRID))


@compiled
def _is_movement(own: Record, ecg: Singles, index: int, rough_mv: float, lately: int, features: Singles) -> bool:
    """Tell whether the wave has no order, and there are complexes in it, or noise in which there may be."""
    slope_mv = own_complexes.get_slope(own)
    if slope_mv <= 0 or features[NARROW] >= _LOOSE_NARROW or features[LEAK] <= _LOOSE_LEAK:
        return False
    is_hidden = lately >= _NOISE_LATELY_S and rough_mv > _HIDES * slope_mv
    return is_hidden or own_complexes.are_seen(own, ecg, index)


@compiled
def look(  # a window, and what is known of it
    ventricular: Record,
    own: Record,
    peaks: Record,
    index: int,
    now_us: int,
    noisy: float,
    rough_mv: float,
    lately: int,
    usual_energy: float,
    rest: float,
    is_regular: bool,
    few_bpm: float,
    last_us: int,
    forest: Record,
    features: Singles,
) -> None:
    """Look at the last 4.1 s, at the end of a second.

    Parameters
    ----------
    own : OWN
        The patient's own shape; learned where there is no doubt.
    peaks : PEAKS
        The signal, and the shapes of the complexes.
    index : int
        Index in the run of the next sample.
    noisy : float
        How rough the last second was beside how busy.
    rough_mv : float
        How rough it was.
    lately : int
        How many of the last seven seconds were noise.
    usual_energy : float
        Height of the complexes in the detection signal, mV.
    rest : float
        How much of that lies between them.
    is_regular : bool
        Beats come regularly, and not too fast to be beats.
    few_bpm : float
        Mean rate of the last beats.
    last_us : int
        The last beat.
    features : (24,) float32
        Filled; `PEAK_HZ` is 0 where the trees need not be asked.
    """
    beats = alike = np.float32(0)
    for at in range(4):
        beats += ventricular.beats[at]
        alike += ventricular.alike[at]
    for at in range(3):
        ventricular.beats[at] = ventricular.beats[at + 1]
        ventricular.alike[at] = ventricular.alike[at + 1]
    ventricular.beats[3] = 0
    ventricular.alike[3] = 0
    if beats > 0:
        alike /= beats
    is_calm = beats >= 2 and alike > _CALM_BEATS and few_bpm < _CALM_BPM  # one may be chance
    asked = False
    odds = np.float32(_SURELY_NOT)
    if is_regular or (is_calm and now_us - last_us < _CALM_US):
        for at in range(3):
            ventricular.before[at] = ventricular.before[at + 1]
        ventricular.before[3] = 0
        if beats > 0:
            own_complexes.learn(own, peaks, rest)
    else:
        line, flat = np.empty(_SIZE, np.float32), np.empty(_SIZE, np.float32)
        _read(peaks.ecg, index, line, flat)
        features[BEATS] = beats
        features[ALIKE] = alike
        asked = _describe(ventricular, line, flat, features)
        if features[SIZE] < _LEAST:
            ventricular.evidence = 0
    if asked:
        _analyse(flat, features)
        asked = ventricular.is_on or not _is_movement(own, peaks.ecg, index, rough_mv, lately, features)
    if asked:
        features[ROUGH] = noisy
        features[USUAL] = np.float32(usual_energy) / np.exp(features[SIZE])
        features[USUAL_SIZE] = np.log(np.float32(usual_energy) + np.float32(1e-4))
        odds = add_up(forest, features, 0, _PLAINLY_NOT)
        _watch_waves(ventricular, features, now_us)
    else:
        if not is_regular or alike > _WAVE_ALIKE:
            ventricular.waves = 0
        features[PEAK_HZ] = 0
    ventricular.seconds += 1
    ventricular.lost = 0
    if ventricular.seconds >= 4:
        decide(ventricular, float(odds), asked, now_us)
        if ventricular.is_on:
            _name(ventricular, asked and features[NARROW] > _NARROW, now_us)


@compiled
def _watch_waves(ventricular: Record, features: Singles, now_us: int) -> None:
    """Count the seconds in which the wave is that of a tachycardia."""
    is_wave = features[NARROW] > _WAVE_NARROW and features[LEAK] < _WAVE_LEAK and features[STILL] < _WAVE_STILL
    is_wave = is_wave and features[SIZE] > _WAVE_SIZE and _WAVE_LEAST_HZ < features[PEAK_HZ] < _WAVE_MOST_HZ
    if not is_wave:
        ventricular.waves = 0
        return
    if ventricular.waves == 0:
        ventricular.waves_us = now_us - _BEGAN_US
    ventricular.waves += 1
    ventricular.wave_us = now_us
    ventricular.wave_hz = features[PEAK_HZ]


@compiled
def decide(ventricular: Record, odds: float, asked: bool, now_us: int) -> None:  # compiled code
    """Take a second's log-odds as evidence; `asked`: by the trees."""
    ventricular.raw[0] = ventricular.raw[1]
    ventricular.raw[1] = ventricular.raw[2]
    ventricular.raw[2] = 1 / (1 + np.exp(-odds))
    ventricular.chance = (ventricular.raw[0] + ventricular.raw[1] + ventricular.raw[2]) / np.float32(3)
    if ventricular.is_on:
        ventricular.lasted += 1
    if not asked:
        odds = -_CUTS
    else:
        odds += _LEANS
        if ventricular.is_on:
            odds += min(_STAYS + _GROWS * ventricular.lasted, _STAYS_MOST)
        odds = min(max(odds, -_MOST), _MOST)
    before = ventricular.evidence
    evidence = min(max(before + odds, 0.0), _WHOLE)
    ventricular.evidence = evidence
    if before <= 0 and evidence > 0:
        ventricular.rose_us = now_us
        ventricular.most = 0
    if evidence >= ventricular.most:
        ventricular.most = evidence
        ventricular.full_us = now_us
    if not ventricular.is_on and evidence >= _BEGINS:
        ventricular.is_on = True
        ventricular.lasted = 0
        ventricular.since_us = max(ventricular.rose_us - _BEGAN_US, ventricular.until_us)
        ventricular.turned_us = ventricular.since_us
        ventricular.is_flutter = False
        ventricular.narrow = 0
    _end(ventricular)


@compiled
def _name(ventricular: Record, is_narrow: bool, now_us: int) -> None:  # compiled code
    """Tell flutter, one frequency for seconds, from fibrillation."""
    ventricular.narrow = min(max(ventricular.narrow + (1 if is_narrow else -1), -_SURE), _SURE)
    turns = ventricular.narrow <= -_SURE if ventricular.is_flutter else ventricular.narrow >= _SURE
    if turns:
        ventricular.is_flutter = not ventricular.is_flutter
        ventricular.turned_us = max(now_us - 2 * _SURE * 1_000_000, ventricular.turned_us)
