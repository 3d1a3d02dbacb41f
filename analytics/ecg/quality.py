"""How well a row's signal can be judged: contact, movement, range, noise.  Pure, causal."""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.filters import Filtered
from analytics.ecg.resample import BLOCK, FS_HZ, LEAD_OFF, RAILED, UNCHANGED
from analytics.results import Quality
from analytics.rows import Bytes, Singles

_BLOCKS_A_SECOND: Final = FS_HZ // BLOCK
#: Samples of a block at the rails from which on the block is saturated: a clipped QRS is less.
_RAILED_SAMPLES: Final = BLOCK // 5
#: Signal that has not moved for so long may be dead; nothing is concluded from it until it moves. For the second
#: time it is taken for lost, and what follows begins anew.
STILL_SAMPLES: Final = FS_HZ
_LOST_STILL_SAMPLES: Final = 3 * FS_HZ
#: A second is noise when it is rough between the complexes too (the second least rough of its five blocks): in mV,
#: as part of the complexes' height, and beside what lies in the complexes' own band, so that the coarse waves of
#: ventricular fibrillation are not taken for noise.
_ROUGH_MV: Final = 0.025
_ROUGH_OF_COMPLEX: Final = 0.12
_ROUGH_OF_BUSY: Final = 0.5
#: Seconds over which noise is counted.
NOISE_WINDOW_S: Final = 30
_LATELY_S: Final = 7
#: A baseline this far from where it was (an average over some two seconds) is an electrode's doing, and hides beats.
_SWING_MV: Final = 1.5
_SETTLED_MV: Final = 0.5
_BASE_WEIGHT: Final = 0.1
_GOOD: Final = int(Quality.GOOD)
_NOISE: Final = int(Quality.NOISE)
_FLAT: Final = int(Quality.FLAT)
_AT_RAIL: Final = int(Quality.RAILED)
_OFF: Final = int(Quality.LEAD_OFF)

#: What is known of a row's signal.
#:
#: lead_off, railed: blocks for which the condition has lasted; negative: for which it has not.
#: still: samples since the signal last moved.  moving: blocks since it was last still for 1 s.
#: rough, busy: of the last blocks, mV (see `analytics.ecg.filters`).
#: second: blocks of the second that is not over yet.  noisy: of the last 30 seconds, newest last; n_noisy: their sum.
#: lost: nothing could be seen in the last block.  held_mv: ECG before it was lost.
#: base_mv: where the baseline was in the last seconds.  swings: it was far from there, and has not come back.
SIGNAL: Final = np.dtype(
    [
        ("lead_off", np.int64),
        ("railed", np.int64),
        ("still", np.int64),
        ("moving", np.int64),
        ("second", np.int64),
        ("n_noisy", np.int64),
        ("rough", np.float32, (_BLOCKS_A_SECOND,)),
        ("busy", np.float32, (_BLOCKS_A_SECOND,)),
        ("held_mv", np.float32),
        ("base_mv", np.float32),
        ("noisy", np.uint8, (NOISE_WINDOW_S,)),
        ("lost", np.bool_),
        ("swings", np.bool_),
        ("quality", np.uint8),
    ],
    align=True,
)


class Seen(NamedTuple):
    """What a block lets be seen.

    Attributes
    ----------
    lost : bool
        Lead off, saturated, or still for so long that it must be dead: there is no ECG in this block.
    returns : bool
        There is, and there was none in the block before.
    judged : bool
        Silence in it means that the heart is silent.
    """

    lost: bool
    returns: bool
    judged: bool


@compiled
def begin_run(signal: Record, forget: bool) -> None:
    """Begin anew after a gap; after a long one (`forget`) the noise is forgotten too."""
    signal.lead_off = 0
    signal.railed = 0
    signal.still = 0
    signal.moving = 0
    signal.second = 0
    signal.rough[:] = 0
    signal.busy[:] = 0
    signal.held_mv = 0
    signal.base_mv = 0
    signal.lost = False
    signal.swings = False
    signal.quality = 5
    if forget:
        signal.noisy[:] = 0
        signal.n_noisy = 0


