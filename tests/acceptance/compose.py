"""docker-compose.yml without Docker: its services as processes, with the very commands and environments of the file.

What a container would have of its own is mapped: paths of secrets and volumes to folders of the test, names of hosts to
the loopback address, ports to free ones. Services run as nobody, who can read and not write (where tests are root).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from analytics.ecg.compiled import CACHE
from tests.conftest import ROOT
from tests.servers.mosquitto import find_mosquitto
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

_NOBODY: Final = 65534
#: As in a container: no root, nothing writable, no capability but to read what root's home hides from others here.
_AS_NOBODY: Final = (
    "setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--no-new-privs",
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search",
)  # fmt: skip
_PLUGIN: Final = "mosquitto_dynamic_security.so"


def read_compose() -> dict[str, Any]:
    """Return docker-compose.yml with its variables at their defaults."""
    read = _interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert isinstance(read, dict)
    return read


def _interpolated(read: object) -> object:
    """Return what was read with its variables replaced: in texts alone, so that a text stays one."""
    if isinstance(read, dict):
        return {key: _interpolated(value) for key, value in read.items()}
    if isinstance(read, list):
        return [_interpolated(value) for value in read]
    if isinstance(read, str):
        return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", read).replace("$$", "$")
    return read


def find_plugin() -> Path:
    """Return Mosquitto's dynamic security plugin."""
    (found,) = Path("/usr/lib").glob(f"**/{_PLUGIN}")
    return found


