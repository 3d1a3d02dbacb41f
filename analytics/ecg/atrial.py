"""Atrial fibrillation: intervals without order, and no P waves.  Pure, causal.

After each beat the last intervals, at most 40 and those of a minute, without those around ventricular beats, are
described: how much they change from one to the next (RMSSD, sample entropy after Lake and Moorman 2011,
doi:10.1152/ajpheart.00561.2010), and what else makes irregular hearts: ectopy in patterns, breathing, noise. Beside
them stands how alike the P waves are. Trees fitted offline make a probability of it.
"""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import Forest, add_up
from analytics.rows import Singles

#: Intervals looked at, and the fewest that are judged.
_WINDOW: Final = 40
_LEAST: Final = 8
_LONGEST_US: Final = 60_000_000
FEATURES: Final = 24
_V: Final = 2
_F: Final = 3
_S: Final = 1

#: Of a row: its last intervals, and what they led to.
#:
#: rr_s, t_us, label: of the last beats, a ring; `n` of them have been written.
#: chance: smoothed probability.  is_on: it fibrillates.  since_us, until_us: in the signal.
#: irregular: likewise of irregularity alone.
ATRIAL: Final = np.dtype(
    [
        ("t_us", np.int64, (_WINDOW,)),
        ("n", np.int64),
        ("since_us", np.int64),
        ("until_us", np.int64),
        ("irregular_since_us", np.int64),
        ("irregular_until_us", np.int64),
        ("rr_s", np.float32, (_WINDOW,)),
        ("alike", np.float32, (_WINDOW,)),
        ("chance", np.float32),
        ("entropy", np.float32),
        ("label", np.int8, (_WINDOW,)),
        ("is_on", np.bool_),
        ("is_irregular", np.bool_),
    ],
    align=True,
)
_BEGINS: Final = 0.5
_ENDS: Final = 0.4
_IRREGULAR: Final = 0.12
_REGULAR: Final = 0.08


@compiled
def begin_run(atrial: Record) -> None:
    """Begin anew after a gap: intervals before it are remembered, none reaches across."""
    atrial.n = 0


