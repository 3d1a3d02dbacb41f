"""Variability of an hour: by the Task Force's definitions, beside NeuroKit2 and SciPy, and over what is left out."""

from pathlib import Path
from typing import Final

import neurokit2
import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import lombscargle

from analytics.variability import HOUR_US, find_nn, get_deviations, get_lomb, get_powers, measure_hour

_BEGIN_US: Final = 1_772_000_000_000_000 // HOUR_US * HOUR_US


def _beats(rr_s: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.bool_]]:
    """Beats of the hour with these intervals between them, the first before it."""
    t_us = _BEGIN_US - 1000 + np.rint(np.concatenate([[0.0], np.cumsum(rr_s)]) * 1e6).astype(np.int64)
    kept = t_us < _BEGIN_US + HOUR_US
    intervals = np.concatenate([[np.nan], rr_s]).astype(np.float32)
    return t_us[kept], intervals[kept], np.ones(int(kept.sum()), np.bool_)


def _modulated(*waves: tuple[float, float], seed: int = 1) -> NDArray[np.float64]:
    """An hour of intervals of 0.8 s, with these amplitudes (s) and frequencies (Hz) in time."""
    rr_s, t_s = [], 0.0
    while t_s < 3600:
        rr = 0.8 + sum(amplitude * np.sin(2 * np.pi * hz * t_s) for amplitude, hz in waves)
        rr_s.append(rr)
        t_s += rr
    return np.array(rr_s)


def _neurokit(nn_ms: NDArray[np.float64], t_s: NDArray[np.float64]) -> tuple[float, float]:
    found = neurokit2.hrv_time({"RRI": nn_ms, "RRI_Time": t_s}, sampling_rate=1000)
    return float(found["HRV_SDNN"][0]), float(found["HRV_RMSSD"][0])


@pytest.mark.parametrize("record", ["101", "119", "208", "209"])
def test_on_real_annotations_it_is_what_neurokit2_says(ecg_dir: Path, record: str) -> None:
    folder = next((path.parent for path in sorted(ecg_dir.rglob(f"{record}.atr"))), None)
    if folder is None:
        pytest.skip(f"no record {record} in {ecg_dir}")
    annotation = wfdb.rdann(str(folder / record), "atr")
    symbols = np.array(annotation.symbol)
    is_beat = np.isin(symbols, list("NLRBAaJSVrFejnE/fQ?"))
    samples, symbols = annotation.sample[is_beat], symbols[is_beat]
    t_us = _BEGIN_US + np.rint(samples / annotation.fs * 1e6).astype(np.int64)
    rr_s = np.concatenate([[np.nan], np.diff(t_us) / 1e6]).astype(np.float32)
    is_normal = np.isin(symbols, list("NLRej"))
    is_nn = find_nn(t_us, rr_s, is_normal)
    found = get_deviations(rr_s.astype(np.float64) * 1000, is_nn)
    # By NeuroKit2, from the annotations on a way of its own: it leaves out differences of intervals that do not touch.
    rows = [
        i
        for i in range(1, len(t_us))
        if is_normal[i] and is_normal[i - 1] and 300_000 <= t_us[i] - t_us[i - 1] <= 2_000_000
    ]
    nn_ms = np.array([(t_us[i] - t_us[i - 1]) / 1000 for i in rows])
    sdnn_ms, rmssd_ms = _neurokit(nn_ms, np.array([(t_us[i] - _BEGIN_US) / 1e6 for i in rows]))
    assert is_nn.sum() == len(rows) > 600
    assert found == pytest.approx((sdnn_ms, rmssd_ms), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_lombs_periodogram_is_what_scipy_says(seed: int) -> None:
    generator = np.random.default_rng(seed)
    t_s = np.sort(generator.uniform(0, 300, 350))
    values = generator.normal(size=350)
    frequencies = np.arange(1, 121) / 300
    expected = lombscargle(t_s, values, 2 * np.pi * frequencies)
    assert get_lomb(t_s, values, frequencies) == pytest.approx(expected, rel=1e-6)


@settings(max_examples=15)
@given(hz=st.floats(0.055, 0.135), amplitude_s=st.floats(0.005, 0.06), is_high=st.booleans())
def test_a_wave_of_one_frequency_has_its_power_in_its_band(hz: float, amplitude_s: float, *, is_high: bool) -> None:
    hz = 0.165 + (hz - 0.055) * 2.5 if is_high else hz
    t_us, rr_s, is_normal = _beats(_modulated((amplitude_s, hz)))
    found = measure_hour(_BEGIN_US, t_us, rr_s, is_normal)
    assert found.lf_ms2 is not None
    assert found.hf_ms2 is not None
    inside, outside = (found.hf_ms2, found.lf_ms2) if is_high else (found.lf_ms2, found.hf_ms2)
    # Intervals are seen at the beats, so at unequal distances: a wave of half a second's depth is bent a little.
    assert inside == pytest.approx((amplitude_s * 1000) ** 2 / 2, rel=0.15)
    assert outside < 0.15 * inside
    assert found.segments_n == 12


def test_the_ratio_is_about_that_of_neurokit2() -> None:
    rr_s = _modulated((0.03, 0.1), (0.02, 0.25))
    t_us, intervals, is_normal = _beats(rr_s)
    found = measure_hour(_BEGIN_US, t_us, intervals, is_normal)
    nn_ms = rr_s[:375] * 1000
    given_s = np.cumsum(rr_s[:375])
    theirs = neurokit2.hrv_frequency({"RRI": nn_ms, "RRI_Time": given_s}, sampling_rate=1000, interpolation_rate=4)
    assert found.lf_ms2 is not None
    assert found.hf_ms2 is not None
    assert found.lf_ms2 / found.hf_ms2 == pytest.approx(float(theirs["HRV_LFHF"][0]), rel=0.25)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.data())
