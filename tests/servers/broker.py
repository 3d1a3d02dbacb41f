"""What all brokers have in common for a test: a port and a directory that stay, start, stop, kill."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import ClassVar, Final, Self

from tests.servers.lifetime import Lifetime
from tests.servers.process import Process
from tests.servers.waiting import accepts_connections, find_free_port


class BrokerProcess(Lifetime):
    """An MQTT broker of the test's own on loopback.

    Attributes
    ----------
    port : int
        TCP port, the same over `kill` and `start`.
    directory : Path
        What it keeps, too.
    """

    name: ClassVar[str]
    speaks_mqtt5: ClassVar[bool]
    host: Final = "127.0.0.1"

    def __init__(self) -> None:
        self.port: Final = find_free_port()
        self.directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-{self.name}-"))
        self.process: Final = Process(self.name, self._command(), self.directory / "log")

    def _command(self) -> list[str]:
        """Return the program and its arguments, after writing what it reads."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start and return when connections are taken."""
        self.process.start(lambda: accepts_connections(self.port))
        return self

    def stop(self) -> None:
        """Stop politely."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL it: what it had not written is lost."""
        self.process.kill()

    def forget(self) -> None:
        """Delete what it remembers over a restart, while it is down; nothing where it remembers nothing."""

    def remove(self) -> None:
        """Kill it and delete all that it kept."""
        self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
