"""Segments of any sampling rate become blocks of `BLOCK` samples at `FS_HZ`, each row in its own time.  Pure, causal.

Each sample of the common rate is the mean of the signal over its own 8 ms (from 125 Hz up: the box is the
anti-alias filter), or lies on the line between two samples (below). Both are symmetric in time, so nothing is
shifted. Positions are integers over a common denominator and sums are of integers, so a block is bit for bit the
same however the signal was cut into segments.

Time is never squeezed. A segment continues the run when it begins where the last one ended, give or take a sample;
a device's clock that drifts moves the run's origin, a sample at a time. Later than that is a gap: a new run begins.
Earlier: what has been analysed already is dropped.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.ecg.compiled import Record, compiled
from analytics.rows import Samples
from heartwire.frames import I16_MAX, I16_MIN, EcgFlag

#: The common rate.
FS_HZ: Final = 125
STEP_US: Final = 1_000_000 // FS_HZ
#: Samples of a block: 0.2 s.
BLOCK: Final = 25
BLOCK_S: Final = BLOCK / FS_HZ
BLOCK_US: Final = BLOCK * STEP_US

#: Bits of a sample's state.
LEAD_OFF: Final = 1
RAILED: Final = 2
UNCHANGED: Final = 4

#: Input samples that are kept for the next segment: the widest box at 1000 Hz is 8, and one on each side.
_CARRY: Final = 16
#: Moves in digital units below which the signal has not moved (a mean of equal integers, in floating point).
_STILL: Final = 1e-3
#: Time stamps are rounded to microseconds.
_ROUNDING_US: Final = 2
#: As plain numbers: compiled code knows no enumerations.
_FLAG_LEAD_OFF: Final = int(EcgFlag.LEAD_OFF)
_FLAG_SATURATED: Final = int(EcgFlag.SATURATED)
_MOST: Final = I16_MAX
_LEAST: Final = I16_MIN

#: Where a row's signal stands.
#:
#: fs_mhz, gain, baseline, flags: of the last segment; fs_mhz is 0 before any, -1 after a flush.
#: taken, made: input samples taken and output samples made in the run.
#: origin_us, first_us: time of the run's first input sample, and of its output sample 0.
#: end_us: when the next segment is expected, by the last segment's own time.
#: carry: last input samples.  level: last output sample, digital units.
#: waiting, waiting_state, n_waiting: output samples (mV) that do not fill a block yet, and their states.
#: index: of the next block's first sample in the run.
RUN: Final = np.dtype(
    [
        ("fs_mhz", np.int64),
        ("gain", np.float64),
        ("baseline", np.int64),
        ("flags", np.int64),
        ("taken", np.int64),
        ("made", np.int64),
        ("origin_us", np.int64),
        ("first_us", np.int64),
        ("end_us", np.int64),
        ("level", np.float64),
        ("n_waiting", np.int64),
        ("index", np.int64),
        ("carry", np.int16, (_CARRY,)),
        ("waiting", np.float32, (BLOCK,)),
        ("waiting_state", np.uint8, (BLOCK,)),
    ],
    align=True,
)


class Placement(NamedTuple):
    """How a segment stands to what came before.

    Attributes
    ----------
    skip : int
        Samples at its beginning that are dropped.
    fresh : bool
        It begins a new run.
    gap_us : int
        Time missing before it; 0 within a run; -1 at a row's very first.
    slip_us : int
        How far the run's origin moves.
    """

    skip: int
    fresh: bool
    gap_us: int
    slip_us: int


@compiled
def length_us(samples: int, fs_mhz: int) -> int:
    """Return how long so many samples last."""
    return (samples * 1_000_000_000 + fs_mhz // 2) // fs_mhz


@compiled
def place(run: Record, t0_us: int, fs_mhz: int, gain: float, baseline: int, size: int) -> Placement:
    """Tell whether a segment continues its row's run, overlaps it, or comes after a gap."""
    known = run.fs_mhz > 0
    if not known:
        return Placement(0, size > 0, -1, 0)
    same = run.fs_mhz == fs_mhz and run.gain == gain and run.baseline == baseline
    by_run_us = run.origin_us + length_us(run.taken, run.fs_mhz)
    by_last_us = run.end_us
    period_us = 1_000_000_000 // fs_mhz + _ROUNDING_US
    joins = abs(t0_us - by_run_us) <= period_us or abs(t0_us - by_last_us) <= period_us
    early = not joins and t0_us < by_last_us
    skip = 0
    if early:
        # An overlap: the first sample kept is the first that is not before the time expected.
        behind_us = max(by_last_us, by_run_us) - t0_us - period_us // 2
        skip = max(0, min(-(-behind_us * fs_mhz // 1_000_000_000), size))
    if skip >= size:
        return Placement(skip, False, 0, 0)
    kept_us = t0_us + length_us(skip, fs_mhz)
    if not (same and (joins or early)):
        return Placement(skip, True, max(kept_us - by_last_us, 0), 0)
    slip_us = 0 if abs(kept_us - by_run_us) <= period_us else kept_us - by_run_us
    return Placement(skip, False, 0, slip_us)


@compiled
def begin_run(run: Record, t0_us: int, fs_mhz: int, gain: float, baseline: int, flags: int) -> None:
    """Begin a new run with a segment's first sample."""
    run.fs_mhz = fs_mhz
    run.gain = gain
    run.baseline = baseline
    run.flags = flags
    run.taken = 0
    run.made = 0
    run.origin_us = t0_us
    run.first_us = t0_us + STEP_US
    run.level = np.nan
    run.n_waiting = 0
    run.index = 0
    run.carry[:] = 0


@compiled
def take(run: Record, samples: Samples, at: int, end: int, flags: int) -> int:
    """Resample until a block is full or the segment's samples, from `at`, are used up.

    Parameters
    ----------
    samples : (n,) int16
        The segment, of which `end` samples count. The run has taken none of them yet (`finish`).
    at : int
        First sample that is kept.

    Returns
    -------
    int
        1 when `run.waiting` is full; 0 when more samples are needed.
    """
    fs = run.fs_mhz
    base = run.taken - at  # of sample 0 of the segment, counted in the run
    total = base + end
    averaged = fs >= FS_HZ * 1000
    offset = float(run.baseline)
    while run.n_waiting < BLOCK:
        made = run.made
        if averaged:
            left = (2 * made + 1) * fs + 125_000
            right = left + 2 * fs
            first, last = left // 250_000, right // 250_000
            if last >= total:
                return 0
            whole = 0
            if first >= base + at:
                head, tail = int(samples[first - base]), int(samples[last - base])
                for place in range(first - base, last - base):
                    whole += samples[place]
            else:
                head, tail = _get(run, samples, base, first, at), _get(run, samples, base, last, at)
                for place in range(first, last):
                    whole += _get(run, samples, base, place, at)
            inside = tail * ((right - last * 250_000) / 250_000) - head * ((left - first * 250_000) / 250_000)
            level = (whole + inside) / (fs / 125_000)
        else:
            left = (made + 1) * fs
            first = left // 125_000
            if first + 1 >= total:
                return 0
            head = _get(run, samples, base, first, at)
            tail = _get(run, samples, base, first + 1, at)
            level = head + (left - first * 125_000) / 125_000 * (tail - head)
        state = 0
        if abs(level - run.level) < _STILL:
            state = UNCHANGED
        of_sample = flags if first >= base + at else run.flags
        if of_sample & _FLAG_LEAD_OFF:
            state |= LEAD_OFF
        if of_sample & _FLAG_SATURATED or head == _MOST or head == _LEAST:
            state |= RAILED
        run.level = level
        run.waiting[run.n_waiting] = (level - offset) / run.gain
        run.waiting_state[run.n_waiting] = state
        run.n_waiting += 1
        run.made = made + 1
    return 1


@compiled
def _get(run: Record, samples: Samples, base: int, place: int, at: int) -> int:
    """Return an input sample by its place in the run."""
    if place >= base + at:
        return int(samples[place - base])
    return int(run.carry[_CARRY + place - base - at])


@compiled
def finish(run: Record, samples: Samples, at: int, end: int, t0_us: int, flags: int) -> None:
    """Note that a segment's samples, from `at` to `end`, are taken; `t0_us` is the time of sample `at`."""
    count = end - at
    if count >= _CARRY:
        run.carry[:] = samples[end - _CARRY : end]
    else:
        for place in range(_CARRY - count):
            run.carry[place] = run.carry[place + count]
        for place in range(count):
            run.carry[_CARRY - count + place] = samples[at + place]
    run.taken += count
    run.end_us = t0_us + length_us(count, run.fs_mhz)
    run.flags = flags


@compiled
def fill_up(run: Record) -> None:
    """Fill the block that waits with the last value: for the end of a run."""
    last = (
        run.waiting[max(run.n_waiting, 1) - 1]
        if run.n_waiting > 0
        else np.float32((run.level - run.baseline) / run.gain)
    )
    for place in range(run.n_waiting, BLOCK):
        run.waiting[place] = last
        run.waiting_state[place] = 0
    run.n_waiting = BLOCK
