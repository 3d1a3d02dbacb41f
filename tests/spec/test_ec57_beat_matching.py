"""ANSI/AAMI EC57: how beats found are compared with beats annotated."""

import numpy as np
import pytest

from analytics.evaluation.annotations import sort_annotations
from analytics.evaluation.beats import LEARNING, SCORED, Counts, compare, get_qrs, pair
from tests.annotated import annotate


def _count(reference_s: list[float], found_s: list[float]) -> tuple[int, int, int]:
    pairing = pair(np.array(reference_s), np.array(found_s))
    paired = np.flatnonzero(pairing.of_reference >= 0)
    assert pairing.of_found[pairing.of_reference[paired]].tolist() == paired.tolist()
    return (len(paired), int((pairing.of_reference < 0).sum()), int((pairing.of_found < 0).sum()))


@pytest.mark.parametrize(
    ("reference_s", "found_s", "expected"),
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], (3, 0, 0)),
        ([1.0, 2.0, 3.0], [], (0, 3, 0)),
        ([], [1.0], (0, 0, 1)),
        ([1.0, 2.0], [1.15, 1.85], (2, 0, 0)),  # 150 ms is within
        ([1.0, 2.0], [1.151, 1.849], (0, 2, 2)),  # more is not
        ([1.0], [0.95, 1.05], (1, 0, 1)),  # one to one
        ([1.0, 1.1], [1.05], (1, 1, 0)),
        ([1.0, 1.25], [1.13], (1, 1, 0)),  # between two: one of them
        ([1.0, 1.2], [0.9, 1.05, 1.21], (2, 0, 1)),  # three for two
    ],
)
def test_4_3_2_pairs_within_150_ms_one_to_one(
    reference_s: list[float], found_s: list[float], expected: tuple[int, int, int]
) -> None:
    assert _count(reference_s, found_s) == expected


@pytest.mark.parametrize(
    ("reference_s", "found_s", "partner"),
    [
        ([1.0], [0.9, 1.02], 1),  # not the first within the window, but the nearest
        ([1.0], [0.98, 1.1], 0),
        ([1.0, 1.2], [1.11, 1.3], -1),  # the one found at 1.11 is nearer to 1.2
    ],
)
def test_4_3_2_the_nearest_is_the_partner(reference_s: list[float], found_s: list[float], partner: int) -> None:
    assert pair(np.array(reference_s), np.array(found_s)).of_reference[0] == partner


def test_4_3_3_the_first_five_minutes_are_counted_apart() -> None:
    reference = annotate(times_s=[10.0, 299.5, 300.0, 400.0])
    found = annotate(times_s=[10.0, 300.01, 350.0])
    assert get_qrs(compare(reference, found, [LEARNING])) == Counts(tp=1, fn=1, fp=0)
    assert get_qrs(compare(reference, found, [SCORED])) == Counts(tp=1, fn=1, fp=1)


def test_4_2_flutter_and_fibrillation_are_not_scored() -> None:
    times = np.array([310.0, 311.0, 320.0, 330.0, 331.0])
    reference = sort_annotations(times, ["N", "[", "+", "]", "V"], [""] * 5, 400.0)
    assert reference.beats_s.tolist() == [310.0, 331.0]
    assert reference.vf_s == [(311.0, 330.0)]
    found = annotate(times_s=[310.0, 315.0, 316.0, 331.0, 340.0])
    assert get_qrs(compare(reference, found, [SCORED])) == Counts(tp=2, fn=0, fp=1)


def test_flutter_that_does_not_end_lasts_to_the_end() -> None:
    assert sort_annotations(np.array([5.0]), ["["], [""], 9.0).vf_s == [(5.0, 9.0)]


def test_beats_found_in_fibrillation_that_was_found_are_not_read() -> None:
    """As bxb reads an annotation file: what is annotated there is missed."""
    found = annotate("NNNNN", rhythms=[(301.5, 303.5, "VF")])
    assert get_qrs(compare(annotate("NNNNN"), found, [SCORED])) == Counts(tp=3, fn=2, fp=0)


def test_sensitivity_and_positive_predictivity() -> None:
    counts = Counts(tp=99, fn=1, fp=11)
    assert counts.se_percent == pytest.approx(99.0)
    assert counts.ppv_percent == pytest.approx(90.0)
    assert counts.f1_percent == pytest.approx(2 * 99 * 90 / 189)
    assert Counts(0, 0, 0).se_percent is None
    assert Counts(0, 0, 0).ppv_percent is None
    assert Counts(0, 0, 0).f1_percent is None
