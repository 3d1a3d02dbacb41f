"""Strips of signal around the worst errors, with what is annotated and what was found."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import Annotations, Rhythm
from analytics.evaluation.beats import LEARNING_S, Pairing, pair
from analytics.evaluation.challenge_2015 import ALARM_S
from analytics.evaluation.confirmation import is_confirmed
from analytics.evaluation.outcome import Outcome
from analytics.evaluation.records import UnreadableRecordError, read_signal
from analytics.evaluation.run import Analysed
from analytics.evaluation.svg import Plot
from analytics.rows import Bools, Floats
from heartwire.calls import CALLS, Priority

_SECONDS: Final = 8.0
#: Drawn no finer than that.
_DRAWN_HZ: Final = 125.0
_MOST_OF_A_RECORD: Final = 2
_MOST_OF_A_KIND: Final = 4


class Strip(NamedTuple):
    """Where to look, and why."""

    record: str
    begin_s: float
    why: str


def choose_strips(outcome: Outcome, most: int) -> list[Strip]:
    """Return the worst errors, of each kind some, of no record more than two.

    False high alarms, wrong verdicts on monitor alarms, fibrillation that had no alarm, then the densest wrong beats.
    """
    kinds = (_find_false_alarms(outcome), _find_wrong_verdicts(outcome), _find_missed_vf(outcome))
    chosen: list[Strip] = []
    for strip in chain(*(_limit(kind) for kind in kinds), _find_wrong_beats(outcome)):
        near = [each for each in chosen if each.record == strip.record]
        is_seen = any(abs(each.begin_s - strip.begin_s) < _SECONDS for each in near)
        if len(chosen) < most and len(near) < _MOST_OF_A_RECORD and not is_seen:
            chosen.append(strip)
    return chosen


def _limit(strips: Iterator[Strip]) -> Iterator[Strip]:
    return islice(strips, _MOST_OF_A_KIND)


def _find_false_alarms(outcome: Outcome) -> Iterator[Strip]:
    for each in outcome.analysed:
        reference = outcome.references.get(each.record.name)
        for alarm in each.alarms:
            is_high = CALLS[alarm.call].priority is Priority.HIGH
            if reference is not None and is_high and is_confirmed(alarm, reference) is False:
                yield Strip(each.record.name, max(alarm.raised_s - _SECONDS + 1, 0), f"false alarm: {alarm.call}")


def _find_wrong_verdicts(outcome: Outcome) -> Iterator[Strip]:
    for name, alarm, found in outcome.verdicts:
        if alarm.is_true and not found:
            yield Strip(name, ALARM_S - _SECONDS, f"true monitor alarm missed: {alarm.call}")
    for name, alarm, found in outcome.verdicts:
        if found and not alarm.is_true:
            yield Strip(name, ALARM_S - _SECONDS, f"false monitor alarm not seen through: {alarm.call}")


def _find_missed_vf(outcome: Outcome) -> Iterator[Strip]:
    for name, figures in outcome.figures.items():
        spans = outcome.references[name].vf_s
        for (begin_s, _), delay_s in zip(spans, figures.vf_delays_s, strict=False):
            if delay_s is None:
                yield Strip(name, max(begin_s - 1, 0), "ventricular flutter or fibrillation without an alarm")


def _find_wrong_beats(outcome: Outcome) -> Iterator[Strip]:
    """Give windows by the number of wrong beats in them, the worst first."""
    windows: list[tuple[int, str, float]] = []
    for each in outcome.analysed:
        reference = outcome.references.get(each.record.name)
        if reference is None or not len(reference.beats_s):
            continue
        wrong = _find_wrong(reference, each.annotations)
        places, counts = np.unique((wrong[wrong >= LEARNING_S] // _SECONDS).astype(np.int64), return_counts=True)
        windows += [
            (int(number), each.record.name, float(place * _SECONDS))
            for place, number in zip(places.tolist(), counts.tolist(), strict=True)
        ]
    for number, name, begin_s in sorted(windows, key=lambda window: (-window[0], window[1], window[2])):
        yield Strip(name, begin_s, f"{number} wrong {'beat' if number == 1 else 'beats'}")


def _find_wrong(reference: Annotations, found: Annotations) -> Floats:
    """Return the times of beats missed, false, or of another class (where classes are told)."""
    missed, false = get_wrong(reference, found, pair(reference.beats_s, found.beats_s))
    times_s = np.concatenate([reference.beats_s[missed], found.beats_s[false]])
    for begin_s, end_s in reference.vf_s:
        times_s = times_s[(times_s < begin_s) | (times_s > end_s)]
    return np.sort(times_s)


def get_wrong(reference: Annotations, found: Annotations, pairing: Pairing) -> tuple[Bools, Bools]:
    """Tell of each annotated and of each found beat whether it is wrong."""
    missed, false = pairing.of_reference < 0, pairing.of_found < 0
    if reference.has_classes:
        partners = np.append(found.labels, b"")[pairing.of_reference]
        is_told = ~np.isin(reference.labels, [b"F", b"Q"])
        missed = missed | (is_told & (partners != reference.labels))
    return missed, false


def draw_strip(outcome: Outcome, strip: Strip) -> str | None:
    """Return the strip as SVG, ``None`` when its signal cannot be read."""
    each = next(analysed for analysed in outcome.analysed if analysed.record.name == strip.record)
    begin_s, end_s = strip.begin_s, min(strip.begin_s + _SECONDS, each.record.seconds)
    try:
        signal_mv, first_s = read_signal(each.record, begin_s, end_s)
    except UnreadableRecordError:
        return None
    if not len(signal_mv) or np.isnan(signal_mv).all():
        return None
    reference = outcome.references.get(strip.record)
    low, high = float(np.nanmin(signal_mv)), float(np.nanmax(signal_mv))
    room = max(high - low, 0.5)
    plot = Plot(
        f"Record {strip.record} at {begin_s:.0f} s: {strip.why}",
        _describe(each, reference, begin_s, end_s),
        (begin_s, begin_s + _SECONDS),
        (low - 0.1 * room, high + 0.45 * room),
        "Time, s",
        f"{each.record.lead}, mV",
        height=240,
    )
    times_s = first_s + np.arange(len(signal_mv)) / each.record.lead_fs_hz
    stride = max(1, int(each.record.lead_fs_hz // _DRAWN_HZ))
    plot.add_line(times_s[::stride], signal_mv[::stride], "signal")
    _mark(plot, reference, each.annotations, (high + 0.33 * room, high + 0.12 * room))
    for alarm in each.alarms:
        if begin_s <= alarm.raised_s <= begin_s + _SECONDS:
            plot.add_mark(alarm.raised_s, "wrong")
    return plot.draw()


def _mark(plot: Plot, reference: Annotations | None, found: Annotations, levels: tuple[float, float]) -> None:
    """Write the annotated labels above the found ones; what is wrong stands out by colour and underline."""
    begin_s, end_s = plot.x_range
    missed, false = np.zeros(0, np.bool_), np.zeros(len(found.beats_s), np.bool_)
    if reference is not None:
        missed, false = get_wrong(reference, found, pair(reference.beats_s, found.beats_s))
    rows = [(found, false, levels[1], "found")]
    if reference is not None:
        rows.append((reference, missed, levels[0], "annotated"))
    for annotations, wrong, level, style in rows:
        for at in np.flatnonzero((annotations.beats_s >= begin_s) & (annotations.beats_s < end_s)).tolist():
            name = f"{style} wrong" if wrong[at] else style
            plot.add_text(float(annotations.beats_s[at]), level, annotations.labels[at].decode(), name)


def _describe(each: Analysed, reference: Annotations | None, begin_s: float, end_s: float) -> str:
    found = each.annotations
    parts = []
    if reference is not None and len(reference.beats_s):
        parts.append(f"annotated beats {_list_labels(reference, begin_s, end_s)}")
    if reference is not None and reference.has_vf:
        parts.append(f"annotated rhythm {_list_rhythms(_get_rhythms(reference), begin_s, end_s)}")
    parts.append(f"found beats {_list_labels(found, begin_s, end_s)}")
    parts.append(f"found rhythm {_list_rhythms(found.rhythms, begin_s, end_s)}")
    raised = [alarm.call for alarm in each.alarms if begin_s <= alarm.raised_s <= end_s]
    parts += [f"alarms {', '.join(raised)}"] if raised else []
    return "; ".join(parts) + "."


def _get_rhythms(reference: Annotations) -> tuple[Rhythm, ...]:
    return (*reference.rhythms, *(Rhythm(begin_s, end_s, "VF") for begin_s, end_s in reference.brackets_s))


def _list_labels(annotations: Annotations, begin_s: float, end_s: float) -> str:
    inside = (annotations.beats_s >= begin_s) & (annotations.beats_s < end_s)
    return b" ".join(annotations.labels[inside].tolist()).decode() or "none"


def _list_rhythms(rhythms: tuple[Rhythm, ...], begin_s: float, end_s: float) -> str:
    names = [each.name for each in rhythms if each.begin_s < end_s and each.end_s > begin_s]
    return ", ".join(dict.fromkeys(names)) or "none"
