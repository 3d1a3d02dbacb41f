"""Mosquitto, the broker of hospitals, as tests start, kill and start it again."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.servers.broker import BrokerProcess
from tests.servers.missing import ServerMissingError


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


class MosquittoServer(BrokerProcess):
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

    name = "mosquitto"
    speaks_mqtt5 = True

    def __init__(
        self,
        *,
        persistence: bool = True,
        max_inflight_messages: int = 20,
        max_queued_messages: int = 1000,
        configuration: Sequence[str] = (),
    ) -> None:
        self._program: Final = find_mosquitto()
        self._lines: Final = (
            "allow_anonymous true",
            f"persistence {str(persistence).lower()}",
            "autosave_interval 1",
            f"max_inflight_messages {max_inflight_messages}",
            f"max_queued_messages {max_queued_messages}",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            *(("user root",) if os.geteuid() == 0 else ()),  # otherwise it could not write its memory
            *configuration,
        )
        super().__init__()

    def _command(self) -> list[str]:
        lines = (f"listener {self.port} {self.host}", f"persistence_location {self.directory}/", *self._lines)
        settings = self.directory / "mosquitto.conf"
        settings.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return [str(self._program), "-c", str(settings)]

    def forget(self) -> None:
        """Delete its memory, while it is down."""
        (self.directory / "mosquitto.db").unlink(missing_ok=True)
