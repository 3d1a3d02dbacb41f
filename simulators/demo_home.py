"""Where the demo keeps everything: one directory that it alone made, held by one demo at a time."""

import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Final, NamedTuple, Self

from heartwire.errors import PermanentError
from heartwire.private_files import write_private

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
    phones: str | None = None


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

    def announce(self, url: str, phones: str) -> None:
        """Leave word where this demo is, for a second one and for who makes its pictures."""
        self._write_holder(url, phones)

    def password(self, login: str) -> tuple[Path, str, bool]:
        """Return the file of a user's password, the password, and whether it was made now."""
        path = self._password_path(login)
        if path.exists():
            return path, path.read_text(encoding="utf-8").strip(), False
        password = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
        return self.keep_password(login, password), password, True

    def has_password(self, login: str) -> bool:
        """Whether a user's password is known."""
        return self._password_path(login).exists()

    def keep_password(self, login: str, password: str) -> Path:
        """Keep a user's password, for the owner of this directory alone; return its file."""
        path = self._password_path(login)
        write_private(path, f"{password}\n".encode())
        return path

    def _password_path(self, login: str) -> Path:
        return self.directory / f"{login}.password"

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

    def _write_holder(self, url: str | None, phones: str | None = None) -> None:
        self._lock.seek(0)
        self._lock.truncate()
        json.dump(_Holder(os.getpid(), url, phones)._asdict(), self._lock)
        self._lock.flush()

    def _read_holder(self) -> _Holder:
        try:
            self._lock.seek(0)
            return _Holder(**json.load(self._lock))
        except (ValueError, TypeError):
            return _Holder(None, None)
