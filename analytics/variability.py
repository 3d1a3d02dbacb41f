"""Heart rate variability of an hour, from the intervals between normal beats (NN).  Pure.

As the Task Force of the European Society of Cardiology and the North American Society of Pacing and Electrophysiology
defines it (Circulation 1996;93:1043, doi:10.1161/01.CIR.93.5.1043), with these choices and deviations:

- An interval is NN where both its beats are normal, nothing lies between them, and it is 0.3 to 2 s long. No filter
  leaves out intervals that differ much from the one before: in atrial fibrillation all do.
- RMSSD takes differences of intervals that share a beat; across what was left out there is none.
- The spectrum is of five minutes, the short-term recording of the standard, and the hour's is the mean over those of
  its twelve of which intervals cover four fifths. It is Lomb's, which needs no values where there are none; the
  standard describes the fast Fourier transform of interpolated intervals, which invents them.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

HOUR_US: Final = 3_600_000_000
#: Bounds of an interval between normal beats, seconds: 200 to 30 a minute.
_SHORTEST_S: Final = 0.3
_LONGEST_S: Final = 2.0
#: An interval and the distance of its beats differ by no more, microseconds; otherwise a beat between them is missing.
_ADJACENT_US: Final = 5_000
#: Less of an hour than this, or fewer intervals, say nothing of it.
LEAST_COVERAGE: Final = 0.3
_LEAST_NN: Final = 300
_SEGMENT_US: Final = 300_000_000
_LEAST_OF_SEGMENT: Final = 0.8
#: Low and high frequency, hertz (Task Force 1996, table 2).
_LF_HZ: Final = (0.04, 0.15)
_HF_HZ: Final = (0.15, 0.4)


_Floats: TypeAlias = NDArray[np.floating[Any]]


class Variability(NamedTuple):
    """How an hour's rate varies.

    Attributes
    ----------
    beats_n, nn_n : int
        Beats of the hour, and intervals between normal ones that end in it.
    coverage : float
        Part of the hour that these intervals are, 0 to 1.
    sdnn_ms, rmssd_ms : float, optional
        Standard deviation of the intervals (of a sample); root mean square of differences from one to the next,
        milliseconds. ``None`` below `LEAST_COVERAGE` or 300 intervals.
    lf_ms2, hf_ms2 : float, optional
        Power at 0.04 to 0.15 and 0.15 to 0.4 Hz, square milliseconds; ``None`` as well where no five minutes are whole.
    segments_n : int
        Stretches of five minutes behind the powers.
    """

    beats_n: int
    nn_n: int
    coverage: float
    sdnn_ms: float | None
    rmssd_ms: float | None
    lf_ms2: float | None
    hf_ms2: float | None
    segments_n: int


def measure_hour(
    hour_us: int, t_us: NDArray[np.int64], rr_s: NDArray[np.float32], is_normal: NDArray[np.bool_]
) -> Variability:
    """Return the variability of the hour that begins at `hour_us`.

    Parameters
    ----------
    hour_us : int
        UTC microseconds.
    t_us : (n,) int64
        Beats of one device, ascending, UTC microseconds; some seconds before the hour may be among them, so that its
        first interval is known. None after it.
    rr_s : (n,) float32
        Interval before each, seconds; NaN where unknown.
    is_normal : (n,) bool
        Of the class N.
    """
    is_nn = find_nn(t_us, rr_s, is_normal) & (t_us >= hour_us)
    nn_ms = rr_s.astype(np.float64) * 1000
    nn = nn_ms[is_nn]
    beats_n = int((t_us >= hour_us).sum())
    coverage = min(1.0, float(nn.sum()) / 3_600_000)
    if coverage < LEAST_COVERAGE or len(nn) < _LEAST_NN:
        return Variability(beats_n, len(nn), coverage, None, None, None, None, 0)
    sdnn_ms, rmssd_ms = get_deviations(nn_ms, is_nn)
    powers = []
    for begin_us in range(hour_us, hour_us + HOUR_US, _SEGMENT_US):
        inside = is_nn & (t_us >= begin_us) & (t_us < begin_us + _SEGMENT_US)
        if nn_ms[inside].sum() * 1000 >= _LEAST_OF_SEGMENT * _SEGMENT_US:
            powers.append(get_powers((t_us[inside] - begin_us) / 1e6, nn_ms[inside]))
    lf_ms2, hf_ms2 = np.mean(powers, axis=0).tolist() if powers else (None, None)
    return Variability(beats_n, len(nn), coverage, sdnn_ms, rmssd_ms, lf_ms2, hf_ms2, len(powers))


def find_nn(t_us: NDArray[np.int64], rr_s: NDArray[np.float32], is_normal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which beats end an interval between two normal beats, (n,) bool; arguments as for `measure_hour`."""
    is_nn = np.zeros(len(t_us), np.bool_)
    plausible = (rr_s[1:] >= _SHORTEST_S) & (rr_s[1:] <= _LONGEST_S)  # false for NaN
    with np.errstate(invalid="ignore"):
        adjacent = np.abs(np.diff(t_us) - rr_s[1:].astype(np.float64) * 1e6) <= _ADJACENT_US
    is_nn[1:] = is_normal[1:] & is_normal[:-1] & plausible & adjacent
    return is_nn


