"""An outbox's files: how they are called, opened and deleted, and what SQLite's errors mean for them."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from edge.errors import OutboxDiskFullError, OutboxError, OutboxReason
from edge.outbox_lock import OutboxLock

FILE: Final = "outbox.sqlite3"
LOCK_FILE: Final = "outbox.lock"
RESERVE_FILE: Final = "outbox.reserve"


def in_words(size_bytes: int) -> str:
    """Return a number of bytes as a person reads it."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes} bytes"


def connect(folder: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Open an outbox's file; each statement commits by itself unless in a `with` of the connection."""
    path = folder / FILE
    mode = "ro" if read_only else "rwc"
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=5.0, check_same_thread=False)


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into what they mean for an outbox: `OutboxError`, `OutboxDiskFullError`."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_disk_full(folder)):
            raise OutboxDiskFullError(
                f"the disk under {folder} is full; free some space: what cannot be written is held"
            ) from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise OutboxError(
                OutboxReason.CORRUPT,
                f"the outbox {folder / FILE} is damaged ({error}); move the file away and start again: frames that it"
                " held and the database does not have are lost, unless `sqlite3 FILE .recover` saves them",
            ) from error
        raise OutboxError(
            OutboxReason.UNREACHABLE,
            f"the outbox {folder / FILE} cannot be used: {error}; make its folder readable and writable, or choose"
            " another with HEARTWIRE_EDGE_OUTBOX",
        ) from error


def _is_disk_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1_000_000
    except OSError:
        return False


def delete(folder: Path) -> None:
    """Delete an outbox with all that is in it.

    Raises
    ------
    OutboxError
        `LOCKED` if an agent runs on it, `UNREACHABLE` if it cannot be deleted.
    """
    with OutboxLock(folder / LOCK_FILE):
        try:
            for name in (FILE, f"{FILE}-wal", f"{FILE}-shm", RESERVE_FILE, LOCK_FILE):
                (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutboxError(
                OutboxReason.UNREACHABLE, f"the outbox in {folder} cannot be deleted: {error.strerror}"
            ) from error
