"""Brokers that let in only who belongs: Mosquitto as it is deployed, with TLS, and the embedded one."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final, Self

from heartwire.access import SecretHash
from heartwire.broker_files import DOCUMENT_FILE, ensure_secrets, write_document
from heartwire.certificates import CA_FILE, CERTIFICATE_FILE, KEY_FILE, make_authority
from heartwire.embedded.broker import find_dynamic_security
from tests.conftest import ROOT
from tests.servers.missing import ServerMissingError
from tests.servers.mosquitto import find_mosquitto
from tests.servers.process import Process
from tests.servers.waiting import accepts_connections, find_free_port


class SecuredBroker:
    """A broker with its secrets, to stop and start again; it keeps whom it lets in.

    Attributes
    ----------
    secrets : dict of str to str
        Passwords of the services.
    ca_file : Path or None
        The authority to trust, where it speaks TLS.
    document : Path
        Whom it lets in.
    """

    host: Final = "127.0.0.1"
    name = ""
    speaks_mqtt5 = False

    def __init__(self) -> None:
        self.port: Final = find_free_port()
        self.directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-broker-"))
        self.document: Final = self.directory / DOCUMENT_FILE
        self.secrets: Final = ensure_secrets(self.directory / "secrets")
        self.ca_file: Path | None = None
        self.forget()
        self.process: Final = Process(self.name, self._command(), self.directory / "log")

    def _command(self) -> list[str]:
        raise NotImplementedError

    def forget(self, devices: dict[str, SecretHash] | None = None) -> None:
        """Let in the services, these devices and nobody else; while it is stopped."""
        write_document(self.document, self.secrets, devices or {})

    def env(self, service: str) -> dict[str, str]:
        """Return the variables by which a service finds it and is let in."""
        prefix = f"HEARTWIRE_{service.upper()}_BROKER_"
        ca = {f"{prefix}CA_FILE": str(self.ca_file)} if self.ca_file else {}
        return ca | {
            f"{prefix}HOST": self.host,
            f"{prefix}PORT": str(self.port),
            f"{prefix}USERNAME": service,
            f"{prefix}PASSWORD": self.secrets[service],
        }

    def provisioner_env(self) -> dict[str, str]:
        """Return the variables by which the dashboard may pair devices."""
        return {
            "HEARTWIRE_DASHBOARD_PROVISIONER_USERNAME": "provisioner",
            "HEARTWIRE_DASHBOARD_PROVISIONER_PASSWORD": self.secrets["provisioner"],
        }

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

    def remove(self) -> None:
        """Kill it and delete all that it kept."""
        self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class SecuredMosquitto(SecuredBroker):
    """Mosquitto with the configuration of deploy/, its paths and port replaced.

    Raises
    ------
    ServerMissingError
        If Mosquitto or its plugin is not installed.
    """

    name = "mosquitto"
    speaks_mqtt5 = True

    def _command(self) -> list[str]:
        plugin = find_dynamic_security()
        if plugin is None:
            raise ServerMissingError("Mosquitto's dynamic security plugin is not installed; run `make servers` as root")
        certificates = self.directory / "certificates"
        make_authority(certificates, ["127.0.0.1", "localhost"])
        self.ca_file = certificates / CA_FILE
        text = (ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
        for here, there in (
            ("/usr/lib/mosquitto_dynamic_security.so", str(plugin)),
            ("/mosquitto/data/dynamic-security.json", str(self.document)),
            ("/mosquitto/certificates/server.crt", str(certificates / CERTIFICATE_FILE)),
            ("/mosquitto/certificates/server.key", str(certificates / KEY_FILE)),
            ("listener 8883", f"listener {self.port} {self.host}"),
        ):
            assert text.count(here) == 1, here
            text = text.replace(here, there)
        if os.geteuid() == 0:
            text += "user root\n"  # otherwise it could not read its files here
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(text, encoding="utf-8")
        return [str(find_mosquitto()), "-c", str(configuration)]


class SecuredEmbedded(SecuredBroker):
    """amqtt with a door; without TLS, for loopback."""

    name = "amqtt"

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "heartwire.embedded.amqtt_server", str(self.port), str(self.document)]