@compiled
def add_beat(  # one pass over the intervals, in its order
    atrial: Record,
    classes: Record,
    t_us: int,
    rr_s: float,
    label: int,
    alike: float,
    n_noisy: int,
    forest: Forest,
    features: Singles,
) -> bool:
    """Take a judged beat; return whether there were intervals enough to judge.

    Parameters
    ----------
    classes : CLASSES
        What is known of P waves.
    alike : float
        How much the beat looks like the usual one.
    n_noisy : int
        Seconds of noise in the last 30.
    features : (24,) float32
        Filled.
    """
    if not np.isnan(rr_s):
        place = atrial.n % _WINDOW
        atrial.t_us[place] = t_us
        atrial.rr_s[place] = rr_s
        atrial.label[place] = label
        atrial.alike[place] = alike
        atrial.n += 1
    known = min(atrial.n, _WINDOW)
    rr = np.empty(_WINDOW, np.float32)
    joined = np.empty(_WINDOW, np.bool_)  # the interval before follows directly
    n = v = s = 0
    likeness = np.float32(0)
    seen = 0
    follows = False
    first_us = t_us
    for back in range(known - 1, -1, -1):
        place = (atrial.n - 1 - back) % _WINDOW
        if t_us - atrial.t_us[place] > _LONGEST_US:
            continue
        kind = atrial.label[place]
        before = atrial.label[(atrial.n - 2 - back) % _WINDOW] if back < known - 1 else 0
        seen += 1
        likeness += atrial.alike[place]
        v += kind == _V or kind == _F
        s += kind == _S
        if kind == _V or kind == _F or before == _V or before == _F or atrial.rr_s[place] > np.float32(2.5):
            follows = False
            continue
        if n == 0:
            first_us = atrial.t_us[place]
        rr[n] = atrial.rr_s[place]
        joined[n] = follows
        follows = True
        n += 1
    if n < _LEAST:
        atrial.chance *= np.float32(0.98)
        return False
    ranked = np.sort(rr[:n])
    median = ranked[n // 2]
    mean = np.float32(0)
    for at in range(n):
        mean += rr[at]
    mean /= np.float32(n)
    variance = np.float32(0)
    for at in range(n):
        variance += (rr[at] - mean) ** 2
    pairs = turns = triples = big = small = huge = 0
    square = absolute = second_order = product = np.float32(0)
    changes = np.empty(_WINDOW, np.float32)
    back_two = np.empty(_WINDOW, np.float32)
    slow = np.float32(0)
    for at in range(1, n):
        if not joined[at]:
            continue
        change = rr[at] - rr[at - 1]
        changes[pairs] = abs(change) / median
        pairs += 1
        square += change * change
        absolute += abs(change)
        big += abs(change) > np.float32(0.05)
        small += abs(change) > np.float32(0.02)
        huge += abs(change) > median * np.float32(0.15)
        product += (rr[at] - mean) * (rr[at - 1] - mean)
        if at >= 2 and joined[at - 1]:
            before_change = rr[at - 1] - rr[at - 2]
            back_two[triples] = abs(rr[at] - rr[at - 2]) / median
            triples += 1
            turns += change * before_change < 0
            second_order += abs(change - before_change)
            slow += abs(change + before_change)
    if pairs < _LEAST - 2 or triples < 2:
        return False
    sorted_changes = np.sort(changes[:pairs])
    sorted_two = np.sort(back_two[:triples])
    # Sample entropy of templates of length 1, tolerance 30 ms of a heart at 75 a minute.
    near_one = near_two = 0
    tolerance = np.float32(0.0375) * median
    for at in range(n - 1):
        if not joined[at + 1]:
            continue
        for other in range(at + 1, n - 1):
            if joined[other + 1] and abs(rr[at] - rr[other]) <= tolerance:
                near_one += 1
                if abs(rr[at + 1] - rr[other + 1]) <= tolerance:
                    near_two += 1
    entropy = np.log(np.float32(near_one + 1) / np.float32(near_two + 1))
    # How many cells of the plane of successive changes are taken (Sarkar 2008: scattered in fibrillation).
    cells = np.zeros(169, np.uint8)
    taken = 0
    for at in range(2, n):
        if joined[at] and joined[at - 1]:
            one = min(max(int((rr[at] - rr[at - 1]) / median * np.float32(12.5) + np.float32(6.5)), 0), 12)
            other = min(max(int((rr[at - 1] - rr[at - 2]) / median * np.float32(12.5) + np.float32(6.5)), 0), 12)
            if not cells[one * 13 + other]:
                cells[one * 13 + other] = 1
                taken += 1
    p_own = np.float32(0)
    p_low = p_high = classes.p_wave[0]
    for at in range(len(classes.p_wave)):
        value = classes.p_wave[at]
        p_own += value * value
        p_low, p_high = min(p_low, value), max(p_high, value)
    size = np.float32(1e-3)
    weight = np.float32(0)
    for at in range(len(classes.shapes)):
        shape = classes.shapes[at]
        if shape.weight > weight:
            weight = shape.weight
            low = high = shape.wave[0]
            for step in range(len(shape.wave)):
                low, high = min(low, shape.wave[step]), max(high, shape.wave[step])
            size = max(high - low, np.float32(1e-3))
    features[0] = np.float32(n)
    features[1] = median
    features[2] = np.sqrt(square / np.float32(pairs)) / mean
    features[3] = absolute / np.float32(pairs) / mean
    features[4] = sorted_changes[pairs // 2]
    features[5] = sorted_changes[pairs // 4]
    features[6] = sorted_changes[(3 * pairs) // 4]
    features[7] = np.float32(big) / np.float32(pairs)
    features[8] = np.float32(small) / np.float32(pairs)
    features[9] = np.float32(huge) / np.float32(pairs)
    features[10] = entropy
    features[11] = sorted_two[triples // 2]
    features[12] = np.sqrt(variance / np.float32(n)) / mean
    features[13] = product / max(variance, np.float32(1e-9))
    features[14] = np.float32(turns) / np.float32(triples)
    features[15] = second_order / max(slow, np.float32(1e-6))
    features[16] = np.float32(taken) / np.float32(triples)
    features[17] = np.float32(v) / np.float32(seen)
    features[18] = np.float32(s) / np.float32(seen)
    features[19] = p_own / max(classes.p_power, np.float32(1e-12))
    features[20] = (p_high - p_low) / size
    features[21] = np.sqrt(max(classes.p_power - p_own, np.float32(0)) / np.float32(len(classes.p_wave))) / size
    features[22] = likeness / np.float32(seen)
    features[23] = np.float32(n_noisy)
    sums = np.empty(1, np.float32)
    add_up(forest, features, sums)
    chance = 1 / (1 + np.exp(-sums[0]))
    atrial.chance += (np.float32(chance) - atrial.chance) * np.float32(0.2 if atrial.n > _WINDOW else 0.5)
    atrial.entropy = entropy
    if not atrial.is_on and atrial.chance > _BEGINS:
        atrial.is_on = True
        atrial.since_us = max(first_us, atrial.until_us)
    elif atrial.is_on and atrial.chance < _ENDS:
        atrial.is_on = False
        atrial.until_us = max(t_us - (t_us - first_us) // 2, atrial.since_us)
    scatter = sorted_changes[pairs // 2]
    if not atrial.is_irregular and scatter > _IRREGULAR:
        atrial.is_irregular = True
        atrial.irregular_since_us = max(first_us, atrial.irregular_until_us)
    elif atrial.is_irregular and scatter < _REGULAR:
        atrial.is_irregular = False
        atrial.irregular_until_us = max(first_us, atrial.irregular_since_us)
    return True
