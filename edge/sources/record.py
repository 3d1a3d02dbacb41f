"""A WFDB record as a source: one lead, read window by window, its digital values as they stand in the file.

Needs the extra `records` (wfdb, NumPy), imported only here and only when a record is opened.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edge.errors import SourceError
from edge.sources.source import Chunk
from heartwire.frames import FS_MHZ_MAX, FS_MHZ_MIN, I16_MAX, I16_MIN, EcgFlag

if TYPE_CHECKING:
    import numpy as np

#: Read from the file at a time, seconds: 43 KB of a lead at 360 Hz.
_WINDOW_S: Final = 60.0
_MV_PER_UNIT: Final = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
_LEAD_MAX: Final = 32
_NAME_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class _Lead:
    index: int
    name: str
    fs_hz: float
    gain: float
    baseline: int
    missing: int | None
    samples_per_frame: int


class RecordSource:
    """One lead of a WFDB record.

    Parameters
    ----------
    path : Path
        The record without extension.
    lead : str, optional
        Index from 0, or name; the first lead in mV, µV or V when not given.
    chunk_s : float
        Length of the chunks, seconds.
    loop : bool
        Begin again at the end, for ever; the time goes on, and the seam is marked as a gap.

    Attributes
    ----------
    t0_us : int
        Time of the first sample, UTC microseconds; to be set before the first chunk.

    Raises
    ------
    SourceError
        If the record cannot be read, has no such lead, or a rate, gain or baseline that the wire cannot say.
    """

    def __init__(self, path: Path, *, lead: str | None, chunk_s: float, loop: bool) -> None:
        self._path: Final = path.with_suffix("") if path.suffix == ".hea" else path
        self._chunk_s: Final = chunk_s
        self._loop: Final = loop
        self._wfdb: Final = _import_wfdb()
        header = self._header()
        self._lead: Final = _choose(header, lead, self._path)
        self._n_frames: Final = int(header.sig_len)
        self._frames_hz: Final = float(header.fs)
        self.t0_us = 0

    @property
    def name(self) -> str:
        """See `Source`."""
        return f"record {self._path.name}"[:_NAME_MAX]

    @property
    def duration_s(self) -> float:
        """Length of the record, once."""
        return self._n_frames / self._frames_hz

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """See `Source`; raises `SourceError` where a sample is beyond int16 or the file ends early."""
        n_played = 0
        while not stop.is_set():
            yield from self._once(stop, self.t0_us + round(n_played * 1e6 / self._frames_hz), is_first=n_played == 0)
            n_played += self._n_frames
            if not self._loop:
                return

    def _once(self, stop: threading.Event, t0_us: int, *, is_first: bool) -> Iterator[Chunk]:
        n_window = max(1, round(_WINDOW_S * self._frames_hz))
        n_chunk = max(1, round(self._chunk_s * self._lead.fs_hz))
        flags = EcgFlag(0) if is_first else EcgFlag.GAP_BEFORE
        for first in range(0, self._n_frames, n_window):
            samples = self._read(first, min(first + n_window, self._n_frames))
            base = first * self._lead.samples_per_frame
            for begin, end in _runs(samples, self._lead.missing):
                for at in range(begin, end, n_chunk):
                    if stop.is_set():
                        return
                    piece = samples[at : min(at + n_chunk, end)]
                    if at == begin and begin > 0:
                        flags = EcgFlag.GAP_BEFORE
                    yield Chunk(
                        t0_us + round((base + at) * 1e6 / self._lead.fs_hz),
                        self._lead.fs_hz,
                        self._lead.name,
                        self._lead.gain,
                        self._lead.baseline,
                        flags,
                        piece.astype("<i2").tobytes(),
                    )
                    flags = EcgFlag(0)
            if self._lead.missing is not None and len(samples) and samples[-1] == self._lead.missing:
                flags = EcgFlag.GAP_BEFORE

    def _read(self, first: int, last: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
        try:
            record = self._wfdb.rdrecord(
                str(self._path),
                sampfrom=first,
                sampto=last,
                channels=[self._lead.index],
                physical=False,
                smooth_frames=False,
            )
        except Exception as error:  # wfdb raises whatever NumPy or the file makes of it
            raise SourceError(
                f"the record {self._path} cannot be read from sample {first} on: {error}; is the file whole?"
            ) from error
        samples: np.ndarray[Any, np.dtype[np.int64]] = record.e_d_signal[0]
        present = samples if self._lead.missing is None else samples[samples != self._lead.missing]
        if len(present) and not I16_MIN <= int(present.min()) <= int(present.max()) <= I16_MAX:
            raise SourceError(
                f"the record {self._path} has values from {present.min()} to {present.max()} in its lead"
                f" {self._lead.name}, wanted {I16_MIN} to {I16_MAX} (int16, what the wire carries); nothing is rounded:"
                " convert the record to 16 bits first, for example with xform -n"
            )
        return samples

    def _header(self) -> Any:  # noqa: ANN401 # wfdb ships no types
        try:
            header = self._wfdb.rdheader(str(self._path))
        except FileNotFoundError:
            raise SourceError(
                f"there is no record {self._path} (looked for {self._path}.hea); give the path without extension"
            ) from None
        except Exception as error:
            raise SourceError(f"the header {self._path}.hea cannot be read: {error}") from error
        if isinstance(header, self._wfdb.MultiRecord):
            raise SourceError(
                f"the record {self._path} consists of several segments; give one of them: "
                + ", ".join(name for name in header.seg_name[:5] if name != "~")
            )
        if not header.n_sig or not header.sig_len:
            raise SourceError(f"the record {self._path} has no samples; choose another")
        return header


def _import_wfdb() -> Any:  # noqa: ANN401 # wfdb ships no types
    try:
        import wfdb  # noqa: PLC0415 # an edge device without records has no wfdb
    except ModuleNotFoundError as error:
        raise SourceError(
            f"--record needs the package {error.name!r}; install it with: pip install 'heartwire[records]'"
        ) from error
    return wfdb


def _choose(header: Any, lead: str | None, path: Path) -> _Lead:  # noqa: ANN401 # wfdb ships no types
    names = [name or "" for name in header.sig_name]
    units = [(unit or "mV").strip().lower() for unit in header.units]
    ecg = [index for index, unit in enumerate(units) if unit in _MV_PER_UNIT]
    known = ", ".join(f"{index} ({name})" for index, name in enumerate(names))
    if lead is None:
        if not ecg:
            raise SourceError(f"the record {path} has no lead in mV; its signals: {known}")
        index = ecg[0]
    elif lead in names:
        index = names.index(lead)
    elif lead.isascii() and lead.isdigit() and int(lead) < len(names):
        index = int(lead)
    else:
        raise SourceError(f"the record {path} has no lead {lead!r}; choose one of {known}")
    if index not in ecg:
        raise SourceError(f"signal {names[index]} of the record {path} is in {units[index]}, wanted a lead in mV")
    per_frame = int(header.samps_per_frame[index])
    fs_hz = float(header.fs) * per_frame
    if not FS_MHZ_MIN <= round(fs_hz * 1000) <= FS_MHZ_MAX:
        raise SourceError(
            f"the record {path} has {fs_hz:g} samples/s, wanted {FS_MHZ_MIN / 1000:g} to {FS_MHZ_MAX / 1000:g}"
        )
    baseline = int(header.baseline[index])
    if not I16_MIN <= baseline <= I16_MAX:
        raise SourceError(f"the record {path} has the baseline {baseline}, wanted {I16_MIN} to {I16_MAX}")
    from wfdb.io._signal import INVALID_SAMPLE_VALUE  # noqa: PLC0415 # the only place that says it

    return _Lead(
        index,
        (names[index] or "ECG")[:_LEAD_MAX],
        fs_hz,
        float(header.adc_gain[index]) / _MV_PER_UNIT[units[index]],
        baseline,
        INVALID_SAMPLE_VALUE.get(str(header.fmt[index])),
        per_frame,
    )


def _runs(samples: "np.ndarray[Any, np.dtype[np.int64]]", missing: int | None) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each stretch without a missing sample."""
    if missing is None or not (samples == missing).any():
        yield 0, len(samples)
        return
    import numpy as np  # noqa: PLC0415 # here with wfdb

    present = np.concatenate(([False], samples != missing, [False]))
    edges = np.flatnonzero(present[1:] != present[:-1])
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        yield int(begin), int(end)
