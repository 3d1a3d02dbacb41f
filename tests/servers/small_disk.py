"""A disk of a few megabytes that a test fills up: a file system in memory, mounted where a server keeps its data."""

import errno
import subprocess
from pathlib import Path
from typing import Final

from tests.servers.missing import ServerMissingError

_FILLER: Final = "filler"
_CHUNK_BYTES: Final = 65_536


class SmallDisk:
    """A file system of its own at a directory.

    Parameters
    ----------
    where : Path
        Existing directory; it keeps its owner.
    size_bytes : int
        All that goes onto it.

    Raises
    ------
    ServerMissingError
        If nothing may be mounted here.
    """

    def __init__(self, where: Path, size_bytes: int) -> None:
        self.where: Final = where
        owner = where.stat()
        options = f"size={size_bytes},mode=0700,uid={owner.st_uid},gid={owner.st_gid}"
        command = ["mount", "-t", "tmpfs", "-o", options, "heartwire-test", str(where)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except OSError as error:
            raise ServerMissingError(f"a small disk needs mount: {error}") from error
        if done.returncode:
            raise ServerMissingError(f"a small disk needs root, and the right to mount: {done.stderr.strip()}")

    def fill(self) -> None:
        """Take all the room that is left, to the last byte."""
        with (self.where / _FILLER).open("ab", buffering=0) as filler:
            for size in (_CHUNK_BYTES, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        """Give it back."""
        (self.where / _FILLER).unlink()

    def remove(self) -> None:
        """Unmount it, with all that is on it; whoever still writes there does so into nothing."""
        subprocess.run(["umount", "--lazy", str(self.where)], check=False, capture_output=True)
