"""Which peaks are complexes: thresholds that follow the signal.  Pure, causal.

The rules of Hamilton (2002), doi:10.1109/CIC.2002.1166717, and Pan and Tompkins (1985), doi:10.1109/TBME.1985.325532:
a threshold between the medians of the last eight complexes and of the last eight other peaks; a peak soon after a
complex with much less slope is its T wave; where a complex is overdue, the best peak since the last one is taken at
half the threshold. Deviations are marked below. In noise, fitted trees (`analytics.ecg.forest`) judge each peak
instead of the rules, by its height, time and likeness to the complexes before (`analytics.training.complexes`).
"""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import add_up
from analytics.ecg.order import count_known, get_ranked
from analytics.ecg.peaks import CANDIDATE, DECIDED_LAG, SHARP
from analytics.ecg.resample import BLOCK, FS_HZ
from analytics.rows import Singles

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
#: Of the complex's slope. (Theirs: half; but ventricular beats that follow closely have less.)
_T_WAVE_SLOPE: Final = 0.4
#: A peak that is much rounder than the complex is its T wave up to this slope. (Not in Hamilton: where complexes are
#: small, steep T waves were counted.)
_ROUND_SLOPE: Final = 0.75
_ROUND: Final = 0.65
#: A peak that comes later than a T wave and is steep on both sides is a complex from this height on: an aberrant beat
#: is lower than the others, not much slower. (Not in Hamilton.)
_STEEP_THRESHOLD: Final = 0.18
_STEEP_SLOPE: Final = 0.27
_STEEP_BALANCE: Final = 0.6
_ONE_SIDED: Final = 1 / 8
#: The level is sure when so many complexes are known, and the lower of them are no less than this part of it. Until
#: then what set it may have been a movement: an overdue peak with the turns of a complex sets it anew.
_SURE: Final = 8
_AGREE: Final = 0.25
_NOISE_IS_ROUGH: Final = 1.2
#: A run begins with 1.4 s in which peaks are only gathered; then they are judged, the highest being a complex.
_LEARNING: Final = 7 * BLOCK
_GATHERED: Final = 8
#: Noise: so many peaks are no complexes, and so much of the complexes' height lies between them.
_REFUSED: Final = 0.12
_MOVING: Final = 0.08
#: Up to so many, what the plain rules take needs only not to be unlikely.
_PLAIN: Final = 0.3
UNLIKELY: Final = -1.0
#: Sum of the trees from which on an overdue complex is taken.
_OVERDUE_SCORE: Final = -1.5
_NOT_SCORED: Final = -9.0
_FOLLOWS: Final = 0.1
_NOISE_FOLLOWS: Final = 0.15
#: What the trees are asked about a peak.
FEATURES: Final = 23
_LONG_AGO: Final = -(10**12)
_USUAL_RR_S: Final = 1.0
#: Complexes that one block can bring: those gathered while learning, and one found by searching back.
MOST: Final = _GATHERED + 2

#: What is known of a row's complexes.
#:
#: high, low: heights of the last complexes and of the last other peaks, newest first; *_level: their medians.
#: n_high: heights known, at most 8.
#: rr_s: last intervals, NaN where there are fewer; usual_rr_s: their median.
#: last: sample of the run over which the last complex's energy peaked; last_r: its R peak, NaN before the first.
#: swung: the baseline swung since.  learned: the levels are of this patient.
#: held: the best peak since the last complex that was not taken for one; energy 0 when there is none.
#: last_energy, last_candidate: height and place of the last peak.
#: refused: part of the last peaks that were no complexes.
#: noise: mean height of the detection signal before the last peaks, mV.
#: gathered: peaks of the time in which the levels are learned.
DETECTOR: Final = np.dtype(
    [
        ("last", np.int64),
        ("last_r", np.float64),
        ("n_gathered", np.int64),
        ("n_high", np.int64),
        ("held", CANDIDATE),
        ("gathered", CANDIDATE, (_GATHERED,)),
        ("high", np.float32, (8,)),
        ("low", np.float32, (8,)),
        ("high_level", np.float32),
        ("low_level", np.float32),
        ("rr_s", np.float32, (8,)),
        ("usual_rr_s", np.float32),
        ("last_slope", np.float32),
        ("last_rough", np.float32),
        ("last_energy", np.float32),
        ("last_candidate", np.int64),
        ("refused", np.float32),
        ("noise", np.float32),
        ("swung", np.bool_),
        ("learned", np.bool_),
    ],
    align=True,
)


