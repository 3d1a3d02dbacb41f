"""The shape of one beat, P to T, cut out of NeuroKit2's dynamical model; kept on disk, since its import takes seconds.

Source: McSharry et al., A dynamical model for generating synthetic electrocardiogram signals, IEEE Trans Biomed Eng
50(3), 2003, doi:10.1109/TBME.2003.808805, as `neurokit2.ecg_simulate(method="ecgsyn")`. Deviation: heights, widths and
places of its waves differ from heart to heart.
"""

import contextlib
import functools
import os
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Samples of a shape: 1000 a second, from 0.4 s before the R peak to 0.6 s after it.
SHAPE_FS_HZ: Final = 1000
BEFORE_R_S: Final = 0.4
AFTER_R_S: Final = 0.6
#: RR interval at which the shape was made, seconds.
SHAPE_RR_S: Final = 1.0
#: How many different hearts there are; patients whose seeds are so far apart share one.
HEARTS: Final = 64

_N_BEFORE: Final = round(BEFORE_R_S * SHAPE_FS_HZ)
_N_AFTER: Final = round(AFTER_R_S * SHAPE_FS_HZ)


@functools.cache
def make_shape(heart: int) -> NDArray[np.float64]:
    """Return the shape of a heart's beat.

    Parameters
    ----------
    heart : int
        0 to `HEARTS` - 1.

    Returns
    -------
    (1000,) float64, mV
        At `SHAPE_FS_HZ`, its R peak at index 400 and 1 mV high, its ends at 0. Do not write into it.
    """
    import neurokit2  # noqa: PLC0415 # five seconds, only where a new heart is made

    rng = np.random.default_rng(heart)
    # P, Q, R, S, T; the model's own values times what differs.
    heights = np.array([1.2, -5.0, 30.0, -7.5, 0.75]) * rng.uniform(
        [0.7, 0.6, 0.9, 0.6, 0.7], [1.3, 1.4, 1.1, 1.3, 1.5]
    )
    widths = np.array([0.25, 0.1, 0.1, 0.1, 0.4]) * rng.uniform(0.9, 1.1, 5)
    places = np.array([-70.0, -15.0, 0.0, 15.0, 100.0]) * rng.uniform(0.95, 1.05, 5)
    ecg = neurokit2.ecg_simulate(
        duration=4,
        sampling_rate=SHAPE_FS_HZ,
        heart_rate=60 / SHAPE_RR_S,
        heart_rate_std=0,
        noise=0,
        method="ecgsyn",
        random_state=heart,
        ai=heights,
        bi=widths,
        ti=places,
    )
    r = 1500 + int(np.argmax(ecg[1500:2500]))
    shape = np.asarray(ecg[r - _N_BEFORE : r + _N_AFTER], dtype=np.float64)
    shape = shape - np.linspace(shape[0], shape[-1], len(shape))
    shape /= shape[_N_BEFORE]
    return shape


def load_shape(seed: int, directory: Path) -> NDArray[np.float64]:
    """Return the shape for a seed, from `directory` where it was kept before; a directory that fails is no harm."""
    heart = seed % HEARTS
    path = directory / f"beat-1-{heart}.npy"
    with contextlib.suppress(OSError, ValueError):
        shape: NDArray[np.float64] = np.load(path)
        if shape.shape == (_N_BEFORE + _N_AFTER,) and shape.dtype == np.float64:
            return shape
    shape = make_shape(heart)
    with contextlib.suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        number, temporary = tempfile.mkstemp(dir=directory, suffix=".part")
        with os.fdopen(number, "wb") as file:
            np.save(file, shape)
        Path(temporary).replace(path)  # at once: another process may read it
    return shape
