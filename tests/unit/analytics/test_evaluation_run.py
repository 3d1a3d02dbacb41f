"""What a run keeps of the engine's results, and curves over a threshold."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from analytics.evaluation.annotations import Rhythm
from analytics.evaluation.outcome import Figures, add_up, score
from analytics.evaluation.records import EcgRecord
from analytics.evaluation.roc import get_roc
from analytics.evaluation.run import Alarm, Analysed, note_transition
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
