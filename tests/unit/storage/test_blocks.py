"""A block gives back every frame, bit for bit, however the frames were."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from heartwire.storage.blocks import (
    MINUTE_US,
    Block,
    BlockError,
    Frame,
    Scale,
    frames_of,
    make_block,
    minute_of,
    read_layout,
)
from heartwire.storage.flac import FlacError, decode_flac, encode_flac
from tests.ecg import draw_ecg, regular_beats

T0_US = 1_790_000_000_000_000 - 1_790_000_000_000_000 % MINUTE_US
SCALE = Scale(360_000, "II", 200.0, 1024)


def frames(signal: NDArray[np.int16], size: int, *, t0_us: int = T0_US, fs_mhz: int = 360_000) -> list[Frame]:
    return [
        Frame(seq, t0_us + round(begin * 1e9 / fs_mhz), 0, t0_us + 90_000_000, signal[begin : begin + size].tobytes())
        for seq, begin in enumerate(range(0, signal.size, size))
    ]


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 4095, 4096, 4097, 21_600])
@pytest.mark.parametrize("kind", ["noise", "constant", "extremes"])
def test_samples_come_back_bit_for_bit(n: int, kind: str) -> None:
    noise = np.random.default_rng(n)
    samples = {
        "noise": noise.integers(-0x8000, 0x8000, n, dtype=np.int16),
        "constant": np.full(n, -7, np.int16),
        "extremes": np.where(noise.random(n) < 0.5, -0x8000, 0x7FFF).astype(np.int16),
    }[kind]
    flac = encode_flac(samples)
    assert (decode_flac(flac) == samples).all()
    assert flac[:5] == b"fLaC\x80", "metadata besides STREAMINFO"


@pytest.mark.parametrize("samples", [np.empty(0, np.int16), np.zeros(3, np.int32), np.zeros((3, 1), np.int16)])
def test_only_a_row_of_int16_is_compressed(samples: NDArray[np.int16]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        encode_flac(samples)


def test_damaged_bytes_are_refused() -> None:
    flac = encode_flac(np.arange(5000, dtype=np.int16))
    for damaged in (b"", b"fLaC", flac[:40], flac[: len(flac) // 2], flac[:21] + b"\xff" * 5 + flac[26:]):
        with pytest.raises(FlacError):
            decode_flac(damaged)


def test_a_regular_minute_costs_nothing_but_its_samples() -> None:
    signal = draw_ecg(regular_beats(0.3, 60.0, 70.0), 60.0, fs_hz=360)
    block = make_block(frames(signal, 360), SCALE)
    assert len(block.layout) <= 40
    assert (block.began_us, block.ended_us) == (T0_US, T0_US + MINUTE_US)
    assert (block.n_samples, block.n_frames) == (21_600, 60)
    assert len(block.samples) < 0.75 * signal.size


_frame = st.tuples(
    st.integers(1, 40),  # its number, more than the last
    st.integers(0, MINUTE_US - 1),  # its time in the minute
    st.integers(0, 0xFFFF),
    st.integers(-86_400_000_000, 34_560_000_000_000),  # how late it came
    st.binary(min_size=1, max_size=60),
)


@given(
    rows=st.lists(_frame, min_size=1, max_size=80),
    fs_mhz=st.integers(100_000, 1_000_000),
    first_seq=st.integers(0, 0xFFFF_0000),
    order=st.randoms(use_true_random=False),
)
def test_any_frames_of_a_minute_come_back(
    rows: list[tuple[int, int, int, int, bytes]], fs_mhz: int, first_seq: int, order: random.Random
) -> None:
    wanted, seq = [], first_seq
    for step, offset_us, flags, delay_us, samples in rows:
        seq += step
        t0_us = T0_US + offset_us
        wanted.append(Frame(seq, t0_us, flags, t0_us + delay_us, samples * 2))
    mixed = [*wanted, wanted[0]]
    order.shuffle(mixed)
    block = make_block(mixed, SCALE._replace(fs_mhz=fs_mhz))
    found = frames_of(block)
    assert [frame._replace(received_us=0) for frame in found] == [frame._replace(received_us=0) for frame in wanted]
    assert all(
        0 <= now.received_us - then.received_us + 999_999 <= 999_999 for now, then in zip(found, wanted, strict=True)
    )
    assert block.ended_us >= block.began_us == min(frame.t0_us for frame in wanted)


def test_what_does_not_belong_together_makes_no_block() -> None:
    one, two = frames(np.arange(720, dtype=np.int16), 360)
    for wrong, says in [
        ([], "without frames"),
        ([one, two._replace(t0_us=T0_US + MINUTE_US)], "several minutes"),
        ([one, two._replace(seq=0)], "that differ"),
    ]:
        with pytest.raises(BlockError, match=says):
            make_block(wrong, SCALE)


def test_a_damaged_block_is_refused() -> None:
    block = make_block(frames(np.arange(720, dtype=np.int16), 360), SCALE)
    other = make_block(frames(np.arange(721, dtype=np.int16), 360), SCALE)
    for damaged in (
        block._replace(layout=b""),
        block._replace(layout=block.layout[:-1]),
        block._replace(layout=bytes((block.layout[0], 9)) + block.layout[2:]),
        block._replace(samples=other.samples),
    ):
        with pytest.raises(BlockError):
            frames_of(damaged)


def test_a_layout_alone_says_when_there_is_signal() -> None:
    block: Block = make_block(frames(np.zeros(1000, np.int16), 250, fs_mhz=250_000), SCALE._replace(fs_mhz=250_000))
    layout = read_layout(minute_of(block.began_us), 250_000, block.layout)
    assert layout.t0_us.tolist() == [T0_US + second * 1_000_000 for second in range(4)]
    assert layout.n_samples.tolist() == [250] * 4
