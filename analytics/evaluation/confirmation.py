"""Whether annotations confirm an alarm: false alarms by call and per patient and day.

It asks whether the alarm is right, not exact: one match window of tolerance on times, 5 bpm on rates, a second
around onset and alarm. What the annotations cannot tell is neither right nor wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import AF_RHYTHMS, NOISE_RHYTHMS, Annotations, Span
from analytics.evaluation.beats import MATCH_WINDOW_S
from analytics.evaluation.run import Alarm
from analytics.rows import Bools, Floats
from heartwire.calls import CALLS

_AROUND_S: Final = 1.0
_TOLERANCE_BPM: Final = 5.0
_DAY_S: Final = 86_400.0
#: After ventricular fibrillation the calls of the rate look back on it for so long.
_AFTERMATH_S: Final = 5.0
#: Mean beats of the rates (PhysioNet/CinC Challenge 2015).
_MANY_FEW: Final = {"extreme_tachycardia": 16, "extreme_bradycardia": 4}
#: Calls of ectopic beats in a row: class, least beats, whether a rate is asked for.
_ROWS: Final[Mapping[str, tuple[bytes, int, bool]]] = {
    "ventricular_tachycardia": (b"V", 5, True),
    "ventricular_run": (b"V", 3, True),
    "couplet": (b"V", 2, False),
    "idioventricular_rhythm": (b"V", 5, False),
    "supraventricular_tachycardia": (b"S", 5, True),
}
#: Rhythm annotations that say the same without a word on single beats.
_SAID_BY_RHYTHM: Final[Mapping[str, frozenset[str]]] = {
    "ventricular_tachycardia": frozenset({"VT", "VFL"}),
    "ventricular_run": frozenset({"VT", "VFL"}),
    "supraventricular_tachycardia": frozenset({"SVTA"}),
    "idioventricular_rhythm": frozenset({"IVR"}),
    "ventricular_bigeminy": frozenset({"B", "BI"}),
    "ventricular_trigeminy": frozenset({"T"}),
    "atrial_fibrillation": AF_RHYTHMS,
    "irregular_rhythm": AF_RHYTHMS,
    "asystole": frozenset({"ASYS"}),
}
#: Of these experts would have annotated the rhythm; a few beats in a row or a pattern they may pass over.
_ALWAYS_TOLD: Final = frozenset(
    {"ventricular_tachycardia", "supraventricular_tachycardia", "atrial_fibrillation", "asystole"}
)
#: A missed beat: an interval so many times the median of this and the last seconds.
_LONG: Final = 1.5
_BEFORE_S: Final = 8.0
#: Irregular: intervals differ from the next by so much of their mean.
_IRREGULAR: Final = 0.1
_MINUTE_S: Final = 60.0


class FalseAlarms(NamedTuple):
    """Alarms of one call.

    Attributes
    ----------
    alarms, judged, false : int
        Raised; of these, that annotations can judge; of these, that they do not confirm.
    per_day : float or None
        False ones per patient and day of judgeable signal.
    onset_to_alarm_s : (n,) float64
        From the onset to the alarm, of every alarm.
    """

    alarms: int
    judged: int
    false: int
    per_day: float | None
    onset_to_alarm_s: Floats


def count_false_alarms(found: Iterable[tuple[list[Alarm], Annotations | None, float]]) -> dict[str, FalseAlarms]:
    """Count alarms of records by call, in the catalogue's order.

    Parameters
    ----------
    found : iterable of (alarms, annotations, seconds)
        What was raised in a record, what is annotated (or nothing), and the record's length.
    """
    verdicts: dict[str, list[bool | None]] = {call: [] for call in CALLS}
    delays: dict[str, list[float]] = {call: [] for call in CALLS}
    annotated_s = 0.0
    for alarms, reference, seconds in found:
        annotated_s += seconds if reference is not None else 0.0
        for alarm in alarms:
            verdicts[alarm.call].append(None if reference is None else is_confirmed(alarm, reference))
            delays[alarm.call].append(alarm.raised_s - alarm.onset_s)
    return {
        call: FalseAlarms(
            len(mine),
            sum(verdict is not None for verdict in mine),
            sum(verdict is False for verdict in mine),
            _DAY_S * sum(verdict is False for verdict in mine) / annotated_s if _is_judged(mine) else None,
            np.array(delays[call], np.float64),
        )
        for call, mine in verdicts.items()
        if mine
    }


def _is_judged(verdicts: list[bool | None]) -> bool:
    return any(verdict is not None for verdict in verdicts)


def is_confirmed(alarm: Alarm, reference: Annotations) -> bool | None:
    """Tell whether what is annotated around an alarm meets its rule too; ``None`` where it cannot tell."""
    window = (alarm.onset_s - _AROUND_S, alarm.raised_s + _AROUND_S)
    if _meets(reference.get_spans(NOISE_RHYTHMS), window):
        return None
    if alarm.call == "ventricular_fibrillation":
        return _meets(reference.vf_s, window) if reference.has_vf else None
    if _meets(reference.vf_s, (min(window[0], alarm.raised_s - _AFTERMATH_S), window[1])):
        # Ventricular tachycardia says less than it should, not what is not so; no annotation tells what a rate or a
        # silence is worth there.
        return True if alarm.call == "ventricular_tachycardia" else None
    if _meets(reference.get_spans(_SAID_BY_RHYTHM.get(alarm.call, frozenset())), window):
        return True
    if alarm.call == "atrial_fibrillation" or not len(reference.beats_s):
        # A rhythm that would be annotated, and is not, is not there.
        return False if alarm.call in _ALWAYS_TOLD and reference.has_rhythms else None
    return _is_confirmed_by_beats(alarm, reference)


def _is_confirmed_by_beats(alarm: Alarm, reference: Annotations) -> bool | None:
    if alarm.call in _BY_TIMES:
        return _BY_TIMES[alarm.call](alarm, reference.beats_s)
    if alarm.call in _BY_CLASSES and reference.has_classes:
        return _BY_CLASSES[alarm.call](alarm, reference)
    return None


def _meets(spans: list[Span], window: Span) -> bool:
    return any(begin_s <= window[1] and end_s >= window[0] for begin_s, end_s in spans)


def _get_between(beats_s: Floats, begin_s: float, end_s: float) -> Floats:
    return beats_s[(beats_s >= begin_s) & (beats_s <= end_s)]


def _has_silence(alarm: Alarm, beats_s: Floats) -> bool:
    limit_s = CALLS[alarm.call].limits["seconds"].default
    begin_s, end_s = alarm.onset_s - _AROUND_S, alarm.raised_s + _AROUND_S
    near = _get_between(beats_s, begin_s, end_s)
    edges = np.concatenate([[begin_s], near, [end_s]]) if len(near) < 2 else near
    following = beats_s[beats_s > end_s][:1]
    return bool(np.diff(np.concatenate([edges, following])).max() >= limit_s - 2 * MATCH_WINDOW_S)


def _has_rate(alarm: Alarm, beats_s: Floats) -> bool:
    limit_bpm = CALLS[alarm.call].limits["bpm"].default
    near = _get_between(beats_s, alarm.onset_s - _AROUND_S, alarm.raised_s + _AROUND_S)
    within = _get_between(beats_s, alarm.onset_s - 0.5, alarm.raised_s)
    intervals = _MANY_FEW.get(alarm.call, max(1, len(within) - 1))
    is_slow = alarm.call.endswith("bradycardia")
    if len(near) <= intervals:
        return is_slow
    rates = 60 * intervals / (near[intervals:] - near[:-intervals])
    return bool(rates.min() < limit_bpm + _TOLERANCE_BPM if is_slow else rates.max() > limit_bpm - _TOLERANCE_BPM)


def _has_long_interval(alarm: Alarm, beats_s: Floats) -> bool:
    intervals_s = np.diff(_get_between(beats_s, alarm.onset_s - _BEFORE_S, alarm.raised_s + _AROUND_S))
    return bool(len(intervals_s) and intervals_s.max() > _LONG * np.median(intervals_s))


def _is_irregular(alarm: Alarm, beats_s: Floats) -> bool:
    intervals_s = np.diff(_get_between(beats_s, alarm.onset_s - _AROUND_S, alarm.raised_s + _AROUND_S))
    return bool(len(intervals_s) > 1 and np.abs(np.diff(intervals_s)).mean() > _IRREGULAR * intervals_s.mean())


def _has_row(alarm: Alarm, reference: Annotations) -> bool:
    """Tell whether there are as many ectopic beats in a row, as fast as the call says."""
    label, least, is_rated = _ROWS[alarm.call]
    limit_bpm = CALLS[alarm.call].limits["bpm"].default - _TOLERANCE_BPM if is_rated else 0.0
    near = _is_near(alarm, reference)
    beats_s, ectopic = reference.beats_s[near], _is_ectopic(reference, label)[near]
    for first in range(len(beats_s) - least + 1):
        last = first + least - 1
        is_fast = 60 * (least - 1) >= limit_bpm * (beats_s[last] - beats_s[first])
        if ectopic[first : last + 1].all() and is_fast:
            return True
    return False


def _has_pattern(alarm: Alarm, reference: Annotations) -> bool:
    """Tell whether twice at least exactly every second or third beat is ectopic."""
    every = 2 if alarm.call == "ventricular_bigeminy" else 3
    places = np.flatnonzero(_is_ectopic(reference, b"V")[_is_near(alarm, reference)])
    return bool((np.diff(places) == every).any())


def _has_many(alarm: Alarm, reference: Annotations) -> bool:
    begin_s = alarm.raised_s - _MINUTE_S - _AROUND_S
    within = (reference.beats_s >= begin_s) & (reference.beats_s <= alarm.raised_s + _AROUND_S)
    return bool(_is_ectopic(reference, b"V")[within].sum() >= CALLS[alarm.call].limits["count"].default)


def _is_near(alarm: Alarm, reference: Annotations) -> Bools:
    end_s = alarm.raised_s + _AROUND_S
    return (reference.beats_s >= alarm.onset_s - _AROUND_S) & (reference.beats_s <= end_s)


def _is_ectopic(reference: Annotations, label: bytes) -> Bools:
    """Tell which beats are of the class; a fusion beat is half a V."""
    return np.isin(reference.labels, [label, b"F"] if label == b"V" else [label])


_BY_TIMES: Final[Mapping[str, Callable[[Alarm, Floats], bool]]] = {
    "asystole": _has_silence,
    "pause": _has_silence,
    "extreme_tachycardia": _has_rate,
    "extreme_bradycardia": _has_rate,
    "tachycardia": _has_rate,
    "bradycardia": _has_rate,
    "missed_beat": _has_long_interval,
    "irregular_rhythm": _is_irregular,
}
_BY_CLASSES: Final[Mapping[str, Callable[[Alarm, Annotations], bool]]] = {
    **dict.fromkeys(_ROWS, _has_row),
    "ventricular_bigeminy": _has_pattern,
    "ventricular_trigeminy": _has_pattern,
    "frequent_pvcs": _has_many,
}
