"""Atrial fibrillation: intervals without order, and no P waves.  Pure, causal.

After every second beat the last intervals, at most 40 and those of a minute, without those around ventricular beats,
are described: how much they change from one to the next (RMSSD, sample entropy after Lake and Moorman 2011,
doi:10.1152/ajpheart.00561.2010), and what else makes irregular hearts: ectopy in patterns, breathing, noise. Beside
them stands how alike the P waves are. Trees fitted offline make a probability of it.
"""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.forest import add_up
from analytics.ecg.order import get_ranked, sort_few
from analytics.ecg.shapes import dot, find_size, sum_up
from analytics.rows import Bytes, Singles

#: Intervals looked at, and the fewest that are judged.
_WINDOW: Final = 40
_LEAST: Final = 8
_LONGEST_US: Final = 60_000_000
_CELLS: Final = 13
#: Intervals that differ by less than this part of the median are alike: 30 ms of a heart at 75 a minute.
_TOLERANCE: Final = 0.0375
FEATURES: Final = 24
_V: Final = 2
_F: Final = 3
_S: Final = 1

#: Of a row: its last intervals, and what they led to.
#:
#: rr_s, t_us, label, alike: of the last beats, newest last; `n` there have been in this run.
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
#: Where a rhythm changes: intervals on either side at least, and how much likelier (log) two stretches are than one.
_STRETCH: Final = 4
_TELLS: Final = 4.0
#: Changes of the interval that are added to each, and that are counted at most, s.
_LEAST_CHANGE: Final = 0.01
_MOST_CHANGE: Final = 0.4
#: Of what a new probability moves the smoothed one.
_FOLLOWS: Final = 0.3
_FOLLOWS_AT_FIRST: Final = 0.6
BEGINS: Final = 0.5
ENDS: Final = 0.4
_IRREGULAR: Final = 0.12
_REGULAR: Final = 0.08


@compiled
def begin_run(atrial: Record) -> None:
    """Begin anew after a gap: intervals before it are remembered, none reaches across."""
    atrial.n = 0


#: Room to work in.  joined: the interval before follows directly.
ROOM: Final = np.dtype(
    [
        ("rr_s", np.float32, (_WINDOW,)),
        ("changes", np.float32, (_WINDOW,)),
        ("back_two", np.float32, (_WINDOW,)),
        ("ranked", np.float32, (_WINDOW,)),
        ("after", np.float32, (_WINDOW,)),
        ("joined", np.uint8, (_WINDOW,)),
        ("cells", np.uint8, (_CELLS * _CELLS,)),
    ],
    align=True,
)


@compiled
def _remember(atrial: Record, t_us: int, rr_s: float, label: int, alike: float) -> None:
    for place in range(_WINDOW - 1):
        atrial.t_us[place] = atrial.t_us[place + 1]
        atrial.rr_s[place] = atrial.rr_s[place + 1]
        atrial.label[place] = atrial.label[place + 1]
        atrial.alike[place] = atrial.alike[place + 1]
    atrial.t_us[_WINDOW - 1] = t_us
    atrial.rr_s[_WINDOW - 1] = rr_s
    atrial.label[_WINDOW - 1] = label
    atrial.alike[_WINDOW - 1] = alike
    atrial.n += 1


@compiled
def _get_cell(change: float) -> int:
    """Return the place of a change, over the median interval, on one side of the plane: 8 % each."""
    return int(min(max(change * np.float32(12.5) + np.float32(_CELLS / 2), np.float32(0)), np.float32(_CELLS - 1)))


@compiled
def _get_entropy(rr: Singles, joined: Bytes, n: int, tolerance: float, room: Record) -> float:
    """Return the sample entropy of intervals, templates of length 1."""
    here, after = room.ranked, room.after
    templates = 0
    for at in range(n - 1):
        if joined[at + 1]:
            here[templates] = rr[at]
            after[templates] = rr[at + 1]
            templates += 1
    near_one = near_two = 0
    for at in range(templates):
        value, next_value = here[at], after[at]
        for other in range(at):
            near = abs(here[other] - value) <= tolerance
            near_one += near
            near_two += near & (abs(after[other] - next_value) <= tolerance)
    return np.log(np.float32(near_one + 1) / np.float32(near_two + 1))


@compiled
def _find_change(atrial: Record, first_us: int, becomes_irregular: bool) -> int:
    """Return when, since then, intervals became irregular, or regular again; the beginning where none can be told.

    It is where two stretches of exponentially distributed changes of the interval, each with its own mean, are likelier
    than everywhere else, and by far likelier than one.
    """
    best_us, best = first_us, np.float32(0)
    count, total = 0, np.float32(0)
    for place in range(1, _WINDOW):
        if atrial.t_us[place] > first_us:
            count += 1
            total += _get_change(atrial, place)
    whole = np.float32(count) * np.log(total / np.float32(max(count, 1)))
    n, before = 0, np.float32(0)
    for place in range(1, _WINDOW):
        if atrial.t_us[place] <= first_us:
            continue
        left = count - n
        if n >= _STRETCH and left >= _STRETCH:
            own, other = before / np.float32(n), (total - before) / np.float32(left)
            gain = whole - np.float32(n) * np.log(own) - np.float32(left) * np.log(other)
            if (other > own) == becomes_irregular and gain > max(best, np.float32(_TELLS)):
                best = gain
                best_us = atrial.t_us[place] - int(atrial.rr_s[place] * np.float32(1e6))
        n += 1
        before += _get_change(atrial, place)
    return best_us


