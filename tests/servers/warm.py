"""heartwire's own programs, started from a Python that has read their modules already.

To read the modules of a service is one to two seconds of work, and all tests together start many hundred services. So
each program has a parent that reads them once and forks; what runs in the child is what ``python -m heartwire`` runs,
with an environment, a session and a log of its own. Started cold are: what is measured (tests/benchmarks), what has a
program before it or an environment that Python or a library reads at its start, and everything with HEARTWIRE_COLD=1.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from tests.servers.waiting import wait_until

_COLD: Final = "HEARTWIRE_COLD"
_PYTHON: Final = [sys.executable, "-m"]
#: What is started warm, by its first words after ``python -m``, and what its parent reads: modules, those too that the
#: program itself reads when it needs them first, and calls in them.
_READS: Final[Mapping[str, Sequence[str]]] = {
    "heartwire analytics": ("analytics.command", "analytics.engine:compile_engine"),
    "heartwire canary": ("analytics.canary.command",),
    "heartwire compact": ("ingest.compactor.command",),
    "heartwire dashboard": ("dashboard.command", "dashboard.serving", "apprise"),
    "heartwire edge": ("edge.command", "wfdb"),
    "heartwire ingest": ("ingest.command",),
    "heartwire notifier": ("analytics.notifier.command", "apprise"),
    "heartwire simulate": ("simulators.command", "neurokit2", "wfdb"),
    "heartwire.embedded.amqtt_server": ("amqtt.broker",),
}
_LONGEST: Final = 1 << 20
_ROOT: Final = Path(__file__).resolve().parents[2]


class Child(Protocol):
    """What a test does with a process: `subprocess.Popen`, as far as it is needed."""

    returncode: int | None

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Return the exit code, ``None`` while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""

    def kill(self) -> None:
        """SIGKILL it, unless it has ended."""


class WarmChild:
    """A forked process; its parent collects its exit code only when it is asked, so its id is nobody else's before."""

    def __init__(self, parent: "_Parent", pid: int) -> None:
        self.pid: Final = pid
        self.returncode: int | None = None
        self._parent: Final = parent

    def poll(self) -> int | None:
        """Return the exit code, ``None`` while it runs."""
        if self.returncode is None:
            self.returncode = self._parent.ask({"collect": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code.

        Raises
        ------
        subprocess.TimeoutExpired
            If it still runs after `timeout` seconds.
        """
        try:
            wait_until(
                lambda: self.poll() is not None, "its end", timeout_s=float("inf") if timeout is None else timeout
            )
        except TimeoutError:
            raise subprocess.TimeoutExpired("heartwire", timeout or 0) from None
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """SIGKILL it, unless it has ended."""
        self.send_signal(signal.SIGKILL)


class _Parent:
    """The process that forks one program; it ends when the tests do, however they do: it hears no more questions."""

    def __init__(self, command: str) -> None:
        self.env: Final = _kept(os.environ)
        self._lock: Final = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        words = ["-m", "tests.servers.warm_parent", str(theirs.fileno()), *_READS[command]]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *words],
                stdin=subprocess.DEVNULL,
                cwd=_ROOT,
                env=self.env,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self._end)

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()

    def ask(self, question: Mapping[str, object]) -> int | None:
        """Return the answer to one question."""
        with self._lock:
            self._socket.sendall(json.dumps(question).encode())
            answer = self._socket.recv(_LONGEST)
        if not answer:
            raise RuntimeError(f"the parent of heartwire's programs ended with {self._process.wait()}")
        read = json.loads(answer)
        return None if read is None else int(read)


@cache
def _parent(command: str, tests: int) -> _Parent:
    """Return the one parent of a program; `tests` is who asks: a fork of the tests has parents of its own."""
    assert tests == os.getpid()
    return _Parent(command)


def _kept(env: Mapping[str, str]) -> dict[str, str]:
    """Return what a parent shares with its children."""
    others = {name: value for name, value in env.items() if not name.startswith(("HEARTWIRE_", "PYTEST_"))}
    return others | {"PYTHONUNBUFFERED": "1"}


def start_warm(command: Sequence[str], log_path: Path, env: Mapping[str, str] | None) -> Child | None:
    """Start a program of heartwire from its parent; return ``None`` where it has to start by itself."""
    module, *words = list(command[len(_PYTHON) :]) or [""]
    name = f"{module} {words[0]}" if module == "heartwire" and words else module
    if list(command[: len(_PYTHON)]) != _PYTHON or name not in _READS or os.environ.get(_COLD):
        return None
    parent = _parent(name, os.getpid())
    whole = dict(os.environ if env is None else env)
    if _kept(whole) != parent.env:
        return None
    given = {"module": module, "words": words, "env": whole, "log": str(log_path), "directory": str(Path.cwd())}
    pid = parent.ask(given)
    assert pid is not None
    return WarmChild(parent, pid)
