"""A child process that a test starts, kills and starts again, and that never outlives the tests."""

import contextlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from tests.servers.waiting import wait_until
from tests.servers.warm import Child, start_warm

# The kernel ends the child when the tests die without a farewell.
_DIE_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()


class Process:
    """One program in its own process group, its output in a file.

    Parameters
    ----------
    name : str
        How errors call it.
    command : sequence of str
        Program and arguments.
    log_path : Path
        Standard output and error are appended here, over all starts.
    env : mapping, optional
        The whole environment; inherited when not given.
    dies_with_tests : bool
        Ask the kernel to kill it when the tests are killed; off where `command` itself takes care of that.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        dies_with_tests: bool = True,
    ) -> None:
        self.name: Final = name
        self.log_path: Final = log_path
        self._command: Final = command
        self._dies_with_tests: Final = dies_with_tests
        self._env: Final = env
        self._child: Child | None = None

    def start(self, is_ready: Callable[[], bool] | None = None, *, timeout_s: float = 30.0) -> None:
        """Start it and, with `is_ready`, wait until it is ready.

        Raises
        ------
        RuntimeError
            If it runs already, or as `wait_until_ready`.
        """
        if self.is_running:
            raise RuntimeError(f"{self.name} runs already; stop it first")
        self._child = start_warm(self._command, self.log_path, self._env) or self._start_cold()
        if is_ready is not None:
            self.wait_until_ready(is_ready, timeout_s=timeout_s)

    def _start_cold(self) -> Child:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [*(_DIE_WITH_PARENT if self._dies_with_tests else ()), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
            )

    def wait_until_ready(self, is_ready: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
        """Wait until it is ready, after its start: so several become ready at the same time.

        Raises
        ------
        RuntimeError
            If it ends before it is ready, or is not ready in time; with the end of its log.
        """
        try:
            wait_until(lambda: not self.is_running or is_ready(), f"{self.name} to be ready", timeout_s=timeout_s)
        except TimeoutError as error:
            self.kill()
            raise RuntimeError(f"{error}\n{self.log_end()}") from None
        except BaseException:
            self.kill()
            raise
        # What ends by itself may have said all before it was looked at again.
        if not self.is_running and not (self.returncode == 0 and is_ready()):
            raise RuntimeError(f"{self.name} ended with {self.returncode} before it was ready\n{self.log_end()}")

    @property
    def is_running(self) -> bool:
        """Whether the process itself lives."""
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the last start."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Exit code of the last start; ``None`` while it runs."""
        return None if self._child is None else self._child.poll()

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def log_end(self, lines: int = 40) -> str:
        """Return the last lines of its log, for an error's text."""
        return "\n".join(self.log.splitlines()[-lines:])

    def send(self, signal_number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        if self.is_running:
            assert self._child is not None
            self._child.send_signal(signal_number)

    def wait(self, *, timeout_s: float = 20.0) -> int:
        """Wait until it ends by itself and return its exit code.

        Raises
        ------
        TimeoutError
            If it still runs after `timeout_s`.
        """
        wait_until(lambda: not self.is_running, f"{self.name} to end", timeout_s=timeout_s)
        assert self._child is not None
        return self._child.wait()

    def stop(self, signal_number: signal.Signals = signal.SIGTERM, *, timeout_s: float = 20.0) -> int | None:
        """End it politely, with all its descendants; harshly when it does not listen. Return its exit code."""
        descendants = self._descendants()
        self.send(signal_number)
        if self._child is not None:
            try:
                self._child.wait(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                print(f"{self.name} did not end within {timeout_s:g} s of {signal_number.name}", file=sys.stderr)
        self._kill(descendants)
        return self.returncode

    def kill(self) -> None:
        """SIGKILL the process and all its descendants, and wait until they are gone."""
        self._kill(self._descendants())

    def _descendants(self) -> list[psutil.Process]:
        if not self.is_running:
            return []
        try:
            return psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def _kill(self, descendants: list[psutil.Process]) -> None:
        if self._child is not None:
            self._child.kill()  # before its children, so that it starts no more of them
        for process in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self._child is not None:
            self._child.wait(timeout=20.0)
        wait_until(lambda: not any(map(is_alive, descendants)), f"the descendants of {self.name} to end")


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that only waits to be collected does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
