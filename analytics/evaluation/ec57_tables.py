"""The tables of ANSI/AAMI EC57: record by record, gross (all beats and episodes in one), and the records' average."""

import functools
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from analytics.evaluation.beats import Counts
from analytics.evaluation.episodes import Episodes
from analytics.evaluation.heart_rate import get_error
from analytics.evaluation.outcome import Figures, Outcome
from analytics.evaluation.runs import Runs, TwoSided
from analytics.evaluation.table import NONE, Table, say_number, say_percent

_COUNTS: Final = ("TP", "FN", "FP", "Se %", "+P %")


def make_ec57_tables(outcome: Outcome) -> list[Table]:
    """Return those tables for which there are figures."""
    made = (
        _make_beats(
            outcome,
            "QRS detection",
            (("", lambda figures: figures.qrs), (", first 5 min", lambda figures: figures.qrs_learning)),
            "EC57: 150 ms, one to one; ventricular flutter and fibrillation left out; the first five minutes apart.",
        ),
        _make_beats(
            outcome,
            "Ectopic beats: ventricular (VEB) and supraventricular (SVEB)",
            ((", VEB", lambda figures: figures.veb), (", SVEB", lambda figures: figures.sveb)),
            "VEB found at a fusion or unknown beat, SVEB found at an unknown beat: neither right nor wrong, as in bxb.",
        ),
        _make_matrix(outcome),
        _make_runs(outcome, "Runs of ventricular beats", lambda figures: figures.ventricular_runs),
        _make_runs(outcome, "Runs of supraventricular beats", lambda figures: figures.supraventricular_runs),
        _make_af(outcome),
        _make_vf(outcome),
        _make_heart_rate(outcome),
    )
    return [table for table in made if table is not None and table.rows]


def _get_records(outcome: Outcome) -> list[tuple[str, Figures]]:
    """Return the figures by record, in the order analysed."""
    names = [each.record.name for each in outcome.analysed]
    return [(name, outcome.figures[name]) for name in names if name in outcome.figures]


def _add_totals(
    outcome: Outcome,
    rows: Sequence[tuple[str, ...]],
    say: Callable[[Figures], tuple[str, ...]],
    means: Sequence[Callable[[Figures], float | None] | None],
) -> tuple[tuple[str, ...], ...]:
    """Add the gross row, and the average row: of each column the mean of the records', or nothing."""
    if not rows:
        return ()
    averages = ("" if mean is None else say_percent(outcome.get_average(mean)) for mean in means)
    return (*rows, ("Gross", *say(outcome.gross)), ("Average", *averages))


def _make_beats(
    outcome: Outcome, caption: str, kinds: Sequence[tuple[str, Callable[[Figures], Counts | None]]], note: str
) -> Table:
    def say(figures: Figures) -> tuple[str, ...]:
        return tuple(cell for _, get in kinds for cell in _say_counts(get(figures)))

    means: list[Callable[[Figures], float | None] | None] = []
    for _, get in kinds:
        means += [None, None, None, *_get_rates(get)]
    rows = [(name, *say(figures)) for name, figures in _get_records(outcome) if kinds[0][1](figures) is not None]
    columns = ("Record", *(f"{column}{kind}" for kind, _ in kinds for column in _COUNTS))
    return Table(caption, columns, _add_totals(outcome, rows, say, means), note)


def _say_counts(counts: Counts | None) -> tuple[str, ...]:
    if counts is None:
        return (NONE,) * 5
    rates = (say_percent(counts.se_percent), say_percent(counts.ppv_percent))
    return (str(counts.tp), str(counts.fn), str(counts.fp), *rates)


