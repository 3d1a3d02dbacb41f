"""The tables of an evaluation, for the terminal and for the report.

ANSI/AAMI EC57 wants them record by record, with gross figures (all beats and episodes in one) and the average of the
records' own.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.beats import Counts, get_qrs, get_veb
from analytics.evaluation.episodes import Episodes
from analytics.evaluation.heart_rate import get_error
from analytics.evaluation.outcome import Figures, Outcome
from analytics.evaluation.runs import Runs, TwoSided

_NONE: Final = "-"


class Table(NamedTuple):
    """A table; the first column names the rows.

    Attributes
    ----------
    note : str
        What a reader has to know about the figures.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def make_tables(outcome: Outcome) -> list[Table]:
    """Return those tables for which there are figures."""
    made = (
        _make_qrs(outcome),
        _make_classes(outcome),
        _make_matrix(outcome),
        _make_runs(outcome, "Runs of ventricular beats", lambda figures: figures.ventricular_runs),
        _make_runs(outcome, "Runs of supraventricular beats", lambda figures: figures.supraventricular_runs),
        _make_episodes(
            outcome, "Atrial fibrillation and flutter", lambda figures: figures.af, "After the first five minutes."
        ),
        _make_vf(outcome),
        _make_heart_rate(outcome),
        _make_monitor_alarms(outcome),
        _make_af_records(outcome),
        _make_noise(outcome),
        _make_alarms(outcome),
    )
    return [table for table in made if table is not None and table.rows]


