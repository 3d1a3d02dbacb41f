"""What must not raise an alarm: a patient not yet known, complexes that became small, steep T waves."""

import numpy as np
import pytest

from analytics.ecg.classes import N, Q, V
from analytics.ecg.patterns import PATTERNS, add_beat, begin_run, is_doubtful
from tests.unit.analytics.ecg import Heard, every, listen, make_beats, make_ecg

FS_HZ = 250


def _raised(heard: Heard) -> set[str]:
    return {each.call for each in heard.transitions if each.kind == "raised"}


def _bump(ecg_mv: np.ndarray[tuple[int], np.dtype[np.float64]], at_s: float, height_mv: float, width_s: float) -> None:
    times = np.arange(len(ecg_mv)) / FS_HZ
    ecg_mv += height_mv * np.exp(-0.5 * ((times - at_s) / width_s) ** 2)


def test_a_movement_in_the_first_second_does_not_hide_the_complexes() -> None:
    beats_s = every(0.8, 0.5, 30)
    ecg_mv = make_ecg(beats_s, 30, FS_HZ, height=0.3)
    _bump(ecg_mv, 0.15, 4.5, 0.03)
    heard = listen(ecg_mv)
    assert not _raised(heard)
    assert all(np.min(np.abs(heard.beats_s - beat_s)) < 0.02 for beat_s in beats_s if 4 < beat_s < 29)


def test_steep_t_waves_are_not_counted() -> None:
    beats_s = every(0.8, 0.5, 40)
    ecg_mv = make_ecg(beats_s, 40, FS_HZ, height=0.3, noise_mv=0.003)
    for beat_s in beats_s:
        _bump(ecg_mv, beat_s + 0.27, -0.45, 0.032)
    heard = listen(ecg_mv)
    assert not _raised(heard)
    assert len(heard.beats) <= len(beats_s)


def test_complexes_that_became_small_are_no_bradycardia_nor_pauses() -> None:
    beats_s = every(0.9, 0.5, 60)
    shrunk = [beat_s for at, beat_s in enumerate(beats_s) if beat_s > 30 and at % 3]
    whole = [beat_s for beat_s in beats_s if beat_s not in shrunk]
    ecg_mv = make_ecg(whole, 60, FS_HZ) + make_ecg(shrunk, 60, FS_HZ, height=0.12, noise_mv=0) * 0.7
    heard = listen(ecg_mv)
    # They are not found: what follows would not be worth testing otherwise.
    assert len(heard.beats) < len(beats_s)
    assert not _raised(heard) & {"bradycardia", "extreme_bradycardia", "pause", "asystole"}


def test_p_waves_without_complexes_do_not_hide_bradycardia() -> None:
    beats_s = [*every(0.8, 0.5, 30), *every(1.8, 30.5, 60)]
    ecg_mv = make_ecg(beats_s, 60, FS_HZ)
    for p_s in every(0.6, 30.2, 60):
        _bump(ecg_mv, p_s, 0.15, 0.025)
    assert "extreme_bradycardia" in _raised(listen(ecg_mv))


@pytest.mark.parametrize(
    ("labels", "expected"), [([Q, N, N, N], False), ([Q, N, Q, N], True), ([Q, Q, N, N, N], False)]
)
def test_beats_that_could_not_be_classed_make_no_slow_rate(labels: list[int], *, expected: bool) -> None:
    patterns = np.zeros(1, PATTERNS)[0]
    begin_run(patterns, True)
    for label in labels:
        add_beat(patterns, 0, 1.0, label, 1.0, 0.0, True)
    assert is_doubtful(patterns) is expected


@pytest.mark.parametrize(("usual", "is_raised"), [(2, False), (12, True)])
def test_a_run_needs_a_patient_that_is_known(usual: int, *, is_raised: bool) -> None:
    beats = [(0.5 + 0.8 * at, "N") for at in range(usual)]
    begin_s = beats[-1][0] + 0.5
    beats += [(begin_s + 0.4 * at, "V") for at in range(7)]
    beats += [(beats[-1][0] + 1.0 + 0.8 * at, "N") for at in range(8)]
    heard = listen(make_beats(beats, beats[-1][0] + 2, FS_HZ))
    assert ("ventricular_run" in _raised(heard)) is is_raised


def test_patterns_know_no_patient_at_first() -> None:
    patterns = np.zeros(1, PATTERNS)[0]
    patterns["usual_n"] = 9
    begin_run(patterns, False)
    assert patterns["usual_n"] == 9
    begin_run(patterns, True)
    add_beat(patterns, 0, 1.0, N, 1.0, 0.0, True)
    add_beat(patterns, 0, 1.0, N, 1.0, 0.0, False)
    add_beat(patterns, 0, 1.0, V, 1.0, 0.0, True)
    assert patterns["usual_n"] == 1
