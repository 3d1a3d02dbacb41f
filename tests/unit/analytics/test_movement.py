"""A movement is no fibrillation: waves of its frequencies, and as high, under which the patient's complexes go on."""

from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.ecg import own
from analytics.ecg.peaks import PEAKS, RING, WAVE
from tests.unit.analytics.ecg import Heard, every, listen, make_ecg, make_fibrillation

FS_HZ: Final = 250
_ENGINE_HZ: Final = 125
_WAVES_HZ: Final = (0.7, 1.9, 3.1, 5.3)


def _shake(seconds: float, fs_hz: float, *, seed: int, height: float = 0.5) -> NDArray[np.float64]:
    """Return what an arm does, mV: waves of 0.7 to 5.3 Hz, each so high."""
    times = np.arange(round(seconds * fs_hz)) / fs_hz
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, len(_WAVES_HZ))
    return height * sum(
        (np.sin(2 * np.pi * hz * times + phase) for hz, phase in zip(_WAVES_HZ, phases, strict=True)),
        np.zeros(len(times)),
    )


def _calls(heard: Heard) -> set[str]:
    return {each.call for each in heard.transitions if each.kind == "raised"}


def _know(shape_mv: NDArray[np.float64], rest: float = 0.0) -> NDArray[np.void]:
    """Return what is known of a patient whose complexes look so, 25 samples at 125 Hz and one on either side."""
    peaks, known = np.zeros(1, PEAKS), np.zeros(1, own.OWN)
    peaks[0]["waves"][1] = shape_mv[2:] - shape_mv[:-2]
    peaks[0]["weights"][1] = 1
    own.learn(known[0], peaks[0], rest)
    return known


def _complex() -> NDArray[np.float64]:
    return make_ecg([0.5], 1.0, _ENGINE_HZ, noise_mv=0)[62 - 13 : 62 + 14]


def _are_seen(known: NDArray[np.void], ecg_mv: NDArray[np.float64], index: int = 0) -> bool:
    return own.are_seen(known[0], np.roll(ecg_mv[:RING].astype(np.float32), index), index)


@pytest.mark.parametrize("index", [0, 100, 511])
@pytest.mark.parametrize(("rr_s", "seen"), [(0.4, True), (0.8, True), (1.9, False)])
def test_three_complexes_in_four_seconds_are_seen_under_the_waves(rr_s: float, index: int, *, seen: bool) -> None:
    seconds = RING / _ENGINE_HZ
    ecg_mv = make_ecg(every(rr_s, 0.3, seconds - 0.2), seconds, _ENGINE_HZ) + _shake(seconds, _ENGINE_HZ, seed=1)
    assert _are_seen(_know(_complex()), ecg_mv, index) is seen


def test_where_the_ring_begins_does_not_matter() -> None:
    known, answers = _know(_complex()), set()
    for noise_mv in np.linspace(0.02, 0.5, 25):
        ecg_mv = make_ecg(every(0.8, 0.3, 4), RING / _ENGINE_HZ, _ENGINE_HZ, noise_mv=float(noise_mv))
        told = {_are_seen(known, ecg_mv, index) for index in (0, 1, 100, 511)}
        assert len(told) == 1, noise_mv
        answers |= told
    assert answers == {True, False}


@pytest.mark.parametrize("height", [0.3, 3.0])
def test_complexes_of_another_height_are_not_the_patients(height: float) -> None:
    ecg_mv = make_ecg(every(0.8, 0.3, 4), RING / _ENGINE_HZ, _ENGINE_HZ, height=height)
    assert not _are_seen(_know(_complex()), ecg_mv)


@pytest.mark.parametrize("seed", range(8))
def test_none_is_seen_in_fibrillation(seed: int) -> None:
    assert not _are_seen(_know(_complex()), make_fibrillation(RING / _ENGINE_HZ, _ENGINE_HZ, seed=seed, height=1.0))


def test_a_shape_that_is_a_wave_tells_nothing() -> None:
    wave_mv = np.sin(2 * np.pi * 4.5 * np.arange(RING) / _ENGINE_HZ)
    assert not _are_seen(_know(wave_mv[: WAVE + 2]), wave_mv)


def test_nothing_is_learned_where_the_line_is_not_at_rest_and_what_is_forgotten_is_not_known() -> None:
    assert own.get_slope(_know(_complex(), own.AT_REST)[0]) == 0
    known = _know(_complex(), own.AT_REST - 0.01)
    assert own.get_slope(known[0]) > 0.3
    own.forget(known[0])
    assert own.get_slope(known[0]) == 0


@pytest.mark.parametrize("muscle_mv", [0.02, 0.4])
@pytest.mark.parametrize("seed", range(4))
def test_a_movement_is_no_fibrillation_and_what_comes_in_it_is(seed: int, muscle_mv: float) -> None:
    """Twenty seconds of movement, with muscles that hardly stir, or hide the complexes; then the heart fibrillates."""
    begins_s, ends_s = 40, 60
    ecg_mv = make_ecg(every(0.8, 0.5, ends_s), ends_s, FS_HZ)
    shaken = slice(begins_s * FS_HZ, None)
    rng = np.random.default_rng(seed)
    ecg_mv[shaken] += _shake(ends_s - begins_s, FS_HZ, seed=seed) + rng.normal(0, muscle_mv, len(ecg_mv[shaken]))
    heard = listen(np.concatenate([ecg_mv, make_fibrillation(15, FS_HZ, seed=seed, height=0.8)]))
    (told, *_) = [at_s for kind, _, at_s in heard.of("ventricular_fibrillation") if kind == "raised"]
    assert ends_s < told <= ends_s + 7
    assert not _calls(heard) & {"asystole", "extreme_bradycardia"}
