"""One agent at a time for an outbox: a lock that the kernel lets go of when its holder dies, however it dies."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from edge.errors import OutboxError, OutboxReason

#: Somebody who only looks (`heartwire edge status`) holds the lock for an instant.
_PATIENCE_S: Final = 0.5


class OutboxLock:
    """Holds an outbox's lock until `release`.

    Raises
    ------
    OutboxError
        `LOCKED` if another process holds it, `UNREACHABLE` if the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutboxError(
                OutboxReason.UNREACHABLE,
                f"the outbox in {path.parent} cannot be opened: {error.strerror}; make the folder writable or choose"
                " another with HEARTWIRE_EDGE_OUTBOX",
            ) from error
        if not self._take():
            holder = _holder(path)
            os.close(self._descriptor)
            raise OutboxError(
                OutboxReason.LOCKED,
                f"the outbox in {path.parent} is in use by another agent{holder}; stop that one first, or give this"
                " device a folder of its own with HEARTWIRE_EDGE_OUTBOX",
            )
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let go; the file stays, so that no second one can be made while somebody waits for the first."""
        with contextlib.suppress(OSError):
            os.close(self._descriptor)

    def _take(self) -> bool:
        end_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() > end_s:
                    return False
                time.sleep(0.05)
            else:
                return True


def is_locked(path: Path) -> bool:
    """Whether an agent runs on this outbox."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return f" (process {int(path.read_text(encoding='ascii'))})"
    return ""
