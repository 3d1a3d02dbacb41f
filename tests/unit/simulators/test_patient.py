"""A synthetic patient shows what its script says, its truth is where its samples are, and no cut changes it."""

import itertools
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from heartwire.frames import EcgFlag
from simulators.beat import HEARTS, make_shape
from simulators.patient import GAIN, Beat, Episode, Rendered, render
from simulators.scripts import Rhythm, Segment

FS_HZ: Final = 250
EVERYTHING: Final = (
    Segment(Rhythm.NORMAL, 9.3, 70),
    Segment(Rhythm.TACHYCARDIA, 8),
    Segment(Rhythm.BRADYCARDIA, 10),
    Segment(Rhythm.PAUSE, 4, 60),
    Segment(Rhythm.NORMAL, 6.7),
    Segment(Rhythm.ASYSTOLE, 7),
    Segment(Rhythm.LEAD_OFF, 5),
    Segment(Rhythm.FLAT, 5),
    Segment(Rhythm.NOISE, 6),
    Segment(Rhythm.NORMAL, 5),
)


def _render(*script: Segment, seed: int = 1, chunk_s: float = 1.0, fs_hz: float = FS_HZ) -> list[Rendered]:
    return list(render(script, seed, fs_hz, make_shape(seed % HEARTS), chunk_s=chunk_s))


def _samples(parts: list[Rendered]) -> NDArray[np.int16]:
    return np.concatenate([part.samples for part in parts])


def _beats(parts: list[Rendered]) -> list[Beat]:
    return [beat for part in parts for beat in part.beats]


def _rr_s(*script: Segment, seed: int = 1) -> NDArray[np.float64]:
    return np.diff([beat.t_s for beat in _beats(_render(*script, seed=seed))])


@settings(max_examples=15)
@given(chunk_s=st.floats(0.01, 100), seed=st.integers(0, 3))
def test_cut_in_any_way_it_is_the_same(chunk_s: float, seed: int) -> None:
    whole = _render(*EVERYTHING, seed=seed, chunk_s=1e6)
    cut = _render(*EVERYTHING, seed=seed, chunk_s=chunk_s)
    assert len(whole) == 1
    assert np.array_equal(_samples(cut), whole[0].samples)
    assert tuple(_beats(cut)) == whole[0].beats
    assert tuple(episode for part in cut for episode in part.episodes) == whole[0].episodes
    assert [part.first for part in cut] == [0, *itertools.accumulate(len(part.samples) for part in cut[:-1])]


def test_the_seed_decides() -> None:
    assert np.array_equal(_samples(_render(*EVERYTHING)), _samples(_render(*EVERYTHING)))
    assert not np.array_equal(_samples(_render(*EVERYTHING)), _samples(_render(*EVERYTHING, seed=2)))