@compiled
def begin_run(detector: Record, forget: bool) -> None:
    """Begin anew: intervals are not known across a gap; after a short one (not `forget`) the levels still hold."""
    detector.last = _LONG_AGO
    detector.last_r = np.nan
    detector.n_gathered = 0
    detector.held.energy = 0
    detector.rr_s[:] = np.nan
    detector.last_slope = 0
    detector.last_rough = 0
    detector.last_energy = 0
    detector.last_candidate = _LONG_AGO
    detector.refused = 0
    detector.noise = 0
    detector.swung = False
    if forget:
        detector.high[:] = 0
        detector.low[:] = 0
        detector.high_level = 0
        detector.low_level = 0
        detector.usual_rr_s = _USUAL_RR_S
        detector.learned = False


@compiled
def get_threshold(detector: Record) -> float:
    """Return the height above which a peak is a complex."""
    low = detector.low_level
    return max(low + (detector.high_level - low) * _THRESHOLD, _LEAST)


@compiled
def get_least(detector: Record) -> float:
    """Return the height below which a peak needs not be looked at."""
    return max(get_threshold(detector) * _LOOKED_AT, _LEAST)


@compiled
def detect(  # compiled code takes no keywords cheaply
    detector: Record,
    index: int,
    candidate: Record,
    is_there: bool,
    found: Record,
    forest: Record,
    features: Singles,
) -> int:
    """Judge one block's candidate, if there is one.

    Parameters
    ----------
    index : int
        Index in the run of the block's first sample.
    found : (10,) CANDIDATE
        Filled with complexes, in the order of time.
    features : (23,) float32
        Filled where the forest is asked.

    Returns
    -------
    int
        How many.
    """
    count = 0
    if is_there and not detector.learned:
        at = min(detector.n_gathered, _GATHERED - 1)
        _copy(candidate, detector.gathered[at])
        detector.n_gathered = at + 1
    elif is_there:
        count = _judge(detector, candidate, found, count, forest, features)
    if not detector.learned and index >= _LEARNING and detector.n_gathered > 0:
        highest = np.float32(0)
        for at in range(detector.n_gathered):
            highest = max(highest, detector.gathered[at].energy)
        detector.high[:] = np.inf
        detector.high[0] = highest
        detector.n_high = 1
        detector.high_level = highest
        detector.learned = True
        for at in range(detector.n_gathered):
            count = _judge(detector, detector.gathered[at], found, count, forest, features)
        detector.n_gathered = 0
    if detector.learned and detector.held.energy > 0:
        overdue = (index + (BLOCK - 1) - DECIDED_LAG) - detector.last > detector.usual_rr_s * (_OVERDUE * FS_HZ)
        part = _SWUNG_THRESHOLD if detector.swung else _OVERDUE_THRESHOLD
        is_high = detector.held.energy > get_threshold(detector) * part
        noisy = is_noisy(detector)
        if overdue and not noisy and _was_misled(detector):
            detector.high[:] = np.inf
            detector.n_high = 0
            detector.low[:] = 0  # complexes may be among them
            detector.low_level = 0
            is_high = True
        if overdue and (detector.held.score > _OVERDUE_SCORE if noisy else is_high):
            count = _accept(detector, detector.held, found, count)
    return count


@compiled
def _copy(source: Record, target: Record) -> None:
    target.centre = source.centre
    target.r_index = source.r_index
    target.energy = source.energy
    target.slope = source.slope
    target.balance = source.balance
    target.amplitude_mv = source.amplitude_mv
    target.alike = source.alike
    target.alike_usual = source.alike_usual
    target.side_before = source.side_before
    target.side_after = source.side_after
    target.width = source.width
    target.rough = source.rough
    target.slant = source.slant
    target.rise = source.rise
    target.fit = source.fit
    target.fit_side = source.fit_side
    target.score = source.score


@compiled
def _judge(  # a peak, and what it is asked
    detector: Record, candidate: Record, found: Record, count: int, forest: Record, features: Singles
) -> int:
    since = candidate.centre - detector.last
    noisy = is_noisy(detector)
    is_high = candidate.energy > get_threshold(detector)
    is_one_sided = candidate.balance < _ONE_SIDED
    is_round = candidate.rough < _ROUND * detector.last_rough
    is_t_wave = (
        since < _T_WAVE and candidate.slope < (_ROUND_SLOPE if is_round else _T_WAVE_SLOPE) * detector.last_slope
    )
    is_complex = is_high and not is_one_sided and not is_t_wave
    if not noisy and not is_complex and since >= _T_WAVE:
        low = detector.low_level
        is_steep = candidate.slope > _STEEP_SLOPE * detector.last_slope and candidate.balance > _STEEP_BALANCE
        is_complex = is_steep and candidate.energy > max(low + (detector.high_level - low) * _STEEP_THRESHOLD, _LEAST)
    candidate.score = _NOT_SCORED
    if noisy:
        _ask(detector, candidate, features)
        candidate.score = add_up(forest, features, 0, -np.inf)
        is_plain = is_complex and candidate.score > UNLIKELY and detector.refused < _PLAIN
        is_complex = candidate.score > 0 or is_plain
    detector.last_energy = candidate.energy
    detector.last_candidate = candidate.centre
    detector.noise += (candidate.energy * candidate.side_before - detector.noise) * np.float32(_NOISE_FOLLOWS)
    if is_one_sided and not noisy:
        return count
    if is_complex and since >= BLOCK:
        detector.refused -= detector.refused * np.float32(_FOLLOWS)
        return _accept(detector, candidate, found, count)
    detector.refused += (np.float32(1) - detector.refused) * np.float32(_FOLLOWS)
    if is_high and not noisy:
        return count
    _push(detector.low, candidate.energy)
    detector.low_level = _median(detector.low)
    held = detector.held
    is_better = candidate.score > held.score or held.energy <= 0 if noisy else candidate.energy > held.energy
    if is_better and since >= _T_WAVE:
        _copy(candidate, held)
    return count


