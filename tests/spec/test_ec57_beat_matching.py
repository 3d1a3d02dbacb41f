"""ANSI/AAMI EC57: how beats found are compared with beats annotated."""

import numpy as np
import pytest

from analytics.scoring import Counts, Reference, pair, read_reference, score


def _count(reference_s: list[float], found_s: list[float]) -> tuple[int, int, int]:
    pairing = pair(np.array(reference_s), np.array(found_s))
    assert pairing.reference_paired.sum() == pairing.found_paired.sum()
    return (
        int(pairing.reference_paired.sum()),
        int((~pairing.reference_paired).sum()),
        int((~pairing.found_paired).sum()),
    )


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
        ([1.0, 1.2], [1.1, 1.3], (2, 0, 0)),  # a chain: as many pairs as there can be
    ],
)
def test_4_3_2_pairs_within_150_ms_one_to_one(
    reference_s: list[float], found_s: list[float], expected: tuple[int, int, int]
) -> None:
    assert _count(reference_s, found_s) == expected


def test_4_3_3_the_first_five_minutes_are_counted_apart() -> None:
    reference = Reference(np.array([10.0, 299.5, 300.0, 400.0]), ())
    scored, learning = score(reference, np.array([10.0, 300.01, 350.0]))
    assert learning == Counts(tp=1, fn=1, fp=0)
    assert scored == Counts(tp=1, fn=1, fp=1)


def test_4_2_flutter_and_fibrillation_are_not_scored() -> None:
    times = np.array([310.0, 311.0, 320.0, 330.0, 331.0])
    reference = read_reference(times, ["N", "[", "+", "]", "V"], 400.0)
    assert reference.beats_s.tolist() == [310.0, 331.0]
    assert reference.flutter_s == ((311.0, 330.0),)
    scored, _ = score(reference, np.array([310.0, 315.0, 316.0, 331.0, 340.0]))
    assert scored == Counts(tp=2, fn=0, fp=1)


def test_flutter_that_does_not_end_lasts_to_the_end() -> None:
    assert read_reference(np.array([5.0]), ["["], 9.0).flutter_s == ((5.0, 9.0),)


def test_sensitivity_and_positive_predictivity() -> None:
    counts = Counts(tp=99, fn=1, fp=11).plus(Counts(0, 0, 0))
    assert counts.se_percent == pytest.approx(99.0)
    assert counts.ppv_percent == pytest.approx(90.0)
    assert Counts(0, 0, 0).se_percent is None
    assert Counts(0, 0, 0).ppv_percent is None
