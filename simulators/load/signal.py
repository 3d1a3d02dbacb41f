"""The samples of a fleet: some dozens of synthetic hearts, rendered once; each device plays one from its own place on.

Which samples a frame has is a function of the device's number and the frame's, so they can be sent again, and checked
in the database, without being kept.
"""

from pathlib import Path
from typing import Final

from simulators.beat import load_shape
from simulators.patient import render
from simulators.scripts import Rhythm, Segment

_HEARTS: Final = 24
_SECONDS: Final = 60


class Pool:
    """One-second frames of `_HEARTS` hearts, a minute each, played again and again.

    Parameters
    ----------
    fs_hz : int
        Sampling rate; a frame has so many samples.
    cache_dir : Path
        Where the shapes of beats are kept.
    """

    def __init__(self, fs_hz: int, cache_dir: Path) -> None:
        self._hearts: Final = [
            [
                part.samples.astype("<i2").tobytes()
                for part in render(
                    (Segment(Rhythm.NORMAL, _SECONDS, 58 + heart % 35),), heart, fs_hz, load_shape(heart, cache_dir)
                )
            ]
            for heart in range(_HEARTS)
        ]

    def samples(self, device: int, seq: int) -> bytes:
        """Return a frame's samples: int16, little-endian."""
        return self._hearts[device % _HEARTS][(device // _HEARTS * 7 + seq) % _SECONDS]

    def heart(self, device: int) -> tuple[list[bytes], int]:
        """Return a device's frames, and where in them it begins."""
        return self._hearts[device % _HEARTS], device // _HEARTS * 7 % _SECONDS