@compiled
def _ask(detector: Record, candidate: Record, features: Singles) -> None:
    """Fill what the trees are asked: a peak beside the complexes and the noise before it."""
    since = candidate.centre - detector.last
    high = max(detector.high_level, np.float32(_LEAST))
    features[0] = candidate.energy / high
    features[1] = candidate.energy / np.float32(get_threshold(detector))
    features[2] = detector.low_level / high
    features[3] = candidate.slope / detector.last_slope if detector.last_slope > 0 else np.float32(1)
    features[4] = min(np.float32(since) / (detector.usual_rr_s * np.float32(FS_HZ)), np.float32(4))
    features[5] = min(np.float32(since) / np.float32(FS_HZ), np.float32(4))
    features[6] = candidate.balance
    features[7] = candidate.alike
    features[8] = candidate.alike_usual
    features[9] = candidate.side_before
    features[10] = candidate.side_after
    features[11] = candidate.width
    features[12] = candidate.rough
    features[13] = candidate.slant
    features[14] = candidate.rise
    features[15] = detector.refused
    features[16] = detector.noise / high
    features[17] = detector.last_energy / high
    features[18] = min(np.float32(candidate.centre - detector.last_candidate) / np.float32(FS_HZ), np.float32(4))
    features[19] = abs(candidate.amplitude_mv) / max(candidate.slope, np.float32(1e-6))
    features[21] = candidate.fit
    features[22] = candidate.fit_side
    known = count_known(detector.rr_s)
    features[20] = np.float32(0)
    if known > 5:
        features[20] = (get_ranked(detector.rr_s, known, 5) - get_ranked(detector.rr_s, known, 1)) / detector.usual_rr_s


@compiled
def is_noisy(detector: Record) -> bool:
    """Tell whether there are many peaks that are no complexes, and a lot of movement between the complexes."""
    return bool(detector.learned and detector.refused > _REFUSED and detector.noise > _MOVING * detector.high_level)


@compiled
def _push(values: Singles, newest: float) -> None:
    for at in range(7, 0, -1):
        values[at] = values[at - 1]
    values[0] = newest


@compiled
def _median(values: Singles) -> float:
    return float((get_ranked(values, 8, 3) + get_ranked(values, 8, 4)) * np.float32(0.5))


@compiled
def _was_misled(detector: Record) -> bool:
    """Whether the level may come from a movement, and a far lower peak that is held has the turns of a complex."""
    far_lower = detector.high_level * np.float32(_AGREE)
    if detector.held.energy > far_lower or not SHARP < detector.held.rough < _NOISE_IS_ROUGH:
        return False
    return bool(detector.n_high < _SURE or get_ranked(detector.high, 8, 1) < far_lower)


@compiled
def _accept(detector: Record, candidate: Record, found: Record, count: int) -> int:
    _copy(candidate, found[count])
    rr_s = np.float32((candidate.r_index - detector.last_r) / FS_HZ)
    found[count].rr_s = rr_s
    _push(detector.high, candidate.energy)
    detector.n_high = min(detector.n_high + 1, 8)
    known = detector.n_high
    lower, upper = get_ranked(detector.high, known, (known - 1) // 2), get_ranked(detector.high, known, known // 2)
    detector.high_level = (lower + upper) * np.float32(0.5)
    if not np.isnan(rr_s):
        _push(detector.rr_s, rr_s)
        known = count_known(detector.rr_s)
        detector.usual_rr_s = get_ranked(detector.rr_s, known, known // 2)
    detector.last = candidate.centre
    detector.last_r = candidate.r_index
    detector.last_slope = candidate.slope
    detector.last_rough = candidate.rough
    detector.held.energy = 0
    detector.swung = False
    return count + 1
