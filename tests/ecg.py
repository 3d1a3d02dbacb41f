"""ECG that tests draw themselves: Gaussian waves around given R peaks, on a wandering baseline.

Not for judging a detector (real records do that); for saying exactly when beats are there and when not.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heartwire.frames import EcgFrame

FS_HZ: Final = 250
GAIN: Final = 200.0
BASELINE: Final = -12
LEAD: Final = "II"
#: Amplitude (mV), time from the R peak (s) and width (s) of P, Q, R, S and T.
_WAVES: Final = (
    (0.12, -0.160, 0.025),
    (-0.10, -0.028, 0.010),
    (1.10, 0.000, 0.011),
    (-0.22, 0.030, 0.011),
    (0.28, 0.240, 0.045),
)
_WANDER_MV: Final = 0.05
_WANDER_HZ: Final = 0.21
_NOISE_MV: Final = 0.008


def regular_beats(begin_s: float, end_s: float, rate_bpm: float) -> list[float]:
    """Return the times of evenly spaced R peaks, the first at `begin_s`, none from `end_s` on, seconds."""
    return [float(time_s) for time_s in np.arange(begin_s, end_s - 1e-9, 60.0 / rate_bpm)]


def draw_ecg(beats_s: Sequence[float], duration_s: float, *, fs_hz: int = FS_HZ, seed: int = 1) -> NDArray[np.int16]:
    """Return a lead as a device would digitise it.

    Parameters
    ----------
    beats_s : sequence of float
        R peaks, seconds from the beginning.
    duration_s : float
        Length, seconds.
    fs_hz : int
        Samples a second.
    seed : int
        Of the noise: the same arguments give the same samples.

    Returns
    -------
    ndarray of int16, (round(duration_s * fs_hz),)
        Digital units: `GAIN` a mV, `BASELINE` at 0 mV.
    """
    time_s = np.arange(round(duration_s * fs_hz)) / fs_hz
    ecg_mv = _WANDER_MV * np.sin(2 * np.pi * _WANDER_HZ * time_s)
    ecg_mv += np.random.default_rng(seed).normal(0.0, _NOISE_MV, time_s.size)
    for beat_s in beats_s:
        around = slice(*np.searchsorted(time_s, (beat_s - 0.5, beat_s + 0.6)).tolist())
        for amplitude_mv, offset_s, width_s in _WAVES:
            ecg_mv[around] += amplitude_mv * np.exp(-(((time_s[around] - beat_s - offset_s) / width_s) ** 2) / 2)
    return np.round(ecg_mv * GAIN + BASELINE).astype(np.int16)


def cut_into_frames(
    ecg: NDArray[np.int16],
    t0_us: int,
    *,
    frame_s: float = 1.0,
    fs_hz: int = FS_HZ,
    boot_id: int = 1,
    first_seq: int = 0,
    lead: str = LEAD,
    flags: int = 0,
) -> list[EcgFrame]:
    """Return a signal from `t0_us` (UTC microseconds) on, as frames of `frame_s` seconds, the last maybe shorter."""
    size = round(frame_s * fs_hz)
    return [
        EcgFrame(
            boot_id,
            first_seq + number,
            t0_us + round(begin * 1_000_000 / fs_hz),
            fs_hz * 1000,
            lead,
            GAIN,
            BASELINE,
            flags,
            ecg[begin : begin + size].astype("<i2").tobytes(),
        )
        for number, begin in enumerate(range(0, ecg.size, size))
    ]
