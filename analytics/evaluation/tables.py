"""All tables of an evaluation: those of EC57, the Challenges', the noise stress test's, alarms, records."""

import numpy as np

from analytics.evaluation.beats import Counts, get_qrs, get_veb
from analytics.evaluation.ec57_tables import make_ec57_tables
from analytics.evaluation.outcome import Outcome
from analytics.evaluation.table import NONE, Table, say_number, say_percent


def make_tables(outcome: Outcome) -> list[Table]:
    """Return those tables for which there are figures."""
    made = (
        *make_ec57_tables(outcome),
        _make_monitor_alarms(outcome),
        _make_af_records(outcome),
        _make_noise(outcome),
        _make_alarms(outcome),
    )
    return [table for table in made if table is not None and table.rows]


def make_record_table(outcome: Outcome) -> Table:
    """Return what was analysed, record by record."""
    rows = tuple(
        (
            each.record.name,
            each.record.lead,
            f"{each.record.fs_hz:g}",
            say_number(each.record.seconds, 0),
            say_number(each.seconds_unanalysable, 0),
            str(len(each.beat_times_s)),
            str(len(each.alarms)),
        )
        for each in outcome.analysed
    )
    columns = ("Record", "Lead", "Hz", "Seconds", "Seconds not analysable", "Beats found", "Alarms")
    return Table("Records", columns, rows, "Not analysable: missing, noise, flat, saturated or without contact.")


def _make_monitor_alarms(outcome: Outcome) -> Table:
    rows = tuple(
        (call or "All", *(str(count) for count in counts), say_number(counts.score, 2))
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
            str(each.judged) if each.judged else NONE,
            str(each.false) if each.judged else NONE,
            say_number(each.per_day, 2),
            say_number(float(np.median(each.onset_to_alarm_s))),
            say_number(float(np.percentile(each.onset_to_alarm_s, 95))),
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
