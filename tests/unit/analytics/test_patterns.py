"""Runs of beats of which one alone may not look ventricular."""

import numpy as np
import pytest

from analytics.ecg.classes import N, Q, S, V
from analytics.ecg.patterns import PATTERNS, add_likely, get_likely_us

#: Log-odds of a beat that is ventricular by itself, of one that may be, of one that is not.
_YES, _MAYBE, _NO = 1.5, -0.6, -4.0
_REGULAR = (0.5,) * 4
_IRREGULAR = (0.3, 0.8, 0.3, 0.7)


def _get_first_us(
    odds: tuple[float, ...],
    *,
    rr_s: tuple[float, ...] = _REGULAR,
    labels: tuple[int, ...] = (V,) * 5,
    alike: float = 0.5,
    usual: float = 0.1,
    is_known: bool = True,
) -> int:
    patterns = np.zeros(1, PATTERNS)
    times_us = (np.cumsum((10.0, *rr_s)) * 1e6).astype(int).tolist()
    for t_us, label, v_odds in zip(times_us, labels, odds, strict=True):
        add_likely(patterns[0], t_us, label, v_odds, alike, usual, is_known)
    return int(get_likely_us(patterns[0], 5))


@pytest.mark.parametrize(
    ("odds", "is_run"),
    [
        ((_YES, _YES, _MAYBE, _YES, _YES), True),
        ((_MAYBE, _YES, _YES, _YES, _MAYBE), True),
        ((_YES, _YES, _NO, _YES, _YES), False),
        ((_MAYBE, _MAYBE, _YES, _MAYBE, _MAYBE), False),
        ((9.0, _MAYBE, _MAYBE, _MAYBE, _MAYBE), False),  # one beat is no run, however sure
    ],
)
def test_beats_are_a_run_together(odds: tuple[float, ...], is_run: bool) -> None:
    assert _get_first_us(odds, labels=(S, V, N, V, S)) == (10_000_000 if is_run else 0)


def test_beats_that_could_not_be_judged_break_a_run() -> None:
    assert _get_first_us((_YES,) * 5, labels=(V, V, Q, V, V)) == 0


def test_beats_that_look_like_none_before_are_no_run() -> None:
    assert _get_first_us((_YES,) * 5, is_known=False) == 0


def test_irregular_beats_are_a_run_only_where_they_look_alike_and_unusual() -> None:
    assert _get_first_us((_YES,) * 5, rr_s=_IRREGULAR) == 0
    assert _get_first_us((_YES,) * 5, rr_s=_IRREGULAR, alike=0.9, usual=0.9) == 0
    assert _get_first_us((_YES,) * 5, rr_s=_IRREGULAR, alike=0.9) == 10_000_000
