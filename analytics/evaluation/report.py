"""What an evaluation says: lines for a person, a document for a program."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from analytics.evaluation.run import Analysed
from analytics.scoring import Counts, Reference, Score, is_confirmed
from heartwire.calls import CALLS

_DECIMALS: Final = 3


def get_document(analysed: Sequence[Analysed], scores: dict[str, Score]) -> dict[str, Any]:
    """Return the document of ``--json``; what does not apply is left out."""
    alarms = [
        _without_none(
            record=each.record.name,
            call=alarm.call,
            priority=CALLS[alarm.call].priority.value,
            onset_s=round(alarm.onset_s, _DECIMALS),
            raised_s=round(alarm.raised_s, _DECIMALS),
            ended_s=None if alarm.ended_s is None else round(alarm.ended_s, _DECIMALS),
        )
        for each in analysed
        for alarm in each.alarms
    ]
    records = {}
    for each in analysed:
        score = scores.get(each.record.name)
        records[each.record.name] = _without_none(
            qrs=_get_counts(score.scored) if score is not None else None,
            qrs_first_5_min=_get_counts(score.learning) if score is not None else None,
            beats=len(each.beat_times_s),
            lead=each.record.lead,
            fs_hz=each.record.fs_hz,
            seconds=round(each.record.seconds, _DECIMALS),
            seconds_unanalysable=round(each.seconds_unanalysable, _DECIMALS),
        )
    document: dict[str, Any] = {"alarms": alarms, "records": records}
    gross = add_up([score.scored for score in scores.values()])
    counts = _get_counts(gross)
    if counts is not None:
        document["gross"] = {"qrs": counts}
    return document


def add_up(counts: Sequence[Counts]) -> Counts:
    """Return gross counts."""
    total = Counts(0, 0, 0)
    for each in counts:
        total = total.plus(each)
    return total


def _get_counts(counts: Counts) -> dict[str, Any] | None:
    if not any(counts):
        return None
    return _without_none(
        se=None if counts.se_percent is None else round(counts.se_percent, _DECIMALS),
        ppv=None if counts.ppv_percent is None else round(counts.ppv_percent, _DECIMALS),
        tp=counts.tp,
        fn=counts.fn,
        fp=counts.fp,
    )


def _without_none(**values: object) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def say_record(each: Analysed, score: Score | None) -> str:
    """Return one line about a record."""
    record = each.record
    beats = len(each.beat_times_s)
    parts = [f"{record.name:<12} {record.lead:<6} {record.fs_hz:>6g} Hz {record.seconds:>7.0f} s {beats:>6} beats"]
    if score is not None and any(score.scored):
        parts.append(_say_counts(score.scored))
    if score is not None and any(score.learning):
        parts.append(f"first 5 min: {_say_counts(score.learning)}")
    if each.alarms:
        calls = Counter(alarm.call for alarm in each.alarms)
        parts.append("alarms: " + ", ".join(f"{call} {count}" for call, count in calls.items()))
    if each.seconds_unanalysable >= 1:
        parts.append(f"{each.seconds_unanalysable:.0f} s not analysable")
    return "   ".join(parts)


def _say_counts(counts: Counts) -> str:
    return f"Se {_percent(counts.se_percent)} +P {_percent(counts.ppv_percent)} (FN {counts.fn}, FP {counts.fp})"


def _percent(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.2f}"


def say_summary(
    analysed: Sequence[Analysed], scores: dict[str, Score], references: dict[str, Reference], engine_s: float
) -> list[str]:
    """Return the closing lines: gross figures, alarms by call, throughput."""
    lines = []
    if scores:
        gross = add_up([score.scored for score in scores.values()])
        learning = add_up([score.learning for score in scores.values()])
        if any(gross):
            lines.append(f"gross QRS          {_say_counts(gross)} in {gross.tp + gross.fn} beats")
        if any(learning):
            lines.append(f"  first 5 minutes  {_say_counts(learning)}, not in the above")
    lines += _say_alarms(analysed, references)
    samples = sum(each.samples for each in analysed)
    seconds = sum(each.record.seconds for each in analysed)
    if engine_s > 0 and samples:
        lines.append(
            f"throughput: {samples:,} samples ({seconds / 3600:.1f} h of ECG) in {engine_s:.1f} s of the engine:"
            f" {engine_s / samples * 1e9:.0f} ns a sample, {seconds / engine_s:,.0f} times real time"
        )
    return lines


def _say_alarms(analysed: Sequence[Analysed], references: dict[str, Reference]) -> list[str]:
    """Say of each call how many alarms there were, and how many of them the annotated beats do not confirm."""
    raised, checked, false = Counter[str](), Counter[str](), Counter[str]()
    for each in analysed:
        reference = references.get(each.record.name)
        for alarm in each.alarms:
            raised[alarm.call] += 1
            if reference is None or any(begin <= alarm.raised_s <= end + 5 for begin, end in reference.flutter_s):
                continue
            limit = next((bound.default for bound in CALLS[alarm.call].limits.values()), 0.0)
            verdict = is_confirmed(alarm.call, limit, alarm.onset_s, alarm.raised_s, reference.beats_s)
            if verdict is not None:
                checked[alarm.call] += 1
                false[alarm.call] += not verdict
    lines = ["alarms by call:" if raised else "no alarms"]
    for call in CALLS:
        if raised[call]:
            verdict_text = f", {false[call]} false of {checked[call]} by the annotated beats" if checked[call] else ""
            lines.append(f"  {call:<20} {raised[call]:>5}{verdict_text}")
    return lines
