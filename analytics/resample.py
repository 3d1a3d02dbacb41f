"""Segments of any sampling rate become blocks of `BLOCK` samples at `FS_HZ`, each row in its own time.  Pure, causal.

Each sample of the common rate is the mean of the signal over its own 8 ms (from 125 Hz up: the box is the
anti-alias filter), or lies on the line between two samples (below). Both are symmetric in time, so nothing is
shifted. Positions are integers over a common denominator and sums are of integers, so a block is bit for bit the
same however the signal was cut into segments.

Time is never squeezed. A segment continues the run when it begins where the last one ended, give or take a sample;
a device's clock that drifts moves the run's origin, a sample at a time. Later than that is a gap: a new run begins.
Earlier: what has been analysed already is dropped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.results import Segment
from analytics.rows import Bools, Bytes, Floats, Integers, Rows, Samples, Singles, Table, column
from heartwire.frames import I16_MAX, I16_MIN, EcgFlag

#: The common rate.
FS_HZ: Final = 125
STEP_US: Final = 1_000_000 // FS_HZ
#: Samples of a block: 0.2 s.
BLOCK: Final = 25
BLOCK_S: Final = BLOCK / FS_HZ

#: Bits of a sample's state.
LEAD_OFF: Final = 1
RAILED: Final = 2
UNCHANGED: Final = 4

#: Input samples that are kept for the next segment: the widest box at 1000 Hz is 8, and one on each side.
_CARRY: Final = 16
#: A segment is taken in pieces no longer than this, so that every product below fits 32 bits.
_PIECE_S: Final = 1.0
#: Rows that are worked on at once: their arrays stay in the processor's cache.
_ROWS: Final = 1024
#: Positions are counted from the run's beginning modulo 1000 s, after which any rate is in step with the common one.
_TURN_OUT: Final = FS_HZ * 1000
_TURN_US: Final = 1_000_000_000
#: Moves in digital units below which the signal has not moved (a mean of equal integers, in floating point).
_STILL: Final = 1e-3
#: Time stamps are rounded to microseconds.
_ROUNDING_US: Final = 2


@dataclass(slots=True)
class Runs(Table):
    """Where each row's signal stands.

    Attributes
    ----------
    fs_mhz, gain, baseline, flags
        Of the last segment; 0 before any.
    origin_us : int64
        Time of the run's first input sample, moved with each turn of 1000 s.
    taken, made : int64
        Input samples taken and output samples made, since the origin.
    end_us : int64
        Time at which the next segment is expected, by the last segment's own time.
    first_us : int64
        Time of the output sample with index 0 in the run (`index` grows through turns).
    carry : (16,) int16
        Last input samples.
    level : float64
        Last output sample, digital units.
    waiting, waiting_state : (25,) float32 mV and uint8
        Output samples that do not fill a block yet, at the right end.
    n_waiting, index : int64
        Their number; and the index in the run of the next block's first sample.
    """

    fs_mhz: Integers = column(np.int64)
    gain: Floats = column(np.float64, first=1.0)
    baseline: Integers = column(np.int64)
    flags: Integers = column(np.int64)
    origin_us: Integers = column(np.int64)
    taken: Integers = column(np.int64)
    made: Integers = column(np.int64)
    end_us: Integers = column(np.int64)
    first_us: Integers = column(np.int64)
    carry: Samples = column(np.int16, _CARRY)
    level: Floats = column(np.float64, first=np.nan)
    waiting: Singles = column(np.float32, BLOCK)
    waiting_state: Bytes = column(np.uint8, BLOCK)
    n_waiting: Integers = column(np.int64)
    index: Integers = column(np.int64)


class Piece(NamedTuple):
    """The pieces of one round, at most one a row: columns of `Segment`, rows ascending."""

    row: Rows
    t0_us: Integers
    fs_mhz: Integers
    gain: Floats
    baseline: Integers
    flags: Integers
    samples: list[Samples]
    size: Integers


def cut_into_rounds(segments: Sequence[Segment]) -> list[Piece]:
    """Deal segments, in time order for each row, into rounds with at most one piece of a row each."""
    rounds: list[list[Segment]] = []
    depth: dict[int, int] = {}
    for segment in segments:
        size = len(segment.samples)
        longest = int(segment.fs_mhz * _PIECE_S) // 1000
        level = depth.get(segment.row, 0)
        for start in range(0, size, longest):
            if level == len(rounds):
                rounds.append([])
            rounds[level].append(segment if size <= longest else _piece(segment, start, start + longest))
            level += 1
        depth[segment.row] = level
    for each in rounds:
        each.sort(key=attrgetter("row"))
    return [_gather(each[start : start + _ROWS]) for each in rounds for start in range(0, len(each), _ROWS)]


def _piece(segment: Segment, start: int, end: int) -> Segment:
    t0_us = segment.t0_us + (start * 1_000_000_000 + segment.fs_mhz // 2) // segment.fs_mhz
    return segment._replace(t0_us=t0_us, samples=segment.samples[start:end])


def _gather(segments: list[Segment]) -> Piece:
    row, t0_us, fs_mhz, gain, baseline, flags, samples = zip(*segments, strict=True)
    return Piece(
        np.array(row, np.int64),
        np.array(t0_us, np.int64),
        np.array(fs_mhz, np.int64),
        np.array(gain, np.float64),
        np.array(baseline, np.int64),
        np.array(flags, np.int64),
        list(samples),
        np.array([len(each) for each in samples], np.int64),
    )


class Placement(NamedTuple):
    """How the pieces of a round stand to what came before.

    Attributes
    ----------
    skip : int64
        Samples at the beginning that are dropped.
    fresh : bool
        The piece begins a new run.
    gap_us : int64
        Time missing before it; 0 within a run; -1 at a row's very first.
    slip_us : int64
        How far the run's origin moves.
    """

    skip: Integers
    fresh: Bools
    gap_us: Integers
    slip_us: Integers


def place(runs: Runs, piece: Piece) -> Placement:
    """Tell for each piece whether it continues its row's run, overlaps it, or comes after a gap."""
    row, fs = piece.row, piece.fs_mhz
    known = runs.fs_mhz[row] > 0
    same = known & (runs.fs_mhz[row] == fs) & (runs.gain[row] == piece.gain) & (runs.baseline[row] == piece.baseline)
    by_run_us = runs.origin_us[row] + _length_us(runs.taken[row], np.maximum(runs.fs_mhz[row], 1))
    by_last_us = runs.end_us[row]
    period_us = 1_000_000_000 // fs + _ROUNDING_US
    t0_us = piece.t0_us
    off_run, off_last = t0_us - by_run_us, t0_us - by_last_us
    near_run = np.abs(off_run) <= period_us
    joins = near_run | (np.abs(off_last) <= period_us)
    early = known & ~joins & (off_last < 0)
    # An overlap: the first sample kept is the first that is not before the time expected.
    behind_us = np.where(early, np.maximum(by_last_us, by_run_us) - t0_us - period_us // 2, 0)
    skip = np.where(early, np.minimum(-(-behind_us * fs // 1_000_000_000), piece.size), 0)
    skip = np.maximum(skip, 0)
    kept_us = t0_us + _length_us(skip, fs)
    fresh = ~(same & (joins | early)) & (skip < piece.size)
    gap_us = np.where(known, np.maximum(kept_us - by_last_us, 0), -1)
    slip_us = np.where(fresh | (np.abs(kept_us - by_run_us) <= period_us), 0, kept_us - by_run_us)
    return Placement(skip, fresh, np.where(fresh, gap_us, 0), np.where(skip < piece.size, slip_us, 0))


def _length_us(samples: Integers, fs_mhz: Integers) -> Integers:
    return (samples * 1_000_000_000 + fs_mhz // 2) // fs_mhz


class Staged(NamedTuple):
    """Output samples of one round: for each row, `start[i]` to the end, whole blocks first.

    Attributes
    ----------
    values, state : (n, columns) float32 mV and uint8
    start : int64
        First column of the first block.
    blocks : int64
        Whole blocks.
    """

    rows: Rows
    values: Singles
    state: Bytes
    start: Integers
    blocks: Integers


def begin_runs(runs: Runs, piece: Piece, at: Rows) -> None:
    """Begin a new run with the pieces at these places of the round."""
    rows = piece.row[at]
    runs.clear(rows)
    runs.fs_mhz[rows] = piece.fs_mhz[at]
    runs.gain[rows] = piece.gain[at]
    runs.baseline[rows] = piece.baseline[at]
    runs.flags[rows] = piece.flags[at]


def take(runs: Runs, piece: Piece, placed: Placement) -> Staged:  # noqa: PLR0915 # one pass, in its order
    """Resample the pieces of a round.

    New runs have been begun (`begin_runs`); slips and skips are applied here.
    """
    keep = np.flatnonzero(placed.skip < piece.size)
    row = piece.row[keep]
    skip = placed.skip[keep]
    count = piece.size[keep] - skip
    fs = piece.fs_mhz[keep]
    t0_us = piece.t0_us[keep] + _length_us(skip, fs)
    fresh = placed.fresh[keep]
    runs.origin_us[row] = np.where(fresh, t0_us, runs.origin_us[row] + placed.slip_us[keep])
    runs.first_us[row] = np.where(fresh, t0_us + STEP_US, runs.first_us[row] + placed.slip_us[keep])
    runs.end_us[row] = t0_us + _length_us(count, fs)

    # One flat line of input: for each piece its row's carry, then its samples.
    parts: list[Samples] = []
    for at, carry, dropped in zip(keep.tolist(), runs.carry[row], skip.tolist(), strict=True):
        parts.append(carry)
        parts.append(piece.samples[at][dropped:] if dropped else piece.samples[at])
    flat: Samples = np.concatenate([*parts, np.zeros(0, np.int16)])
    ends = np.cumsum(count + _CARRY)
    first = ends - count  # where each piece's new samples begin
    sums: NDArray[np.int32] = np.cumsum(flat, dtype=np.int32)  # wraps; differences over a box do not

    taken, made = runs.taken[row], runs.made[row]
    total = taken + count
    averaged = fs >= FS_HZ * 1000
    ready = np.where(averaged, _ready_means(total, fs), _ready_lines(total, fs)) - made
    ready = np.maximum(ready, 0)
    width = int(ready.max()) if len(ready) else 0
    values = np.zeros((len(row), BLOCK + width), np.float32)
    state = np.zeros((len(row), BLOCK + width), np.uint8)
    values[:, :BLOCK] = runs.waiting[row]
    state[:, :BLOCK] = runs.waiting_state[row]
    if width:
        level = np.empty((len(row), width), np.float64)
        nearest = np.empty((len(row), width), np.int64)
        for averaging, select in ((True, averaged), (False, ~averaged)):
            which = np.flatnonzero(select)
            if len(which):
                every = len(which) == len(row)
                part = slice(None) if every else which
                resample = _means if averaging else _lines
                level[part], nearest[part] = resample(
                    flat, sums, first[part] - taken[part], made[part], fs[part], width
                )
        offset = level - runs.baseline[row].astype(np.float64)[:, None]
        np.divide(offset, runs.gain[row][:, None], out=values[:, BLOCK:], casting="unsafe")
        state[:, BLOCK:] = _state(runs, piece.flags[keep], row, flat, first, nearest, level, ready)
    runs.flags[row] = piece.flags[keep]
    runs.carry[row] = flat[(ends - _CARRY)[:, None] + np.arange(_CARRY)]
    runs.taken[row] = total
    runs.made[row] = made + ready
    turn = row[(runs.taken[row] >= fs + _CARRY) & (runs.made[row] >= _TURN_OUT)]
    runs.taken[turn] -= runs.fs_mhz[turn]
    runs.made[turn] -= _TURN_OUT
    runs.origin_us[turn] += _TURN_US

    waiting = runs.n_waiting[row]
    start = BLOCK - waiting
    blocks = (waiting + ready) // BLOCK
    runs.n_waiting[row] = waiting + ready - blocks * BLOCK
    left = ready[:, None] + np.arange(BLOCK)
    here = np.arange(len(row))[:, None]
    runs.waiting[row] = values[here, left]
    runs.waiting_state[row] = state[here, left]
    return Staged(row, values, state, start, blocks)


def _ready_means(total: Integers, fs: Integers) -> Integers:
    # Output j needs the input up to its box's right edge: ((2j + 3) fs + 125000) / 250000 < total.
    ready: Integers = np.maximum(((250_000 * total - 125_001) // fs - 1) // 2, 0)
    return ready


def _ready_lines(total: Integers, fs: Integers) -> Integers:
    # Output j lies at (j + 1) fs / 125000, before the last sample.
    ready: Integers = np.maximum(((total - 1) * 125_000 - 1) // fs, 0)
    return ready


def _means(  # noqa: PLR0917 # the columns of the pieces, twice below
    flat: Samples, sums: NDArray[np.int32], base: Integers, made: Integers, fs: Integers, width: int
) -> tuple[Floats, Integers]:
    """Mean over each output sample's box; the boxes tile the signal, so each edge serves two."""
    edge = (2 * made + 1) * fs + 125_000
    whole = edge // 250_000
    rest = (edge - whole * 250_000).astype(np.int32)
    along = rest[:, None] + (2 * fs).astype(np.int32)[:, None] * np.arange(width + 1, dtype=np.int32)
    step = along // np.int32(250_000)
    part = (along - step * np.int32(250_000)) * (1.0 / 250_000)
    at = np.minimum((base + whole)[:, None] + step, len(flat) - 1)
    here = flat[at]
    # sums includes its own sample: the sum before `at` is sums[at] - flat[at].
    before = sums[at] - here
    inside = part * here
    mean = (np.diff(before, axis=1) + np.diff(inside, axis=1)) / (fs / 125_000)[:, None]
    return mean, at[:, :-1]


def _lines(  # noqa: PLR0917
    flat: Samples, sums: NDArray[np.int32], base: Integers, made: Integers, fs: Integers, width: int
) -> tuple[Floats, Integers]:
    """Value on the line between the two samples around each output sample."""
    del sums
    place = (made + 1) * fs
    whole = place // 125_000
    rest = (place - whole * 125_000).astype(np.int32)
    along = rest[:, None] + fs.astype(np.int32)[:, None] * np.arange(width, dtype=np.int32)
    step = along // np.int32(125_000)
    part = (along - step * np.int32(125_000)) * (1.0 / 125_000)
    at = np.minimum((base + whole)[:, None] + step, len(flat) - 2)
    here = flat[at].astype(np.float64)
    return here + part * (flat[at + 1] - here), at


def _state(  # noqa: PLR0917 # columns of one table
    runs: Runs,
    flags: Integers,
    row: Rows,
    flat: Samples,
    first: Integers,
    nearest: Integers,
    level: Floats,
    ready: Integers,
) -> Bytes:
    """Bits of each output sample, and the last level of each row."""
    state = np.zeros(level.shape, np.uint8)
    state[:, 1:] = np.where(np.abs(level[:, 1:] - level[:, :-1]) < _STILL, UNCHANGED, 0)
    state[:, 0] = np.where(np.abs(level[:, 0] - runs.level[row]) < _STILL, UNCHANGED, 0)
    some = ready > 0
    runs.level[row[some]] = level[some, ready[some] - 1]
    before = runs.flags[row]
    for flag, bit in ((EcgFlag.LEAD_OFF, LEAD_OFF), (EcgFlag.SATURATED, RAILED)):
        at = np.flatnonzero((flags | before) & flag)
        if len(at):
            of_sample = np.where(nearest[at] >= first[at, None], flags[at, None], before[at, None])
            state[at] |= np.where(of_sample & flag, bit, 0).astype(np.uint8)
    if len(flat) and (flat.max() == I16_MAX or flat.min() == I16_MIN):
        sample = flat[nearest]
        state |= np.where((sample == I16_MAX) | (sample == I16_MIN), RAILED, 0).astype(np.uint8)
    return state


def flush(runs: Runs, rows: Rows, blocks: int) -> Staged:
    """Fill up the waiting block and add whole ones, all holding the last value: for the end of a run."""
    waiting = runs.n_waiting[rows]
    values = np.repeat(runs.waiting[rows, -1:], BLOCK * (blocks + 1), axis=1)
    state = np.zeros(values.shape, np.uint8)
    values[:, :BLOCK] = runs.waiting[rows]
    state[:, :BLOCK] = runs.waiting_state[rows]
    runs.n_waiting[rows] = 0
    return Staged(rows, values, state, BLOCK - waiting, np.full(len(rows), blocks, np.int64))
