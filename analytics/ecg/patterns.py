"""What the kinds of the beats make together: runs, bigeminy, trigeminy, beats a minute, missed beats.  Pure."""

from typing import Final

import numpy as np

from analytics.ecg.classes import UNLIKELY, N, Q, S, V
from analytics.ecg.compiled import Record, compiled

#: Ventricular beats remembered: the greatest limit a minute, and more.
_RING: Final = 64
_MEAN: Final = 8
_MISSED: Final = 1.8
#: A rhythm is regular when its intervals change by no more than this part, on average.
_REGULAR: Final = 0.08

#: Of the last beats, what a run needs that is believed by its beats together: as many as the limit may say.
LIKELY: Final = 16
#: One beat adds no more than this to their sum, in log-odds, and each of the run must add so much on average.
_MOST_ODDS: Final = 2.0
_MEAN_ODDS: Final = 0.0
#: Intervals in a run change by no more than this part of their mean, on average; by this where each beat looks so much
#: like the one before, and not so much like the usual one.
JUMPS: Final = 0.4
_JUMPS_ALIKE: Final = 0.9
_ALIKE: Final = 0.8
_UNUSUAL: Final = 0.5

#: Of a row, by the beats that have been judged.
#:
#: v_n, v_first_us, v_last_us: of the run of V beats that lasts, or did until `v_others` other beats: how many, from
#: when to when.  v_rr_s, v_jumps_s: sum of its intervals, and of the changes between them.  v_sure: mean confidence.
#: v_known: how many looked like one of the patient's shapes.  s_*: of S beats.
#: likely_n: how many of the last beats in a row may be V.  likely_us, likely_odds, likely_alike, likely_known: these:
#: a ring, the last at `likely_at`: when, log-odds, likeness to the beat before, whether one of the patient's shapes.
#: ended_n, ended_first_us, ended_last_us: the run that the last beat ended; 0 where it ended none.
#: usual_n: N beats so far that looked like one of the patient's shapes.  doubtful: of the last 8 beats, which could not
#: be classed: a bit each.
#: between: beats since the last V beat.  bi_n, tri_n: V beats so far that came as every second, every third.
#: pvc_us: times of V beats, a ring; `pvc_n` have been written.
#: mean_rr_s: of the last eight intervals.  missed: beats for which a missed one still counts; missed_s, missed_part:
#: its interval, and that over the mean.
PATTERNS: Final = np.dtype(
    [
        ("likely_us", np.int64, (LIKELY,)),
        ("likely_odds", np.float32, (LIKELY,)),
        ("likely_alike", np.float32, (LIKELY,)),
        ("likely_known", np.uint8, (LIKELY,)),
        ("likely_n", np.int64),
        ("likely_at", np.int64),
        ("v_n", np.int64),
        ("v_first_us", np.int64),
        ("v_last_us", np.int64),
        ("v_others", np.int64),
        ("s_n", np.int64),
        ("s_first_us", np.int64),
        ("s_last_us", np.int64),
        ("s_others", np.int64),
        ("usual_n", np.int64),
        ("doubtful", np.int64),
        ("ended_n", np.int64),
        ("ended_first_us", np.int64),
        ("ended_last_us", np.int64),
        ("between", np.int64),
        ("bi_n", np.int64),
        ("bi_first_us", np.int64),
        ("bi_last_us", np.int64),
        ("tri_n", np.int64),
        ("tri_first_us", np.int64),
        ("tri_last_us", np.int64),
        ("pvc_us", np.int64, (_RING,)),
        ("pvc_n", np.int64),
        ("last_us", np.int64),
        ("missed", np.int64),
        ("missed_us", np.int64),
        ("missed_end_us", np.int64),
        ("v_rr_s", np.float64),
        ("s_rr_s", np.float64),
        ("mean_rr_s", np.float64),
        ("missed_part", np.float64),
        ("missed_s", np.float64),
        ("v_known", np.int64),
        ("v_last_rr_s", np.float64),
        ("v_jumps_s", np.float64),
        ("v_sure", np.float64),
        ("s_sure", np.float64),
    ],
    align=True,
)


@compiled
def begin_run(patterns: Record, forget: bool) -> None:
    """Begin anew: no pattern reaches across a gap; after a long one (`forget`) the patient is to be learned again."""
    if forget:
        patterns.usual_n = 0
    patterns.doubtful = 0
    patterns.likely_n = 0
    patterns.v_n = 0
    patterns.s_n = 0
    patterns.v_others = 2
    patterns.s_others = 2
    patterns.ended_n = 0
    patterns.between = 3
    patterns.bi_n = 0
    patterns.tri_n = 0
    patterns.missed = 0
    patterns.mean_rr_s = np.nan


