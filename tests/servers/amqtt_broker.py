"""amqtt, the broker of laptops, in a process of its own, as heartwire brings it along."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.servers.process import Process
from tests.servers.waiting import accepts_connections, find_free_port


class EmbeddedBroker:
    """A broker that speaks MQTT 3.1.1 only and remembers nothing over a restart; the port is kept."""

    name: Final = "amqtt"
    speaks_mqtt5: Final = False
    host: Final = "127.0.0.1"

    def __init__(self) -> None:
        self.port: Final = find_free_port()
        self._directory = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-amqtt-"))
        command = [sys.executable, "-m", "heartwire.embedded.amqtt_server", str(self.port)]
        self.process: Final = Process(self.name, command, self._directory / "log")

    def start(self) -> Self:
        """Start and return when connections are taken."""
        self.process.start(lambda: accepts_connections(self.port))
        return self

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL it."""
        self.process.kill()

    def forget(self) -> None:
        """Forget nothing: it remembers nothing."""

    def remove(self) -> None:
        """Kill it and delete its directory."""
        self.process.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        """Start it."""
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kill it and delete its directory."""
        self.remove()
