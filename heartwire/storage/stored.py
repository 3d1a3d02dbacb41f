"""Stored ECG as frames, and when there is any: raw frames and blocks are one to whoever reads them here.

A single statement reads both forms, so that what is moving from one to the other is seen once. For a signal on one time
axis: `heartwire.storage.ecg`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from heartwire.storage.blocks import (
    Block,
    Frame,
    Layout,
    Scale,
    frames_of,
    minute_of,
    read_layout,
    read_samples,
    split_frames,
)
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("heartwire.storage", "stored.sql")
#: Queries for those who have a connection of another kind; to be run with `parameters`, in binary format.
STORED: Final[LiteralString] = _QUERIES["stored"]
SPANS: Final[LiteralString] = _QUERIES["spans"]
EXTENT: Final[LiteralString] = _QUERIES["extent"]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MHZ_US: Final = 1_000_000_000


class Stored(NamedTuple):
    """One row: a raw frame, or a block with its layout."""

    stream_id: int
    device_id: str
    boot_id: int
    scale: Scale
    layout: Layout
    samples: bytes
    is_block: bool

    def read_samples(self) -> NDArray[np.int16]:
        """Return the digital values, (n_samples,) int16."""
        return read_samples(self.samples, self.layout) if self.is_block else np.frombuffer(self.samples, "<i2")


class StoredFrame(NamedTuple):
    """A frame as its device sent it, from whatever form it is stored in."""

    stream_id: int
    device_id: str
    boot_id: int
    scale: Scale
    frame: Frame

    @property
    def end_us(self) -> int:
        """Time just after the last sample's period, UTC microseconds."""
        return self.frame.t0_us + len(self.frame.samples) // 2 * _MHZ_US // self.scale.fs_mhz


class Span(NamedTuple):
    """A stretch with signal of one lead, UTC microseconds; the end is not in it."""

    lead: str
    begin_us: int
    end_us: int


def parameters(patient_id: int, start_us: int, end_us: int, lead: str | None = None) -> dict[str, object]:
    """Return what the queries of this module need."""
    return {"patient_id": patient_id, "from": _instant(start_us), "to": _instant(end_us), "lead": lead}


def read_stored(
    connection: psycopg.Connection[Any], patient_id: int, start_us: int, end_us: int, *, lead: str | None = None
) -> list[Stored]:
    """Return what may reach into a stretch, as it is stored, in no order.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    with translated(), connection.cursor(binary=True) as cursor:
        return stored_of(cursor.execute(STORED, parameters(patient_id, start_us, end_us, lead)).fetchall())


def read_frames(
    connection: psycopg.Connection[Any], patient_id: int, start_us: int, end_us: int, *, lead: str | None = None
) -> list[StoredFrame]:
    """Return the frames that reach into a stretch, whole, by lead, time, stream and number.

    Parameters
    ----------
    patient_id : int
        Whose.
    start_us, end_us : int
        Stretch, UTC microseconds; the end is not in it.
    lead : str, optional
        Only this one.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    BlockError
        If a block is damaged.
    """
    return list(frames_between(read_stored(connection, patient_id, start_us, end_us, lead=lead), start_us, end_us))


def frames_between(rows: Iterable[Stored], start_us: int, end_us: int) -> Iterator[StoredFrame]:
    """Return the frames in these rows that reach into a stretch, in the order of `read_frames`."""
    found = [
        StoredFrame(row.stream_id, row.device_id, row.boot_id, row.scale, frame)
        for row in rows
        for frame in split_frames(row.layout, row.read_samples())
    ]
    found.sort(key=lambda item: (item.scale.lead, item.frame.t0_us, item.stream_id, item.frame.seq))
    return (item for item in found if item.end_us > start_us and item.frame.t0_us < end_us)


def stored_of(rows: Iterable[TupleRow]) -> list[Stored]:
    """Return the rows of the query `STORED`."""
    return [_stored_of(row) for row in rows]


def spans_of(rows: Iterable[TupleRow]) -> list[Span]:
    """Return the rows of the query `SPANS`, in no order; those of one lead may overlap."""
    spans: list[Span] = []
    for lead, fs_mhz, at, began, n_samples, ended, packed in rows:
        if packed is not None:
            layout = read_layout(utc_us(at), fs_mhz, packed)
            ends = layout.t0_us + layout.n_samples * _MHZ_US // fs_mhz
            spans += [Span(lead, *pair) for pair in zip(layout.t0_us.tolist(), ends.tolist(), strict=True)]
        elif began is not None:
            spans.append(Span(lead, utc_us(began), utc_us(ended)))
        else:
            spans.append(Span(lead, (begin_us := utc_us(at)), begin_us + n_samples * _MHZ_US // fs_mhz))
    return spans


class FrameKey(NamedTuple):
    """By what a frame is looked for in blocks."""

    stream_id: int
    seq: int
    t0_us: int


def find_in_blocks(
    connection: psycopg.Connection[Any], keys: Sequence[FrameKey]
) -> Mapping[FrameKey, tuple[Scale, Frame]]:
    """Return those of these frames that are in blocks.

    Raises
    ------
    psycopg.Error
        The driver's own: the caller is in a transaction.
    """
    if not keys:
        return {}
    minutes = [_instant(minute_of(key.t0_us)) for key in keys]
    given = {
        "streams": [key.stream_id for key in keys],
        "minutes": minutes,
        "first": min(minutes),
        "last": max(minutes),
    }
    wanted = set(keys)
    found: dict[FrameKey, tuple[Scale, Frame]] = {}
    rows = connection.execute(_QUERIES["blocks_of_frames"], given, binary=True)
    for stream_id, minute, fs_mhz, lead, gain, baseline, layout, samples in rows:
        scale = Scale(fs_mhz, lead, gain, baseline)
        for frame in frames_of(Block(utc_us(minute), scale, 0, 0, 0, 0, layout, samples)):
            key = FrameKey(stream_id, frame.seq, frame.t0_us)
            if key in wanted:
                found[key] = (scale, frame)
    return found


def find_forgotten(connection: psycopg.Connection[Any], keys: Sequence[FrameKey]) -> set[FrameKey]:
    """Return those of these frames that retention may have dropped: their patient's signal of that time is gone.

    Raises
    ------
    psycopg.Error
        The driver's own: the caller is in a transaction.
    """
    if not keys:
        return set()
    given = {
        "streams": [key.stream_id for key in keys],
        "seqs": [key.seq for key in keys],
        "times": [_instant(key.t0_us) for key in keys],
    }
    gone = {(stream_id, seq) for stream_id, seq in connection.execute(_QUERIES["forgotten"], given)}
    return {key for key in keys if (key.stream_id, key.seq) in gone}


def _stored_of(row: TupleRow) -> Stored:
    stream_id, device_id, boot_id, lead, fs_mhz, gain, baseline, at, seq, flags, received_at, packed, samples = row
    if packed is not None:
        layout = read_layout(utc_us(at), fs_mhz, packed)
    else:
        columns = (seq, utc_us(at), len(samples) // 2, flags, utc_us(received_at))
        layout = Layout(*(np.array([number], np.int64) for number in columns))
    scale = Scale(fs_mhz, lead, gain, baseline)
    return Stored(stream_id, device_id, boot_id, scale, layout, samples, packed is not None)


def _instant(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def utc_us(instant: datetime) -> int:
    """Return an instant as UTC microseconds."""
    return (instant - _EPOCH) // _MICROSECOND
