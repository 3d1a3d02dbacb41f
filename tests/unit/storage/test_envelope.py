"""The outline of a signal holds every sample, in its bucket of time, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from heartwire.storage.blocks import BlockError, Frame, Layout, Scale, make_block
from heartwire.storage.envelope import (
    STORED_BUCKET_US,
    Outline,
    envelope_of,
    make_envelope,
    pack_envelope,
    read_envelope,
)

T0_US = 1_790_000_040_000_000


def layout_of(t0_us: list[int], n_samples: list[int]) -> Layout:
    columns = (range(len(t0_us)), t0_us, n_samples, [0] * len(t0_us), t0_us)
    return Layout(*(np.array(column, np.int64) for column in columns))


def sample_by_sample(layout: Layout, samples: NDArray[np.int16], fs_mhz: int, bucket_us: int) -> dict[int, list[int]]:
    """Return least and greatest of each bucket, found one sample at a time."""
    found: dict[int, list[int]] = {}
    values = iter(samples.tolist())
    for t0_us, count in zip(layout.t0_us.tolist(), layout.n_samples.tolist(), strict=True):
        for i in range(count):
            value = next(values)
            low_high = found.setdefault((t0_us + i * 1_000_000_000 // fs_mhz) // bucket_us, [value, value])
            low_high[:] = min(low_high[0], value), max(low_high[1], value)
    return found


@given(
    frames=st.lists(st.tuples(st.integers(0, 59_999_999), st.integers(1, 700)), min_size=1, max_size=12),
    fs_mhz=st.integers(100_000, 1_000_000),
    bucket_us=st.integers(1_000, 3_000_000),
    seed=st.integers(0, 99),
)
def test_each_sample_counts_in_its_bucket(
    frames: list[tuple[int, int]], fs_mhz: int, bucket_us: int, seed: int
) -> None:
    layout = layout_of([T0_US + offset for offset, _ in frames], [count for _, count in frames])
    n_samples = int(layout.n_samples.sum())
    samples = np.random.default_rng(seed).integers(-0x8000, 0x8000, n_samples, dtype=np.int16)
    envelope = make_envelope(layout, samples, fs_mhz, bucket_us)
    found = {
        envelope.first + i: [low, high]
        for i, (low, high) in enumerate(zip(envelope.low.tolist(), envelope.high.tolist(), strict=True))
        if low <= high
    }
    assert found == sample_by_sample(layout, samples, fs_mhz, bucket_us)


def test_what_stands_beside_a_block_is_read_as_it_was_made() -> None:
    samples = np.arange(-500, 7_000, dtype=np.int16)
    frames = [
        Frame(i, T0_US + 250_000 + i * 1_000_000, 0, T0_US, samples[i * 250 :][:250].tobytes()) for i in range(30)
    ]
    block = make_block(frames, Scale(250_000, "II", 200.0, 0))
    packed = envelope_of(block)
    envelope = read_envelope(packed, block.began_us)
    assert envelope.first == (T0_US + 250_000) // STORED_BUCKET_US
    # The first bucket is half filled.
    assert envelope.low[:3].tolist() == [-500, -437, -312]
    assert envelope.high[:3].tolist() == [-438, -313, -188]
    assert len(packed) == 4 * envelope.low.size == 4 * 61
    assert pack_envelope(envelope) == packed


@pytest.mark.parametrize("packed", [b"", b"abc", b"abcdef"])
def test_bytes_that_are_no_outline_are_refused(packed: bytes) -> None:
    with pytest.raises(BlockError, match="not an outline"):
        read_envelope(packed, T0_US)


def test_pieces_of_other_scales_are_joined_in_millivolts() -> None:
    outline = Outline(T0_US, 500_000, 4)
    first = T0_US // 500_000
    layout = layout_of([T0_US - 500_000], [500])
    outline.add(make_envelope(layout, np.full(500, 200, np.int16), 250_000, 500_000), 200.0, 0)
    outline.add(
        make_envelope(layout_of([T0_US + 500_000], [250]), np.full(250, 70, np.int16), 250_000, 500_000), 10.0, 50
    )
    outline.add(
        make_envelope(layout_of([T0_US + 9_000_000], [250]), np.full(250, 9, np.int16), 250_000, 500_000), 1.0, 0
    )
    assert first * 500_000 == T0_US
    assert outline.low_mv.tolist() == [1.0, 1.0, 1.0, np.inf]
    assert outline.high_mv.tolist() == [1.0, 2.0, 2.0, -np.inf]
    assert outline.n_filled == 3
    low_mv, high_mv = outline.joined(3)
    assert (low_mv.tolist(), high_mv.tolist()) == ([1.0, np.inf], [2.0, -np.inf])
