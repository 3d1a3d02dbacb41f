"""What a source of samples is, whether a file, a pipe or, later, a wearable."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from heartwire.frames import EcgFlag


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of one lead, evenly spaced, without a hole inside.

    Attributes
    ----------
    t0_us : int
        Time of the first sample, UTC microseconds.
    fs_hz : float
        Sampling rate.
    lead : str
        Name of the lead, at most 32 characters.
    gain : float
        Digital units per mV, above 0.
    baseline : int
        Digital value of 0 mV, int16.
    flags : EcgFlag
        What holds for any of the samples; `GAP_BEFORE` where samples are missing before the first.
    samples : bytes
        int16 little-endian digital values.
    """

    t0_us: int
    fs_hz: float
    lead: str
    gain: float
    baseline: int
    flags: EcgFlag
    samples: bytes

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples) // 2


class Source(Protocol):
    """Where samples come from.

    A source hands out chunks as fast as they are asked for, or as they come where it is a live one. It
    ends by itself, or soon after `stop` is set, whatever it waits for.
    """

    @property
    def name(self) -> str:
        """What the care team reads as the wearable: at most 64 characters, no patient's name."""

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Hand out the samples in the order of their time.

        Raises
        ------
        SourceError
            If the source breaks off in a way that a person must mend.
        """