@compiled
def look(signal: Record, state: Bytes) -> Seen:
    """Take the samples' states (bits of `analytics.ecg.resample`) of one block."""
    some = 0
    for at in range(BLOCK):
        some |= state[at]
    n_railed = 0
    if some & RAILED:
        for at in range(BLOCK):
            n_railed += (state[at] & RAILED) != 0
    still_before = signal.still
    still = 0
    while still < BLOCK and state[BLOCK - 1 - still] & UNCHANGED:
        still += 1
    if still == BLOCK:
        still += still_before
    signal.still = still
    was_still = still >= STILL_SAMPLES
    signal.moving = 0 if was_still or still_before >= STILL_SAMPLES else signal.moving + 1
    off = (some & LEAD_OFF) != 0
    railed = n_railed >= _RAILED_SAMPLES
    signal.lead_off = max(signal.lead_off, 0) + 1 if off else min(signal.lead_off, 0) - 1
    signal.railed = max(signal.railed, 0) + 1 if railed else min(signal.railed, 0) - 1
    lost = off or railed or still >= _LOST_STILL_SAMPLES
    returns = signal.lost and not lost
    signal.lost = lost
    return Seen(lost, returns, not lost and not was_still)


@compiled
def follow_baseline(signal: Record, ecg: Singles, starts: bool) -> bool:
    """Take one block of ECG, mV, and return whether the baseline swings."""
    total = np.float32(0)
    for at in range(BLOCK):
        total += ecg[at]
    mean = total * np.float32(1 / BLOCK)
    if starts:
        signal.base_mv = mean
    away = mean - signal.base_mv
    signal.base_mv += away * np.float32(_BASE_WEIGHT)
    signal.swings = abs(away) > (_SETTLED_MV if signal.swings else _SWING_MV)
    return bool(signal.swings)


@compiled
def judge_noise(signal: Record, filtered: Filtered, height_mv: float, is_strange: bool) -> bool:
    """Take one block, and return whether the second that it ends is over.

    Parameters
    ----------
    height_mv : float
        Of the complexes, in the detection signal.
    is_strange : bool
        What is found as complexes does not look alike.
    """
    for at in range(_BLOCKS_A_SECOND - 1):
        signal.rough[at] = signal.rough[at + 1]
        signal.busy[at] = signal.busy[at + 1]
    signal.rough[_BLOCKS_A_SECOND - 1] = np.float32(0) if signal.lost else np.float32(filtered.rough)
    signal.busy[_BLOCKS_A_SECOND - 1] = np.float32(0) if signal.lost else np.float32(filtered.busy)
    least = second_least = np.float32(np.inf)
    rough = busy = np.float32(0)
    for at in range(_BLOCKS_A_SECOND):
        value = signal.rough[at]
        rough += value
        busy += signal.busy[at]
        if value < least:
            second_least = least
            least = value
        elif value < second_least:
            second_least = value
    is_noise = second_least > max(height_mv * _ROUGH_OF_COMPLEX, _ROUGH_MV) and rough > busy * _ROUGH_OF_BUSY
    is_noise = is_noise or is_strange
    signal.second += 1
    is_over = signal.second == _BLOCKS_A_SECOND
    if is_over:
        signal.second = 0
        signal.n_noisy += int(is_noise) - int(signal.noisy[0])
        for at in range(NOISE_WINDOW_S - 1):
            signal.noisy[at] = signal.noisy[at + 1]
        signal.noisy[NOISE_WINDOW_S - 1] = is_noise
    quality = _NOISE if is_noise else _GOOD
    if signal.still >= STILL_SAMPLES:
        quality = _FLAT
    if signal.railed > 0:
        quality = _AT_RAIL
    if signal.lead_off > 0:
        quality = _OFF
    signal.quality = quality
    return is_over


@compiled
def count_lately(signal: Record) -> int:
    """Return the seconds of noise in the last seven."""
    count = 0
    for at in range(NOISE_WINDOW_S - _LATELY_S, NOISE_WINDOW_S):
        count += signal.noisy[at]
    return count
