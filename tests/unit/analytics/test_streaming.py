"""Streaming equals whole: results do not depend on how a signal is cut, with whom, or through which restart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engine import ENGINE_VERSION, Engine, Segment
from tests.unit.analytics.ecg import GAIN, Heard, collect, cut, every, make_ecg, make_fibrillation, to_digital

RATES_HZ = (100, 128, 130, 250, 257.5, 360, 500, 1000)
SECONDS = 16


def _rhythm(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    beats = np.cumsum(rng.uniform(0.35, 1.1, 40))
    silent = rng.uniform(4, 8)
    return [float(beat) for beat in beats if beat < SECONDS - 1 and not silent < beat < silent + 4.8]


def _signal(fs_hz: float, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return to_digital(make_ecg(_rhythm(seed), SECONDS, fs_hz, noise_mv=0.03, seed=seed))


def _alone(segments: list[Segment]) -> Heard:
    engine = Engine(1)
    row = engine.open()
    heard = collect([engine.tick([each._replace(row=row)]) for each in segments] + [engine.flush_row(row)])
    return heard[row]


def _same(one: Heard, other: Heard) -> None:
    assert one.beats == other.beats
    assert [each._replace(row=0) for each in one.transitions] == [each._replace(row=0) for each in other.transitions]


@st.composite
def _cuts(draw: st.DrawFn, count: int) -> list[int]:
    many = draw(st.lists(st.integers(1, count - 1), max_size=40, unique=True))
    return sorted(many)


@given(data=st.data(), fs_hz=st.sampled_from(RATES_HZ), seed=st.integers(0, 5))
@settings(max_examples=40)
def test_any_cut_gives_the_same(data: st.DataObject, fs_hz: float, seed: int) -> None:
    samples = _signal(fs_hz, seed)
    whole = _alone(cut(0, samples, fs_hz))
    assert len(whole.beats) > 5
    assert whole.of("asystole")
    _same(_alone(cut(0, samples, fs_hz, data.draw(_cuts(len(samples))))), whole)


@given(seed=st.integers(0, 2**32 - 1), rates=st.lists(st.sampled_from(RATES_HZ), min_size=2, max_size=6))
@settings(max_examples=20)
def test_any_company_gives_the_same(seed: int, rates: list[float]) -> None:
    rng = np.random.default_rng(seed)
    signals = [_signal(fs_hz, seed) for seed, fs_hz in enumerate(rates)]
    engine = Engine(1)
    rows = [engine.open() for _ in rates]
    queues = [
        cut(row, samples, fs_hz, sorted(set(rng.integers(1, len(samples), rng.integers(0, 60)).tolist())))
        for row, samples, fs_hz in zip(rows, signals, rates, strict=True)
    ]
    results = []
    while any(queues):
        batch: list[Segment] = []
        for queue in queues:
            take = int(rng.integers(0, 12))
            batch += queue[:take]
            del queue[:take]
        results.append(engine.tick(batch))
    results += [engine.flush_row(row) for row in rows]
    together = collect(results)
    for row, samples, fs_hz in zip(rows, signals, rates, strict=True):
        _same(together[row], _alone(cut(0, samples, fs_hz)))


@pytest.mark.parametrize("noise_mv", [0.03, 0.3])
def test_what_others_left_in_the_room_to_work_in_is_never_read(noise_mv: float) -> None:
    """Beats of two shapes, noise, fibrillation, a silence: each second's state is the same whatever was there."""
    normal = make_ecg(_rhythm(1), SECONDS, 250, noise_mv=noise_mv, seed=1)
    fibrillating = make_fibrillation(SECONDS, 250)
    segments = cut(0, to_digital(np.concatenate([normal, fibrillating, normal, -2 * normal])), 250)
    engine, other = Engine(1), Engine(1)
    row, other_row = engine.open(), other.open()
    for at, segment in enumerate(segments):
        for each, byte in ((engine, 0x00), (other, (0x41, 0x01, 0xC1, 0xFF)[at % 4])):
            each._places.view(np.uint8)[:] = byte
        engine.tick([segment])
        other.tick([segment])
        assert engine.export_row(row) == other.export_row(other_row), f"second {at}"


@given(at=st.integers(1, SECONDS - 1), fs_hz=st.sampled_from(RATES_HZ))
@settings(max_examples=20)
def test_a_row_goes_on_in_another_engine(at: int, fs_hz: float) -> None:
    segments = cut(0, _signal(fs_hz, 3), fs_hz)
    whole = _alone(segments)
    first, second = Engine(1), Engine(4)
    row = first.open({"asystole": {"seconds": 4.5}})
    first.set_limits(row, {})
    second.open()
    other = second.open()
    results = [first.tick([each._replace(row=row)]) for each in segments[:at]]
    second.import_row(other, first.export_row(row))
    before = collect(results)[row]
    after = collect([second.tick([each._replace(row=other)]) for each in segments[at:]] + [second.flush_row(other)])[
        other
    ]
    _same(Heard(before.beats + after.beats, before.transitions + after.transitions), whole)


def test_a_long_run_turns_without_a_trace() -> None:
    """Positions are counted modulo 1000 s: the same at the turn as anywhere."""
    fs_hz, seconds = 130, 1010
    beats = every(0.8, 0.5, seconds)
    heard = _alone(cut(0, to_digital(make_ecg(beats, seconds, fs_hz)), fs_hz))
    assert len(heard.beats) == len(beats)
    assert np.abs(heard.beats_s - beats).max() < 0.004
    assert {beat[1] for beat in heard.beats[1:-1]} == {
        beat[1] for beat in heard.beats[1:-1] if 0.79 < float(beat[1]) < 0.81
    }


def test_rows_are_reused_clean_and_grow() -> None:
    engine = Engine(1)
    rows = [engine.open() for _ in range(5)]
    assert len(set(rows)) == 5
    segments = cut(rows[2], _signal(250, 1), 250)
    engine.tick(segments)
    engine.close(rows[2])
    again = engine.open()
    assert again == rows[2]
    heard = collect([engine.tick(segments), engine.flush_row(again)])[again]
    _same(heard, _alone(segments))


def test_a_state_of_another_version_is_refused() -> None:
    engine = Engine(1)
    row = engine.open()
    state = engine.export_row(row)
    for damaged in (b"", state[:-1], state.replace(ENGINE_VERSION.encode(), b"hw-0"), state + b"\0"):
        with pytest.raises(ValueError, match="did not export"):
            engine.import_row(row, damaged)


def test_rows_that_are_not_open_are_refused() -> None:
    engine = Engine(1)
    with pytest.raises(KeyError, match="not open"):
        engine.tick(cut(0, _signal(250, 1), 250))
    with pytest.raises(KeyError, match="not open"):
        engine.close(0)


def test_nothing_gives_nothing() -> None:
    engine = Engine(1)
    row = engine.open()
    for results in (
        engine.tick([]),
        engine.tick([Segment(row, 5, 250_000, GAIN, 0, 0, np.zeros(0, np.int16))]),
        engine.flush_row(row),
    ):
        assert not len(results.beats.row)
        assert not results.transitions
