"""The embedded MQTT broker: Mosquitto where it is installed, amqtt from the Python package index otherwise."""

import importlib.util
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Final

from heartwire.embedded.child import Child
from heartwire.embedded.errors import EmbeddedServerError
from heartwire.embedded.ports import LOOPBACK, accepts_connections, is_free

_START_TIMEOUT_S: Final = 20.0


def find_mosquitto() -> Path | None:
    """Return Mosquitto's program; distributions put it where only root looks."""
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    return None if path is None else Path(path)


def find_dynamic_security() -> Path | None:
    """Return the plugin by which Mosquitto knows whom to let in; distributions put it in different places."""
    for directory in ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"):
        found = sorted(Path(directory).glob("mosquitto_dynamic_security.so"))
        found += sorted(Path(directory).glob("*/mosquitto_dynamic_security.so"))
        if found:
            return found[0]
    return None


class EmbeddedBroker:
    """A broker for this machine alone. It remembers nothing over a restart: the edges keep what is not safe.

    Parameters
    ----------
    directory : Path
        Its configuration is written here; made if missing.
    log_path : Path
        Its log.
    port : int
        Loopback TCP port.
    mosquitto : Path, optional
        Mosquitto's program; ``None``, or one without its plugin for dynamic security, takes amqtt.
    document : Path
        Whom it lets in (heartwire/broker_files.py); it keeps the file from then on.
    ws_port : int, optional
        Loopback TCP port where it speaks MQTT over websockets, too.

    Raises
    ------
    EmbeddedServerError
        If there is neither.
    """

    def __init__(
        self,
        directory: Path,
        log_path: Path,
        port: int,
        mosquitto: Path | None,
        document: Path,
        *,
        ws_port: int | None = None,
    ) -> None:
        self.port: Final = port
        self.ws_port: Final = ws_port
        plugin = find_dynamic_security()
        if plugin is None:
            mosquitto = None
        self._plugin: Final = plugin
        self._document: Final = document
        self.name: Final = "amqtt" if mosquitto is None else "mosquitto"
        self._directory: Final = directory
        self._configuration: Final = directory / "mosquitto.conf"
        if mosquitto is not None:
            command = [str(mosquitto), "-c", str(self._configuration)]
        elif importlib.util.find_spec("amqtt") is not None:
            command = [sys.executable, "-m", "heartwire.embedded.amqtt_server", str(port), "--file", str(document)]
            command += [] if ws_port is None else ["--ws-port", str(ws_port)]
        else:
            raise EmbeddedServerError(
                "there is no MQTT broker: install Mosquitto, or run: pip install 'heartwire[embedded]'"
            )
        self.child: Final = Child("broker", command, log_path)

    def start(self) -> None:
        """Start it, and return when it takes connections.

        Raises
        ------
        EmbeddedServerError
            If it does not come up, or its port is taken.
        """
        ports = [port for port in (self.port, self.ws_port) if port is not None]
        for port in ports:
            if not is_free(port):
                raise EmbeddedServerError(f"the broker's port {port} is taken by another program; end that one")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = _mosquitto_configuration(self.port, self._plugin, self._document, self.ws_port)
        self._configuration.write_text(lines, encoding="utf-8")
        self.child.start()
        begin_s = time.monotonic()
        while not all(map(accepts_connections, ports)):
            if not self.child.is_running:
                raise EmbeddedServerError(
                    f"the broker ended as soon as it started: {self.child.log_end(1) or 'it does not say why'}"
                    f" (log: {self.child.log_path})"
                )
            if time.monotonic() - begin_s > _START_TIMEOUT_S:
                self.child.kill()
                raise EmbeddedServerError(
                    f"the broker did not answer within {_START_TIMEOUT_S:.0f} s; see {self.child.log_path}"
                )
            time.sleep(0.02)

    def stop(self, timeout_s: float = 3.0) -> None:
        """Stop it."""
        self.child.stop(timeout_s)


def _mosquitto_configuration(port: int, plugin: Path | None, document: Path, ws_port: int | None) -> str:
    lines = [
        f"listener {port} {LOOPBACK}",
        "allow_anonymous false",
        f"plugin {plugin}",
        f"plugin_opt_config_file {document}",
        "persistence false",
        "max_queued_messages 10000",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    if ws_port is not None:
        lines += [f"listener {ws_port} {LOOPBACK}", "protocol websockets"]
    if os.geteuid() == 0:
        lines.append("user root")  # it could not read its configuration otherwise
    return "\n".join(lines) + "\n"
