"""The canary's ECG: a sound heart that has ventricular tachycardia once in each cycle.  Pure.

Gaussian waves around given beats, as in McSharry et al. (doi:10.1109/TBME.2003.808805) but without the dynamics: not to
judge a detector by (docs/accuracy.md does that), but to ask it a question whose answer is known.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FS_HZ: Final = 250
#: Digital units a mV; 0 mV is 0.
GAIN: Final = 200.0
LEAD: Final = "II"
#: When in each cycle the tachycardia begins, and how long it lasts, seconds: the engine knows the heart by then, and
#: has its five beats and more.
ONSET_S: Final = 10.0
_LASTS_S: Final = 5.0
#: Shorter cycles are not told apart from one long illness.
CYCLE_S_LEAST: Final = 20

_NORMAL_RR_S: Final = 60 / 72
_FAST_RR_S: Final = 60 / 150
_WANDER_MV: Final = 0.05
_WANDER_HZ: Final = 0.2
_NOISE_MV: Final = 0.008
#: Longest reach of a beat's waves to both sides, seconds.
_BEFORE_S: Final = 0.35
_AFTER_S: Final = 0.6

#: Amplitude (mV), time from the beat (s) and width (s) of each wave.
_Waves: TypeAlias = tuple[tuple[float, float, float], ...]
_NORMAL: Final[_Waves] = (
    (0.12, -0.160, 0.025),
    (-0.10, -0.028, 0.010),
    (1.10, 0.000, 0.011),
    (-0.22, 0.030, 0.011),
    (0.28, 0.240, 0.045),
)
_VENTRICULAR: Final[_Waves] = ((1.60, 0.000, 0.035), (-0.50, 0.150, 0.050), (-0.48, -0.075, 0.020))


def draw_cycle(cycle_s: int, number: int) -> NDArray[np.int16]:
    """Return one cycle, `cycle_s` whole seconds at `FS_HZ`; each `number` has noise of its own, and they join.

    Raises
    ------
    ValueError
        For a cycle shorter than `CYCLE_S_LEAST`.
    """
    if cycle_s < CYCLE_S_LEAST:
        raise ValueError(f"a cycle of {cycle_s} s, wanted {CYCLE_S_LEAST} s or more")
    t_s = np.arange(cycle_s * FS_HZ) / FS_HZ
    # Whole periods of the wandering baseline fit into every whole second's cycle only if it is a multiple: fade it.
    ecg_mv = _WANDER_MV * np.sin(2 * np.pi * _WANDER_HZ * t_s) * np.minimum(1, np.minimum(t_s, cycle_s - t_s))
    ecg_mv += np.random.default_rng([cycle_s, number]).normal(0.0, _NOISE_MV, len(t_s))
    for beat_s, waves in _beats(cycle_s):
        around = slice(*np.searchsorted(t_s, (beat_s - _BEFORE_S, beat_s + _AFTER_S)).tolist())
        for amplitude_mv, offset_s, width_s in waves:
            ecg_mv[around] += amplitude_mv * np.exp(-(((t_s[around] - beat_s - offset_s) / width_s) ** 2) / 2)
    drawn: NDArray[np.int16] = np.round(ecg_mv * GAIN).astype(np.int16)
    return drawn


def _beats(cycle_s: int) -> list[tuple[float, _Waves]]:
    """Return the beats of a cycle; its ends are in the pause between two."""
    ends_s = ONSET_S + _LASTS_S
    before = np.linspace(_NORMAL_RR_S / 2, ONSET_S - 0.6, round((ONSET_S - 0.6) / _NORMAL_RR_S))
    fast = np.arange(ONSET_S, ends_s, _FAST_RR_S)
    last_s = cycle_s - _NORMAL_RR_S / 2
    after = np.linspace(ends_s + 0.6, last_s, max(2, round((last_s - ends_s - 0.6) / _NORMAL_RR_S) + 1))
    return [
        *((float(beat_s), _NORMAL) for beat_s in before),
        *((float(beat_s), _VENTRICULAR) for beat_s in fast),
        *((float(beat_s), _NORMAL) for beat_s in after),
    ]
