"""ANSI/AAMI EC57: runs of ectopic beats, as WFDB's rxr compares them."""

import pytest

from analytics.evaluation.runs import Runs, TwoSided, compare_supraventricular_runs, compare_ventricular_runs
from tests.annotated import annotate

NONE = TwoSided(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("annotated", "found", "expected"),
    [
        ("NVVN", "NVVN", Runs(TwoSided(1, 0, 1, 0), NONE, NONE)),
        ("NVVN", "NVNN", Runs(TwoSided(0, 1, 0, 0), NONE, NONE)),
        ("NVNN", "NVVN", Runs(TwoSided(0, 0, 0, 1), NONE, NONE)),
        ("NVFN", "NVVN", Runs(TwoSided(1, 0, 1, 0), NONE, NONE)),  # a fusion beat goes on with a run
        ("NVSVN", "NVSVN", Runs(NONE, NONE, NONE)),  # an S beat ends it
        ("NVVVN", "NVVVN", Runs(NONE, TwoSided(1, 0, 1, 0), NONE)),
        ("NVVVVVN", "NVVVNVN", Runs(NONE, TwoSided(1, 0, 1, 0), NONE)),  # three of five are enough
        ("NVVVVVN", "NVVNVVN", Runs(TwoSided(0, 0, 2, 0), TwoSided(0, 1, 0, 0), NONE)),
        ("NVVVVVVN", "NVVVVVVN", Runs(NONE, NONE, TwoSided(1, 0, 1, 0))),
        ("NVVVVVVN", "NVVVVVNN", Runs(NONE, TwoSided(0, 0, 1, 0), TwoSided(0, 1, 0, 0))),
        ("NVVVVVVVVN", "NVVVVVVNNN", Runs(NONE, NONE, TwoSided(1, 0, 1, 0))),  # six of eight
    ],
)
def test_ventricular_runs(annotated: str, found: str, expected: Runs) -> None:
    assert compare_ventricular_runs(annotate(annotated), annotate(found)) == expected


def test_a_run_may_lie_150_ms_off() -> None:
    reference = annotate("NVVN")
    assert compare_ventricular_runs(reference, annotate("NVVN", 300.14)).couplets == TwoSided(1, 0, 1, 0)
    assert compare_ventricular_runs(reference, annotate("NVVN", 300.16)).couplets == TwoSided(0, 1, 0, 1)


def test_fibrillation_is_a_long_run() -> None:
    reference = annotate("NNNNNN", brackets_s=[(301.5, 304.5)])
    assert compare_ventricular_runs(reference, annotate("NNVVVN")).long == TwoSided(0, 1, 0, 0)
    found = annotate("NNNNNN", rhythms=[(302.0, 304.0, "VF")])
    assert compare_ventricular_runs(reference, found).long == TwoSided(1, 0, 1, 0)


def test_runs_of_the_first_five_minutes_are_not_counted() -> None:
    learning = annotate("NVVVNNNN", 295.0)
    assert compare_ventricular_runs(learning, annotate(times_s=[])) == Runs(NONE, NONE, NONE)
    across = annotate("NVVVVVNN", 297.5)
    assert compare_ventricular_runs(across, across).short == TwoSided(1, 0, 1, 0)


def test_supraventricular_runs() -> None:
    assert compare_supraventricular_runs(annotate("NSSSN"), annotate("NSSNN")) == Runs(
        TwoSided(0, 0, 1, 0), TwoSided(0, 1, 0, 0), NONE
    )
    assert compare_supraventricular_runs(annotate("NSVSN"), annotate("NSVSN")) == Runs(NONE, NONE, NONE)


def test_atrial_fibrillation_is_a_long_supraventricular_run() -> None:
    reference = annotate("NNNNNNNNN", rhythms=[(300.0, 301.5, "N"), (301.5, 307.5, "AFIB"), (307.5, 1800.0, "N")])
    assert compare_supraventricular_runs(reference, annotate("NNSSSSSSN")).long == TwoSided(1, 0, 1, 0)
    assert compare_supraventricular_runs(reference, annotate("NNNNNNNNN")).long == TwoSided(0, 1, 0, 0)
