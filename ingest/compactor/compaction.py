"""Turns raw frames into blocks, and drops the raw chunks that are empty then.

A patient's hour is one transaction: its frames are deleted from the raw table and stand in blocks when it commits, or
nothing happened. So a frame is in exactly one of the two, for every reader and after every crash.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg

from heartwire.storage.blocks import Block, Frame, Scale, frames_of, make_block, minute_of
from heartwire.storage.chunks import Chunk, drop_if_empty, has_chunks, list_chunks
from heartwire.storage.envelope import envelope_of
from heartwire.storage.errors import translated
from heartwire.storage.leases import fence, set_writer
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("ingest.compactor", "compaction.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BLOCK_TYPES: Final = (
    *("int8", "timestamptz", "int2", "timestamptz", "timestamptz", "int8", "int4", "int4"),
    *("text", "float8", "int2", "int4", "int4", "bytea", "bytea", "bytea"),
)


class Unit(NamedTuple):
    """What one transaction takes: a patient's frames from `begin` to `end` that were received before `settled`."""

    patient_id: int
    begin: datetime
    end: datetime
    settled: datetime


class Done(NamedTuple):
    """What one transaction did: frames taken, blocks written, samples in them."""

    frames: int
    blocks: int
    samples: int


class _Minute(NamedTuple):
    """A minute of a stream of a tenant."""

    stream_id: int
    tenant_id: int
    begin: datetime


_Minutes: TypeAlias = dict[_Minute, dict[Scale, list[Frame]]]


class Compaction:
    """Compaction over one autocommitting connection, as one worker of the leases.

    Every method raises `DatabaseUnavailableError` where the database cannot be reached.

    Raises
    ------
    LeaseLostError
        If the worker was buried.
    """

    def __init__(self, connection: psycopg.Connection[Any], worker_id: int) -> None:
        self._connection: Final = connection
        self._worker_id: Final = worker_id
        self._has_chunks: Final = has_chunks(connection)
        set_writer(connection, worker_id)

    def hours(self, before: datetime) -> list[Chunk]:
        """Return the hours that begin before an instant and may have raw frames, the oldest first."""
        if self._has_chunks:
            return list_chunks(self._connection, "ecg_frames", before)
        with translated():
            rows = self._connection.execute(_QUERIES["plain_hours"], {"before": before}).fetchall()
        return [Chunk("", *row) for row in rows]

    def units(self, hour: Chunk, shards: Collection[int], before: datetime) -> list[Unit]:
        """Return what can be taken of an hour: what is older than `before`, in time and in arrival, and analysed."""
        end = min(hour.end, before)
        given = {"begin": hour.begin, "end": end, "settled": before, "shards": list(shards)}
        with translated():
            # Prepared, it would be planned without knowing which chunk it is about.
            rows = self._connection.execute(_QUERIES["patients"], given, prepare=False).fetchall()
        return [Unit(patient_id, hour.begin, end, before) for (patient_id,) in rows]

    def compact(self, unit: Unit, shards: Collection[int]) -> Done:
        """Turn what there is of a unit into blocks.

        Raises
        ------
        LeaseLostError
            If the worker was buried; nothing is changed.
        BlockError
            If frames cannot be made a block, or a block is damaged; nothing is changed.
        """
        with translated(), self._connection.transaction():
            fence(self._connection, self._worker_id)
            minutes = self._take_frames(unit, shards)
            n_frames = sum(len(frames) for scales in minutes.values() for frames in scales.values())
            if not minutes:
                return Done(0, 0, 0)
            self._take_blocks(minutes)
            blocks = _make_blocks(minutes)
            self._put_blocks(unit.patient_id, blocks)
        made = [block for of_minute in blocks.values() for block in of_minute]
        return Done(n_frames, len(made), sum(block.n_samples for block in made))

    def drop(self, hour: Chunk) -> bool:
        """Drop an hour's chunk if it is empty, and return whether it was dropped; false where there are no chunks."""
        return self._has_chunks and drop_if_empty(self._connection, "ecg_frames", hour)

    def _take_frames(self, unit: Unit, shards: Collection[int]) -> _Minutes:
        minutes: _Minutes = defaultdict(lambda: defaultdict(list))
        given = {**unit._asdict(), "shards": list(shards)}
        rows = self._connection.execute(_QUERIES["take_frames"], given, binary=True, prepare=False)
        for stream_id, tenant_id, fs_mhz, lead, gain, baseline, seq, t0, flags, received_at, samples in rows:
            t0_us = _utc_us(t0)
            minute = _Minute(stream_id, tenant_id, _instant(minute_of(t0_us)))
            frame = Frame(seq, t0_us, flags, _utc_us(received_at), samples)
            minutes[minute][Scale(fs_mhz, lead, gain, baseline)].append(frame)
        return minutes

    def _take_blocks(self, minutes: _Minutes) -> None:
        """Add to the frames of these minutes those that are in blocks already."""
        given = {
            "streams": [minute.stream_id for minute in minutes],
            "minutes": [minute.begin for minute in minutes],
            "first": min(minute.begin for minute in minutes),
            "last": max(minute.begin for minute in minutes),
        }
        rows = self._connection.execute(_QUERIES["take_blocks"], given, binary=True, prepare=False)
        for stream_id, tenant_id, fs_mhz, lead, gain, baseline, begin, layout, samples in rows:
            scale = Scale(fs_mhz, lead, gain, baseline)
            block = Block(_utc_us(begin), scale, 0, 0, 0, 0, layout, samples)
            minutes[_Minute(stream_id, tenant_id, begin)][scale] += frames_of(block)

    def _put_blocks(self, patient_id: int, blocks: Mapping[_Minute, list[Block]]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(_QUERIES["put_blocks"]) as copy:
            copy.set_types(_BLOCK_TYPES)
            for minute, of_minute in blocks.items():
                for part, block in enumerate(of_minute):
                    began, ended = _instant(block.began_us), _instant(block.ended_us)
                    counts = (block.n_samples, block.n_frames)
                    identity = (minute.stream_id, minute.begin, part, began, ended, patient_id, minute.tenant_id)
                    copy.write_row((*identity, *block.scale, *counts, block.layout, block.samples, envelope_of(block)))


def _make_blocks(minutes: _Minutes) -> dict[_Minute, list[Block]]:
    return {minute: [make_block(frames, scale) for scale, frames in minutes[minute].items()] for minute in minutes}


def _instant(utc_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=utc_us)


def _utc_us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND
