"""Which kind of beat each is: N, S, V, F or Q, as ANSI/AAMI EC57 groups them.  Pure; looks ahead one beat at most.

A beat is judged when the next one is found, or 1.2 s later. Its shape is compared with up to four shapes of this
patient that go on being averaged (template matching as in Hamilton 2002); which of them is the usual one, how early
the beats of each shape come, the intervals around the beat and its P wave are the features from which fitted trees
(`analytics.ecg.forest`, `analytics.training.beats`) conclude: first, whether it is a V; if not, whether it is an S. No
feature depends on what was concluded before. What the patient's own usual beat is decides, so that a bundle branch
block is no V.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg import shapes
from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import add_up
from analytics.ecg.order import count_known, get_ranked
from analytics.ecg.peaks import CANDIDATE, MASK
from analytics.ecg.resample import FS_HZ
from analytics.rows import Singles

#: A beat is judged so long after its peak when no other came.
WAITS: Final = round(1.2 * FS_HZ)
_SHAPES: Final = 4
_SAME: Final = 0.85
_SAME_SIZE: Final = 1.8
_FORGETS: Final = 0.985
_LEARNS: Final = 1 / 12
_RR: Final = 16
#: An interval this near the calm one moves it; others do so much more slowly.
_CALM: Final = 0.12
_CALM_LEARNS: Final = 1 / 8
_SLOWLY: Final = 1 / 100
_EARLY: Final = 0.85
#: A rhythm that began at once too early is so until its intervals are near those before again.
_BACK: Final = 0.9
_LONG: Final = 1.15
_HELD_LEARNS: Final = 1 / 3
_HELD_SLOWLY: Final = 1 / 400
#: A usual beat whose ventricular sum is more than this (a probability of 0.3) is taken for a fusion of both.
_FUSED: Final = -0.8473
#: Log-odds of a beat that is hardly a V.
UNLIKELY: Final = -1.5
FEATURES: Final = 53
N: Final = 0
S: Final = 1
V: Final = 2
F: Final = 3
Q: Final = 4
LETTERS: Final = b"NSVFQ"

#: A shape that some of the patient's beats have.
#:
#: wave: their mean, mV, without its own mean.  weight: how many there were lately.
#: early: mean of their intervals over the usual.  width, energy, slope: means.
#: late: mean of the intervals after them over the usual.
SHAPE: Final = np.dtype(
    [
        ("wave", np.float32, (shapes.SIZE,)),
        ("weight", np.float32),
        ("early", np.float32),
        ("late", np.float32),
        ("width", np.float32),
        ("energy", np.float32),
        ("slope", np.float32),
    ],
    align=True,
)
#: Of a row: the beat that waits, and what its beats look like.
#:
#: waits: a beat waits to be judged.  beat, t_us: it.  before_rr_s: interval before its own.
#: rr_s: last intervals, newest first, NaN where there are fewer; usual_s: their median.
#: p_wave, p_power: mean of the P wave's place and of its power.
#: strange: part of the last beats that are like none of the shapes: where most are, this is no ECG.
#: p_weight: beats in that mean.  spread: mean of |change of interval| over the usual interval.
#: t_level, amplitude: means over usual beats: the T wave's place over the PQ segment, and the R peak, over the height.
#: calm_s: mean interval that follows near ones fast, others slowly; slow_s: one that follows all slowly.
#: held_s: the interval before the rhythm became early at once, or the present one; run: beats since then, 0 if not.
#: last_early, last_width, last_wave: of the beat before: its interval over `calm_s`, width, shape.
CLASSES: Final = np.dtype(
    [
        ("beat", CANDIDATE),
        ("t_us", np.int64),
        ("before_rr_s", np.float32),
        ("usual_s", np.float32),
        ("spread", np.float32),
        ("p_power", np.float32),
        ("p_weight", np.float32),
        ("t_level", np.float32),
        ("strange", np.float32),
        ("calm_s", np.float32),
        ("amplitude", np.float32),
        ("slow_s", np.float32),
        ("last_early", np.float32),
        ("held_s", np.float32),
        ("run", np.float32),
        ("last_width", np.float32),
        ("last_wave", np.float32, (shapes.SIZE,)),
        ("rr_s", np.float32, (_RR,)),
        ("p_wave", np.float32, (shapes.P_SIZE,)),
        ("shapes", SHAPE, (_SHAPES,)),
        ("waits", np.bool_),
    ],
    align=True,
)


#: Where more of the last beats than this part are like no other, and their intervals change by more than this part of
#: the usual one, they are not taken for beats: 94 % of the time in random walks, 0.2 % in the MIT-BIH records.
_STRANGE: Final = 0.5
_SCATTERED: Final = 0.25


#: Room to work in.
ROOM: Final = np.dtype(
    [("wide", np.float32, (shapes.WIDE,)), ("place", np.float32, (shapes.P_SIZE,)), ("changes", np.float32, (_RR,))]
)


class Judged(NamedTuple):
    """What a beat is, how sure that is (0 to 1), and the log-odds that it is a V (a bound, if below `UNLIKELY`)."""

    label: int
    confidence: float
    v_odds: float


@compiled
def begin_run(classes: Record, forget: bool) -> None:
    """Begin anew; after a long gap (`forget`) the shapes are learned again."""
    classes.waits = False
    classes.before_rr_s = np.nan
    if forget:
        classes.usual_s = np.nan
        classes.calm_s = np.nan
        classes.amplitude = 0
        classes.slow_s = np.nan
        classes.last_early = 1
        classes.held_s = np.nan
        classes.run = 0
        classes.last_width = 0
        classes.last_wave[:] = 0
        classes.rr_s[:] = np.nan
        classes.spread = 0
        classes.p_power = 0
        classes.p_weight = 0
        classes.p_wave[:] = 0
        classes.t_level = 0
        classes.strange = 0
        for at in range(_SHAPES):
            classes.shapes[at].weight = 0


@compiled
def is_strange(classes: Record) -> bool:
    """Whether what is found as beats is none."""
    return classes.strange > _STRANGE and classes.spread > _SCATTERED


@compiled
def wait(classes: Record, beat: Record, t_us: int) -> None:
    """Take a beat that is to be judged; the one before has been."""
    source, target = beat, classes.beat
    target.centre = source.centre
    target.r_index = source.r_index
    target.energy = source.energy
    target.slope = source.slope
    target.balance = source.balance
    target.amplitude_mv = source.amplitude_mv
    target.rr_s = source.rr_s
    classes.t_us = t_us
    classes.waits = True


@compiled
def judge(  # one pass over a beat, in its order
    classes: Record, ecg: Singles, forest: Record, after_rr_s: float, rough: float, features: Singles, room: Record
) -> Judged:
    """Judge the beat that waits.

    Parameters
    ----------
    ecg : (512,) float32
        The ring of `analytics.ecg.peaks`.
    after_rr_s : float
        Interval to the next beat; NaN when there is none yet.
    rough : float
        Of the last second, mV.
    features : (53,) float32
        Filled.
    """
    beat = classes.beat
    classes.waits = False
    wide, place = room.wide, room.place
    shapes.cut(ecg, beat.centre, wide)
    width = shapes.measure_width(wide)
    low = high = wide[0]
    total = np.float32(0)
    for at in range(shapes.WIDE):
        low, high = min(low, wide[at]), max(high, wide[at])
        total += abs(wide[at])
    size_mv = max(high - low, np.float32(1e-6))
    area = total / size_mv

    # The shapes of this patient: which is usual, and which is this beat's.
    usual, most = -1, np.float32(0)
    weights = np.float32(1e-6)
    own, own_like = -1, shapes.Likeness(np.float32(-1), np.float32(1), shapes.SHIFT)
    usual_like = own_like
    for at in range(_SHAPES):
        shape = classes.shapes[at]
        if shape.weight <= 0:
            continue
        weights += shape.weight
        score = shape.weight * min(max(shape.early, np.float32(0.3)), np.float32(1.0)) ** 3
        like = shapes.compare(wide, shape.wave, shapes.HALF)
        if like.alike > own_like.alike:
            own, own_like = at, like
        if score > most:
            usual, most = at, score
            usual_like = like
    if own >= 0 and (own_like.alike < _SAME or own_like.size > _SAME_SIZE or own_like.size < 1 / _SAME_SIZE):
        own = -1

    rr_s = beat.rr_s
    usual_s = classes.usual_s if not np.isnan(classes.usual_s) else (rr_s if not np.isnan(rr_s) else np.float32(0.8))
    before = rr_s if not np.isnan(rr_s) else usual_s
    after = min(after_rr_s, np.float32(2.0)) if not np.isnan(after_rr_s) else max(np.float32(1.2), usual_s)
    earlier = classes.before_rr_s if not np.isnan(classes.before_rr_s) else usual_s

    # P wave: the place before the R peak beside its mean.
    first = int(beat.r_index) - shapes.P_FROM
    # The shifted ones first: the place as it is stays.
    shifted = shapes.compare_p(ecg, first, classes.p_wave, place)
    shapes.cut_p(ecg, first, place)
    p_power = shapes.dot(place, place) + np.float32(1e-12)
    p_product = shapes.dot(place, classes.p_wave) + np.float32(1e-12)
    p_own = shapes.dot(classes.p_wave, classes.p_wave) + np.float32(1e-12)
    p_low = p_high = np.float32(0)
    for at in range(shapes.P_SIZE):
        p_low, p_high = min(p_low, place[at]), max(p_high, place[at])
    t_level = np.float32(0)
    for at in range(20, 36):
        t_level += ecg[(int(beat.r_index) + at) & MASK]
    t_level = (t_level / np.float32(16) - ecg[(int(beat.r_index) - 8) & MASK]) / size_mv

    features[2] = before / usual_s
    features[3] = after / usual_s
    features[4] = before / earlier
    features[5] = before / max(after, np.float32(0.1))
    features[6] = usual_like.alike
    features[7] = usual_like.size
    features[8] = width
    features[9] = width / classes.shapes[usual].width if usual >= 0 else np.float32(1)
    features[10] = beat.energy / max(classes.shapes[usual].energy, np.float32(1e-6)) if usual >= 0 else np.float32(1)
    features[11] = beat.slope / max(classes.shapes[usual].slope, np.float32(1e-6)) if usual >= 0 else np.float32(1)
    features[12] = beat.balance
    features[13] = beat.slope / size_mv
    features[14] = area
    features[15] = p_product / np.sqrt(p_power * p_own)
    features[16] = (p_high - p_low) / size_mv
    features[17] = p_own / max(classes.p_power, np.float32(1e-12)) if classes.p_weight > 0 else np.float32(0)
    features[18] = t_level
    features[19] = t_level - classes.t_level
    features[20] = classes.spread
    features[21] = np.float32(0)
    if own >= 0 and usual >= 0:
        features[21] = shapes.correlate(classes.shapes[own].wave, classes.shapes[usual].wave)
    features[22] = classes.shapes[own].width / classes.shapes[usual].width if own >= 0 else features[9]
    features[23] = own_like.alike if own >= 0 else np.float32(0)
    features[24] = classes.shapes[own].weight / weights if own >= 0 else np.float32(0)
    features[25] = classes.shapes[own].early if own >= 0 else np.float32(0)
    held_s = classes.held_s if not np.isnan(classes.held_s) else usual_s
    features[26] = before / held_s
    features[27] = rough / size_mv
    features[28] = after / held_s
    features[29] = classes.shapes[own].late if own >= 0 else np.float32(0)
    features[30] = beat.amplitude_mv / size_mv
    calm_s = classes.calm_s if not np.isnan(classes.calm_s) else usual_s
    slow_s = classes.slow_s if not np.isnan(classes.slow_s) else usual_s
    features[32] = before / calm_s
    features[33] = after / calm_s
    features[34] = before / slow_s
    features[35] = classes.last_early
    _describe_intervals(classes, before, calm_s, features, room)
    features[42] = np.float32(0)
    features[43] = np.float32(1)
    if classes.last_width > 0:
        features[42] = shapes.compare(wide, classes.last_wave, shapes.HALF).alike
        features[43] = width / classes.last_width
    features[44] = np.float32(0)
    if usual >= 0:
        features[44] = shapes.compare(wide, classes.shapes[usual].wave, shapes.QRS_HALF).alike
    features[45] = shifted
    features[46] = classes.run
    features[47] = p_power / max(classes.p_power, np.float32(1e-12)) if classes.p_weight > 0 else np.float32(1)
    residual = max(p_power - np.float32(2) * p_product + p_own, np.float32(0))
    features[48] = residual / max(classes.p_power, np.float32(1e-12)) if classes.p_weight > 0 else np.float32(1)
    features[49] = p_product / p_own
    features[50] = classes.shapes[usual].weight / weights if usual >= 0 else np.float32(0)
    features[51] = (before + earlier) / (np.float32(2) * calm_s)
    features[52] = classes.shapes[usual].early if usual >= 0 else np.float32(1)
    features[31] = beat.amplitude_mv / size_mv - classes.amplitude
    features[1] = (before + after) / calm_s
    features[0] = usual_s / calm_s

    v_sum = add_up(forest, features, 0, UNLIKELY)
    v_chance = np.float32(1) / (np.float32(1) + np.exp(-v_sum))
    label, confidence = V, v_chance
    if v_sum <= 0:
        s_sum = add_up(forest, features, 1, 0.0)
        s_chance = (np.float32(1) - v_chance) / (np.float32(1) + np.exp(-s_sum))
        label, confidence = S, s_chance
        if s_sum <= 0:
            label, confidence = F if v_sum > np.float32(_FUSED) else N, np.float32(1) - v_chance - s_chance
    late = after / usual_s if not np.isnan(after_rr_s) else np.float32(1)
    is_usual = own == usual or usual < 0
    early = float(before / usual_s)
    _learn(
        classes, own, own_like.shift, is_usual, width, early, float(late), p_power, float(t_level), rr_s,
        float(size_mv), room,
    )  # fmt: skip
    return Judged(label, float(confidence), float(v_sum))


@compiled
def _learn(  # what a judged beat brings
    classes: Record, own: int, shift: int, is_usual: bool, width: float, early: float, late: float,
    p_power: float, t_level: float, rr_s: float, size_mv: float, room: Record,
) -> None:  # fmt: skip
    beat = classes.beat
    wide, place = room.wide, room.place
    classes.strange += (np.float32(own < 0) - classes.strange) * np.float32(1 / 8)
    if own < 0:
        own = 0
        for at in range(_SHAPES):
            if classes.shapes[at].weight < classes.shapes[own].weight:
                own = at
        classes.shapes[own].weight = 0
    shape = classes.shapes[own]
    for at in range(_SHAPES):
        classes.shapes[at].weight *= np.float32(_FORGETS)
    part = max(np.float32(1) / (shape.weight + np.float32(1)), np.float32(_LEARNS))
    if shape.weight <= 0:
        part = np.float32(1)
    best = shift if shape.weight > 0 else shapes.SHIFT
    mean = shapes.sum_up(wide, best, shapes.SIZE)[0] / np.float32(shapes.SIZE)
    for at in range(shapes.SIZE):
        shape.wave[at] += (wide[at + best] - mean - shape.wave[at]) * part
    shape.early += (early - shape.early) * part
    shape.late += (late - shape.late) * part
    shape.width += (np.float32(width) - shape.width) * part
    shape.energy += (beat.energy - shape.energy) * part
    shape.slope += (beat.slope - shape.slope) * part
    shape.weight += np.float32(1)

    if not np.isnan(rr_s):
        for at in range(_RR - 1, 0, -1):
            classes.rr_s[at] = classes.rr_s[at - 1]
        classes.rr_s[0] = rr_s
        known = count_known(classes.rr_s)
        classes.usual_s = get_ranked(classes.rr_s, known, known // 2)
        change = abs(rr_s - classes.before_rr_s)
        if not np.isnan(change):
            classes.spread += (min(change / classes.usual_s, np.float32(1)) - classes.spread) * np.float32(0.1)
    if is_usual:
        part = max(np.float32(1) / (classes.p_weight + np.float32(1)), np.float32(_LEARNS))
        for at in range(shapes.P_SIZE):
            classes.p_wave[at] += (place[at] - classes.p_wave[at]) * part
        classes.amplitude += (beat.amplitude_mv / size_mv - classes.amplitude) * part
        classes.p_power += (p_power - classes.p_power) * part
        classes.t_level += (np.float32(t_level) - classes.t_level) * part
        classes.p_weight = min(classes.p_weight + np.float32(1), np.float32(1000))
    classes.before_rr_s = rr_s
    classes.last_width = width
    mean = shapes.sum_up(wide, shapes.SHIFT, shapes.SIZE)[0] / np.float32(shapes.SIZE)
    for at in range(shapes.SIZE):
        classes.last_wave[at] = wide[at + shapes.SHIFT] - mean
    if not np.isnan(rr_s):
        if np.isnan(classes.calm_s):
            classes.calm_s = classes.slow_s = classes.held_s = rr_s
        classes.last_early = rr_s / classes.calm_s
        near = abs(rr_s - classes.calm_s) < np.float32(_CALM) * classes.calm_s
        change = min(max(rr_s - classes.calm_s, np.float32(-0.5) * classes.calm_s), np.float32(0.5) * classes.calm_s)
        classes.calm_s += change * np.float32(_CALM_LEARNS if near else _SLOWLY)
        change = min(max(rr_s - classes.slow_s, np.float32(-0.5) * classes.slow_s), np.float32(0.5) * classes.slow_s)
        classes.slow_s += change * np.float32(_SLOWLY)
        change = rr_s - classes.held_s
        if rr_s < np.float32(_EARLY if classes.run == 0 else _BACK) * classes.held_s:
            classes.run = min(classes.run + np.float32(1), np.float32(100))
            classes.held_s += change * np.float32(_HELD_SLOWLY)
        elif rr_s > np.float32(_LONG) * classes.held_s:
            classes.run = 0
            classes.held_s += np.float32(_LONG - 1) * classes.held_s * np.float32(_CALM_LEARNS)
        else:
            classes.run = 0
            classes.held_s += change * np.float32(_HELD_LEARNS)
    else:
        classes.last_early = 1


@compiled
def _describe_intervals(classes: Record, before: float, calm_s: float, features: Singles, room: Record) -> None:
    """Fill how the interval stands among the last ones, and how irregular those are."""
    count = early = 0
    least, most = np.float32(np.inf), np.float32(0)
    four = np.float32(0)
    n_four = 0
    changes = room.changes
    shorter = 0
    for at in range(_RR):
        value = classes.rr_s[at]
        if np.isnan(value):
            break
        count += 1
        if at < 8:
            least, most = min(least, value), max(most, value)
        if at < 4:
            four += value
            n_four += 1
        if value < before:
            shorter += 1
        if value < np.float32(_EARLY) * calm_s:
            early += 1
        if at > 0:
            changes[at - 1] = abs(value - classes.rr_s[at - 1])
    features[36] = before / (four / np.float32(n_four)) if n_four > 0 else np.float32(1)
    features[37] = before / least if count > 0 else np.float32(1)
    features[38] = before / most if count > 0 else np.float32(1)
    features[39] = before / ((classes.rr_s[0] + classes.rr_s[1]) * np.float32(0.5)) if count > 1 else np.float32(1)
    features[40] = np.float32(early) / np.float32(count) if count > 0 else np.float32(0)
    features[41] = np.float32(0)
    if count > 2:
        features[41] = get_ranked(changes, count - 1, (count - 1) // 2) / calm_s
