"""ANSI/AAMI EC57: heart rate against the annotated beats, errors normalised as WFDB's mxm does."""

import numpy as np
import pytest

from analytics.evaluation.heart_rate import get_error, get_rates
from tests.annotated import annotate


def test_errors_of_a_rate() -> None:
    error = get_error(np.array([[60.0, 63.0], [100.0, 96.0]]))
    assert error is not None
    assert error.seconds == 2
    assert error.mean_bpm == pytest.approx(-0.5)
    assert error.mean_abs_bpm == pytest.approx(3.5)
    assert error.rms_bpm == pytest.approx(np.sqrt(12.5))
    assert error.sd_bpm == pytest.approx(3.5)
    # mxm: 100 sqrt(errsum n / refsum^2)
    assert error.rms_percent == pytest.approx(100 * np.sqrt(25 * 2 / 160**2))
    assert get_error(np.zeros((0, 2))) is None


def test_a_rate_each_second_after_five_minutes() -> None:
    reference = annotate(times_s=np.arange(0.0, 400.0, 1.0).tolist(), seconds=400.0)
    found = annotate(times_s=np.arange(0.0, 400.0, 0.5).tolist(), seconds=400.0)
    rates = get_rates(reference, found)
    assert rates.shape == (101, 2)  # 300 to 400 s
    assert np.unique(rates[:, 0]).tolist() == [60.0]
    assert np.unique(rates[:, 1]).tolist() == [120.0]


def test_fibrillation_has_no_rate() -> None:
    times = [time for time in np.arange(0.0, 400.0, 1.0).tolist() if not 350 < time < 360]
    reference = annotate(times_s=times, brackets_s=[(350.5, 359.5)], seconds=400.0)
    assert len(get_rates(reference, reference)) == 101 - 19  # 351 to 369 s look back on it


def test_without_beats_on_either_side_there_is_no_comparison() -> None:
    reference = annotate(times_s=np.arange(0.0, 400.0, 1.0).tolist(), seconds=400.0)
    assert len(get_rates(reference, annotate(times_s=[], seconds=400.0))) == 0
