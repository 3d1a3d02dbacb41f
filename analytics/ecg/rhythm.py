"""The last beats of a row, the rates over them, and its silences.  Pure, causal."""

from typing import Final

import numpy as np

from analytics.ecg.compiled import Record, compiled

#: Beats remembered: 10 s at 250 bpm is 42.
RING: Final = 64
_SPAN_US: Final = 10_000_000
#: Beats of the mean rates (PhysioNet/CinC Challenge 2015).
MANY: Final = 17
FEW: Final = 5
#: Intervals of the heart rate that is shown.
_SHOWN: Final = 8
NEVER: Final = -1
#: For so long after a beat a swinging baseline holds back the count of silence.
_SWING_HOLDS_US: Final = 5_000_000
#: A regular rhythm: so many beats within so long, whose intervals differ by no more than this factor; shorter,
#: over 180 a minute, may be waves of a flutter.
_EVEN_BEATS: Final = 6
_EVEN_US: Final = 5_000_000
_EVEN: Final = 1.15
_SHORTEST_US: Final = 333_000

#: Two small peaks sooner after each other, or after a beat, are one, or its T wave; nearer than the other, the same.
_SOON_US: Final = 360_000
_SAME_US: Final = 50_000

#: The last beats of a row.
#:
#: t_us: R peaks of the run, a ring; `n` of them have been written.
#: last_us, before_last_us: the last two R peaks, runs apart or not; `NEVER`.
#: rr_s: interval before the last beat; NaN across a gap.
#: quiet_us: silence is counted from here: the last beat, or when the signal could be seen again; later by as much
#: noise as there was since.
#: silent_from_us: onset of a silence: the last beat, or when the signal could be seen again.
#: swung_us: end of the last block in which the baseline swung and held back the count of silence.
#: span_bpm, many_bpm, few_bpm: mean rate over the least 10 s of whole intervals, over 17 beats, over 5; NaN while
#: there are fewer.  span_us, many_us, few_us: first beat of each.
#: span_slow_bpm, few_slow_bpm: rate of the second longest interval in the least 10 s, in the 5 beats: a single pause
#: does not make it slow; nor do intervals in which small complexes may have been missed.
#: maybe: small peaks like complexes in the interval that each beat of the ring ends, which were not taken for any;
#: maybe_n: since the last beat.  maybe_us: the last of them.
#: hr_bpm: mean rate over the last eight intervals, or what there is.
RHYTHM: Final = np.dtype(
    [
        ("t_us", np.int64, (RING,)),
        ("n", np.int64),
        ("maybe", np.int8, (RING,)),
        ("maybe_n", np.int64),
        ("maybe_us", np.int64),
        ("last_us", np.int64),
        ("before_last_us", np.int64),
        ("quiet_us", np.int64),
        ("silent_from_us", np.int64),
        ("swung_us", np.int64),
        ("span_us", np.int64),
        ("many_us", np.int64),
        ("few_us", np.int64),
        ("rr_s", np.float64),
        ("span_bpm", np.float64),
        ("many_bpm", np.float64),
        ("few_bpm", np.float64),
        ("span_slow_bpm", np.float64),
        ("few_slow_bpm", np.float64),
        ("hr_bpm", np.float64),
    ],
    align=True,
)


@compiled
def begin_run(rhythm: Record, from_us: int) -> None:
    """Begin anew: no interval, rate or silence reaches across a gap."""
    rhythm.n = 0
    rhythm.maybe_n = 0
    rhythm.maybe_us = NEVER
    rhythm.swung_us = 0
    rhythm.rr_s = np.nan
    rhythm.span_bpm = np.nan
    rhythm.many_bpm = np.nan
    rhythm.few_bpm = np.nan
    rhythm.span_slow_bpm = np.nan
    rhythm.few_slow_bpm = np.nan
    rhythm.hr_bpm = np.nan
    rhythm.quiet_us = from_us
    rhythm.silent_from_us = from_us


