"""A report's words and drawings, in the order of its pages, as the template takes them (report.typ).  Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from dashboard.report.chart import HEIGHT_MM, WIDTH_MM, draw_chart
from dashboard.report.choice import ROW_S
from dashboard.report.content import CallCount, Report, Strip
from dashboard.report.paper import Trace, draw_row
from dashboard.report.phrases import Phrases
from heartwire.calls import CALLS

_US: Final = 1_000_000
#: Where less of the period than this is without signal, it is not said beside the number.
_LITTLE: Final = 0.005
_UNITS: Final = {"sdnn_ms": "ms", "rmssd_ms": "ms", "lf_ms2": "ms²", "hf_ms2": "ms²"}


class Picture(msgspec.Struct, frozen=True):
    """A drawing, its size, and what it shows, for who cannot see it."""

    svg: str
    width_mm: float
    height_mm: float
    alt: str
    caption: str = ""


class ShownStrip(msgspec.Struct, frozen=True):
    """A strip with what is said of it."""

    title: str
    facts: str
    rows: list[Picture]


class Document(msgspec.Struct, frozen=True):
    """What the template sets. Tables are rows of cells, the first row their heads."""

    language: str
    title: str
    patient: str
    running: str
    notice: str
    head: list[tuple[str, str]]
    warnings: list[str]
    findings_title: str
    findings: list[tuple[str, str, str]]
    chart_title: str
    chart: Picture | None
    alarms_title: str
    alarms: list[list[str]]
    alarms_note: str
    reviewed_title: str
    reviewed: list[str]
    symptoms_title: str
    symptoms: list[list[str]]
    symptoms_none: str
    strips_title: str
    strips_note: str
    strips: list[ShownStrip]
    method_title: str
    method: list[str]
    page: str


def make_document(report: Report) -> Document:
    """Return what the template sets."""
    asked = report.asked
    zone = report.whose.zone
    say = Phrases(asked.language, zone)
    period = " \u2013 ".join(say.instant(us, seconds=False) for us in (asked.from_us, asked.to_us))
    return Document(
        language=asked.language,
        title=say("title"),
        patient=report.whose.name,
        running=f"{report.whose.name} · {say('number')} {report.whose.id} · {period} ({zone})",
        notice=say("not_certified"),
        head=[
            (say("patient"), report.whose.name),
            (say("number"), str(report.whose.id)),
            (say("ward"), report.whose.ward or say("none")),
            (say("period"), period),
            (say("zone"), _zone(report, say)),
            (say("made"), say("made_by", when=say.instant(report.made_us), name=asked.by)),
        ],
        warnings=list(_warnings(report, say)),
        findings_title=say("findings"),
        findings=[(say("measure"), say("value"), say("when")), *_findings(report, say)],
        chart_title=say("chart"),
        chart=_chart(report, say) if report.n_beats else None,
        alarms_title=say("alarms"),
        alarms=_alarms(report.calls, say),
        alarms_note=say("alarms_note") if report.calls else say("no_alarms"),
        reviewed_title=say("reviewed"),
        reviewed=[
            say("review_of", name=each.name, role=_role(each.role, say), n=str(each.n), when=say.instant(each.last_us))
            for each in report.reviewers
        ],
        symptoms_title=say("symptoms"),
        symptoms=[
            [say("when"), say("felt"), say("note")],
            *([say.instant(felt.at_us), _chips(felt.chips, say), felt.note or say("none")] for felt in report.symptoms),
        ],
        symptoms_none=say("no_symptoms"),
        strips_title=say("strips"),
        strips_note=say("strips_note"),
        strips=[_strip(strip, say) for strip in report.strips],
        method_title=say("method"),
        method=[
            say("engine", engines=", ".join(report.engines), version=report.version)
            if report.engines
            else say("no_engine", version=report.version),
            say("method_rates"),
        ],
        page=say("page", n="{n}", all="{all}"),
    )


def _zone(report: Report, say: Phrases) -> str:
    """Return the zone of all times, and how far it is from UTC: at both ends, where clocks are turned in between."""
    begin, end = (say.offset(us) for us in (report.asked.from_us, report.asked.to_us))
    if begin == end:
        return "UTC" if report.whose.zone == "UTC" else say("zone_of", zone=report.whose.zone, offset=begin)
    return say("zone_turned", zone=report.whose.zone, begin=begin, end=end)


def _warnings(report: Report, say: Phrases) -> Iterator[str]:
    missing = 1 - report.signal_us / (report.asked.to_us - report.asked.from_us)
    if not report.signal_us:
        yield say("no_signal")
    elif missing > _LITTLE:
        yield say("little_signal", share=say.share(missing))
    all_n, unreviewed = sum(call.n for call in report.calls), sum(call.n_unreviewed for call in report.calls)
    if all_n and unreviewed == all_n:
        yield say("nobody_reviewed")
    elif unreviewed:
        yield say("partly_reviewed", n=say.number(unreviewed), all=say.number(all_n))


def _findings(report: Report, say: Phrases) -> Iterator[tuple[str, str, str]]:
    period_us = report.asked.to_us - report.asked.from_us
    recorded = say(
        "signal_of",
        length=say.length(report.signal_us),
        period=say.length(period_us),
        share=say.share(report.signal_us / period_us),
    )
    yield say("signal"), recorded, ""
    if report.mean_bpm is not None:
        yield say("mean_rate"), say("bpm", n=say.number(report.mean_bpm)), ""
    for name, extreme in (("slowest", report.slowest), ("fastest", report.fastest)):
        if extreme is not None:
            yield say(name), say("bpm", n=say.number(extreme.bpm)), say.instant(extreme.at_us, seconds=False)
    yield from _beat_findings(report, say)
    if report.signal_us:
        af = say("af_none")
        if report.af_us:
            af = say("af_of", share=say.share(report.af_us / report.signal_us), length=say.length(report.af_us))
        yield say("af"), af, ""
    if not report.hrv:
        yield say("hrv"), say("hrv_none"), ""
    for name, spread in report.hrv.items():
        numbers = {key: say.number(value) for key, value in msgspec.structs.asdict(spread).items()}
        hours = say("hours", n=str(report.hrv_hours))
        yield f"{say('hrv')}: {say(name)}", say("hrv_of", unit=_UNITS[name], hours=hours, **numbers), ""


def _beat_findings(report: Report, say: Phrases) -> Iterator[tuple[str, str, str]]:
    if report.n_beats:
        yield say("beats"), say.number(report.n_beats), ""
        for name, n in (
            ("v_beats", sum(bar.n_v for bar in report.bars)),
            ("s_beats", sum(bar.n_s for bar in report.bars)),
        ):
            yield say(name), say("of_beats", n=say.number(n), share=say.share(n / report.n_beats)), ""
    if n_corrected := sum(bar.n_corrected for bar in report.bars):
        yield say("corrected"), say.number(n_corrected), ""


def _chart(report: Report, say: Phrases) -> Picture:
    hours = say("hours", n=str(report.bar_us // 3_600_000_000))
    alt = say(
        "chart_alt",
        n=str(len(report.bars)),
        hours=hours,
        low=say.number(report.slowest.bpm) if report.slowest else say("none"),
        high=say.number(report.fastest.bpm) if report.fastest else say("none"),
        mean=say.number(report.mean_bpm or 0),
        v=say.number(max(bar.n_v for bar in report.bars)),
        s=say.number(max(bar.n_s for bar in report.bars)),
    )
    return Picture(draw_chart(report, say), WIDTH_MM, HEIGHT_MM, alt, say("chart_key", hours=hours))


def _alarms(calls: list[CallCount], say: Phrases) -> list[list[str]]:
    heads = ("call", "priority", "count", "late", "acknowledged", "true", "false", "unsure", "unreviewed", "longest")
    rows = [[say(head) for head in heads]]
    for call in calls:
        priority = say(CALLS[call.call].priority.value) if call.call in CALLS else ""
        numbers = (
            call.n, call.n_late, call.n_acknowledged, call.n_true, call.n_false, call.n_unsure, call.n_unreviewed,
        )  # fmt: skip
        longest = say("none") if call.longest_us is None else say.length(call.longest_us)
        rows.append([say.call(call.call), priority, *(say.number(n) for n in numbers), longest])
    return rows


def _strip(strip: Strip, say: Phrases) -> ShownStrip:
    facts = []
    if strip.alarm is not None:
        title = say("strip_alarm", call=say.call(strip.alarm.call), when=say.instant(strip.alarm.onset_us))
        mark_us = strip.alarm.onset_us
        ended_us = strip.alarm.end_us
        facts.append(
            say("strip_open") if ended_us is None else say("strip_lasted", length=say.length(ended_us - mark_us))
        )
        if strip.alarm.confidence is not None:
            facts.append(say("confidence", share=say.share(strip.alarm.confidence)))
        judged = f"judged_{strip.alarm.verdict}"
        is_judged = say.knows(judged) and strip.alarm.reviewer is not None
        facts.append(say(judged, name=strip.alarm.reviewer or "") if is_judged else say("judged_not"))
        if strip.alarm.note:
            facts.append(strip.alarm.note)
    elif strip.felt is not None:
        title = say("strip_symptom", when=say.instant(strip.felt.at_us))
        mark_us = strip.felt.at_us
        facts += [text for text in (_chips(strip.felt.chips, say), strip.felt.note) if text not in {"", say("none")}]
    else:
        bpm = say.number(strip.bpm) if strip.bpm is not None else ""
        title = say(f"strip_{strip.reason}", bpm=bpm, when=say.instant(strip.begin_us))
        mark_us = None
    if not strip.lead:
        return ShownStrip(title, " · ".join([*facts, say("no_ecg_then")]), [])
    return ShownStrip(title, " · ".join([*facts, say("lead", lead=strip.lead)]), list(_rows(strip, mark_us, say)))


def _rows(strip: Strip, mark_us: int | None, say: Phrases) -> Iterator[Picture]:
    trace = Trace(strip.t0_us, strip.fs_hz, strip.ecg_mv, strip.beats, mark_us)
    for begin_us in range(strip.begin_us, strip.end_us, round(ROW_S * _US)):
        drawn = draw_row(trace, begin_us, ROW_S)
        inside = [label for t_us, label in strip.beats if begin_us <= t_us < begin_us + ROW_S * _US]
        labels = [label for label in inside if label.isascii()]  # a cross is no beat
        beats = say("strip_no_beats")
        if labels:
            counts = ", ".join(f"{n} {label}" for label, n in Counter(labels).most_common())
            beats = say("strip_beats", n=str(len(labels)), labels=counts)
        alt = say("strip_alt", seconds=say.number(ROW_S), lead=strip.lead, beats=beats)
        caption = say("row_from", when=say.clock(begin_us)) + (f" · {say('cut')}" if drawn.is_cut else "")
        yield Picture(drawn.svg, drawn.width_mm, drawn.height_mm, alt, caption)


def _chips(chips: list[str], say: Phrases) -> str:
    return ", ".join(say(chip) if say.knows(chip) else chip for chip in chips) or say("none")


def _role(role: str, say: Phrases) -> str:
    name = "patient_role" if role == "patient" else role
    return say(name) if say.knows(name) else role