@pytest.mark.parametrize("fs_hz", [128, 250, 360, 1000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_beats_are_where_the_peaks_are(fs_hz: int, seed: int) -> None:
    script = (Segment(Rhythm.NORMAL, 30), Segment(Rhythm.TACHYCARDIA, 30, 150), Segment(Rhythm.BRADYCARDIA, 30))
    parts = _render(*script, seed=seed, fs_hz=fs_hz)
    samples = _samples(parts)
    reach = round(0.15 * fs_hz)
    beats = [beat for beat in _beats(parts) if reach < beat.t_s * fs_hz < len(samples) - reach]
    for beat in beats:
        at = round(beat.t_s * fs_hz)
        peak = at - reach + int(np.argmax(samples[at - reach : at + reach]))
        assert abs(peak / fs_hz - beat.t_s) <= 1.5 / fs_hz + 0.002
        assert samples[peak] > 0.5 * GAIN
    assert len(beats) > 30 + 70 + 18


def test_a_resting_heart_varies_as_hearts_do() -> None:
    rr_s = np.concatenate([_rr_s(Segment(Rhythm.NORMAL, 300, 64), seed=seed) for seed in range(4)])
    assert 60 / rr_s.mean() == pytest.approx(64, abs=1)
    assert 0.02 < rr_s.std() < 0.06  # SDNN of five minutes at rest
    assert rr_s.min() > 0.75
    assert rr_s.max() < 1.15


@pytest.mark.parametrize(("rhythm", "bpm"), [(Rhythm.TACHYCARDIA, 130), (Rhythm.BRADYCARDIA, 42)])
def test_fast_and_slow(rhythm: Rhythm, bpm: float) -> None:
    rr_s = _rr_s(Segment(rhythm, 60))
    assert 60 / rr_s.mean() == pytest.approx(bpm, rel=0.03)


@pytest.mark.parametrize("before_s", [10.0, 10.3, 10.6])
def test_a_pause_is_one_long_interval_of_its_length(before_s: float) -> None:
    rr_s = _rr_s(Segment(Rhythm.NORMAL, before_s), Segment(Rhythm.PAUSE, 4), Segment(Rhythm.NORMAL, 10))
    assert np.sort(rr_s)[-1] == pytest.approx(4)
    assert np.sort(rr_s)[-2] < 1.2


def test_in_asystole_no_beat_and_no_flat_line() -> None:
    parts = _render(Segment(Rhythm.NORMAL, 10), Segment(Rhythm.ASYSTOLE, 8), Segment(Rhythm.NORMAL, 10))
    assert not [beat for beat in _beats(parts) if 10 <= beat.t_s < 18]
    after = min(beat.t_s for beat in _beats(parts) if beat.t_s >= 18)
    assert 18.2 < after < 19
    silent = _samples(parts)[round(10.7 * FS_HZ) : 17 * FS_HZ].astype(float)
    assert silent.max() - silent.min() < 0.35 * GAIN
    assert 0.5 < np.diff(silent).std() < 0.03 * GAIN
    assert np.ptp(silent[:FS_HZ].reshape(5, -1).mean(axis=1)) > 1  # it wanders


@pytest.mark.parametrize(("rhythm", "flag"), [(Rhythm.FLAT, EcgFlag(0)), (Rhythm.LEAD_OFF, EcgFlag.LEAD_OFF)])
def test_samples_that_do_not_move(rhythm: Rhythm, flag: EcgFlag) -> None:
    parts = _render(Segment(Rhythm.NORMAL, 5), Segment(rhythm, 5), Segment(Rhythm.NORMAL, 5))
    still = _samples(parts)[round(5.2 * FS_HZ) : 10 * FS_HZ]
    assert set(still.tolist()) == {0}
    assert [part.flags for part in parts] == [EcgFlag(0)] * 5 + [flag] * 5 + [EcgFlag(0)] * 5
    assert {beat.seen for beat in _beats(parts) if 5 <= beat.t_s < 10} == {False}
    assert {beat.seen for beat in _beats(parts) if not 5 <= beat.t_s < 10} == {True}


def test_noise_drowns_the_beats() -> None:
    parts = _render(Segment(Rhythm.NORMAL, 10), Segment(Rhythm.NOISE, 10))
    clean, noisy = np.split(_samples(parts).astype(float), 2)
    assert np.diff(noisy).std() > 3 * np.diff(clean).std()
    assert noisy.std() > 2 * clean.std()


def test_from_one_segment_to_the_next_no_jump() -> None:
    samples = _samples(_render(*EVERYTHING)).astype(float)
    steepest = np.abs(np.diff(samples[: 9 * FS_HZ])).max()  # of a QRS
    ends_s = np.cumsum([segment.seconds for segment in EVERYTHING])[:-1]
    for segment, end_s in zip(EVERYTHING, ends_s, strict=False):
        if segment.rhythm is Rhythm.NOISE:
            continue
        at = round(end_s * FS_HZ)
        assert np.abs(np.diff(samples[at - 2 : at + 3])).max() <= steepest, segment


def test_the_truth_names_each_segment() -> None:
    episodes = [episode for part in _render(*EVERYTHING) for episode in part.episodes]
    assert [episode.rhythm for episode in episodes] == [segment.rhythm for segment in EVERYTHING]
    assert episodes[1] == Episode(Rhythm.TACHYCARDIA, 9.3, 17.3)


def test_for_ever_the_script_comes_again() -> None:
    script = (Segment(Rhythm.NORMAL, 2.5), Segment(Rhythm.FLAT, 1.25))
    parts = list(itertools.islice(render(script, 1, FS_HZ, make_shape(1), loop=True), 3000))
    begins_s = [episode.begin_s for part in parts for episode in part.episodes if episode.rhythm is Rhythm.FLAT]
    assert begins_s == pytest.approx(2.5 + 3.75 * np.arange(800))
    rr_s = np.diff([beat.t_s for beat in _beats(parts)])
    assert rr_s.max() < 1.2


def test_nothing_but_asystole_for_ever_has_no_beat() -> None:
    parts = itertools.islice(render((Segment(Rhythm.ASYSTOLE, 0.5),), 1, FS_HZ, make_shape(1), loop=True), 20)
    assert not _beats(list(parts))
