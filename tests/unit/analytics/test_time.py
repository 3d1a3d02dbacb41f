"""Gaps, overlaps, jitter and drift of the frames' times: nothing is squeezed, nothing counted twice."""

import math

import numpy as np
import pytest

from analytics.engine import Engine, Quality, Segment
from tests.unit.analytics.ecg import GAIN, T0_US, Heard, collect, cut, every, make_ecg, to_digital

FS_HZ = 250


def _run(segments: list[Segment]) -> tuple[Heard, int]:
    engine = Engine(1)
    row = engine.open()
    results = [engine.tick([each._replace(row=row)]) for each in segments] + [engine.flush_row(row)]
    return collect(results)[row], sum(int(each.dropped_samples.sum()) for each in results)


def _segments(beats_s: list[float], seconds: float = 60) -> list[Segment]:
    return cut(0, to_digital(make_ecg(beats_s, seconds, FS_HZ)), FS_HZ)


@pytest.mark.parametrize("gap_s", [1, 2, 5, 20, 3600])
def test_a_gap_is_no_silence_and_no_interval(gap_s: int) -> None:
    beats = every(0.8, 0.4, 60)
    segments = _segments(beats)
    moved = [each._replace(t0_us=each.t0_us + gap_s * 1_000_000) for each in segments[20:]]
    heard, _ = _run(segments[:20] + moved)
    assert not heard.transitions
    after = next(at for at, time in enumerate(heard.beats_s) if time > 20)
    assert heard.beats_s[after] > 20 + gap_s
    intervals = [float(beat[1]) for beat in heard.beats]
    assert [at for at, rr_s in enumerate(intervals) if math.isnan(rr_s)] == [0, after]
    assert all(abs(rr_s - 0.8) < 0.01 for rr_s in intervals if not math.isnan(rr_s))
    expected = [time if time < 20 else time + gap_s for time in beats]
    assert sum(bool(np.abs(heard.beats_s - time).min() < 0.004) for time in expected) >= len(expected) - 3


def test_frames_missing_in_their_midst_are_a_gap_too() -> None:
    segments = _segments(every(0.8, 0.4, 60))
    heard, _ = _run(segments[:20] + segments[24:])
    assert not heard.transitions
    assert [at for at, beat in enumerate(heard.beats) if beat[1] == "nan"] == [
        0,
        next(at for at, time in enumerate(heard.beats_s) if time > 20),
    ]


def test_overlapping_and_backward_time_is_dropped_and_counted() -> None:
    segments = _segments(every(0.8, 0.4, 60))
    clean, _ = _run(segments)
    longer = segments[10]._replace(
        t0_us=segments[10].t0_us - 200_000,
        samples=np.concatenate([segments[9].samples[-50:], segments[10].samples]),
    )
    heard, dropped = _run([*segments[:10], longer, segments[9], segments[10], *segments[11:]])
    assert heard == clean
    assert dropped == 50 + 2 * FS_HZ


@pytest.mark.parametrize("jitter_us", [500, 3_900])
def test_boundaries_may_jitter_by_a_sample(jitter_us: int) -> None:
    beats = every(0.8, 0.4, 60)
    segments = [
        each._replace(t0_us=each.t0_us + (jitter_us if at % 2 else 0)) for at, each in enumerate(_segments(beats))
    ]
    heard, dropped = _run(segments)
    assert dropped == 0
    assert [beat[1] for beat in heard.beats].count("nan") == 1
    assert np.abs(heard.beats_s - beats[: len(heard.beats)]).max() < 0.004


def test_a_clock_that_drifts_is_followed() -> None:
    """A device that samples 0.1 % slower than it says: 0.6 s in ten minutes."""
    beats = every(0.8, 0.4, 600)
    segments = [
        each._replace(t0_us=T0_US + round((each.t0_us - T0_US) * 1.001)) for each in _segments(beats, seconds=600)
    ]
    heard, dropped = _run(segments)
    assert dropped == 0
    assert [beat[1] for beat in heard.beats].count("nan") == 1
    assert len(heard.beats) == len(beats)
    assert np.abs(heard.beats_s - np.array(beats) * 1.001).max() < 0.010


def test_another_rate_or_gain_begins_a_run() -> None:
    beats = every(0.8, 0.4, 40)
    ecg_mv = make_ecg(beats, 40, FS_HZ)
    first = cut(0, to_digital(ecg_mv[: 20 * FS_HZ]), FS_HZ)
    second = cut(0, to_digital(ecg_mv[20 * FS_HZ :], 100.0), FS_HZ, t0_us=T0_US + 20_000_000, gain=100.0)
    heard, dropped = _run(first + second)
    assert dropped == 0
    assert not heard.transitions
    assert len(heard.beats) >= len(beats) - 1
    amplitudes = [float(beat[2]) for beat in heard.beats]
    assert max(amplitudes) - min(amplitudes) < 0.15


def test_results_say_how_far_and_how_well() -> None:
    engine = Engine(1)
    row = engine.open()
    result = engine.tick([])
    for segment in _segments(every(0.8, 0.4, 12), 12):
        result = engine.tick([segment._replace(row=row)])
    assert result.rows.tolist() == [row]
    assert abs(float(result.hr_bpm[0]) - 75) < 0.5
    assert result.quality.tolist() == [Quality.GOOD]
    assert 0 <= T0_US + 12_000_000 - int(result.analysed_until_us[0]) <= 210_000
    assert GAIN > 0
