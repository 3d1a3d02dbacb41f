"""What a source is, whether a file, a pipe or a wearable: samples, and what a wearable says besides."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

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


@dataclass(frozen=True, slots=True)
class Pulse:
    """A heart rate as a wearable says it.

    Attributes
    ----------
    t_us : int
        When it was said, UTC microseconds.
    bpm : int
        Beats a minute, 0 where none are found.
    rr_ms : tuple of int
        Times between the beats since the last one, milliseconds, at most 64.
    contact : int
        0 (not known), 1 (no contact) or 2 (contact).
    """

    t_us: int
    bpm: int
    rr_ms: tuple[int, ...]
    contact: int


@dataclass(frozen=True, slots=True)
class Condition:
    """How a wearable is.

    Attributes
    ----------
    wearable : str
        Its name and how it is worn, for the care team: at most 64 characters.
    battery_percent, rssi_dbm : int, optional
        How full its battery is, and how strong its signal.
    """

    wearable: str
    battery_percent: int | None
    rssi_dbm: int | None

    @property
    def in_words(self) -> str:
        """How it is, for whoever looks at this machine."""
        words = [self.wearable]
        if self.battery_percent is not None:
            words.append(f"battery {self.battery_percent} %")
        if self.rssi_dbm is not None:
            words.append(f"signal {self.rssi_dbm} dBm")
        return ", ".join(words)


Item: TypeAlias = Chunk | Pulse | Condition


class Source(Protocol):
    """Where samples come from.

    A source hands out chunks, and what else is known, as fast as they are asked for, or as they come where it is a live
    one. It ends by itself, or soon after `stop` is set, whatever it waits for.
    """

    @property
    def name(self) -> str:
        """What the care team reads as the wearable: at most 64 characters, no patient's name."""

    def chunks(self, stop: threading.Event) -> Iterator[Item]:
        """Hand out the samples in the order of their time, and what is said besides.

        Raises
        ------
        SourceError
            If the source breaks off in a way that a person must mend.
        """