def _get_rates(get: Callable[[Figures], Counts | TwoSided | None]) -> list[Callable[[Figures], float | None]]:
    """Return what gives sensitivity and positive predictivity of a record."""
    return [
        lambda figures: None if (counts := get(figures)) is None else counts.se_percent,
        lambda figures: None if (counts := get(figures)) is None else counts.ppv_percent,
    ]


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
    def say(figures: Figures) -> tuple[str, ...]:
        runs = get(figures)
        return () if runs is None else tuple(cell for each in runs for cell in _say_two_sided(each))

    def get_kind(figures: Figures, kind: int) -> TwoSided | None:
        runs = get(figures)
        return None if runs is None else runs[kind]

    means: list[Callable[[Figures], float | None] | None] = []
    for kind in range(3):
        se, ppv = _get_rates(functools.partial(get_kind, kind=kind))
        means += [None, se, None, ppv]
    rows = [
        (name, *say(figures))
        for name, figures in _get_records(outcome)
        if (runs := get(figures)) is not None and any(any(each) for each in runs)
    ]
    kinds = ("couplets", "short runs", "long runs")
    return Table(
        caption,
        ("Record", *(f"{column}, {kind}" for kind in kinds for column in ("Found", "Se %", "Right", "+P %"))),
        _add_totals(outcome, rows, say, means),
        "Couplets 2, short runs 3 to 5, long runs 6 beats and more, as WFDB's rxr counts them.",
    )


_EPISODES: Final = ("Found", "Se %", "Right", "+P %", "Duration Se %", "Duration +P %", "Annotated s", "Found s")


def _say_episodes(episodes: Episodes) -> tuple[str, ...]:
    return (
        *_say_two_sided(episodes.counts),
        say_percent(episodes.duration_se_percent),
        say_percent(episodes.duration_ppv_percent),
        say_number(episodes.reference_s, 0),
        say_number(episodes.found_s, 0),
    )


def _get_episode_means(
    get: Callable[[Figures], Episodes | None],
) -> list[Callable[[Figures], float | None] | None]:
    se, ppv = _get_rates(lambda figures: None if (found := get(figures)) is None else found.counts)
    return [
        None,
        se,
        None,
        ppv,
        lambda figures: None if (found := get(figures)) is None else found.duration_se_percent,
        lambda figures: None if (found := get(figures)) is None else found.duration_ppv_percent,
        None,
        None,
    ]


def _make_af(outcome: Outcome) -> Table:
    def say(figures: Figures) -> tuple[str, ...]:
        return () if figures.af is None else _say_episodes(figures.af)

    records = _get_records(outcome)
    rows = [(name, *say(figures)) for name, figures in records if figures.af is not None and any(figures.af.counts)]
    return Table(
        "Atrial fibrillation and flutter",
        ("Record", *_EPISODES),
        _add_totals(outcome, rows, say, _get_episode_means(lambda figures: figures.af)),
        "Episodes as WFDB's epicmp compares them, after the first five minutes. Records without any have no row.",
    )


def _make_vf(outcome: Outcome) -> Table:
    def say(figures: Figures) -> tuple[str, ...]:
        if figures.vf is None or figures.vf_seconds is None:
            return ()
        told = [delay for delay in figures.vf_delays_s if delay is not None]
        return (
            *_say_episodes(figures.vf),
            say_percent(figures.vf_seconds.se_percent),
            say_percent(figures.vf_seconds.sp_percent),
            say_number(float(np.median(told)) if told else None),
            say_number(float(np.percentile(told, 95)) if told else None),
        )

    records = [(name, figures) for name, figures in _get_records(outcome) if figures.vf is not None]
    rows = [(name, *say(figures)) for name, figures in records if figures.vf is not None and any(figures.vf.counts)]
    means = [
        *_get_episode_means(lambda figures: figures.vf),
        lambda figures: None if figures.vf_seconds is None else figures.vf_seconds.se_percent,
        lambda figures: None if figures.vf_seconds is None else figures.vf_seconds.sp_percent,
        None,
        None,
    ]
    return Table(
        "Ventricular flutter and fibrillation",
        ("Record", *_EPISODES, "Seconds Se %", "Seconds Sp %", "To alarm, median s", "To alarm, 95th percentile s"),
        _add_totals(outcome, rows, say, means) or ((("Gross", *say(outcome.gross)),) if records else ()),
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
            *(say_number(each, 2) for each in (error.mean_abs_bpm, error.rms_bpm, error.rms_percent)),
        )

    rows = [row for name, figures in _get_records(outcome) if (row := say(name, figures)) is not None]
    gross = say("Gross", outcome.gross)
    return Table(
        "Heart rate",
        ("Record", "Seconds", "Mean error 1/min", "Mean absolute error 1/min", "RMS error 1/min", "RMS error %"),
        (*rows, gross) if rows and gross is not None else (),
        "Each second, the mean rate over whole intervals of the last 10 s; RMS error % as WFDB's mxm normalises it.",
    )