def get_deviations(intervals_ms: _Floats, is_nn: NDArray[np.bool_]) -> tuple[float, float | None]:
    """Return SDNN and RMSSD of those intervals that are NN, milliseconds; no RMSSD where no two share a beat.

    Parameters
    ----------
    intervals_ms : (n,) float64
        The intervals before beats in order, milliseconds.
    is_nn : (n,) bool
        Which count; two at least.
    """
    steps = np.diff(intervals_ms)[is_nn[1:] & is_nn[:-1]]
    rmssd_ms = float(np.sqrt(np.mean(steps**2))) if len(steps) else None
    return float(np.std(intervals_ms[is_nn], ddof=1)), rmssd_ms


def get_powers(t_s: _Floats, nn_ms: _Floats) -> tuple[float, float]:
    """Return low and high frequency power of five minutes of intervals, square milliseconds.

    Parameters
    ----------
    t_s : (n,) float64
        When each interval ends, seconds from the beginning of the five minutes.
    nn_ms : (n,) float64
        The intervals, milliseconds. Their straight trend is taken off.
    """
    since_s, around_ms = t_s - t_s.mean(), nn_ms - nn_ms.mean()
    around_ms -= since_s * ((since_s * around_ms).sum() / (since_s**2).sum())
    step_hz = 1e6 / _SEGMENT_US
    frequencies = np.arange(1, round(_HF_HZ[1] / step_hz) + 1, dtype=np.float64) * step_hz
    # Of evenly spaced values this is the periodogram, and its sum over all frequencies half their number times their
    # variance (Parseval).
    power_ms2 = get_lomb(t_s, around_ms, frequencies) * 2 / len(t_s)
    bands = [(frequencies >= low - 1e-9) & (frequencies < high - 1e-9) for low, high in (_LF_HZ, _HF_HZ)]
    lf_ms2, hf_ms2 = (float(power_ms2[band].sum()) for band in bands)
    return lf_ms2, hf_ms2


def get_lomb(t_s: _Floats, values: _Floats, frequencies: _Floats) -> _Floats:
    """Return Lomb's periodogram (doi:10.1007/BF00648343), not normalised, (n_frequencies,).

    Parameters
    ----------
    t_s, values : (n,) float64
        Times and values about their mean.
    frequencies : (m,) float64
        Multiples 1, 2, … m of one frequency, hertz: what is turned by one of them is turned on by the next, which
        costs a tenth of as many sines.
    """
    turn = np.exp(-2j * np.pi * frequencies[0] * t_s)
    turned = np.cumprod(np.broadcast_to(turn, (len(frequencies), len(t_s))), axis=0)
    # Not by the linear algebra library: its threads wait for each other longer than the sums take.
    summed, doubled = np.einsum("mn,n->m", turned, values), np.einsum("mn,mn->m", turned, turned)
    # Lomb's delay turns each sum to where sines and cosines are orthogonal.
    delayed = summed * np.exp(-0.5j * np.angle(doubled))
    n, off = len(t_s), np.abs(doubled)
    power: _Floats = 0.5 * (delayed.real**2 * 2 / (n + off) + delayed.imag**2 * 2 / np.maximum(n - off, 1e-9))
    return power
