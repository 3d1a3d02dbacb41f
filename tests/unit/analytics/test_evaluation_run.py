"""What a run keeps of the engine's results, and curves over a threshold."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from analytics.evaluation.annotations import Rhythm
from analytics.evaluation.document import get_document
from analytics.evaluation.outcome import Figures, Outcome, add_up, score
from analytics.evaluation.records import EcgRecord
from analytics.evaluation.roc import get_af_roc, get_roc, get_vf_roc
from analytics.evaluation.run import Alarm, Analysed, note_transition
from analytics.evaluation.tables import make_tables
from analytics.results import Transition
from tests.annotated import annotate

EPOCH_US = 1_000_000_000_000_000


def _make_analysed(seconds: float = 1800.0) -> Analysed:
    record = EcgRecord(Path(), "rec", 0, "ECG", 250.0, 250.0, seconds, round(seconds * 250), 200.0, 0, is_single=True)
    return Analysed(record)


def _note(
    analysed: Analysed, kind: Literal["raised", "ended", "suppressed"], call: str, onset_s: float, at_s: float
) -> None:
    detail: dict[str, float | str] = {"by": "ventricular_fibrillation"} if kind == "suppressed" else {}
    times = EPOCH_US + round(onset_s * 1e6), EPOCH_US + round(at_s * 1e6)
    note_transition(analysed, Transition(0, call, kind, *times, detail, confidence=0.75))


def test_alarms_are_raised_and_end() -> None:
    analysed = _make_analysed()
    _note(analysed, "raised", "pause", 10.0, 12.5)
    _note(analysed, "raised", "asystole", 10.0, 14.0)
    _note(analysed, "ended", "pause", 10.0, 16.0)
    assert analysed.alarms == [Alarm("pause", 10.0, 12.5, 16.0, 0.75), Alarm("asystole", 10.0, 14.0, None, 0.75)]
    assert analysed.hidden == []


def test_a_finding_that_was_hidden_is_kept_but_no_alarm() -> None:
    analysed = _make_analysed()
    _note(analysed, "raised", "asystole", 10.0, 14.0)
    _note(analysed, "suppressed", "asystole", 10.0, 15.0)
    _note(analysed, "suppressed", "pause", 12.0, 15.0)
    assert analysed.alarms == [Alarm("asystole", 10.0, 14.0, 15.0, 0.75)]
    assert [(each.call, each.hidden_by) for each in analysed.hidden] == [
        ("asystole", "ventricular_fibrillation"),
        ("pause", "ventricular_fibrillation"),
    ]


def test_rhythms_last_until_the_next() -> None:
    analysed = _make_analysed(60.0)
    analysed.rhythm_changes += [(0.0, "N"), (10.0, "AFIB"), (30.0, "VF")]
    assert analysed.annotations.rhythms == (
        Rhythm(0.0, 10.0, "N"),
        Rhythm(10.0, 30.0, "AFIB"),
        Rhythm(30.0, 60.0, "VF"),
    )


def test_figures_of_an_engine_that_tells_all() -> None:
    """Classes, rhythms and alarms, as they come once the engine knows them."""
    analysed = _make_analysed()
    analysed.beat_times_s += [300.0 + at for at in range(10)]
    analysed.beat_labels += [b"N", b"V", b"V", b"V", b"N", b"S", b"N", b"V", b"N", b"N"]
    analysed.rhythm_changes += [(400.0, "AFIB"), (600.0, "VF"), (700.0, "N")]
    _note(analysed, "raised", "ventricular_fibrillation", 601.0, 606.0)
    reference = annotate(
        "NVVVNSNNNF",
        rhythms=[(0.0, 450.0, "N"), (450.0, 590.0, "AFIB"), (590.0, 690.0, "VFL"), (690.0, 1800.0, "N")],
    )
    figures = score(reference, analysed)
    assert figures.qrs == (10, 0, 0)
    assert figures.veb == (3, 0, 1)
    assert figures.sveb == (1, 0, 0)
    assert figures.ventricular_runs is not None
    assert figures.ventricular_runs.short == (1, 0, 1, 0)
    assert figures.af is not None
    assert figures.af[1:] == (140, 200, 140)
    assert figures.vf is not None
    assert figures.vf[1:] == (100, 100, 90)
    assert figures.vf_seconds == (90, 10, 10, 1690)
    assert figures.vf_delays_s == (16.0,)
    gross = add_up([figures, Figures(), figures])
    assert gross.veb == (6, 0, 2)
    assert gross.vf_delays_s == (16.0, 16.0)


def test_annotations_of_one_kind_give_figures_of_that_kind() -> None:
    analysed = _make_analysed()
    only_beats = score(annotate("NNN", has_classes=False), analysed)
    assert only_beats.qrs == (0, 3, 0)
    assert (only_beats.veb, only_beats.ventricular_runs, only_beats.af, only_beats.vf) == (None, None, None, None)
    only_rhythms = score(annotate(times_s=[], rhythms=[(0.0, 1800.0, "N")]), analysed)
    assert only_rhythms.qrs is None
    assert only_rhythms.vf_seconds == (0, 0, 0, 1800)


def test_curve_over_a_threshold() -> None:
    roc = get_roc(np.array([0.9, 0.8, 0.2, 0.8]), np.array([True, True, False, False]))
    assert roc is not None
    assert roc.thresholds.tolist() == [np.inf, 0.9, 0.8, 0.2]
    assert roc.se_percent.tolist() == [0, 50, 100, 100]
    assert roc.sp_percent.tolist() == [100, 100, 50, 0]
    assert roc.area == pytest.approx(0.875)
    assert get_roc(np.array([0.5, 0.5]), np.array([True, False])) is None
    assert get_roc(np.array([0.5, 0.6]), np.array([True, True])) is None


def test_curve_of_the_confidence_in_fibrillation() -> None:
    analysed = _make_analysed(100.0)
    analysed.alarms += [
        Alarm("ventricular_fibrillation", 10.0, 14.0, 20.0, 0.9),
        Alarm("ventricular_fibrillation", 50.0, 54.0, None, 0.4),
    ]
    outcome = Outcome("db", [analysed], {"rec": annotate(times_s=[], brackets_s=[(10.0, 30.0)], seconds=100.0)})
    roc = get_vf_roc(outcome)
    assert roc is not None
    assert roc.thresholds.tolist() == [np.inf, 0.9, 0.4, 0.0]
    assert roc.se_percent.tolist() == [0, 50, 50, 100]
    assert roc.sp_percent.tolist() == [100, 100, 100 * 30 / 80, 0]
    assert get_vf_roc(Outcome("db", [_make_analysed()])) is None


def test_curve_of_the_part_that_is_atrial_fibrillation() -> None:
    analysed = _make_analysed(30.0)
    analysed.beat_times_s += [1.0, 11.0, 21.0]
    analysed.beat_labels += [b"N"] * 3
    analysed.rhythm_changes.append((16.0, "AFIB"))
    outcome = Outcome("db", [analysed, _make_analysed()], classes={"rec": "A"})
    assert outcome.coverage == [("A", 0.25), ("A", 0.0)]
    assert outcome.af_records == (0, 2, 0, 0)
    assert get_af_roc(outcome) is None  # all of one kind
    assert get_af_roc(Outcome("db", [analysed])) is None


def test_every_kind_of_figure_is_in_document_and_tables() -> None:
    """What only an engine of classes and rhythms gives."""
    analysed = _make_analysed()
    analysed.beat_times_s += [300.0 + at for at in range(12)]
    analysed.beat_labels += [b"N", b"V", b"V", b"N", b"S", b"N", b"V", b"V", b"V", b"N", b"N", b"N"]
    analysed.rhythm_changes += [(400.0, "AFIB"), (600.0, "VF"), (700.0, "N")]
    _note(analysed, "raised", "ventricular_fibrillation", 601.0, 606.0)
    _note(analysed, "suppressed", "asystole", 601.0, 606.0)
    rhythms = [(0.0, 450.0, "N"), (450.0, 590.0, "AFIB"), (590.0, 690.0, "VFL"), (690.0, 1800.0, "N")]
    reference = annotate("NVVNSNVVNNNN", rhythms=rhythms)
    outcome = Outcome("db", [analysed], {"rec": reference}, {"rec": score(reference, analysed)})
    document = get_document(outcome)
    gross = document["gross"]
    assert gross["veb"] == {"se": 100.0, "ppv": 80.0, "f1": 88.889, "tp": 4, "fn": 0, "fp": 1}
    assert gross["matrix"]["N"] == {"n": 6, "s": 0, "v": 1, "f": 0, "q": 0, "o": 0}
    assert gross["ventricular_runs"]["couplets"] == {
        "se": 100.0,
        "ppv": 100.0,
        "tp_se": 2,
        "fn": 0,
        "tp_ppv": 1,
        "fp": 0,
    }
    assert gross["af"]["duration_ppv"] == 70.0
    assert gross["vf"]["episode_se"] == 100.0
    assert gross["vf"]["onset_to_alarm_s"] == {"median": 16.0, "p95": 16.0}
    assert document["average"]["vf"]["duration_se"] == 90.0
    assert document["alarms"][0]["confidence"] == 0.75
    assert len(document["alarms"]) == 1
    assert document["records"]["rec"]["hidden"] == [
        {"call": "asystole", "onset_s": 601.0, "raised_s": 606.0, "by": "ventricular_fibrillation"}
    ]
    tables = {table.caption: table for table in make_tables(outcome)}
    assert all(len(row) == len(table.columns) for table in tables.values() for row in table.rows)
    assert tables["Runs of ventricular beats"].rows[-2][:5] == ("Gross", "2/2", "100.00", "1/1", "100.00")
    assert tables["Atrial fibrillation and flutter"].rows[-1][5:7] == ("100.00", "70.00")
    assert tables["Ventricular flutter and fibrillation"].rows[0][-2:] == ("16.0", "16.0")
