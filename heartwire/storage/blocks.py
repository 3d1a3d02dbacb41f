"""A minute of one stream as one block: the samples as FLAC, and where the frames in them were.  Pure.

Frames stand in the order of their numbers. The layout is five columns of one number a frame, each written as runs of
equal numbers, so that a regular minute, which most are, takes a dozen bytes:

- how the frame's number differs from the one before (the first: from 0),
- its number of samples,
- how its time differs from where the samples before it would put it, less the same of the frame before, microseconds
  (the first: since the minute began),
- its flags,
- how many seconds after its first sample it was received, less the same of the frame before.

All of a frame is kept exactly but the time of its arrival, which is kept to the second.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from heartwire.storage.flac import FlacError, decode_flac, encode_flac

MINUTE_US: Final = 60_000_000
#: A block's frames begin in its minute; none is longer than this (ten seconds and a sample of 100 Hz).
OVERHANG_US: Final = 10_010_000
_VERSION: Final = 1
_SECOND_US: Final = 1_000_000
_MHZ_US: Final = 1_000_000_000

_Ints: TypeAlias = NDArray[np.int64]


class BlockError(ValueError):
    """A block that cannot be made, or whose bytes are not what was written."""


class Scale(NamedTuple):
    """What the frames of a block have in common: `heartwire.frames.EcgFrame` says what each is."""

    fs_mhz: int
    lead: str
    gain: float
    baseline: int


class Frame(NamedTuple):
    """A frame as it is stored. `samples` is int16, little-endian; times are UTC microseconds."""

    seq: int
    t0_us: int
    flags: int
    received_us: int
    samples: bytes


class Layout(NamedTuple):
    """Where a block's frames are, one element a frame: number, first sample's time, samples, flags, arrival."""

    seq: _Ints
    t0_us: _Ints
    n_samples: _Ints
    flags: _Ints
    received_us: _Ints


class Block(NamedTuple):
    """A minute of one stream in one scale; `began_us` and `ended_us` are where its signal begins and ends."""

    minute_us: int
    scale: Scale
    began_us: int
    ended_us: int
    n_samples: int
    n_frames: int
    layout: bytes
    samples: bytes


def minute_of(t0_us: int) -> int:
    """Return the beginning of the minute that a frame belongs to, UTC microseconds."""
    return t0_us - t0_us % MINUTE_US


def make_block(frames: Iterable[Frame], scale: Scale) -> Block:
    """Return a block of frames of one minute; it was read again and compared.

    Parameters
    ----------
    frames : iterable of Frame
        In any order. One that is given twice, the same both times, counts once.
    scale : Scale
        Theirs.

    Raises
    ------
    BlockError
        If there is none, they are of several minutes, or two differ under one number.
    """
    ordered = _ordered(frames)
    minute_us = minute_of(ordered[0].t0_us)
    if any(minute_of(frame.t0_us) != minute_us for frame in ordered):
        raise BlockError("frames of several minutes, wanted those of one")
    n_samples = np.array([len(frame.samples) // 2 for frame in ordered], np.int64)
    t0_us = np.array([frame.t0_us for frame in ordered], np.int64)
    received_us = np.array([frame.received_us for frame in ordered], np.int64)
    columns = (
        _steps(np.array([frame.seq for frame in ordered], np.int64)),
        n_samples,
        _steps(t0_us - _expected_us(minute_us, n_samples, scale.fs_mhz)),
        np.array([frame.flags for frame in ordered], np.int64),
        _steps((received_us - t0_us) // _SECOND_US),
    )
    samples = b"".join(frame.samples for frame in ordered)
    block = Block(
        minute_us,
        scale,
        int(t0_us.min()),
        int((t0_us + _length_us(n_samples, scale.fs_mhz)).max()),
        len(samples) // 2,
        len(ordered),
        msgspec.msgpack.encode([_VERSION, *(_runs(column) for column in columns)]),
        encode_flac(np.frombuffer(samples, "<i2").astype(np.int16, copy=False)),
    )
    if [_kept(frame) for frame in frames_of(block)] != [_kept(frame) for frame in ordered]:
        raise BlockError(f"{len(ordered)} frames from number {ordered[0].seq} on do not come back as they were")
    return block


def read_layout(minute_us: int, fs_mhz: int, layout: bytes) -> Layout:
    """Return where a block's frames are.

    Raises
    ------
    BlockError
        If the bytes are not a layout of this version.
    """
    try:
        version, *columns = msgspec.msgpack.decode(layout, type=list[int | list[int]])
        seq, n_samples, late_us, flags, delay_s = (_unrun(column) for column in columns)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise BlockError(f"{len(layout)} bytes that are not a layout: {error}") from None
    if version != _VERSION:
        raise BlockError(f"a layout of version {version}, wanted {_VERSION}: a newer heartwire wrote it")
    t0_us = _expected_us(minute_us, n_samples, fs_mhz) + np.cumsum(late_us)
    return Layout(np.cumsum(seq), t0_us, n_samples, flags, t0_us + np.cumsum(delay_s) * _SECOND_US)


def frames_of(block: Block) -> list[Frame]:
    """Return a block's frames, in the order of their numbers.

    Raises
    ------
    BlockError
        If its bytes are damaged.
    """
    layout = read_layout(block.minute_us, block.scale.fs_mhz, block.layout)
    return split_frames(layout, read_samples(block.samples, layout))


def split_frames(layout: Layout, samples: NDArray[np.int16]) -> list[Frame]:
    """Return the frames of a layout with their samples, (n_samples,) int16."""
    data = samples.astype("<i2", copy=False).tobytes()
    ends = (2 * np.cumsum(layout.n_samples)).tolist()
    rows = zip(*(column.tolist() for column in layout), ends, strict=True)
    return [
        Frame(seq, t0_us, flags, received_us, data[end - 2 * count : end])
        for seq, t0_us, count, flags, received_us, end in rows
    ]


def read_samples(flac: bytes, layout: Layout) -> NDArray[np.int16]:
    """Return a block's samples, (n_samples,) int16.

    Raises
    ------
    BlockError
        If they are damaged, or others than the layout speaks of.
    """
    try:
        samples = decode_flac(flac)
    except FlacError as error:
        raise BlockError(str(error)) from None
    if samples.size != (count := int(layout.n_samples.sum())):
        raise BlockError(f"{samples.size} samples, wanted the layout's {count}")
    return samples


def _ordered(frames: Iterable[Frame]) -> list[Frame]:
    known: dict[int, Frame] = {}
    for frame in frames:
        if _kept(known.setdefault(frame.seq, frame))[:-1] != _kept(frame)[:-1]:
            raise BlockError(f"two frames of number {frame.seq} that differ")
    if not known:
        raise BlockError("a block without frames")
    return [known[seq] for seq in sorted(known)]


def _kept(frame: Frame) -> tuple[int, int, int, bytes, int]:
    """Return what a block keeps of a frame, its arrival to the second last."""
    return (frame.seq, frame.t0_us, frame.flags, frame.samples, (frame.received_us - frame.t0_us) // _SECOND_US)


def _expected_us(minute_us: int, n_samples: _Ints, fs_mhz: int) -> _Ints:
    """Return when each frame would begin if all samples were evenly spaced from the minute's beginning on."""
    return minute_us + _length_us(np.cumsum(n_samples) - n_samples, fs_mhz)


def _length_us(n_samples: _Ints, fs_mhz: int) -> _Ints:
    return (n_samples * _MHZ_US + fs_mhz // 2) // fs_mhz


def _steps(column: _Ints) -> _Ints:
    return np.concatenate((column[:1], np.diff(column)))


def _runs(column: _Ints) -> list[int]:
    """Return value, count, value, count ... of equal neighbours."""
    first = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    counts = np.diff(first, append=column.size)
    return [int(number) for number in np.stack((column[first], counts), axis=1).ravel()]


def _unrun(column: int | Sequence[int]) -> _Ints:
    runs = np.array(column, np.int64).reshape(-1, 2)
    return np.repeat(runs[:, 0], runs[:, 1])
