"""What goes into the engine and what comes out of it.  Pure."""

from enum import IntEnum
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Segment(NamedTuple):
    """One frame's samples for one row.

    Attributes
    ----------
    row : int
        Row of the engine.
    t0_us : int
        Time of the first sample, UTC microseconds.
    fs_mhz : int
        Samples per 1000 s, 100,000 to 1,000,000.
    gain : float
        Digital units per mV.
    baseline : int
        Digital value of 0 mV.
    flags : int
        `heartwire.frames.EcgFlag` bits.
    samples : (n,) int16
        Digital values.
    """

    row: int
    t0_us: int
    fs_mhz: int
    gain: float
    baseline: int
    flags: int
    samples: NDArray[np.int16]


class Quality(IntEnum):
    """How well the last second can be judged."""

    GOOD = 0
    NOISE = 1
    FLAT = 2
    RAILED = 3
    LEAD_OFF = 4
    UNKNOWN = 5


class Beats(NamedTuple):
    """Beats found, arrays of equal length, sorted by (row, t_us).

    Attributes
    ----------
    row : int64
    t_us : int64
        Time of the R peak, UTC microseconds.
    rr_s : float32
        Time since the beat before; NaN where it is unknown: the first, and after a gap.
    amplitude_mv : float32
        Height of the R peak over what is around it; negative where the complex points down.
    label : S1
        Class by ANSI/AAMI EC57: N, S (supraventricular ectopic), V (ventricular ectopic), F (fusion) or Q (unknown).
    """

    row: NDArray[np.int64]
    t_us: NDArray[np.int64]
    rr_s: NDArray[np.float32]
    amplitude_mv: NDArray[np.float32]
    label: NDArray[np.bytes_]


class Transition(NamedTuple):
    """A call that begins, ends, or is hidden by a greater one.

    Attributes
    ----------
    call : str
        Code in the catalogue.
    onset_us : int
        When what it speaks of began; with row, call and engine, the alarm's identity.
    at_us : int
        Time in the signal at which the rule was met.
    detail : dict
        What was measured, by name with unit; ``by`` (the greater call) for suppressed.
    end_us : int
        Of one that ended: when what it speaks of ended in the signal; 0 otherwise.
    confidence : float
        Of one that was raised: how sure the engine is, 0 to 1.
    """

    row: int
    call: str
    kind: Literal["raised", "ended", "suppressed"]
    onset_us: int
    at_us: int
    detail: dict[str, float | str]
    end_us: int = 0
    confidence: float = 1.0


class RhythmChange(NamedTuple):
    """From a time on, a row's rhythm is another; told once it is sure, so later than that.

    Attributes
    ----------
    t_us : int
        UTC microseconds; ascending for each row.
    rhythm : str
        As MIT-BIH databases call it: N, AFIB, VT, VF, VFL, SVTA, B (bigeminy), T (trigeminy), IVR.
    """

    row: int
    t_us: int
    rhythm: str


class Results(NamedTuple):
    """What one tick brought.

    Attributes
    ----------
    beats : Beats
    transitions : list of Transition
        In the order of the signal for each row.
    rhythms : list of RhythmChange
        In the order of the signal for each row; every row begins with N.
    rows : (m,) int64
        Rows that got samples, ascending; the arrays below are in this order.
    hr_bpm : (m,) float32
        Heart rate over the last eight intervals; NaN when there is none.
    quality : (m,) uint8
        `Quality`.
    analysed_until_us : (m,) int64
        Time just after the last sample that has been analysed.
    dropped_samples : (m,) int64
        Samples of this tick that were dropped since their time had been analysed already.
    """

    beats: Beats
    transitions: list[Transition]
    rhythms: list[RhythmChange]
    rows: NDArray[np.int64]
    hr_bpm: NDArray[np.float32]
    quality: NDArray[np.uint8]
    analysed_until_us: NDArray[np.int64]
    dropped_samples: NDArray[np.int64]
