"""Shapes of beats without NeuroKit2, whose import takes seconds: for tests to which one beat is like another."""

from pathlib import Path
from typing import Final

import numpy as np

from simulators.beat import AFTER_R_S, BEFORE_R_S, HEARTS, SHAPE_FS_HZ

_T_S: Final = np.arange(-round(BEFORE_R_S * SHAPE_FS_HZ), round(AFTER_R_S * SHAPE_FS_HZ)) / SHAPE_FS_HZ


def write_shapes(directory: Path) -> Path:
    """Fill a cache of shapes (`simulators.beat.load_shape`) and return it."""
    for heart in range(HEARTS):
        shape = np.exp(-((_T_S / (0.015 + heart / 10_000)) ** 2)) + 0.2 * np.exp(-(((_T_S - 0.3) / 0.04) ** 2))
        np.save(directory / f"beat-1-{heart}.npy", shape)
    return directory
