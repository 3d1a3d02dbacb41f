"""How well each row's signal can be judged: contact, movement, range, noise.  Pure, causal."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from analytics.filters import Filtered
from analytics.resample import BLOCK, BLOCK_S, FS_HZ, LEAD_OFF, RAILED, UNCHANGED
from analytics.results import Quality
from analytics.rows import Bools, Bytes, Floats, Integers, Rows, Singles, Table, column

_BLOCKS_A_SECOND: Final = FS_HZ // BLOCK
#: Part of a block's samples at the rails from which on the block is saturated: a clipped QRS is less.
_RAILED_SAMPLES: Final = BLOCK // 5
#: Signal that has not moved for so long may be dead; nothing is concluded from it until it moves. For the second
#: time it is taken for lost, and what follows begins anew.
_STILL_S: Final = 1.0
_LOST_STILL_S: Final = 3.0
#: A second is noise when it is rough between the complexes too (the second least rough of its five blocks): in mV,
#: as part of the complexes' height, and beside what lies in the complexes' own band, so that the coarse waves of
#: ventricular fibrillation are not taken for noise.
_FLOOR_RANK: Final = 1
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


@dataclass(slots=True)
class Signals(Table):
    """What is known of each row's signal.

    Attributes
    ----------
    lead_off, railed : int64
        Blocks for which the condition has lasted; negative: blocks for which it has not.
    still : int64
        Samples since the signal last moved.
    moving : int64
        Blocks since the signal was last still for 1 s.
    rough, busy : (5,) float32
        Of the last blocks, mV: see `analytics.filters.Filtered`.
    second : int64
        Blocks of the second that is not over yet.
    noisy : (30,) uint8
        Of the last seconds.
    n_noisy : int64
        Their sum.
    lost : bool
        Nothing could be seen in the last block.
    held_mv : float32
        ECG before it was lost.
    base_mv : float32
        Where the baseline was in the last seconds.
    swings : bool
        It was far from there in the last block, and has not come near since.
    quality : uint8
    """

    lead_off: Integers = column(np.int64)
    railed: Integers = column(np.int64)
    still: Integers = column(np.int64)
    moving: Integers = column(np.int64)
    rough: Singles = column(np.float32, _BLOCKS_A_SECOND)
    busy: Singles = column(np.float32, _BLOCKS_A_SECOND)
    second: Integers = column(np.int64)
    noisy: Bytes = column(np.uint8, NOISE_WINDOW_S)
    n_noisy: Integers = column(np.int64)
    lost: Bools = column(np.bool_)
    held_mv: Singles = column(np.float32)
    base_mv: Singles = column(np.float32)
    swings: Bools = column(np.bool_)
    quality: Bytes = column(np.uint8, first=Quality.UNKNOWN)


#: Noise counted before a gap still counts after it; so does what the device says of the contact.
_KEPT: Final = frozenset({"noisy", "n_noisy"})


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

    lost: Bools
    returns: Bools
    judged: Bools


def begin_run(signals: Signals, rows: Rows, *, forget: Bools) -> None:
    """Begin anew after a gap; after a long one (`forget`) the noise is forgotten too."""
    signals.clear(rows[~forget], keep=_KEPT)
    signals.clear(rows[forget])


def look(signals: Signals, rows: Rows, state: Bytes) -> Seen:
    """Take the samples' states of one block of each row.

    Parameters
    ----------
    state : (n, 25) uint8
        Bits of `analytics.resample`.
    """
    every = np.bitwise_and.reduce(state, axis=1)
    some = np.bitwise_or.reduce(state, axis=1)
    off = (some & LEAD_OFF) != 0
    railed = np.zeros(len(rows), np.bool_)
    which = np.flatnonzero(some & RAILED)
    if len(which):
        railed[which] = ((state[which] & RAILED) != 0).sum(axis=1) >= _RAILED_SAMPLES
    still_before = signals.still[rows]
    still = still_before + BLOCK
    moved = np.flatnonzero((every & UNCHANGED) == 0)
    still[moved] = ((state[moved, ::-1] & UNCHANGED) == 0).argmax(axis=1)
    signals.still[rows] = still
    was_still = still >= _STILL_S * FS_HZ
    has_been_still = was_still | (still_before >= _STILL_S * FS_HZ)
    signals.moving[rows] = np.where(has_been_still, 0, signals.moving[rows] + 1)
    for counts, is_so in ((signals.lead_off, off), (signals.railed, railed)):
        before = counts[rows]
        counts[rows] = np.where(is_so, np.maximum(before, 0) + 1, np.minimum(before, 0) - 1)
    lost = off | railed | (still >= _LOST_STILL_S * FS_HZ)
    returns = signals.lost[rows] & ~lost
    signals.lost[rows] = lost
    return Seen(lost, returns, ~lost & ~was_still)


def follow_baseline(signals: Signals, rows: Rows, ecg: Singles, *, at_start: Rows) -> Bools:
    """Take one block of each row, and return where the baseline swings.

    Parameters
    ----------
    ecg : (n, 25) float32
        ECG, mV.
    at_start : (m,) int64
        Places in `rows` whose run begins here.
    """
    # A running sum adds in the same order whatever the shape in memory, np.sum does not.
    mean = np.cumsum(ecg, axis=1)[:, -1] * np.float32(1 / BLOCK)
    base = signals.base_mv[rows]
    base[at_start] = mean[at_start]
    away = mean - base
    signals.base_mv[rows] = base + away * np.float32(_BASE_WEIGHT)
    bound = np.where(signals.swings[rows], np.float32(_SETTLED_MV), np.float32(_SWING_MV))
    swings: Bools = np.abs(away) > bound
    signals.swings[rows] = swings
    return swings


def judge_noise(signals: Signals, rows: Rows, lost: Bools, filtered: Filtered, height_mv: Singles) -> None:
    """Take one block of each row, and say how good the last second is.

    Parameters
    ----------
    height_mv : (n,) float32
        Of the complexes, in the detection signal.
    """
    rough = _push(signals.rough, rows, np.where(lost, np.float32(0), filtered.rough))
    busy = _push(signals.busy, rows, np.where(lost, np.float32(0), filtered.busy))
    least_rough = np.maximum(height_mv * np.float32(_ROUGH_OF_COMPLEX), np.float32(_ROUGH_MV))
    is_noise = np.sort(rough, axis=1)[:, _FLOOR_RANK] > least_rough
    is_noise &= np.cumsum(rough, axis=1)[:, -1] > np.cumsum(busy, axis=1)[:, -1] * np.float32(_ROUGH_OF_BUSY)
    second = signals.second[rows] + 1
    over = second == _BLOCKS_A_SECOND
    signals.second[rows] = np.where(over, 0, second)
    ended = rows[over]
    if len(ended):
        line = np.concatenate([signals.noisy[ended, 1:], is_noise[over, None].astype(np.uint8)], axis=1)
        signals.noisy[ended] = line
        signals.n_noisy[ended] = line.sum(axis=1)
    quality = np.where(is_noise, Quality.NOISE, Quality.GOOD)
    quality = np.where(signals.still[rows] >= _STILL_S * FS_HZ, Quality.FLAT, quality)
    quality = np.where(signals.railed[rows] > 0, Quality.RAILED, quality)
    quality = np.where(signals.lead_off[rows] > 0, Quality.LEAD_OFF, quality)
    signals.quality[rows] = quality


def _push(ring: Singles, rows: Rows, newest: Singles) -> Singles:
    line: Singles = np.concatenate([ring[rows, 1:], newest[:, None]], axis=1)
    ring[rows] = line
    return line


def count_lately(signals: Signals, rows: Rows) -> Integers:
    """Return the seconds of noise in the last seven."""
    lately: Integers = signals.noisy[rows, -_LATELY_S:].sum(axis=1, dtype=np.int64)
    return lately


def get_lasting_s(counts: Integers, rows: Rows) -> Floats:
    """Return for how long a condition has lasted; negative: for how long it has not."""
    return counts[rows].astype(np.float64) * BLOCK_S
