"""How much is stored in which form, and how much room is left."""

import shutil
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("heartwire.storage", "overview.sql")
#: What people call it, and the tables that it is in.
_STATES: Final = {
    "raw ECG": ("ecg_frames",),
    "ECG in blocks": ("ecg_blocks",),
    "heart rate frames": ("hr_frames",),
    "beats": ("beats", "rhythms"),
    "rollups": ("beat_minutes", "ecg_minutes", "hrv_hours"),
    "alarms": ("alarms", "alarm_events", "episodes"),
    "dead letters": ("dead_letters",),
}


class Part(NamedTuple):
    """One kind of data: its bytes on disk, indexes and all, and about how many rows it has."""

    name: str
    n_bytes: int
    n_rows: int


class Signal(NamedTuple):
    """ECG in one form: frames, samples, bytes on disk, the first and the last."""

    frames: int
    samples: int
    n_bytes: int
    oldest: datetime | None
    newest: datetime | None

    @property
    def bytes_per_sample(self) -> float | None:
        """Bytes on disk a sample; ``None`` where there is none."""
        return self.n_bytes / self.samples if self.samples else None


class Overview(NamedTuple):
    """What is stored.

    Attributes
    ----------
    parts : list of Part
        By kind of data.
    n_bytes : int
        The whole database.
    raw, blocks : Signal
        ECG by form.
    waiting : int
        Raw frames that analytics still needs: they are not compacted before.
    free_bytes : int or None
        Room left on the database's disk; ``None`` where it cannot be known from here.
    """

    parts: list[Part]
    n_bytes: int
    raw: Signal
    blocks: Signal
    waiting: int
    free_bytes: int | None


def look_over(connection: psycopg.Connection[Any]) -> Overview:
    """Count and measure; reads all of the raw table and the index of the blocks.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    parts, n_bytes = sizes_of_parts(connection)
    with translated():
        raw_frames, raw_samples, waiting = _only(connection, "raw")
        _, block_frames, block_samples = _only(connection, "blocks")
        raw_from, raw_to, blocks_from, blocks_to = _only(connection, "extents")
    n_bytes_of = {part.name: part.n_bytes for part in parts}
    raw = Signal(raw_frames, raw_samples, n_bytes_of["raw ECG"], raw_from, raw_to)
    blocks = Signal(block_frames, block_samples, n_bytes_of["ECG in blocks"], blocks_from, blocks_to)
    return Overview(parts, n_bytes, raw, blocks, waiting, free_bytes(connection))


def sizes_of_parts(connection: psycopg.Connection[Any]) -> tuple[list[Part], int]:
    """Return what each kind of data takes, and the whole database, bytes; reads no table.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    tables = [table for of_state in _STATES.values() for table in of_state]
    with translated():
        rows = connection.execute(_QUERIES["sizes"], {"tables": tables}).fetchall()
        (n_bytes,) = _only(connection, "whole")
    measured = {table: (table_bytes, n_rows) for table, table_bytes, n_rows in rows}
    parts = [
        Part(state, *(sum(measured.get(table, (0, 0))[i] for table in of_state) for i in range(2)))
        for state, of_state in _STATES.items()
    ]
    return parts, n_bytes


def free_bytes(connection: psycopg.Connection[Any]) -> int | None:
    """Return the room left on the database's disk; ``None`` where it cannot be known from here."""
    with translated():
        directory, is_here = _only(connection, "directory")
    if directory is None or not is_here:
        return None
    try:
        return shutil.disk_usage(directory).free
    except OSError:
        return None


def _only(connection: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = connection.execute(_QUERIES[query]).fetchone()
    assert row is not None
    return tuple(row)