@compiled
def _get_change(atrial: Record, place: int) -> float:
    """Return by how much an interval differs from the one before, s; where one of them is a V beat's, by little."""
    for back in range(2):
        kind = atrial.label[place - back]
        if kind == _V or kind == _F:
            return np.float32(_LEAST_CHANGE)
    change = abs(atrial.rr_s[place] - atrial.rr_s[place - 1])
    return min(change, np.float32(_MOST_CHANGE)) + np.float32(_LEAST_CHANGE)


@compiled
def add_beat(  # one pass over the intervals, in its order
    atrial: Record,
    classes: Record,
    t_us: int,
    rr_s: float,
    label: int,
    alike: float,
    n_noisy: int,
    forest: Record,
    features: Singles,
    room: Record,
) -> bool:
    """Take a judged beat; return whether the rhythm was judged: at every second beat, with intervals enough.

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
        _remember(atrial, t_us, rr_s, label, alike)
    # What builds up over forty intervals is judged after every second.
    if atrial.n % 2:
        return False
    rr, joined, changes, ranked = room.rr_s, room.joined, room.changes, room.ranked
    n = v = s = seen = 0
    likeness = np.float32(0)
    follows = is_other_before = False
    first_us = t_us
    for place in range(_WINDOW - min(atrial.n, _WINDOW), _WINDOW):
        kind = atrial.label[place]
        is_other = kind == _V or kind == _F
        if t_us - atrial.t_us[place] <= _LONGEST_US:
            seen += 1
            likeness += atrial.alike[place]
            v += is_other
            s += kind == _S
            if is_other or is_other_before or atrial.rr_s[place] > np.float32(2.5):
                follows = False
            else:
                if n == 0:
                    first_us = atrial.t_us[place]
                rr[n] = atrial.rr_s[place]
                joined[n] = follows
                follows = True
                n += 1
        is_other_before = is_other
    if n < _LEAST:
        atrial.chance *= np.float32(0.98)
        return False
    median = get_ranked(rr, n, n // 2)
    total, _ = sum_up(rr, 0, n)
    mean = total / np.float32(n)
    variance = np.float32(0)
    for at in range(n):
        variance += (rr[at] - mean) ** 2
    pairs = turns = triples = big = small = huge = 0
    square = absolute = second_order = product = np.float32(0)
    back_two = room.back_two
    slow = np.float32(0)
    # How many cells of the plane of successive changes are taken (Sarkar 2008: scattered in fibrillation).
    cells = room.cells
    cells[:] = 0
    taken = 0
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
            cell = _get_cell(change / median) * _CELLS + _get_cell(before_change / median)
            taken += cells[cell] == 0
            cells[cell] = 1
    if pairs < _LEAST - 2 or triples < 2:
        return False
    entropy = _get_entropy(rr, joined, n, np.float32(_TOLERANCE) * median, room)
    sort_few(changes, pairs, ranked)
    p_own = dot(classes.p_wave, classes.p_wave)
    p_low = p_high = classes.p_wave[0]
    for at in range(len(classes.p_wave)):
        value = classes.p_wave[at]
        p_low, p_high = min(p_low, value), max(p_high, value)
    usual = 0
    for at in range(1, len(classes.shapes)):
        if classes.shapes[at].weight > classes.shapes[usual].weight:
            usual = at
    size = np.float32(1e-3)
    if classes.shapes[usual].weight > 0:
        size = max(find_size(classes.shapes[usual]), size)
    features[0] = np.float32(n)
    features[1] = median
    features[2] = np.sqrt(square / np.float32(pairs)) / mean
    features[3] = absolute / np.float32(pairs) / mean
    features[4] = ranked[pairs // 2]
    features[5] = ranked[pairs // 4]
    features[6] = ranked[(3 * pairs) // 4]
    features[7] = np.float32(big) / np.float32(pairs)
    features[8] = np.float32(small) / np.float32(pairs)
    features[9] = np.float32(huge) / np.float32(pairs)
    features[10] = entropy
    features[11] = get_ranked(back_two, triples, triples // 2)
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
    chance = 1 / (1 + np.exp(-add_up(forest, features, 0, -np.inf)))
    atrial.chance += (np.float32(chance) - atrial.chance) * np.float32(
        _FOLLOWS if atrial.n > _WINDOW else _FOLLOWS_AT_FIRST
    )
    atrial.entropy = entropy
    if not atrial.is_on and atrial.chance > BEGINS:
        atrial.is_on = True
        atrial.since_us = max(_find_change(atrial, first_us, True), atrial.until_us)
    elif atrial.is_on and atrial.chance < ENDS:
        atrial.is_on = False
        changed_us = _find_change(atrial, first_us, False)
        if changed_us == first_us:
            changed_us = t_us - (t_us - first_us) // 2
        atrial.until_us = max(changed_us, atrial.since_us)
    scatter = ranked[pairs // 2]
    if not atrial.is_irregular and scatter > _IRREGULAR:
        atrial.is_irregular = True
        atrial.irregular_since_us = max(first_us, atrial.irregular_until_us)
    elif atrial.is_irregular and scatter < _REGULAR:
        atrial.is_irregular = False
        atrial.irregular_until_us = max(first_us, atrial.irregular_since_us)
    return True
