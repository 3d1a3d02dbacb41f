"""The last beats of each row, and the rates over them.  Pure, causal."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.rows import Bools, Floats, Integers, Rows, Singles, Table, column

#: Beats remembered: 10 s at 250 bpm is 42.
_RING: Final = 64
_SPAN_US: Final = 10_000_000
#: Beats of the mean rates (PhysioNet/CinC Challenge 2015).
MANY: Final = 17
FEW: Final = 5
#: Intervals of the heart rate that is shown.
_SHOWN: Final = 8
NEVER: Final = -1
#: For so long after a beat a swinging baseline holds back the count of silence.
_SWING_HOLDS_US: Final = 5_000_000


@dataclass(slots=True)
class Rhythm(Table):
    """The last beats of each row.

    Attributes
    ----------
    t_us : (64,) int64
        R peaks of the run, a ring; `n` of them have been written.
    last_us, before_last_us : int64
        The last two R peaks, runs apart or not; `NEVER`.
    rr_s : float32
        Interval before the last beat; NaN across a gap.
    quiet_us : int64
        Silence is counted from here: the last beat, or when the signal could be seen again; later by as much noise
        as there was since.
    silent_from_us : int64
        Onset of a silence: the last beat, or when the signal could be seen again.
    swung_us : int64
        End of the last block in which the baseline swung and held back the count of silence.
    span_bpm, many_bpm, few_bpm : float32
        Mean rate over the least 10 s of whole intervals, over 17 beats, over 5; NaN while there are fewer.
    span_slow_bpm, few_slow_bpm : float32
        Rate of the second longest interval in the least 10 s, in the 5 beats: a single pause does not make it slow.
    span_us, many_us, few_us : int64
        First beat of each.
    hr_bpm : float32
        Mean rate over the last eight intervals, or what there is.
    """

    t_us: Integers = column(np.int64, _RING)
    n: Integers = column(np.int64)
    last_us: Integers = column(np.int64, first=NEVER)
    before_last_us: Integers = column(np.int64, first=NEVER)
    rr_s: Singles = column(np.float32, first=np.nan)
    quiet_us: Integers = column(np.int64)
    silent_from_us: Integers = column(np.int64)
    swung_us: Integers = column(np.int64)
    span_bpm: Singles = column(np.float32, first=np.nan)
    many_bpm: Singles = column(np.float32, first=np.nan)
    few_bpm: Singles = column(np.float32, first=np.nan)
    span_slow_bpm: Singles = column(np.float32, first=np.nan)
    few_slow_bpm: Singles = column(np.float32, first=np.nan)
    span_us: Integers = column(np.int64)
    many_us: Integers = column(np.int64)
    few_us: Integers = column(np.int64)
    hr_bpm: Singles = column(np.float32, first=np.nan)


_KEPT: Final = frozenset({"last_us", "before_last_us"})


def begin_run(rhythm: Rhythm, rows: Rows, from_us: Integers) -> None:
    """Begin anew: no interval, rate or silence reaches across a gap."""
    rhythm.clear(rows, keep=_KEPT)
    rhythm.quiet_us[rows] = from_us
    rhythm.silent_from_us[rows] = from_us


def add_beats(rhythm: Rhythm, rows: Rows, t_us: Integers, rr_s: Singles) -> None:
    """Add one beat to each row."""
    rhythm.t_us[rows, rhythm.n[rows] % _RING] = t_us
    rhythm.n[rows] += 1
    rhythm.before_last_us[rows] = rhythm.last_us[rows]
    rhythm.last_us[rows] = t_us
    rhythm.rr_s[rows] = rr_s
    # A complex is found up to half a second after its peak.
    rhythm.quiet_us[rows] = rhythm.silent_from_us[rows] = np.maximum(t_us, rhythm.swung_us[rows])
    n = rhythm.n[rows]
    back = np.arange(_RING)
    times = rhythm.t_us[rows[:, None], (n[:, None] - 1 - back) % _RING]
    known = np.minimum(n, _RING)
    since = np.where(back < known[:, None], t_us[:, None] - times, 0)
    first = (since >= _SPAN_US).argmax(axis=1)  # 0 where there is none
    few = np.where(known >= FEW, FEW - 1, 0)
    for count, bpm, onset_us in (
        (first, rhythm.span_bpm, rhythm.span_us),
        (np.where(known >= MANY, MANY - 1, 0), rhythm.many_bpm, rhythm.many_us),
        (few, rhythm.few_bpm, rhythm.few_us),
        (np.minimum(known - 1, _SHOWN), rhythm.hr_bpm, None),
    ):
        here = np.arange(len(rows))
        bpm[rows] = _get_bpm(count, since[here, count])
        if onset_us is not None:
            onset_us[rows] = times[here, count]
    gaps_us = np.diff(since, axis=1)
    for count, slow_bpm in ((first, rhythm.span_slow_bpm), (few, rhythm.few_slow_bpm)):
        inside = np.where(back[1:] <= count[:, None], gaps_us, 0)
        slow_bpm[rows] = _get_bpm(np.ones_like(count), np.partition(inside, -2, axis=1)[:, -2])


def _get_bpm(intervals: Integers, span_us: Integers) -> Floats:
    return np.where(span_us > 0, intervals * 60e6 / np.maximum(span_us, 1), np.nan)


def add_noise(rhythm: Rhythm, rows: Rows, is_noise: Bools, length_us: Integers, now_us: Integers) -> None:
    """Leave a block of noise out of the silence that is counted."""
    some = rows[is_noise]
    rhythm.quiet_us[some] = np.minimum(rhythm.quiet_us[some] + length_us[is_noise], now_us[is_noise])


def begin_silence(rhythm: Rhythm, rows: Rows, is_swing: Bools, now_us: Integers) -> None:
    """Count silence anew after a block in which the baseline swung, as after any stretch that could not be seen.

    For so long after the last beat only: in a signal that never comes to rest a silent heart must show in the end.
    """
    some = rows[is_swing]
    now_us = now_us[is_swing]
    recent = now_us - rhythm.last_us[some] <= _SWING_HOLDS_US
    rhythm.quiet_us[some[recent]] = now_us[recent]
    rhythm.silent_from_us[some[recent]] = now_us[recent]
    rhythm.swung_us[some[recent]] = now_us[recent]
