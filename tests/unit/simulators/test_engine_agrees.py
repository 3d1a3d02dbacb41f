"""What a scripted patient does, the engine finds: the truth of one is the measure of the other."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.engine import Engine, Segment, Transition
from heartwire.calls import Priority, get_call
from simulators.beat import HEARTS, make_shape
from simulators.patient import GAIN, Beat, render
from simulators.scripts import Rhythm
from simulators.scripts import Segment as Stretch

_T0_US: Final = 1_700_000_000_000_000
#: ANSI/AAMI EC57: a beat found within so much of a true one is that one.
_MATCH_S: Final = 0.15
_LEARNING_S: Final = 5.0
_NORMAL: Final = Stretch(Rhythm.NORMAL, 40, 70)


def _analyse(
    script: Sequence[Stretch], seed: int, fs_hz: float
) -> tuple[list[Beat], NDArray[np.float64], list[Transition]]:
    """Return the true beats, the times of those found, and the calls."""
    engine = Engine()
    row = engine.open()
    true: list[Beat] = []
    found: list[int] = []
    calls: list[Transition] = []
    for part in render(tuple(script), seed, fs_hz, make_shape(seed % HEARTS)):
        t0_us = _T0_US + round(part.first * 1e6 / fs_hz)
        results = engine.tick([Segment(row, t0_us, round(fs_hz * 1000), GAIN, 0, int(part.flags), part.samples)])
        true += part.beats
        found += results.beats.t_us.tolist()
        calls += results.transitions
    found += engine.flush_row(row).beats.t_us.tolist()
    return true, (np.array(found) - _T0_US) / 1e6, calls


@pytest.mark.parametrize("fs_hz", [130, 250, 360])
@pytest.mark.parametrize("seed", range(4))
def test_beats_found_are_the_true_ones(seed: int, fs_hz: float) -> None:
    script = (Stretch(Rhythm.NORMAL, 120, 70), Stretch(Rhythm.TACHYCARDIA, 30), Stretch(Rhythm.BRADYCARDIA, 30))
    true, found, _ = _analyse(script, seed, fs_hz)
    true_s = np.array([beat.t_s for beat in true if beat.t_s > _LEARNING_S])
    found_s = found[found > _LEARNING_S - _MATCH_S]
    matched = [np.abs(found_s - t_s).min() <= _MATCH_S for t_s in true_s]
    correct = [np.abs(true_s - t_s).min() <= _MATCH_S for t_s in found_s]
    assert len(true_s) > 200
    assert np.mean(matched) > 0.98  # sensitivity
    assert np.mean(correct) > 0.98  # positive predictive value


@pytest.mark.parametrize("seed", range(4))
def test_asystole_is_called_in_time_from_the_last_beat(seed: int) -> None:
    true, _, calls = _analyse((_NORMAL, Stretch(Rhythm.ASYSTOLE, 8), _NORMAL), seed, 250)
    last_s = max(beat.t_s for beat in true if beat.t_s < 40)
    (raised,) = [call for call in calls if (call.call, call.kind) == ("asystole", "raised")]
    assert (raised.onset_us - _T0_US) / 1e6 == pytest.approx(last_s, abs=0.02)
    assert (raised.at_us - _T0_US) / 1e6 == pytest.approx(last_s + 4, abs=1)
    assert [call.kind for call in calls if call.call == "asystole"] == ["raised", "ended"]


@pytest.mark.parametrize("seed", range(100, 112))
def test_a_movement_that_drowns_the_beats_is_noise_and_nothing_that_wakes_anybody(seed: int) -> None:
    _, _, calls = _analyse((_NORMAL, Stretch(Rhythm.NOISE, 40), _NORMAL), seed, 250)
    raised = {one.call for one in calls if one.kind == "raised"}
    assert "noise" in raised
    assert not {call for call in raised if get_call(call).priority is Priority.HIGH}


@pytest.mark.parametrize("seed", range(500, 506))
def test_a_movement_over_a_fast_heart_whose_line_is_hardly_at_rest_is_no_fibrillation(seed: int) -> None:
    _, _, calls = _analyse((Stretch(Rhythm.TACHYCARDIA, 40), Stretch(Rhythm.NOISE, 40)), seed, 250)
    assert "ventricular_fibrillation" not in {one.call for one in calls}


@pytest.mark.parametrize(
    ("stretch", "call"),
    [
        (Stretch(Rhythm.TACHYCARDIA, 30, 130), "tachycardia"),
        (Stretch(Rhythm.TACHYCARDIA, 30, 165), "extreme_tachycardia"),
        (Stretch(Rhythm.BRADYCARDIA, 40, 44), "bradycardia"),
        (Stretch(Rhythm.BRADYCARDIA, 40, 32), "extreme_bradycardia"),
        (Stretch(Rhythm.PAUSE, 3.5, 70), "pause"),
        (Stretch(Rhythm.LEAD_OFF, 10), "lead_off"),
        (Stretch(Rhythm.FLAT, 10), "signal_flat"),
        (Stretch(Rhythm.NOISE, 40), "noise"),
        (Stretch(Rhythm.VT, 8), "ventricular_tachycardia"),
        (Stretch(Rhythm.VF, 10), "ventricular_fibrillation"),
        (Stretch(Rhythm.AFIB, 80), "atrial_fibrillation"),
        (Stretch(Rhythm.ECTOPY, 80), "frequent_pvcs"),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_each_rhythm_is_called_by_its_name(stretch: Stretch, call: str, seed: int) -> None:
    _, _, calls = _analyse((_NORMAL, stretch, _NORMAL), seed, 250)
    assert call in {one.call for one in calls if one.kind == "raised"}
    assert not {one.call for one in calls if one.at_us < _T0_US + 40_000_000}
    assert "asystole" not in {one.call for one in calls if one.kind == "raised"}
