"""Mosquitto, the broker of hospitals, as tests start, kill and start it again."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.servers.missing import ServerMissingError
from tests.servers.process import Process
from tests.servers.waiting import accepts_connections, find_free_port


def find_mosquitto() -> Path:
    """Return the server's program.

    Raises
    ------
    ServerMissingError
        If it is not installed.
    """
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise ServerMissingError("Mosquitto is not installed; run `make servers` as root, or apt-get install mosquitto")
    return Path(path)


class MosquittoServer:
    """A broker with its own port and memory on disk, both kept over `kill` and `start`.

    Parameters
    ----------
    persistence : bool
        Whether it remembers sessions and messages over a restart.
    max_inflight_messages, max_queued_messages : int
        Its bounds for each client, in messages; 0 is without bound.
    configuration : sequence of str
        Further lines of mosquitto.conf.

    Raises
    ------
    ServerMissingError
        If Mosquitto is not installed.
    """

    name: Final = "mosquitto"
    speaks_mqtt5: Final = True
    host: Final = "127.0.0.1"

    def __init__(
        self,
        *,
        persistence: bool = True,
        max_inflight_messages: int = 20,
        max_queued_messages: int = 1000,
        configuration: Sequence[str] = (),
    ) -> None:
        program = find_mosquitto()
        self.port: Final = find_free_port()
        self._directory = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-mosquitto-"))
        lines = (
            f"listener {self.port} {self.host}",
            "allow_anonymous true",
            f"persistence {str(persistence).lower()}",
            f"persistence_location {self._directory}/",
            "autosave_interval 1",
            f"max_inflight_messages {max_inflight_messages}",
            f"max_queued_messages {max_queued_messages}",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            *(("user root",) if os.geteuid() == 0 else ()),  # otherwise it could not write its memory
            *configuration,
        )
        settings = self._directory / "mosquitto.conf"
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.process: Final = Process(self.name, [str(program), "-c", str(settings)], self._directory / "log")

    def start(self) -> Self:
        """Start and return when connections are taken."""
        self.process.start(lambda: accepts_connections(self.port))
        return self

    def stop(self) -> None:
        """Stop; it writes its memory first."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL it: what it had not written is lost."""
        self.process.kill()

    def forget(self) -> None:
        """Delete its memory, while it is down."""
        (self._directory / "mosquitto.db").unlink(missing_ok=True)

    def remove(self) -> None:
        """Kill it and delete its memory."""
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
        """Kill it and delete its memory."""
        self.remove()
