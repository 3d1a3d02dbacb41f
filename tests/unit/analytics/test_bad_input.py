"""Whatever comes in: no crash, no false high alarm, and the technical alarm that fits."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.engine import Engine, Segment
from heartwire.calls import CALLS, Family, Priority
from heartwire.frames import EcgFlag
from tests.unit.analytics.ecg import T0_US, Heard, collect, cut, every, make_ecg, to_digital

FS_HZ = 250
SECONDS = 40
RATES_HZ = (100, 125, 128, 130, 200, 250, 257.5, 300, 360, 500, 512, 1000)
Signal = NDArray[np.float64]


def _listen(ecg_mv: Signal, fs_hz: float = FS_HZ, *, gain: float = 400.0, flags: int = 0) -> Heard:
    engine = Engine(1)
    row = engine.open()
    segments = cut(row, to_digital(ecg_mv, gain), fs_hz, gain=gain, flags=flags)
    return collect([engine.tick([segment]) for segment in segments] + [engine.flush_row(row)])[row]


def _raised(heard: Heard) -> set[str]:
    return {each.call for each in heard.transitions if each.kind == "raised"}


def _high(heard: Heard) -> set[str]:
    return {
        call
        for call in _raised(heard)
        if CALLS[call].priority is Priority.HIGH and CALLS[call].family is Family.CLINICAL
    }


def _calm(fs_hz: float = FS_HZ, seconds: float = SECONDS, **how: float) -> Signal:
    return make_ecg(every(0.8, 0.4, seconds), seconds, fs_hz, **how)  # type: ignore[arg-type]


@given(fs_hz=st.sampled_from(RATES_HZ), gain=st.floats(50, 8000), height=st.floats(0.4, 3.0), up=st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_rate_any_gain_either_way_up(fs_hz: float, gain: float, height: float, up: bool) -> None:
    height = min(height, 30_000 / gain / 1.3)
    heard = _listen((1 if up else -1) * _calm(fs_hz, height=height), fs_hz, gain=gain)
    found = heard.beats_s
    assert np.abs(found[:, None] - np.array(every(0.8, 0.4, SECONDS))).min(axis=1).max() < 0.03
    assert len(found) == len(every(0.8, 0.4, SECONDS))
    assert not _high(heard)


@given(
    hertz=st.sampled_from((50.0, 60.0)),
    height=st.floats(0, 0.5),
    phase=st.floats(0, 6.3),
    fs_hz=st.sampled_from(RATES_HZ),
)
@settings(max_examples=25, deadline=None)
def test_mains(hertz: float, height: float, phase: float, fs_hz: float) -> None:
    times = np.arange(round(SECONDS * fs_hz)) / fs_hz
    heard = _listen(_calm(fs_hz) + height * np.sin(2 * np.pi * hertz * times + phase), fs_hz)
    assert not _high(heard)


@given(swing_mv=st.floats(0, 3), hertz=st.floats(0.05, 0.5))
@settings(max_examples=20, deadline=None)
def test_a_wandering_baseline(swing_mv: float, hertz: float) -> None:
    times = np.arange(SECONDS * FS_HZ) / FS_HZ
    heard = _listen(_calm() + swing_mv * np.sin(2 * np.pi * hertz * times))
    assert not _high(heard)


@given(height_mv=st.floats(0.5, 5), before_s=st.floats(0.0, 0.2))
@settings(max_examples=15, deadline=None)
def test_pacing_spikes(height_mv: float, before_s: float) -> None:
    ecg = _calm()
    for beat_s in every(0.8, 0.4, SECONDS):
        at = round((beat_s - before_s) * FS_HZ)
        ecg[at : at + 1] += height_mv
    heard = _listen(ecg)
    assert not _high(heard)
    assert abs(len(heard.beats) - len(every(0.8, 0.4, SECONDS))) <= 2


@pytest.mark.parametrize(
    ("name", "expected", "make"),
    [
        ("flat", "signal_flat", lambda: np.zeros(SECONDS * FS_HZ)),
        ("flat after a while", "signal_flat", lambda: np.concatenate([_calm(seconds=20), np.full(20 * FS_HZ, 0.1)])),
        ("at the rail", "signal_railed", lambda: np.full(SECONDS * FS_HZ, 100.0)),
        (
            "at the rail after a while",
            "signal_railed",
            lambda: np.concatenate([_calm(seconds=20), np.full(20 * FS_HZ, -100.0)]),
        ),
        ("noise", "noise", lambda: np.random.default_rng(2).normal(0, 1.0, SECONDS * FS_HZ)),
    ],
)
def test_what_is_no_ecg_is_told_as_what_it_is(name: str, expected: str, make: Callable[[], Signal]) -> None:
    heard = _listen(make())
    assert expected in _raised(heard), name
    assert not _high(heard), name


def test_a_lead_that_is_off() -> None:
    heard = _listen(_calm(), flags=int(EcgFlag.LEAD_OFF))
    assert _raised(heard) == {"lead_off"}


@given(seed=st.integers(0, 2**32 - 1), kind=st.sampled_from(("white", "walk", "steps", "spikes", "speech")))
@settings(max_examples=40, deadline=None)
def test_a_lead_that_is_no_ecg_at_all_raises_no_ventricular_call(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    size = SECONDS * FS_HZ
    times = np.arange(size) / FS_HZ
    makers: dict[str, Callable[[], Signal]] = {
        "white": lambda: rng.normal(0, 0.5, size),
        "walk": lambda: np.clip(np.cumsum(rng.normal(0, 0.02, size)), -30, 30),
        "steps": lambda: np.repeat(rng.uniform(-1, 1, SECONDS), FS_HZ),
        "spikes": lambda: (rng.uniform(size=size) > 0.99) * rng.uniform(-3, 3, size),
        "speech": lambda: np.sin(2 * np.pi * 40 * times) * np.clip(np.sin(2 * np.pi * 0.4 * times), 0, 1),
    }
    heard = _listen(makers[kind]())
    # A slow random walk may look like the coarsest fibrillation (docs/accuracy.md).
    assert not _high(heard) & {"ventricular_tachycardia", "walk" if kind == "walk" else "ventricular_fibrillation"}


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_any_frames_at_all_leave_the_engine_alive(data: st.DataObject) -> None:
    """Rates, gains, baselines, flags, gaps, overlaps and samples as they may come: nothing breaks, nothing is NaN."""
    engine = Engine(1)
    row = engine.open()
    t_us = T0_US
    for _ in range(data.draw(st.integers(1, 12))):
        fs_hz = data.draw(st.sampled_from(RATES_HZ))
        size = data.draw(st.integers(0, round(3 * fs_hz)))
        rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
        span = data.draw(st.sampled_from((0, 1, 100, 32767)))
        samples = rng.integers(-span, span + 1, size).astype(np.int16)
        t_us += data.draw(st.sampled_from((0, 0, 0, -500_000, 1_000, 2_000_000, 60_000_000, -(10**9))))
        results = engine.tick(
            [
                Segment(
                    row,
                    t_us,
                    round(fs_hz * 1000),
                    data.draw(st.sampled_from((1e-3, 1.0, 400.0, 1e6))),
                    data.draw(st.sampled_from((-32768, 0, 32767))),
                    data.draw(st.integers(0, 31)),
                    samples,
                )
            ]
        )
        assert np.isfinite(results.beats.amplitude_mv).all()
        assert set(results.beats.label.tolist()) <= {b"N", b"S", b"V", b"F", b"Q"}
        t_us += round(size / fs_hz * 1e6)
    assert len(engine.export_row(row)) > 0


@given(t_s=st.lists(st.floats(0, 30), min_size=1, max_size=4), length_s=st.floats(0.05, 20))
@settings(max_examples=25, deadline=None)
def test_gaps_are_no_asystole(t_s: list[float], length_s: float) -> None:
    ecg = to_digital(_calm())
    engine = Engine(1)
    row = engine.open()
    keep = np.ones(len(ecg), np.bool_)
    for begin_s in t_s:
        keep[round(begin_s * FS_HZ) : round((begin_s + length_s) * FS_HZ)] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], keep.astype(int), [0]])))
    segments = [
        Segment(row, T0_US + round(first / FS_HZ * 1e6), FS_HZ * 1000, 400.0, 0, 0, ecg[first:last])
        for first, last in edges.reshape(-1, 2).tolist()
    ]
    heard = collect([engine.tick([segment]) for segment in segments] or [engine.tick([])])
    for each in heard.values():
        assert not _high(each)
