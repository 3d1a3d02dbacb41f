"""A child process with its output in a file, that never outlives the process that started it."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from heartwire.embedded.errors import EmbeddedServerError

_LEASH: Final = Path(__file__).with_name("leash.py")
_LOG_MAX_BYTES: Final = 10_000_000


class Account(NamedTuple):
    """Numbers of a user and his group."""

    user_id: int
    group_id: int


class Child:
    """One program in a session of its own, so that a terminal's Ctrl-C does not reach it.

    Parameters
    ----------
    name : str
        What it is called.
    command : sequence of str
        Program, as an absolute path, and arguments.
    log_path : Path
        Standard output and error are appended here; a log beyond 10 MB is put aside (``.1``) at a start.
    env : mapping, optional
        The whole environment; inherited when not given.
    account : Account, optional
        Run as this user (as root only).
    directory : Path, optional
        What ``{directory}`` in the arguments stands for; see `heartwire.embedded.leash`.
    stop_signal, orphan_signal : signal.Signals
        What ends it politely; what it gets when the parent is killed.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        directory: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name: Final = name
        self.log_path: Final = log_path
        self._command: Final = command
        self._env: Final = env
        self._account: Final = account
        self._directory: Final = directory
        self._stop_signal: Final = stop_signal
        self._orphan_signal: Final = orphan_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begin = 0

    def start(self) -> None:
        """Start it; call from the main thread: on Linux the child ends with the thread that started it.

        Raises
        ------
        EmbeddedServerError
            If its log cannot be written or it cannot be run.
        """
        assert threading.current_thread() is threading.main_thread()
        assert not self.is_running
        account = "-" if self._account is None else f"{self._account.user_id}:{self._account.group_id}"
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), str(int(self._orphan_signal)), account]
        try:
            if self.log_path.exists() and self.log_path.stat().st_size > _LOG_MAX_BYTES:
                self.log_path.replace(self.log_path.with_name(f"{self.log_path.name}.1"))
            with self.log_path.open("ab") as log:
                self._log_begin = log.tell()
                self._process = subprocess.Popen(
                    [*leash, str(self._directory or "-"), *self._command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=self._env,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            raise EmbeddedServerError(f"{self.name} cannot be started: {error}") from error

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the last start."""
        assert self._process is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code of the last start; negative: the signal that ended it; ``None`` while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def log(self) -> str:
        """What it wrote since its last start."""
        try:
            with self.log_path.open("rb") as log:
                log.seek(self._log_begin)
                return log.read().decode("utf-8", "replace")
        except OSError:
            return ""

    def log_end(self, lines: int = 8) -> str:
        """Return the last lines that it wrote since its last start."""
        return "\n".join(self.log.splitlines()[-lines:])

    def ask_to_end(self) -> None:
        """Send the polite signal, and return at once."""
        if self._process is not None and self.is_running:
            self._process.send_signal(self._stop_signal)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end, and return whether it came in time."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=max(timeout_s, 0.0))
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self, timeout_s: float = 8.0) -> None:
        """End it politely, and harshly when it does not listen."""
        self.ask_to_end()
        if not self.wait(timeout_s):
            self.kill()

    def kill(self) -> None:
        """SIGKILL it and what shares its process group, and wait until it is gone."""
        if self._process is None:
            return
        if self.is_running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
