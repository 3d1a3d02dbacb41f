"""Samples in, frames out: the same samples however they were cut, and gaps where samples are missing."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.framer import Framer
from edge.sources.source import Chunk
from heartwire.frames import EcgFlag, EcgFrame, decode_ecg, encode

T0_US = 1_790_000_000_000_000


def _samples(n: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).integers(-32768, 32768, n, dtype="<i2").tobytes()


def _chunk(samples: bytes, first: int, *, fs_hz: float = 250.0, gain: float = 200.0, flags: int = 0) -> Chunk:
    return Chunk(T0_US + round(first * 1e6 / fs_hz), fs_hz, "II", gain, -5, EcgFlag(flags), samples)


def _frames(framer: Framer, *chunks: Chunk) -> list[EcgFrame]:
    return [*itertools.chain.from_iterable(map(framer.push, chunks)), *framer.flush()]


@given(
    fs_hz=st.sampled_from([100.0, 128.0, 250.0, 360.0, 500.0, 1000.0, 128.205]),
    cuts=st.lists(st.integers(0, 3000), max_size=30),
    frame_s=st.sampled_from([0.2, 0.8, 1.0, 5.0]),
)
def test_any_chunking_gives_the_same_frames(fs_hz: float, cuts: list[int], frame_s: float) -> None:
    samples = _samples(3000)
    whole = _frames(Framer(7, frame_s), _chunk(samples, 0, fs_hz=fs_hz))
    bounds = sorted({0, 3000, *cuts})
    chunks = [_chunk(samples[2 * a : 2 * b], a, fs_hz=fs_hz) for a, b in itertools.pairwise(bounds)]
    frames = _frames(Framer(7, frame_s), *chunks)
    assert [(f.seq, f.samples, f.flags) for f in frames] == [(f.seq, f.samples, f.flags) for f in whole]
    assert all(abs(a.t0 - b.t0) <= 2 for a, b in zip(frames, whole, strict=True))
    assert b"".join(f.samples for f in frames) == samples
    assert [f.seq for f in frames] == list(range(len(frames)))
    n_before = 0
    for frame in frames:
        assert abs(frame.t0 - T0_US - n_before * 1e6 / fs_hz) <= 4
        assert decode_ecg(encode(frame), T0_US) == frame  # within the wire's bounds
        n_before += frame.n_samples


@given(
    lengths=st.lists(st.integers(1, 700), min_size=1, max_size=12),
    holes=st.lists(st.integers(0, 50), min_size=12, max_size=12),
)
def test_holes_are_marked_and_what_is_too_short_is_counted(lengths: list[int], holes: list[int]) -> None:
    framer = Framer(7)
    first = 0
    chunks, kept = [], []
    run = b""
    for number, (length, hole) in enumerate(zip(lengths, holes, strict=False)):
        if hole > 1 and run:
            kept.append(run)
            run = b""
        first += hole if hole > 1 else 0
        samples = _samples(length, number)
        chunks.append(_chunk(samples, first))
        run += samples
        first += length
    kept.append(run)
    frames = _frames(framer, *chunks)
    whole = [run for run in kept if len(run) >= 2 * 50]
    assert b"".join(f.samples for f in frames) == b"".join(whole)
    assert framer.samples_lost == sum(len(run) // 2 for run in kept if len(run) < 2 * 50)
    marked = [f for f in frames if EcgFlag.GAP_BEFORE in EcgFlag(f.flags)]
    assert len(marked) == len(whole) - (1 if whole and whole[0] is kept[0] else 0)


def test_a_gap_is_marked_once_though_the_chunks_after_it_are_short() -> None:
    framer = Framer(7)
    chunks = [_chunk(_samples(25, n), 25 * n) for n in range(20)]
    chunks.append(_chunk(b"", 500, flags=EcgFlag.GAP_BEFORE))
    chunks += [_chunk(_samples(25, n), 25 * n) for n in range(20, 40)]
    frames = _frames(framer, *chunks)
    assert framer.samples_lost == 0
    assert [(f.n_samples, f.flags) for f in frames] == [
        *((200, 0), (200, 0), (100, 0)),
        *((200, EcgFlag.GAP_BEFORE), (200, 0), (100, 0)),
    ]


def test_a_frame_leaves_as_soon_as_a_fifth_of_a_second_more_is_there() -> None:
    framer = Framer(7)
    assert framer.push(_chunk(_samples(249), 0)) == []
    (frame,) = framer.push(_chunk(_samples(1), 249))
    assert frame.n_samples == 200


def test_flags_of_a_sample_are_those_of_its_frame_alone() -> None:
    framer = Framer(7)
    frames = _frames(
        framer,
        _chunk(_samples(200), 0),
        _chunk(_samples(10), 200, flags=EcgFlag.LEAD_OFF),
        _chunk(_samples(390), 210),
    )
    assert [f.flags for f in frames] == [0, EcgFlag.LEAD_OFF, 0]


def test_another_gain_begins_a_new_frame_without_a_gap() -> None:
    frames = _frames(Framer(7), _chunk(_samples(100), 0), _chunk(_samples(100), 100, gain=400.0))
    assert [(f.n_samples, f.gain, f.flags) for f in frames] == [(100, 200.0, 0), (100, 400.0, 0)]


def test_the_times_follow_a_clock_that_drifts() -> None:
    framer = Framer(7)
    frames: list[EcgFrame] = []
    for number in range(1000):  # 100 ppm slow: 25 samples take 10 us more
        t0_us = T0_US + number * 100_010
        frames += framer.push(Chunk(t0_us, 250.0, "II", 200.0, 0, EcgFlag(0), _samples(25)))
    assert not any(f.flags for f in frames)
    assert abs(frames[-1].t0 - T0_US - frames[-1].seq * 800_080) < 4000
