"""The outline of a signal: the least and the greatest sample of each bucket of time.  Pure.

A day has 21 million samples at 250 Hz and a screen a few thousand pixels. What is drawn of a day is the outline of each
half second, which stands beside each block in its own digital values: exactly what lies in it, no more.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heartwire.storage.blocks import Block, BlockError, Layout, read_layout, read_samples

#: Bucket of the outlines that stand beside blocks; a minute has a whole number of them. 480 bytes a minute.
STORED_BUCKET_US: Final = 500_000
_MHZ_US: Final = 1_000_000_000


class Envelope(NamedTuple):
    """Least and greatest digital value of each bucket.

    Attributes
    ----------
    first : int
        Number of the first bucket: how many buckets after the epoch it begins.
    low, high : (n_buckets,) int16
        A bucket without a sample has a `low` that is greater than its `high`.
    """

    first: int
    low: NDArray[np.int16]
    high: NDArray[np.int16]


def make_envelope(layout: Layout, samples: NDArray[np.int16], fs_mhz: int, bucket_us: int) -> Envelope:
    """Return the outline of frames.

    Parameters
    ----------
    layout : Layout
        Where the frames are; at least one.
    samples : (n_samples,) int16
        Theirs, one frame's after the other's.
    fs_mhz : int
        Samples per 1000 s.
    bucket_us : int
        Length of a bucket. A sample belongs to the one that its instant lies in.
    """
    begins = np.cumsum(layout.n_samples) - layout.n_samples
    first_of = layout.t0_us // bucket_us
    last_of = (layout.t0_us + (layout.n_samples - 1) * _MHZ_US // fs_mhz) // bucket_us
    n_of = last_of - first_of + 1
    # One run of samples for each bucket that a frame reaches into, by the number of its first sample.
    frame = np.repeat(np.arange(n_of.size), n_of)
    at = first_of[frame] + np.arange(frame.size) - np.repeat(np.cumsum(n_of) - n_of, n_of)
    late_us = np.maximum(at * bucket_us - layout.t0_us[frame], 0)
    runs = begins[frame] - (-late_us * fs_mhz // _MHZ_US)
    # A bucket that is shorter than a sample's time may have none.
    is_filled = np.diff(runs, append=samples.size) > 0
    at, runs = at[is_filled], runs[is_filled]
    first = int(at.min())
    n_buckets = int(at.max()) - first + 1
    low = np.full(n_buckets, np.iinfo(np.int16).max, np.int16)
    high = np.full(n_buckets, np.iinfo(np.int16).min, np.int16)
    # Frames meet in a bucket.
    np.minimum.at(low, at - first, np.minimum.reduceat(samples, runs))
    np.maximum.at(high, at - first, np.maximum.reduceat(samples, runs))
    return Envelope(first, low, high)


def envelope_of(block: Block) -> bytes:
    """Return what is to stand beside a block.

    Raises
    ------
    BlockError
        If its bytes are damaged.
    """
    layout = read_layout(block.minute_us, block.scale.fs_mhz, block.layout)
    samples = read_samples(block.samples, layout)
    return pack_envelope(make_envelope(layout, samples, block.scale.fs_mhz, STORED_BUCKET_US))


def pack_envelope(envelope: Envelope) -> bytes:
    """Return what stands beside a block: all of `low`, then all of `high`, little-endian.

    Where it begins, the block's own beginning tells.
    """
    return envelope.low.astype("<i2").tobytes() + envelope.high.astype("<i2").tobytes()


def read_envelope(packed: bytes, began_us: int) -> Envelope:
    """Return the outline of a block that begins at `began_us`.

    Raises
    ------
    BlockError
        If the bytes are not an outline.
    """
    if not packed or len(packed) % 4:
        raise BlockError(f"{len(packed)} bytes that are not an outline")
    low, high = np.frombuffer(packed, "<i2").reshape(2, -1)
    return Envelope(began_us // STORED_BUCKET_US, low, high)


class Outline:
    """The outline of one lead over a stretch, joined from those of its pieces.

    Parameters
    ----------
    from_us, bucket_us, n_buckets : int
        The first bucket begins at `from_us`, which is a whole number of buckets after the epoch.
    """

    def __init__(self, from_us: int, bucket_us: int, n_buckets: int) -> None:
        self._first: Final = from_us // bucket_us
        #: Of each bucket, mV; a bucket without a sample has infinity and minus infinity.
        self.low_mv: Final = np.full(n_buckets, np.inf, np.float32)
        self.high_mv: Final = np.full(n_buckets, -np.inf, np.float32)

    @property
    def n_filled(self) -> int:
        """Buckets with a sample."""
        return int(np.count_nonzero(self.low_mv <= self.high_mv))

    def add(self, envelope: Envelope, gain: float, baseline: int) -> None:
        """Take in what of a piece lies in the stretch; its buckets are as long."""
        begin = max(0, envelope.first - self._first)
        end = min(self.low_mv.size, envelope.first - self._first + envelope.low.size)
        if begin >= end:
            return
        of_piece = slice(begin - envelope.first + self._first, end - envelope.first + self._first)
        low, high = envelope.low[of_piece], envelope.high[of_piece]
        is_filled = low <= high
        low_mv = np.where(is_filled, (low.astype(np.float32) - baseline) / np.float32(gain), np.inf)
        high_mv = np.where(is_filled, (high.astype(np.float32) - baseline) / np.float32(gain), -np.inf)
        np.minimum(self.low_mv[begin:end], low_mv, out=self.low_mv[begin:end])
        np.maximum(self.high_mv[begin:end], high_mv, out=self.high_mv[begin:end])

    def joined(self, times: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return `low_mv` and `high_mv` of buckets that are `times` as long; the last one may be shorter."""
        if times == 1:
            return self.low_mv, self.high_mv
        starts = np.arange(0, self.low_mv.size, times)
        return np.minimum.reduceat(self.low_mv, starts), np.maximum.reduceat(self.high_mv, starts)