def test_what_is_not_normal_counts_as_if_it_were_a_gap(seed: int, data: st.DataObject) -> None:
    rr_s = np.random.default_rng(seed).uniform(0.35, 1.9, 4800)
    t_us, intervals, is_normal = _beats(rr_s)
    bad = data.draw(st.lists(st.integers(1, len(t_us) - 1), max_size=20))
    ectopic, unknown = is_normal.copy(), intervals.copy()
    ectopic[bad] = False
    for index in bad:  # an ectopic beat spoils the interval before it and the one after it
        unknown[index] = np.nan
        unknown[index + 1 : index + 2] = np.nan
    by_label = measure_hour(_BEGIN_US, t_us, intervals, ectopic)
    by_gap = measure_hour(_BEGIN_US, t_us, unknown, is_normal)
    assert by_label == by_gap


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_an_hour_later_it_varies_as_much_and_as_the_definitions_say(seed: int) -> None:
    rr_s = np.random.default_rng(seed).uniform(0.35, 1.9, 4800)
    t_us, intervals, is_normal = _beats(rr_s)
    found = measure_hour(_BEGIN_US, t_us, intervals, is_normal)
    later = measure_hour(_BEGIN_US + HOUR_US, t_us + HOUR_US, intervals, is_normal)
    assert later == found
    nn = intervals[find_nn(t_us, intervals, is_normal) & (t_us >= _BEGIN_US)].astype(np.float64) * 1000
    assert found.sdnn_ms == pytest.approx(np.sqrt(((nn - nn.mean()) ** 2).sum() / (len(nn) - 1)), rel=1e-9)
    assert found.rmssd_ms == pytest.approx(np.sqrt((np.diff(nn) ** 2).mean()), rel=1e-9)


@pytest.mark.parametrize(("seconds", "known"), [(3600 * 0.29, False), (3600 * 0.31, True), (200, False), (3600, True)])
def test_too_little_of_an_hour_says_nothing(seconds: float, *, known: bool) -> None:
    t_us, rr_s, is_normal = _beats(np.full(round(seconds / 0.8), 0.8))
    found = measure_hour(_BEGIN_US, t_us, rr_s, is_normal)
    assert (found.sdnn_ms is not None) == known
    assert found.coverage == pytest.approx(seconds / 3600, abs=0.001)
    assert found.nn_n == found.beats_n


@pytest.mark.parametrize("rr", [0.29, 2.01])
def test_what_no_heart_does_is_left_out(rr: float) -> None:
    t_us, rr_s, is_normal = _beats(np.full(4000, rr))
    assert measure_hour(_BEGIN_US, t_us, rr_s, is_normal).nn_n == 0


def test_a_beat_that_is_missing_between_two_ends_no_interval() -> None:
    t_us, rr_s, is_normal = _beats(np.full(4000, 0.8))
    without = np.arange(len(t_us)) != 1000
    assert find_nn(t_us[without], rr_s[without], is_normal[without]).sum() == find_nn(t_us, rr_s, is_normal).sum() - 2


def test_five_minutes_are_enough_for_powers_and_none_give_none() -> None:
    assert get_powers(np.arange(375) * 0.8, np.full(375, 800.0)) == pytest.approx((0, 0), abs=1e-9)
    nothing = np.zeros(0)
    found = measure_hour(_BEGIN_US, nothing.astype(np.int64), nothing.astype(np.float32), nothing.astype(np.bool_))
    assert found == (0, 0, 0.0, None, None, None, None, 0)
