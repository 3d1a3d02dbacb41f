"""A patient's ECG as one signal on one time axis, whatever form it is stored in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from heartwire.storage.stored import Stored, read_stored

_MHZ_US: Final = 1_000_000_000


class Piece(NamedTuple):
    """Where the samples of one device's run stand in a signal, and how they were digitised.

    Attributes
    ----------
    first, end : int
        Indexes into the signal; the end is not in it.
    device_id, boot_id
        Who measured it, in which run.
    gain : float
        Digital units per mV.
    baseline : int
        Digital value of 0 mV.
    """

    first: int
    end: int
    device_id: str
    boot_id: int
    gain: float
    baseline: int


@dataclass(frozen=True, slots=True)
class Ecg:
    """One lead over a stretch of time, evenly spaced; NaN where nothing is stored.

    Attributes
    ----------
    t0_us : int
        Instant of the first sample, UTC microseconds: the first of the signal's own instants that is not before the
        stretch.
    fs_hz : float
        Samples a second; 0 when the stretch has no signal at all.
    lead : str
        Which; empty when there is none.
    ecg_mv : (n_samples,) float32
        mV.
    pieces : tuple of Piece
        In the order of time. ``rint(ecg_mv * gain + baseline)`` of a piece is its digital values, exactly. A
        later piece may lie within an earlier one: it is what stands there.
    """

    t0_us: int
    fs_hz: float
    lead: str
    ecg_mv: NDArray[np.float32]
    pieces: tuple[Piece, ...]


def read_ecg(
    connection: psycopg.Connection[Any], patient_id: int, start_us: int, end_us: int, *, lead: str | None = None
) -> Ecg:
    """Return a patient's ECG from `start_us` up to `end_us`.

    Where several recordings (a device, from one boot to the next) overlap, the one that became known last stands, and
    within a recording the frame with the greater number. If rates differ, the highest is the signal's, and samples of
    the others are held, not interpolated. A frame that begins within a sample's time of where the one before it ended
    follows without a gap; what clocks drifted in between shows as a missing or a replaced sample when it has
    become a whole one.

    Parameters
    ----------
    patient_id : int
        Whose.
    start_us, end_us : int
        Stretch, UTC microseconds; the end is not in it.
    lead : str, optional
        Which; without it the one with most signal in the stretch.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    BlockError
        If a block is damaged.
    """
    rows = read_stored(connection, patient_id, start_us, end_us, lead=lead)
    return join_signal(rows, start_us, end_us)


def join_signal(rows: Sequence[Stored], start_us: int, end_us: int) -> Ecg:
    """Return what these rows hold of a stretch, as `read_ecg` does.  Pure."""
    lead = _main_lead(rows, start_us, end_us)
    parts = sorted(
        (part for row in rows if row.scale.lead == lead for part in _evenly_spaced(row)),
        key=lambda part: (part.row.stream_id, part.seq),
    )
    parts = [part for part in parts if part.end_us > start_us and part.t0_us < end_us]
    if not parts:
        return Ecg(start_us, 0.0, "", np.empty(0, np.float32), ())
    fs_mhz = max(part.row.scale.fs_mhz for part in parts)
    origin_us = min(parts, key=lambda part: part.t0_us).t0_us
    first = -((origin_us - start_us) * fs_mhz // _MHZ_US)
    t0_us = origin_us + round(first * _MHZ_US / fs_mhz)
    n_samples = max(0, -((t0_us - end_us) * fs_mhz // _MHZ_US))
    ecg_mv = np.full(n_samples, np.nan, np.float32)
    pieces: list[Piece] = []
    for part, position in _placed(parts, t0_us, fs_mhz):
        length = -(-part.samples.size * fs_mhz // part.row.scale.fs_mhz)
        begin, end = max(0, position), min(n_samples, position + length)
        if begin < end:
            scale = part.row.scale
            digital = part.samples[begin - position : end - position]
            if scale.fs_mhz != fs_mhz:
                digital = part.samples[np.arange(begin - position, end - position) * scale.fs_mhz // fs_mhz]
            np.subtract(digital, scale.baseline, out=ecg_mv[begin:end], dtype=np.float32)
            ecg_mv[begin:end] /= np.float32(scale.gain)
            _add_piece(pieces, Piece(begin, end, part.row.device_id, part.row.boot_id, scale.gain, scale.baseline))
    return Ecg(t0_us, fs_mhz / 1000, lead, ecg_mv, tuple(sorted(pieces)))


class _Part(NamedTuple):
    """Evenly spaced samples of one row: its frame's number and time at their beginning."""

    row: Stored
    seq: int
    t0_us: int
    samples: NDArray[np.int16]

    @property
    def end_us(self) -> int:
        return self.t0_us + self.samples.size * _MHZ_US // self.row.scale.fs_mhz


def _main_lead(rows: Iterable[Stored], start_us: int, end_us: int) -> str:
    seconds: dict[str, float] = {}
    for row in rows:
        inside = (row.layout.t0_us > start_us - 10_010_000) & (row.layout.t0_us < end_us)
        seconds[row.scale.lead] = seconds.get(row.scale.lead, 0.0) + row.layout.n_samples[inside].sum() / (
            row.scale.fs_mhz / 1000
        )
    return min(seconds, key=lambda lead: (-seconds[lead], lead), default="")


def _evenly_spaced(row: Stored) -> Iterator[_Part]:
    """Cut a row where a frame does not begin, within a sample, where the samples before it end."""
    layout, fs_mhz = row.layout, row.scale.fs_mhz
    samples = row.read_samples()
    begins = np.cumsum(layout.n_samples) - layout.n_samples
    late_us = layout.t0_us - layout.t0_us[0] - begins * _MHZ_US // fs_mhz
    if late_us.max() - late_us.min() < _MHZ_US / fs_mhz / 2:
        yield _Part(row, int(layout.seq[0]), int(layout.t0_us[0]), samples)
        return
    cuts = zip(layout.seq.tolist(), layout.t0_us.tolist(), begins.tolist(), layout.n_samples.tolist(), strict=True)
    for seq, t0_us, begin, count in cuts:
        yield _Part(row, seq, t0_us, samples[begin : begin + count])


def _placed(parts: Iterable[_Part], t0_us: int, fs_mhz: int) -> Iterator[tuple[_Part, int]]:
    """Give each part its index in the signal: that of its own instant, unless it follows on the one before it."""
    sample_us = _MHZ_US / fs_mhz
    stream_id, next_at = None, 0
    for part in parts:
        at = (part.t0_us - t0_us) / sample_us
        follows = part.row.stream_id == stream_id and abs(at - next_at) < 1
        position = next_at if follows else round(at)
        stream_id, next_at = part.row.stream_id, position + round(part.samples.size * fs_mhz / part.row.scale.fs_mhz)
        yield part, position


def _add_piece(pieces: list[Piece], piece: Piece) -> None:
    """Join a piece to the last one where it goes on with it."""
    if pieces and pieces[-1].end == piece.first and pieces[-1][2:] == piece[2:]:
        piece = piece._replace(first=pieces.pop().first)
    pieces.append(piece)
