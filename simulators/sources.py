"""Where a device's samples come from: a synthetic patient, a WFDB record, a NumPy array."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from heartwire.frames import FRAME_S_MIN, FS_MHZ_MAX, FS_MHZ_MIN, I16_MAX, I16_MIN, EcgFlag
from simulators.errors import SimulationError
from simulators.patient import GAIN, render
from simulators.scripts import Segment

#: Length of a frame, seconds.
FRAME_S: Final = 1.0


class Chunk(NamedTuple):
    """The samples of one frame: int16 little-endian; with the RR intervals that end in it, where they are known."""

    samples: bytes
    flags: EcgFlag
    rr_s: tuple[float, ...] = ()

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return len(self.samples) // 2


class Source(Protocol):
    """Samples of one lead, evenly spaced, a frame at a time.

    Attributes
    ----------
    fs_hz, gain, baseline : float, float, int
        Sampling rate; digital units per mV; digital value of 0 mV.
    lead, wearable : str
        Names on the wire.
    duration_s : float or None
        ``None``: for ever.
    """

    fs_hz: float
    gain: float
    baseline: int
    lead: str
    wearable: str
    duration_s: float | None

    def chunks(self) -> Iterator[Chunk]:
        """Yield the frames' samples, each 0.2 s or longer."""


class SyntheticSource:
    """A synthetic patient (see `simulators.scripts` and `simulators.patient`)."""

    def __init__(
        self,
        script: tuple[Segment, ...],
        seed: int,
        shape: NDArray[np.float64],
        *,
        fs_hz: float = 250.0,
        loop: bool = True,
        lead: str = "II",
    ) -> None:
        self.fs_hz = _checked_fs_hz(fs_hz, "a synthetic patient")
        self.gain = GAIN
        self.baseline = 0
        self.lead = lead
        self.wearable = "simulated patient"
        self.duration_s = None if loop else sum(segment.seconds for segment in script)
        self._script: Final = script
        self._seed: Final = seed
        self._shape: Final = shape

    def chunks(self) -> Iterator[Chunk]:
        """Yield the frames' samples."""
        loop = self.duration_s is None
        for part in render(self._script, self._seed, self.fs_hz, self._shape, loop=loop, chunk_s=FRAME_S):
            if len(part.samples) >= FRAME_S_MIN * self.fs_hz:
                yield Chunk(
                    part.samples.astype("<i2").tobytes(),
                    part.flags,
                    tuple(beat.rr_s for beat in part.beats if beat.seen),
                )


class ArraySource:
    """Samples at hand, once or again and again; where they begin anew the frame says `GAP_BEFORE`."""

    def __init__(
        self,
        samples: NDArray[np.int16],
        *,
        fs_hz: float,
        gain: float = GAIN,
        baseline: int = 0,
        lead: str = "",
        wearable: str = "replayed array",
        loop: bool = True,
    ) -> None:
        self.fs_hz = _checked_fs_hz(fs_hz, wearable)
        self.gain = gain
        self.baseline = baseline
        self.lead = lead[:32]
        self.wearable = wearable[:64]
        n_frame = round(FRAME_S * fs_hz)
        # What is left over and too short for a frame is not played.
        rest = len(samples) % n_frame
        self._samples: Final = samples[: len(samples) - rest] if rest < FRAME_S_MIN * fs_hz else samples
        self._n_frame: Final = n_frame
        if not len(self._samples):
            raise SimulationError(f"{wearable}: {len(samples)} samples are less than a frame of {FRAME_S_MIN} s")
        self.duration_s = None if loop else len(self._samples) / fs_hz

    def chunks(self) -> Iterator[Chunk]:
        """Yield the frames' samples."""
        flags = EcgFlag(0)
        while True:
            for first in range(0, len(self._samples), self._n_frame):
                part = self._samples[first : first + self._n_frame]
                yield Chunk(part.astype("<i2").tobytes(), flags)
                flags = EcgFlag(0)
            if self.duration_s is not None:
                return
            flags = EcgFlag.GAP_BEFORE


def load_record(record: Path, lead: str | int | None, *, loop: bool) -> ArraySource:
    """Load a lead of a WFDB record, digital values unchanged.

    Parameters
    ----------
    record : Path
        Of the header, with or without ``.hea``.
    lead : str, int or None
        The signal's name as the header says it, its number from 0 on, or the first.

    Raises
    ------
    SimulationError
        If the record cannot be read, has no such lead, or a rate that is not of the wire.
    """
    import wfdb  # noqa: PLC0415 # pandas and more, only where a record is played

    path = record.with_suffix("") if record.suffix == ".hea" else record
    try:
        header = wfdb.rdheader(str(path))
        channel = _channel(path, list(header.sig_name or ()), lead)
        signal = wfdb.rdrecord(str(path), channels=[channel], physical=False)
    except (OSError, ValueError, TypeError, IndexError) as error:
        raise SimulationError(f"the record {path} cannot be read: {error}; its .hea and .dat are wanted") from None
    digital: NDArray[Any] = signal.d_signal[:, 0].astype(np.int64)
    baseline = int(signal.baseline[0])
    shift = 0  # converters of more than 16 bits lose their last ones
    while max(abs(int(digital.max(initial=0))), abs(int(digital.min(initial=0))), abs(baseline)) >> shift > I16_MAX:
        shift += 1
    return ArraySource(
        (digital >> shift).astype(np.int16),
        fs_hz=float(signal.fs),
        gain=float(signal.adc_gain[0]) / (1 << shift),
        baseline=baseline >> shift,
        lead=str(signal.sig_name[0]),
        wearable=f"record {path.name}",
        loop=loop,
    )


def _channel(path: Path, names: list[str], lead: str | int | None) -> int:
    if lead is None and names:
        return 0
    if isinstance(lead, str) and lead in names:
        return names.index(lead)
    number = int(lead) if lead is not None and str(lead).isdecimal() else -1
    if 0 <= number < len(names):
        return number
    raise SimulationError(f"the record {path} has no lead {lead!r}; it has: {', '.join(names) or 'none'}")


def load_array(
    path: Path, *, fs_hz: float, gain: float = GAIN, baseline: int = 0, lead: str = "", loop: bool = True
) -> ArraySource:
    """Load a ``.npy`` file: one dimension; integers are digital values, floats are mV (NaN becomes 0 mV).

    Raises
    ------
    SimulationError
        If the file cannot be read or holds something else.
    """
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise SimulationError(f"{path} cannot be read as a NumPy array: {error}") from None
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise SimulationError(f"{path} holds {array.dtype} {array.shape}, wanted one dimension of integers or floats")
    if array.dtype.kind == "f":
        array = np.rint(np.nan_to_num(array) * gain + baseline)
    low, high = array.min(initial=0), array.max(initial=0)
    if low < I16_MIN or high > I16_MAX:
        raise SimulationError(f"{path} reaches from {low:g} to {high:g}, wanted int16; choose another gain")
    return ArraySource(
        array.astype(np.int16),
        fs_hz=fs_hz,
        gain=gain,
        baseline=baseline,
        lead=lead,
        wearable=f"array {path.name}",
        loop=loop,
    )


def _checked_fs_hz(fs_hz: float, what: str) -> float:
    if not FS_MHZ_MIN <= round(fs_hz * 1000) <= FS_MHZ_MAX:
        raise SimulationError(f"{what}: {fs_hz:g} Hz, wanted {FS_MHZ_MIN / 1000:g} to {FS_MHZ_MAX / 1000:g} Hz")
    return fs_hz