class Compose:
    """The file, mapped to this machine.

    Parameters
    ----------
    directory : Path
        The test's own, to be entered by anybody.
    database_port : int
        Where a TimescaleDB listens.
    """

    def __init__(self, directory: Path, database_port: int) -> None:
        self.file: Final = read_compose()
        self.secrets: Final = directory / "secrets"
        self.inside: Final = directory / "inside"
        self.broker_data: Final = directory / "broker"
        self.temporary: Final = directory / "tmp"
        self.cache: Final = directory / "cache"
        self.broker_port: Final = find_free_port()
        self.pages_port: Final = find_free_port()
        self.observe_ports: Final[dict[str, int]] = {}
        self._directory: Final = directory
        self._database_port: Final = database_port
        self._started: Final[list[Process]] = []
        for made in (self.inside, self.broker_data, self.temporary):
            made.mkdir()
            made.chmod(0o755)
        # As in the image: the engine's machine code, made before.
        shutil.copytree(CACHE, self.cache / "heartwire" / CACHE.name)
        self.cache.chmod(0o755)
        for written in (self.broker_data, self.temporary):
            if os.geteuid() == 0:
                os.chown(written, _NOBODY, _NOBODY)

    def prepare(self) -> None:
        """Run deploy/prepare.sh, and show the services its files as Docker would: each by itself."""
        subprocess.run(
            ["/bin/sh", str(ROOT / "deploy" / "prepare.sh"), "127.0.0.1"],
            check=True,
            cwd=ROOT,
            env={
                **os.environ,
                "SECRETS": str(self.secrets),
                "INSIDE": str(self.secrets),
                "HEARTWIRE": f"{sys.executable} -m heartwire",
            },
        )
        for name, secret in self.file["secrets"].items():
            assert secret["file"] == f"./secrets/{name}"
            shutil.copy(self.secrets / name, self.inside / name)
        for url in (self.inside / "database.url", self.inside / "pages.url"):
            url.chmod(0o644)
            address = f"127.0.0.1:{self._database_port}"
            url.write_text(url.read_text(encoding="utf-8").replace("timescaledb:5432", address), encoding="utf-8")
            url.chmod(0o444)

    def postgres_settings(self) -> dict[str, str]:
        """Return the database's settings: of its configuration file, and of its command."""
        service = self.file["services"]["timescaledb"]
        (mounted,) = [volume for volume in service["volumes"] if volume.endswith("/etc/heartwire/heartwire.conf:ro")]
        text = (ROOT / mounted.partition(":")[0]).read_text(encoding="utf-8")
        settings = dict(re.findall(r"^([a-z_]+) *= *'?([^'#\n]*?)'? *(?:#.*)?$", text, re.MULTILINE))
        words = [word for word in service["command"][1:] if word != "-c"]
        settings |= dict(word.split("=", 1) for word in words)
        assert settings.pop("config_file") == "/etc/heartwire/heartwire.conf"
        return settings

    def environment(self, service: str, *, observe_port: int | None = None) -> dict[str, str]:
        """Return a service's environment."""
        given: Mapping[str, str] = self.file["services"][service].get("environment", {})
        mapped = {name: "localhost" if value == "mosquitto" else self._mapped(value) for name, value in given.items()}
        if observe_port is not None:
            name = f"HEARTWIRE_{service.upper()}_OBSERVE_PORT"
            assert given[name] == "9464"
            mapped[name] = str(observe_port)
        bare = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
        # An environment of the container: no home that could be written, and /tmp as its tmpfs.
        own = {"HOME": "/nonexistent", "TMPDIR": str(self.temporary), "XDG_CACHE_HOME": str(self.cache)}
        return {**bare, **own, "PYTHONDONTWRITEBYTECODE": "1", **mapped}

    def run(self, service: str) -> subprocess.CompletedProcess[str]:
        """Run a service that ends by itself."""
        return subprocess.run(
            self._words(service),
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            timeout=60,
            env=self.environment(service),
        )

    def start(self, service: str, number: int = 1) -> Process:
        """Start a service that goes on."""
        name = f"{service}-{number}"
        port = None
        if self.file["services"][service]["healthcheck"]["test"][1] == "heartwire":
            port = self.observe_ports[name] = find_free_port()
        process = Process(
            name,
            self._words(service),
            self._directory / f"{name}.log",
            env=self.environment(service, observe_port=port),
        )
        self._started.append(process)
        process.start()
        return process

    def is_healthy(self, service: str, number: int = 1) -> bool:
        """Run a service's own health check."""
        test: list[str] = self.file["services"][service]["healthcheck"]["test"]
        if test[0] == "CMD-SHELL":
            words = ["/bin/sh", "-c", self._mapped(test[1])]
        else:
            port = self.observe_ports.get(f"{service}-{number}")
            words = self._program([str(port) if word == "9464" else self._mapped(word) for word in test[1:]])
        return subprocess.run(words, check=False, capture_output=True, timeout=20, cwd="/").returncode == 0

    def stop(self) -> None:
        """Kill what still runs."""
        for process in reversed(self._started):
            process.kill()

    def _words(self, service: str) -> list[str]:
        words = self._program([self._mapped(word) for word in self.file["services"][service]["command"]])
        return [*_AS_NOBODY, *words] if os.geteuid() == 0 else words

    def _program(self, words: Sequence[str]) -> list[str]:
        """Return words with the program as it is found here."""
        if words[0] == "heartwire":
            return [sys.executable, "-P", "-m", "heartwire", *words[1:]]
        if words[0] == "mosquitto":
            return [str(find_mosquitto()), *words[1:]]
        return list(words)

    def _mapped(self, text: str) -> str:
        """Return a path or port of the containers' as it is here."""
        if text == "/mosquitto/config/mosquitto.conf":
            return str(self._mosquitto_conf())
        if text in {"8883", "8000", "5432"}:
            return str({"8883": self.broker_port, "8000": self.pages_port, "5432": self._database_port}[text])
        text = text.replace("http://dashboard:8000", f"http://localhost:{self.pages_port}")
        text = text.replace("/run/secrets", str(self.inside)).replace("/mosquitto/data", str(self.broker_data))
        return text.replace("-p 8883", f"-p {self.broker_port}")

    def _mosquitto_conf(self) -> Path:
        text = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
        for theirs, ours in (
            (f"plugin /usr/lib/{_PLUGIN}", f"plugin {find_plugin()}"),
            ("listener 8883", f"listener {self.broker_port}"),
            ("listener 8884", f"listener {find_free_port()}"),
            ("/mosquitto/certificates", str(self.inside)),
            ("/mosquitto/data", str(self.broker_data)),
        ):
            assert theirs in text, theirs
            text = text.replace(theirs, ours)
        path = self._directory / "mosquitto.conf"
        path.write_text(text, encoding="utf-8")
        return path
