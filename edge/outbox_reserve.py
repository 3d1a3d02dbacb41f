"""Room on the disk that an outbox keeps for the day when there is no other.

Where the disk is full, SQLite cannot even write down that frames may go: first its log has to be moved into its file,
and the file may have to grow for that.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final


class OutboxReserve:
    """A file of nothing.

    Parameters
    ----------
    path : Path
        Where; what is there already is kept.
    size_bytes : int
        How much room.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path: Final = path
        self._size_bytes: Final = size_bytes

    def hold(self) -> None:
        """Take the room, or as much of it as there is."""
        with suppress(OSError), self._path.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, self._size_bytes)

    def release(self) -> None:
        """Give it back."""
        with suppress(OSError):
            self._path.unlink()
