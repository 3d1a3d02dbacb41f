"""Where the demo keeps everything: one directory that it alone made, held by one demo at a time."""

import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Final, NamedTuple, Self

from heartwire.errors import PermanentError

_LOCK: Final = "lock"
_MARK: Final = "made-by-heartwire-demo"
_BYTES_NEEDED: Final = 300_000_000
_ALPHABET: Final = "abcdefghjkmnpqrstvwxyz23456789"


class DemoError(PermanentError):
    """The demo cannot start, and a person can do something about it."""


class _Holder(NamedTuple):
    """Which demo holds a directory, as far as it said."""

    process: int | None
    url: str | None


class Home:
    """``HEARTWIRE_HOME/demo``, locked until this process ends, however it ends.

    Parameters
    ----------
    base : Path
        `HEARTWIRE_HOME`; made if missing.

    Raises
    ------
    DemoError
        If another demo holds it, somebody else made it, it cannot be written, or the disk is full.
    """

    def __init__(self, base: Path) -> None:
        self.base: Final = base.absolute()
        self.directory: Final = self.base / "demo"
        try:
            self.base.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._claim()
            self._lock: Final = (self.directory / _LOCK).open("a+", encoding="utf-8")
        except OSError as error:
            raise DemoError(
                f"{self.directory} cannot be written: {error.strerror}; set HEARTWIRE_HOME to a directory that can"
            ) from None
        self._hold()
        free_bytes = shutil.disk_usage(self.directory).free
        if free_bytes < _BYTES_NEEDED:
            self._lock.close()
            raise DemoError(
                f"the disk of {self.directory} has {free_bytes / 1e6:.0f} MB left, and the demo needs"
                f" {_BYTES_NEEDED / 1e6:.0f} MB; make room, or set HEARTWIRE_HOME to another disk"
            )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next demo in."""
        self._lock.close()

    def clear(self) -> None:
        """Delete all that the demo kept.

        Raises
        ------
        DemoError
            If something cannot be deleted.
        """
        try:
            for path in self.directory.iterdir():
                if path.name in {_LOCK, _MARK}:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
        except OSError as error:
            raise DemoError(f"{error.filename} cannot be deleted: {error.strerror}; delete it and try again") from None

    def make_directory(self, name: str) -> Path:
        """Return a directory of its own, made if missing."""
        path = self.directory / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def announce(self, url: str) -> None:
        """Leave word for a second demo where this one is."""
        self._write_holder(url)

    def password(self, login: str) -> tuple[Path, str, bool]:
        """Return the file of a user's password, the password, and whether it was made now."""
        path = self.directory / f"{login}.password"
        if path.exists():
            return path, path.read_text(encoding="utf-8").strip(), False
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{password}\n")
        return path, password, True

    def _claim(self) -> None:
        """Make the directory, or see that it is ours: what somebody else made is never deleted."""
        self.directory.mkdir(mode=0o755, exist_ok=True)
        if (self.directory / _MARK).exists():
            return
        if any(self.directory.iterdir()):
            raise DemoError(f"{self.directory} was not made by the demo; move it away, or set HEARTWIRE_HOME elsewhere")
        (self.directory / _MARK).write_text("`heartwire demo --fresh` deletes everything in here.\n", encoding="utf-8")

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._read_holder()
            self._lock.close()
            where = f" at {holder.url}" if holder.url else ""
            who = f"process {holder.process}" if holder.process else "its process"
            raise DemoError(
                f"a demo runs already{where}, with its data in {self.directory}; use that one, or end it"
                f" ({who}, Ctrl-C), or set HEARTWIRE_HOME to another directory for a second one"
            ) from None
        self._write_holder(None)

    def _write_holder(self, url: str | None) -> None:
        self._lock.seek(0)
        self._lock.truncate()
        json.dump(_Holder(os.getpid(), url)._asdict(), self._lock)
        self._lock.flush()

    def _read_holder(self) -> _Holder:
        try:
            self._lock.seek(0)
            return _Holder(**json.load(self._lock))
        except (ValueError, TypeError):
            return _Holder(None, None)
