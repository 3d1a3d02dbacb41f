"""The calls: when each begins and ends, which hide which.  Pure.

**To add a call**: a line in `heartwire.calls`, its code in `CODES`, and a paragraph in `_look`.
Nothing else knows their number.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.ecg.compiled import Record, compiled
from analytics.ecg.patterns import count_lately, get_likely_us, is_doubtful
from analytics.ecg.quality import count_lately as count_noise_lately
from analytics.ecg.resample import BLOCK_S
from heartwire.calls import CALLS, Family, get_call, hidden_by

#: In this order everywhere; noise first, which suspends others.
CODES: Final = (
    "noise",
    "asystole",
    "ventricular_fibrillation",
    "ventricular_tachycardia",
    "extreme_tachycardia",
    "extreme_bradycardia",
    "ventricular_run",
    "supraventricular_tachycardia",
    "pause",
    "tachycardia",
    "bradycardia",
    "atrial_fibrillation",
    "atrial_fibrillation_ended",
    "couplet",
    "idioventricular_rhythm",
    "ventricular_bigeminy",
    "ventricular_trigeminy",
    "frequent_pvcs",
    "missed_beat",
    "irregular_rhythm",
    "lead_off",
    "signal_flat",
    "signal_railed",
)
_N: Final = len(CODES)
(
    _NOISE, _ASYSTOLE, _VF, _VT, _EXTREME_FAST, _EXTREME_SLOW, _V_RUN, _SVT, _PAUSE, _FAST, _SLOW, _AF, _AF_ENDED,
    _COUPLET, _IVR, _BIGEMINY, _TRIGEMINY, _PVCS, _MISSED, _IRREGULAR, _LEAD_OFF, _FLAT, _RAILED,
) = range(_N)  # fmt: skip
_HYSTERESIS_BPM: Final = 5.0
#: A technical condition must be gone for so long.
_CLEAR_S: Final = 2.0
_NOISE_BEGINS_S: Final = 20
_NOISE_ENDS_S: Final = 10
#: A fast rate, or a run, does not begin while more of the last seven seconds are noise: they may be its beats.
_NOISE_LATELY_S: Final = 3
#: A run ends with two other beats, or after so long without any.
_RUN_OTHERS: Final = 2
_RUN_SILENT_US: Final = 3_000_000
_VF_GONE_US: Final = 3_000_000
#: A wave of one frequency for so many seconds is a tachycardia.
_WAVES_S: Final = 4
#: Confidence in a run that no beat alone is sure of, and in a wave.
_TOGETHER: Final = 0.6
#: Fibrillation holds silence back while it is likelier than this.
_LIKELY: Final = 0.5
_AF_GONE_US: Final = 60_000_000
_IRREGULAR_US: Final = 60_000_000
_MINUTE_US: Final = 60_000_000
_V_RUN_BEATS: Final = 3
_RUN_BEATS: Final = 5
#: A run of other beats is one when so many of the usual beats are known.
_USUAL_BEATS: Final = 6
_REPEATS: Final = 3
#: Intervals in a run change by no more than this part of their mean, on average.
_JUMPS: Final = 0.4

#: Calls that stay armed while the signal is too noisy to analyse.
_IN_NOISE: Final = np.array([code in {"noise", "asystole", "ventricular_fibrillation", "lead_off", "signal_flat",
                                      "signal_railed"} for code in CODES])  # fmt: skip
#: [lesser, greater]
_GREATER: Final = np.array([[greater in hidden_by(code) for greater in CODES] for code in CODES])
_LIMIT_NAMES: Final = tuple(tuple(CALLS[code].limits) for code in CODES)
_LIMITS: Final = 2
_DEFAULTS: Final = tuple(
    tuple(CALLS[code].limits[name].default for name in names) + (0.0,) * (_LIMITS - len(names))
    for code, names in zip(CODES, _LIMIT_NAMES, strict=True)
)
#: Of calls without limits: what an alarm tells. Of the others: what the limit is about.
_MEASURES: Final = {"missed_beat": ("part",), "atrial_fibrillation_ended": (), "irregular_rhythm": ("seconds",)}
#: What the measures are called that an alarm tells.
UNITS: Final = tuple(
    ("seconds",) if CALLS[code].family is Family.TECHNICAL else names or _MEASURES.get(code, ("beats",))
    for code, names in zip(CODES, _LIMIT_NAMES, strict=True)
)

IDLE: Final = 0
ACTIVE: Final = 1
HIDDEN: Final = 2
#: What is told of a call.
KINDS: Final[tuple[Literal["ended", "raised", "suppressed"], ...]] = ("ended", "raised", "suppressed")

#: State of each call of a row, in the order of `CODES`: idle, active, or met but hidden by a greater call.
CALL_STATES: Final = np.dtype(
    [
        ("onset_us", np.int64, (_N,)),
        ("af_end_us", np.int64),
        ("vt_us", np.int64),
        ("limit", np.float64, (_N, _LIMITS)),
        ("state", np.uint8, (_N,)),
    ],
    align=True,
)


#: Every call at the end of a block, arrays of one value a call.
#:
#: begins, ends: it would begin now; it would end now.
#: onset_us, end_us: when what it speaks of began, and ended, in the signal.
#: measured: what the alarm tells, in the order of `UNITS`; NaN: nothing.  confidence: 0 to 1.
#: met: it holds, or would if no greater one did.
LOOKED: Final = np.dtype(
    [
        ("onset_us", np.int64, (_N,)),
        ("end_us", np.int64, (_N,)),
        ("measured", np.float64, (_N, _LIMITS)),
        ("confidence", np.float64, (_N,)),
        ("begins", np.uint8, (_N,)),
        ("ends", np.uint8, (_N,)),
        ("met", np.uint8, (_N,)),
    ],
    align=True,
)


class Moment(NamedTuple):
    """The end of a block.

    Attributes
    ----------
    now_us : int
        Time up to which the signal has been seen.
    looked_us : int
        Time up to which every complex has been found, or is `pending`.
    pending : bool
        Something is there that may be a complex.
    judged : bool
        Silence means that the heart is silent.
    """

    now_us: int
    looked_us: int
    pending: bool
    judged: bool


def check_limits(limits: Mapping[str, Mapping[str, float]] | None) -> NDArray[np.float64]:
    """Return a row's limits, the catalogue's where it has none of its own.

    Raises
    ------
    ValueError
        For a call or a limit that does not exist, and for a value outside the catalogue's bounds.
    """
    values = np.array(_DEFAULTS)
    for code, named in (limits or {}).items():
        bounds = get_call(code).limits
        for name, value in named.items():
            if name not in bounds:
                raise ValueError(f"{code} has no limit {name!r}; known: {', '.join(bounds) or 'none'}")
            if not bounds[name].low <= value <= bounds[name].high:
                raise ValueError(
                    f"{code} {name} {value}, wanted {bounds[name].low} to {bounds[name].high} {bounds[name].unit}"
                )
            if code in CODES:
                at = CODES.index(code)
                values[at, _LIMIT_NAMES[at].index(name)] = float(value)
    return values


@compiled
def _put(looked: Record, at: int, begins: bool, ends: bool, onset_us: int, end_us: int, measured: float) -> None:
    looked.begins[at] = begins
    looked.ends[at] = ends
    looked.onset_us[at] = onset_us
    looked.end_us[at] = end_us
    looked.measured[at, 0] = measured
    looked.measured[at, 1] = np.nan
    looked.confidence[at] = 1.0


@compiled
def _look_at_tachycardia(
    row: Record, moment: Moment, looked: Record, is_run: bool, is_over: bool, is_clear: bool
) -> None:
    """Ventricular tachycardia: V beats in a row, or beats that are one together, or a wave of one frequency."""
    patterns, ventricular = row.patterns, row.ventricular
    least, least_bpm = int(row.calls.limit[_VT, 0]), row.calls.limit[_VT, 1]
    n = patterns.v_n
    bpm = 60 * (n - 1) / patterns.v_rr_s if n > 1 and patterns.v_rr_s > 0 else 0.0
    begins = is_run and n >= least
    lasts = False
    first_us, sure = patterns.v_first_us, patterns.v_sure
    last_us = max(patterns.v_last_us, ventricular.wave_us)
    likely_us = get_likely_us(patterns, least) if is_clear else 0
    if likely_us > 0 and moment.now_us - row.rhythm.last_us <= _RUN_SILENT_US:
        likely_bpm = (least - 1) * 60e6 / max(patterns.likely_us[patterns.likely_at] - likely_us, 1)
        lasts = likely_bpm > least_bpm
        last_us = max(last_us, patterns.likely_us[patterns.likely_at])
        if lasts and not begins:
            n, bpm, first_us, sure = least, likely_bpm, likely_us, _TOGETHER
    wave_bpm = 60 * ventricular.wave_hz
    if ventricular.waves >= _WAVES_S and wave_bpm > least_bpm:
        if not begins and not lasts:
            n, bpm, first_us, sure = (
                round(ventricular.waves * ventricular.wave_hz),
                wave_bpm,
                ventricular.waves_us,
                _TOGETHER,
            )
        lasts = True
    if lasts:
        row.calls.vt_us = moment.now_us
    is_gone = is_over and moment.now_us - row.calls.vt_us >= _RUN_SILENT_US
    _put(looked, _VT, begins or lasts, is_gone, first_us, last_us, float(n))
    looked.measured[_VT, 1] = bpm
    looked.confidence[_VT] = sure


@compiled
def _look(row: Record, moment: Moment, looked: Record) -> None:
    limit = row.calls.limit
    rhythm, signal, patterns = row.rhythm, row.signal, row.patterns
    ventricular, atrial = row.ventricular, row.atrial
    now_us = moment.now_us
    lately = count_noise_lately(signal)
    clear = lately <= _NOISE_LATELY_S

    _put(looked, _NOISE, signal.n_noisy >= _NOISE_BEGINS_S, signal.n_noisy < _NOISE_ENDS_S,
         now_us - _NOISE_BEGINS_S * 1_000_000, now_us, float(signal.n_noisy))  # fmt: skip

    silent_us = moment.looked_us - rhythm.quiet_us
    fibrillates = ventricular.is_on and ventricular.chance > _LIKELY
    is_silent = not moment.pending and moment.judged and not fibrillates
    silence_s = max(moment.looked_us - rhythm.silent_from_us, 0) / 1e6
    onset_us = row.calls.onset_us[_ASYSTOLE]
    _put(looked, _ASYSTOLE, is_silent and silent_us >= limit[_ASYSTOLE, 0] * 1e6,
         rhythm.before_last_us > onset_us and rhythm.rr_s <= limit[_ASYSTOLE, 0],
         rhythm.silent_from_us, rhythm.before_last_us, silence_s)  # fmt: skip
    # A small peak like a complex: where one was missed there is no pause.
    unseen_us = moment.looked_us - max(rhythm.quiet_us, rhythm.maybe_us)
    _put(looked, _PAUSE, is_silent and rhythm.n > 0 and unseen_us >= limit[_PAUSE, 0] * 1e6,
         rhythm.last_us > row.calls.onset_us[_PAUSE], rhythm.silent_from_us, rhythm.last_us, silence_s)  # fmt: skip

    _put(looked, _VF, ventricular.is_on and now_us - ventricular.since_us >= limit[_VF, 0] * 1e6,
         not ventricular.is_on and now_us - ventricular.until_us >= _VF_GONE_US,
         ventricular.since_us, ventricular.until_us, (now_us - ventricular.since_us) / 1e6)  # fmt: skip
    looked.confidence[_VF] = ventricular.chance

    many, few, span = rhythm.many_bpm, rhythm.few_bpm, rhythm.span_bpm
    _put(looked, _EXTREME_FAST, many > limit[_EXTREME_FAST, 0] and clear,
         many <= limit[_EXTREME_FAST, 0] - _HYSTERESIS_BPM, rhythm.many_us, rhythm.last_us, many)  # fmt: skip
    seen = not is_doubtful(patterns)
    is_slow = seen and few < limit[_EXTREME_SLOW, 0] and rhythm.few_slow_bpm < limit[_EXTREME_SLOW, 0]
    _put(looked, _EXTREME_SLOW, is_slow,
         few >= limit[_EXTREME_SLOW, 0] + _HYSTERESIS_BPM, rhythm.few_us, rhythm.last_us, few)  # fmt: skip
    _put(looked, _FAST, span > limit[_FAST, 0] and clear, span <= limit[_FAST, 0] - _HYSTERESIS_BPM, rhythm.span_us,
         rhythm.last_us, span)  # fmt: skip
    is_slow = seen and span < limit[_SLOW, 0] and rhythm.span_slow_bpm < limit[_SLOW, 0]
    _put(looked, _SLOW, is_slow,
         span >= limit[_SLOW, 0] + _HYSTERESIS_BPM, rhythm.span_us, rhythm.last_us, span)  # fmt: skip

    n = patterns.v_n
    bpm = 60 * (n - 1) / patterns.v_rr_s if n > 1 and patterns.v_rr_s > 0 else 0.0
    lasts = patterns.v_others == 0
    is_over = patterns.v_others >= _RUN_OTHERS or now_us - rhythm.last_us > _RUN_SILENT_US
    fast = bpm > limit[_VT, 1]
    # Beats of one kind come again, and in time: what looks like nothing before it, or comes at any time, is no run.
    in_time = n < 4 or patterns.v_jumps_s / (n - 2) <= _JUMPS * patterns.v_rr_s / (n - 1)
    alike = patterns.v_known >= n // 2 and in_time
    known = patterns.usual_n >= _USUAL_BEATS
    clear_run = lasts and alike and clear and known
    _look_at_tachycardia(row, moment, looked, clear_run and fast, is_over, clear and known)
    _put(looked, _V_RUN, clear_run and n >= _V_RUN_BEATS and bpm > limit[_V_RUN, 0], is_over, patterns.v_first_us,
         patterns.v_last_us, bpm)  # fmt: skip
    looked.confidence[_V_RUN] = patterns.v_sure
    _put(looked, _IVR, lasts and n >= _RUN_BEATS and not fast and clear, is_over, patterns.v_first_us,
         patterns.v_last_us, float(n))  # fmt: skip
    looked.confidence[_IVR] = patterns.v_sure
    _put(looked, _COUPLET, patterns.ended_n == 2 and clear, patterns.ended_n != 2, patterns.ended_first_us,
         patterns.ended_last_us, 2.0)  # fmt: skip
    s_n = patterns.s_n
    s_bpm = 60 * (s_n - 1) / patterns.s_rr_s if s_n > 1 and patterns.s_rr_s > 0 else 0.0
    s_is_over = patterns.s_others >= _RUN_OTHERS or now_us - rhythm.last_us > _RUN_SILENT_US
    s_lasts = patterns.s_others == 0 and s_n >= _RUN_BEATS
    _put(looked, _SVT, s_lasts and s_bpm > limit[_SVT, 0] and clear and known, s_is_over,
         patterns.s_first_us, patterns.s_last_us, s_bpm)  # fmt: skip
    looked.confidence[_SVT] = patterns.s_sure

    quiet = now_us - rhythm.last_us > _RUN_SILENT_US
    _put(looked, _BIGEMINY, patterns.bi_n >= _REPEATS and clear, patterns.bi_n < 2 or quiet, patterns.bi_first_us,
         patterns.bi_last_us, float(patterns.bi_n))  # fmt: skip
    _put(looked, _TRIGEMINY, patterns.tri_n >= _REPEATS and clear, patterns.tri_n < 2 or quiet, patterns.tri_first_us,
         patterns.tri_last_us, float(patterns.tri_n))  # fmt: skip
    most = int(limit[_PVCS, 0])
    _put(looked, _PVCS, count_lately(patterns, most, now_us - _MINUTE_US) and clear,
         not count_lately(patterns, most * 4 // 5, now_us - _MINUTE_US), 0, patterns.v_last_us, 0.0)  # fmt: skip
    first = pvcs = 0
    for back in range(min(patterns.pvc_n, len(patterns.pvc_us))):
        at_us = patterns.pvc_us[(patterns.pvc_n - 1 - back) % len(patterns.pvc_us)]
        if at_us < now_us - _MINUTE_US:
            break
        first = at_us
        pvcs += 1
    looked.onset_us[_PVCS] = first
    looked.measured[_PVCS, 0] = pvcs
    _put(looked, _MISSED, patterns.missed > 0 and patterns.missed_s <= limit[_PAUSE, 0], patterns.missed == 0,
         patterns.missed_us, patterns.missed_end_us, patterns.missed_part)  # fmt: skip

    _put(looked, _AF, atrial.is_on and now_us - atrial.since_us >= limit[_AF, 0] * 1e6,
         not atrial.is_on and now_us - atrial.until_us >= _AF_GONE_US, atrial.since_us, atrial.until_us,
         (now_us - atrial.since_us) / 1e6)  # fmt: skip
    looked.confidence[_AF] = atrial.chance
    af_end_us = row.calls.af_end_us
    _put(looked, _AF_ENDED, af_end_us > 0 and now_us - af_end_us < _AF_GONE_US,
         now_us - af_end_us >= _AF_GONE_US or atrial.is_on, atrial.until_us, now_us, np.nan)  # fmt: skip
    _put(looked, _IRREGULAR, atrial.is_irregular and now_us - atrial.irregular_since_us >= _IRREGULAR_US,
         not atrial.is_irregular and now_us - atrial.irregular_until_us >= _IRREGULAR_US, atrial.irregular_since_us,
         atrial.irregular_until_us, (now_us - atrial.irregular_since_us) / 1e6)  # fmt: skip

    off_s, still_s = signal.lead_off * BLOCK_S, signal.still / 125
    railed_s, moving_s = signal.railed * BLOCK_S, signal.moving * BLOCK_S
    _put(looked, _LEAD_OFF, off_s >= limit[_LEAD_OFF, 0], off_s <= -_CLEAR_S, now_us - int(round(off_s * 1e6)),
         now_us + int(round(off_s * 1e6)), off_s)  # fmt: skip
    _put(looked, _FLAT, still_s >= limit[_FLAT, 0], moving_s >= _CLEAR_S, now_us - int(round(still_s * 1e6)),
         now_us - int(round(moving_s * 1e6)), still_s)  # fmt: skip
    _put(looked, _RAILED, railed_s >= limit[_RAILED, 0], railed_s <= -_CLEAR_S, now_us - int(round(railed_s * 1e6)),
         now_us + int(round(railed_s * 1e6)), railed_s)  # fmt: skip


@compiled
def judge(row: Record, number: int, moment: Moment, looked: Record, told: NDArray[np.void], count: int) -> int:
    """Apply the rules at the end of a block; returns how many changes `told` then holds.

    Parameters
    ----------
    number : int
        Of the row.
    told : CHANGE
        Filled from `count` on.
    """
    calls = row.calls
    _look(row, moment, looked)
    met = looked.met
    is_any = False
    for at in range(_N):
        is_on = calls.state[at] != IDLE
        begins = looked.begins[at]
        stays = is_on and not looked.ends[at]
        if not _IN_NOISE[at] and met[_NOISE]:  # noise comes first
            begins = False
            stays = is_on
            looked.begins[at] = False
        met[at] = stays or (not is_on and begins)
        is_any = is_any or is_on or met[at]
    if not is_any:
        return count
    for at in range(_N):
        before = calls.state[at]
        if before == IDLE and not met[at]:
            continue
        by = -1
        if met[at]:
            for greater in range(_N):
                if _GREATER[at, greater] and met[greater]:
                    by = greater
                    break
        # What comes out from behind a greater call is told only if it would begin now.
        if by < 0 and before == HIDDEN and met[at] and not looked.begins[at]:
            met[at] = False
        wanted = (HIDDEN if by >= 0 else ACTIVE) if met[at] else IDLE
        if wanted == before:
            continue
        if before == IDLE:
            # A new onset is later than that of the last: onsets are identities.
            calls.onset_us[at] = max(looked.onset_us[at], calls.onset_us[at] + 1)
        elif before == HIDDEN and wanted == ACTIVE:
            calls.onset_us[at] = moment.now_us
        calls.state[at] = wanted
        if at == _AF:
            calls.af_end_us = moment.now_us if wanted == IDLE and before == ACTIVE else 0
        elif at == _AF_ENDED and wanted == IDLE:
            calls.af_end_us = 0
        if before == HIDDEN and wanted == IDLE:
            continue
        change = told[count]
        change.row = number
        change.call = at
        change.kind = wanted
        change.by = by
        change.onset_us = calls.onset_us[at]
        change.at_us = moment.now_us
        change.end_us = min(max(looked.end_us[at], calls.onset_us[at]), moment.now_us) if wanted == IDLE else 0
        change.measured[0] = looked.measured[at, 0]
        change.measured[1] = looked.measured[at, 1]
        change.confidence = looked.confidence[at]
        count += 1
    return count


#: A change of a call, as it leaves the compiled code: `kind` is the state that it comes to.
CHANGE: Final = np.dtype(
    [
        ("row", np.int64),
        ("onset_us", np.int64),
        ("at_us", np.int64),
        ("end_us", np.int64),
        ("measured", np.float64, (_LIMITS,)),
        ("confidence", np.float64),
        ("call", np.int16),
        ("by", np.int16),
        ("kind", np.uint8),
    ],
    align=True,
)
MOST: Final = _N

__all__ = [
    "CALL_STATES",
    "CHANGE",
    "CODES",
    "KINDS",
    "LOOKED",
    "MOST",
    "UNITS",
    "Moment",
    "check_limits",
    "judge",
]