@compiled
def add_beat(rhythm: Record, t_us: int, rr_s: float) -> None:
    """Add a beat."""
    if abs(t_us - rhythm.maybe_us) < _SAME_US and rhythm.maybe_n > 0:
        rhythm.maybe_n -= 1  # it was one
    rhythm.t_us[rhythm.n % RING] = t_us
    rhythm.maybe[rhythm.n % RING] = min(rhythm.maybe_n, 100)
    rhythm.maybe_n = 0
    rhythm.n += 1
    rhythm.before_last_us = rhythm.last_us
    rhythm.last_us = t_us
    rhythm.rr_s = rr_s
    # A complex is found up to half a second after its peak.
    rhythm.quiet_us = max(t_us, rhythm.swung_us)
    rhythm.silent_from_us = rhythm.quiet_us
    known = min(rhythm.n, RING)
    rhythm.span_bpm = rhythm.span_slow_bpm = np.nan
    rhythm.many_bpm = np.nan
    rhythm.few_bpm = rhythm.few_slow_bpm = np.nan
    longest = second = 0
    maybe = 0
    later_us = t_us
    for back in range(1, known):
        at_us = rhythm.t_us[(rhythm.n - 1 - back) % RING]
        maybe += rhythm.maybe[(rhythm.n - back) % RING]
        gap_us = later_us - at_us
        later_us = at_us
        if gap_us > longest:
            longest, second = gap_us, longest
        elif gap_us > second:
            second = gap_us
        mean_bpm = back * 60e6 / max(t_us - at_us, 1)
        slow_bpm = 60e6 / second if second > 0 else np.nan
        if maybe > 0:
            slow_bpm = max(slow_bpm, (back + maybe) * 60e6 / max(t_us - at_us, 1))
        if back == min(known - 1, _SHOWN):
            rhythm.hr_bpm = mean_bpm
        if back == FEW - 1:
            rhythm.few_bpm, rhythm.few_slow_bpm, rhythm.few_us = mean_bpm, slow_bpm, at_us
        if back == MANY - 1:
            rhythm.many_bpm, rhythm.many_us = mean_bpm, at_us
        if t_us - at_us >= _SPAN_US and np.isnan(rhythm.span_bpm):
            rhythm.span_bpm, rhythm.span_slow_bpm, rhythm.span_us = mean_bpm, slow_bpm, at_us
        if back >= MANY - 1 and t_us - at_us >= _SPAN_US:
            break


@compiled
def add_maybe(rhythm: Record, t_us: int) -> None:
    """Note a small peak that may have been a beat."""
    if t_us - max(rhythm.last_us, rhythm.maybe_us) > _SOON_US:
        rhythm.maybe_n += 1
        rhythm.maybe_us = t_us


@compiled
def add_noise(rhythm: Record, length_us: int, now_us: int) -> None:
    """Leave a block of noise out of the silence that is counted."""
    rhythm.quiet_us = min(rhythm.quiet_us + length_us, now_us)


@compiled
def begin_silence(rhythm: Record, now_us: int) -> None:
    """Count silence anew after a block in which the baseline swung, as after any stretch that could not be seen.

    For so long after the last beat only: in a signal that never comes to rest a silent heart must show in the end.
    """
    if now_us - rhythm.last_us <= _SWING_HOLDS_US:
        rhythm.quiet_us = now_us
        rhythm.silent_from_us = now_us
        rhythm.swung_us = now_us


@compiled
def is_regular(rhythm: Record, now_us: int) -> bool:
    """Whether the last six beats came within five seconds, evenly, and slower than fluttering ventricles."""
    if rhythm.n < _EVEN_BEATS or now_us - rhythm.t_us[(rhythm.n - _EVEN_BEATS) % RING] > _EVEN_US:
        return False
    shortest, longest = _EVEN_US, 0
    for back in range(_EVEN_BEATS - 1):
        rr_us = rhythm.t_us[(rhythm.n - 1 - back) % RING] - rhythm.t_us[(rhythm.n - 2 - back) % RING]
        shortest, longest = min(shortest, rr_us), max(longest, rr_us)
    return shortest >= _SHORTEST_US and longest <= shortest * _EVEN