def say_table(table: Table) -> list[str]:
    """Return the lines of a table for a terminal."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
    lines = ["", table.caption]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines + ([f"  {table.note}"] if table.note else [])


def say_percent(value: float | None) -> str:
    """Write a percentage."""
    return _NONE if value is None else f"{value:.2f}"


def _say(value: float | None, decimals: int = 1) -> str:
    return _NONE if value is None or not np.isfinite(value) else f"{value:.{decimals}f}"


def _get_records(outcome: Outcome) -> list[tuple[str, Figures]]:
    """Return the figures by record, in the order analysed."""
    names = [each.record.name for each in outcome.analysed]
    return [(name, outcome.figures[name]) for name in names if name in outcome.figures]


def _say_counts(counts: Counts | None) -> tuple[str, ...]:
    if counts is None:
        return (_NONE,) * 5
    rates = (say_percent(counts.se_percent), say_percent(counts.ppv_percent))
    return (str(counts.tp), str(counts.fn), str(counts.fp), *rates)


def _add_totals(
    outcome: Outcome, rows: list[tuple[str, ...]], kinds: Sequence[Callable[[Figures], Counts | None]]
) -> tuple[tuple[str, ...], ...]:
    """Add the gross row and the average row."""
    if not rows:
        return ()
    gross = outcome.gross
    totals = [cell for kind in kinds for cell in _say_counts(kind(gross))]
    averages = [
        cell
        for kind in kinds
        for cell in ("", "", "", *(say_percent(_get_average(outcome, kind, rate)) for rate in ("se", "ppv")))
    ]
    return (*rows, ("Gross", *totals), ("Average", *averages))


def _get_average(outcome: Outcome, kind: Callable[[Figures], Counts | None], rate: str) -> float | None:
    def get(figures: Figures) -> float | None:
        counts = kind(figures)
        if counts is None:
            return None
        return counts.se_percent if rate == "se" else counts.ppv_percent

    return outcome.get_average(get)


def _make_qrs(outcome: Outcome) -> Table:
    kinds: tuple[Callable[[Figures], Counts | None], ...] = (
        lambda figures: figures.qrs,
        lambda figures: figures.qrs_learning,
    )
    rows = [
        (name, *(cell for kind in kinds for cell in _say_counts(kind(figures))))
        for name, figures in _get_records(outcome)
        if figures.scored is not None
    ]
    columns = ("TP", "FN", "FP", "Se %", "+P %")
    return Table(
        "QRS detection",
        ("Record", *columns, *(f"{column}, first 5 min" for column in columns)),
        _add_totals(outcome, rows, kinds),
        "EC57: 150 ms, one to one; ventricular flutter and fibrillation left out; the first five minutes apart.",
    )


def _make_classes(outcome: Outcome) -> Table:
    kinds: tuple[Callable[[Figures], Counts | None], ...] = (lambda figures: figures.veb, lambda figures: figures.sveb)
    rows = [
        (name, *(cell for kind in kinds for cell in _say_counts(kind(figures))))
        for name, figures in _get_records(outcome)
        if figures.classes is not None
    ]
    columns = ("TP", "FN", "FP", "Se %", "+P %")
    return Table(
        "Ectopic beats: ventricular (VEB) and supraventricular (SVEB)",
        ("Record", *(f"{kind} {column}" for kind in ("VEB", "SVEB") for column in columns)),
        _add_totals(outcome, rows, kinds),
        "VEB found at a fusion or unknown beat, SVEB found at an unknown beat: neither right nor wrong (EC57, bxb).",
    )


def _make_matrix(outcome: Outcome) -> Table | None:
    matrix = outcome.gross.classes
    if matrix is None:
        return None
    rows = tuple((name, *(str(count) for count in row)) for name, row in zip("NSVFQO", matrix.tolist(), strict=True))
    return Table(
        "Beats by annotated class (rows) and found class (columns), all records",
        ("Annotated", "n", "s", "v", "f", "q", "none"),
        rows,
        "O: no beat is annotated.",
    )


def _say_two_sided(counts: TwoSided) -> tuple[str, ...]:
    seen, found = counts.tp_se + counts.fn, counts.tp_ppv + counts.fp
    return (
        f"{counts.tp_se}/{seen}",
        say_percent(counts.se_percent),
        f"{counts.tp_ppv}/{found}",
        say_percent(counts.ppv_percent),
    )


def _make_runs(outcome: Outcome, caption: str, get: Callable[[Figures], Runs | None]) -> Table:
    def say(name: str, runs: Runs) -> tuple[str, ...]:
        return (name, *(cell for each in runs for cell in _say_two_sided(each)))

    rows = [
        say(name, runs)
        for name, figures in _get_records(outcome)
        if (runs := get(figures)) is not None and any(any(each) for each in runs)
    ]
    gross = get(outcome.gross)
    kinds = ("Couplets", "Short runs", "Long runs")
    return Table(
        caption,
        ("Record", *(f"{kind} {column}" for kind in kinds for column in ("found", "Se %", "right", "+P %"))),
        (*rows, say("Gross", gross)) if rows and gross is not None else (),
        "Couplets 2, short runs 3 to 5, long runs 6 beats and more, as WFDB's rxr counts them.",
    )


def _say_episodes(episodes: Episodes) -> tuple[str, ...]:
    return (
        *_say_two_sided(episodes.counts),
        say_percent(episodes.duration_se_percent),
        say_percent(episodes.duration_ppv_percent),
        _say(episodes.reference_s, 0),
        _say(episodes.found_s, 0),
    )


_EPISODES: Final = ("Found", "Se %", "Right", "+P %", "Duration Se %", "Duration +P %", "Annotated s", "Found s")


def _make_episodes(outcome: Outcome, caption: str, get: Callable[[Figures], Episodes | None], note: str) -> Table:
    rows = [
        (name, *_say_episodes(episodes))
        for name, figures in _get_records(outcome)
        if (episodes := get(figures)) is not None and any(episodes.counts)
    ]
    gross = get(outcome.gross)
    return Table(
        caption,
        ("Record", *_EPISODES),
        (*rows, ("Gross", *_say_episodes(gross))) if rows and gross is not None else (),
        f"Episodes as WFDB's epicmp compares them. {note}",
    )


def _make_vf(outcome: Outcome) -> Table:
    def say(name: str, figures: Figures) -> tuple[str, ...]:
        assert figures.vf is not None
        assert figures.vf_seconds is not None
        told = [delay for delay in figures.vf_delays_s if delay is not None]
        return (
            name,
            *_say_episodes(figures.vf),
            say_percent(figures.vf_seconds.se_percent),
            say_percent(figures.vf_seconds.sp_percent),
            _say(float(np.median(told)) if told else None),
            _say(float(np.percentile(told, 95)) if told else None),
        )

    records = [(name, figures) for name, figures in _get_records(outcome) if figures.vf is not None]
    rows = [say(name, figures) for name, figures in records if figures.vf is not None and any(figures.vf.counts)]
    return Table(
        "Ventricular flutter and fibrillation",
        ("Record", *_EPISODES, "Seconds Se %", "Seconds Sp %", "To alarm, median s", "To alarm, 95th percentile s"),
        (*rows, say("Gross", outcome.gross)) if records else (),
        "The whole record, learning too: those that have it are short. Seconds annotated as noise are left out;"
        " ventricular tachycardia and asystole are not fibrillation. Records without any have no row.",
    )


def _make_heart_rate(outcome: Outcome) -> Table:
    def say(name: str, figures: Figures) -> tuple[str, ...] | None:
        error = get_error(figures.rates)
        if error is None:
            return None
        return (
            name,
            str(error.seconds),
            f"{error.mean_bpm:+.2f}",
            *(_say(each, 2) for each in (error.mean_abs_bpm, error.rms_bpm, error.rms_percent)),
        )

    rows = [row for name, figures in _get_records(outcome) if (row := say(name, figures)) is not None]
    gross = say("Gross", outcome.gross)
    return Table(
        "Heart rate",
        ("Record", "Seconds", "Mean error 1/min", "Mean absolute error 1/min", "RMS error 1/min", "RMS error %"),
        (*rows, gross) if rows and gross is not None else (),
        "Each second, the mean rate over whole intervals of the last 10 s; RMS error % as WFDB's mxm normalises it.",
    )


def _make_monitor_alarms(outcome: Outcome) -> Table:
    rows = tuple(
        (call or "All", *(str(count) for count in counts), _say(counts.score, 2))
        for call, counts in sorted(outcome.alarm_counts.items(), key=lambda each: each[0] == "")
    )
    return Table(
        "Monitor alarms, true or false (PhysioNet/CinC Challenge 2015, real time)",
        ("Call", "TP", "FP", "TN", "FN", "Score"),
        rows,
        "Score: 100 (TP + TN) / (TP + TN + FP + 5 FN); nothing after the alarm at 5:00 is analysed.",
    )


def _make_af_records(outcome: Outcome) -> Table | None:
    counts = outcome.af_records
    if counts is None:
        return None
    rates = (counts.se_percent, counts.sp_percent, counts.f1_percent)
    return Table(
        "Records with atrial fibrillation (PhysioNet/CinC Challenge 2017)",
        ("Records", "TP", "FN", "FP", "TN", "Se %", "Sp %", "F1 %"),
        ((str(sum(counts)), *(str(count) for count in counts), *(say_percent(rate) for rate in rates)),),
        "Fibrillation in at least half of the time from first to last beat; all other classes are the rest.",
    )


def _make_noise(outcome: Outcome) -> Table:
    def say(counts: Counts) -> tuple[str, ...]:
        return tuple(say_percent(rate) for rate in (counts.se_percent, counts.ppv_percent, counts.f1_percent))

    rows = tuple(
        (
            f"{each.snr_db:g}",
            *say(get_qrs(each.noisy)),
            *say(get_qrs(each.scored)),
            *say(get_veb(each.noisy)),
        )
        for each in outcome.noise
    )
    kinds = ("QRS, noisy", "QRS, all", "VEB, noisy")
    return Table(
        f"Noise stress test with {outcome.noise_name}, all records",
        ("SNR dB", *(f"{kind} {rate}" for kind in kinds for rate in ("Se %", "+P %", "F1 %"))),
        rows,
        "After five clean minutes, two noisy and two clean ones in turn; noise and ratio as WFDB's nst has them.",
    )


def _make_alarms(outcome: Outcome) -> Table:
    rows = tuple(
        (
            call,
            str(each.alarms),
            str(each.judged) if each.judged else _NONE,
            str(each.false) if each.judged else _NONE,
            _say(each.per_day, 2),
            _say(float(np.median(each.onset_to_alarm_s))),
            _say(float(np.percentile(each.onset_to_alarm_s, 95))),
        )
        for call, each in outcome.false_alarms.items()
    )
    return Table(
        "Alarms by call",
        (
            "Call",
            "Alarms",
            "Judged",
            "False",
            "False per patient and day",
            "Onset to alarm, median s",
            "Onset to alarm, 95th percentile s",
        ),
        rows,
        "Judged: annotations can tell. Onset as the engine tells it.",
    )