@compiled
def add_beat(
    patterns: Record, t_us: int, rr_s: float, label: int, confidence: float, spread: float, is_known: bool
) -> None:
    """Add a judged beat; `is_known`: it looks like one of the patient's shapes."""
    is_v = label == V
    patterns.usual_n += label == N and is_known
    patterns.doubtful = ((patterns.doubtful << 1) | (label == Q)) & 0xFF
    patterns.ended_n = 0
    if is_v:
        if patterns.v_others > 0:
            patterns.v_n = 0
            patterns.v_rr_s = 0
            patterns.v_first_us = t_us
            patterns.v_sure = 0
            patterns.v_known = 0
            patterns.v_jumps_s = 0
        else:
            patterns.v_rr_s += rr_s
            if patterns.v_n > 1:
                patterns.v_jumps_s += abs(rr_s - patterns.v_last_rr_s)
        patterns.v_last_rr_s = rr_s
        patterns.v_known += is_known
        patterns.v_n += 1
        patterns.v_sure += (confidence - patterns.v_sure) / patterns.v_n
        patterns.v_last_us = t_us
        patterns.v_others = 0
        patterns.pvc_us[patterns.pvc_n % _RING] = t_us
        patterns.pvc_n += 1
        patterns.bi_n = patterns.bi_n + 1 if patterns.between == 1 else 1
        patterns.tri_n = patterns.tri_n + 1 if patterns.between == 2 else 1
        if patterns.bi_n == 1:
            patterns.bi_first_us = t_us
        if patterns.tri_n == 1:
            patterns.tri_first_us = t_us
        patterns.bi_last_us = t_us
        patterns.tri_last_us = t_us
        patterns.between = 0
    else:
        if patterns.v_others == 0:
            patterns.ended_n = patterns.v_n
            patterns.ended_first_us = patterns.v_first_us
            patterns.ended_last_us = patterns.v_last_us
        patterns.v_others += 1
        patterns.between += 1
        if patterns.between >= 2:
            patterns.bi_n = 0
        if patterns.between >= 3:
            patterns.tri_n = 0
    if label == S:
        if patterns.s_others > 0:
            patterns.s_n = 0
            patterns.s_rr_s = 0
            patterns.s_first_us = t_us
            patterns.s_sure = 0
        else:
            patterns.s_rr_s += rr_s
        patterns.s_n += 1
        patterns.s_sure += (confidence - patterns.s_sure) / patterns.s_n
        patterns.s_last_us = t_us
        patterns.s_others = 0
    else:
        patterns.s_others += 1
    if patterns.missed > 0:
        patterns.missed -= 1
        if patterns.missed == 1:
            patterns.missed_end_us = t_us
    if not np.isnan(rr_s):
        mean = patterns.mean_rr_s
        calm = label == N and patterns.between > 2 and spread < _REGULAR
        if calm and rr_s > _MISSED * mean:
            patterns.missed = 2
            patterns.missed_us = patterns.last_us
            patterns.missed_end_us = t_us
            patterns.missed_part = rr_s / mean
            patterns.missed_s = rr_s
        elif np.isnan(mean):
            patterns.mean_rr_s = rr_s
        else:
            patterns.mean_rr_s += (rr_s - mean) / _MEAN
    patterns.last_us = t_us


@compiled
def is_doubtful(patterns: Record) -> bool:
    """Whether two of the last four beats could not be classed."""
    return (patterns.doubtful & 1) + (patterns.doubtful >> 1 & 1) + (patterns.doubtful >> 2 & 1) + (
        patterns.doubtful >> 3 & 1
    ) > 1


@compiled
def add_likely(
    patterns: Record, t_us: int, label: int, v_odds: float, alike: float, usual: float, is_known: bool
) -> None:
    """Add a judged beat to the run of those that may be V; `alike`, `usual`: to the beat before, to the usual one."""
    if label == Q or v_odds < UNLIKELY:
        patterns.likely_n = 0
        return
    at = (patterns.likely_at + 1) % LIKELY
    patterns.likely_at = at
    patterns.likely_n += 1
    patterns.likely_us[at] = t_us
    patterns.likely_odds[at] = v_odds
    patterns.likely_alike[at] = alike if usual < _UNUSUAL else 0
    patterns.likely_known[at] = is_known


@compiled
def get_likely_us(patterns: Record, beats: int) -> int:
    """Return when the last beats began if together they are a run of V, though one alone may not look so; else 0."""
    if patterns.likely_n < beats:
        return 0
    odds, jumps = 0.0, 0.0
    known = 0
    alike = np.float32(1)
    last_us = patterns.likely_us[patterns.likely_at]
    later_us, gap_us = last_us, 0
    for back in range(beats):
        at = (patterns.likely_at - back) % LIKELY
        odds += min(patterns.likely_odds[at], np.float32(_MOST_ODDS))
        known += patterns.likely_known[at]
        if back < beats - 1:
            alike = min(alike, patterns.likely_alike[at])
        if back > 1:
            jumps += abs(later_us - patterns.likely_us[at] - gap_us)
        gap_us = later_us - patterns.likely_us[at]
        later_us = patterns.likely_us[at]
    mean_us = (last_us - later_us) / (beats - 1)
    most = _JUMPS_ALIKE if alike > np.float32(_ALIKE) else JUMPS
    if odds < _MEAN_ODDS * beats or known < beats // 2 or jumps > most * mean_us * (beats - 2):
        return 0
    return later_us


@compiled
def count_lately(patterns: Record, limit: int, since_us: int) -> bool:
    """Whether more V beats than the limit came since then."""
    nth = patterns.pvc_n - 1 - limit
    return nth >= 0 and patterns.pvc_us[nth % _RING] >= since_us
