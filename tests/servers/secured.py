"""Brokers that let in only who belongs: Mosquitto as it is deployed, with TLS, and the embedded one."""

import os
import sys
from pathlib import Path
from typing import Final

from heartwire.access import SecretHash
from heartwire.broker_files import DOCUMENT_FILE, ensure_secrets, write_document
from heartwire.certificates import CA_FILE, CERTIFICATE_FILE, KEY_FILE, make_authority
from heartwire.embedded.broker import find_dynamic_security
from tests.conftest import ROOT
from tests.servers.broker import BrokerProcess
from tests.servers.missing import ServerMissingError
from tests.servers.mosquitto import find_mosquitto
from tests.servers.waiting import find_free_port


class SecuredBroker(BrokerProcess):
    """A broker with its secrets, to stop and start again; it keeps whom it lets in.

    Attributes
    ----------
    secrets : dict of str to str
        Passwords of the services.
    ca_file : Path or None
        The authority to trust, where it speaks TLS.
    document : Path
        Whom it lets in.
    ws_port : int
        Where it speaks MQTT over websockets.
    """

    def __init__(self) -> None:
        self.ca_file: Path | None = None
        self.ws_port: Final = find_free_port()
        super().__init__()
        self.document: Final = self.directory / DOCUMENT_FILE
        self.secrets: Final = ensure_secrets(self.directory / "secrets")
        self.forget()

    def forget(self, devices: dict[str, SecretHash] | None = None) -> None:
        """Let in the services, these devices and nobody else; while it is stopped."""
        write_document(self.document, self.secrets, devices or {})

    def env(self, service: str, username: str | None = None, password: str | None = None) -> dict[str, str]:
        """Return the variables by which a service finds it and is let in, as itself or as somebody else."""
        prefix = f"HEARTWIRE_{service.upper()}_BROKER_"
        ca = {f"{prefix}CA_FILE": str(self.ca_file)} if self.ca_file else {}
        return ca | {
            f"{prefix}HOST": self.host,
            f"{prefix}PORT": str(self.port),
            f"{prefix}USERNAME": username or service,
            f"{prefix}PASSWORD": password or self.secrets[service],
        }

    def provisioner_env(self) -> dict[str, str]:
        """Return the variables by which the dashboard may pair devices, and tells phones where to connect."""
        scheme = "ws" if self.ca_file is None else "wss"
        return {
            "HEARTWIRE_DASHBOARD_DEVICE_BROKER_WS_URL": f"{scheme}://{self.host}:{self.ws_port}",
            "HEARTWIRE_DASHBOARD_PROVISIONER_USERNAME": "provisioner",
            "HEARTWIRE_DASHBOARD_PROVISIONER_PASSWORD": self.secrets["provisioner"],
        }


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
        for here, there, count in (
            ("/usr/lib/mosquitto_dynamic_security.so", str(plugin), 1),
            ("/mosquitto/data/dynamic-security.json", str(self.directory / DOCUMENT_FILE), 1),
            ("/mosquitto/certificates/server.crt", str(certificates / CERTIFICATE_FILE), 2),
            ("/mosquitto/certificates/server.key", str(certificates / KEY_FILE), 2),
            ("listener 8883", f"listener {self.port} {self.host}", 1),
            ("listener 8884", f"listener {self.ws_port} {self.host}", 1),
        ):
            assert text.count(here) == count, here
            text = text.replace(here, there)
        if os.geteuid() == 0:
            text += "user root\n"  # otherwise it could not read its files here
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(text, encoding="utf-8")
        return [str(find_mosquitto()), "-c", str(configuration)]


class SecuredEmbedded(SecuredBroker):
    """amqtt with a door; without TLS, for loopback."""

    name = "amqtt"
    speaks_mqtt5 = False

    def _command(self) -> list[str]:
        document = str(self.directory / DOCUMENT_FILE)
        program = [sys.executable, "-m", "heartwire.embedded.amqtt_server", str(self.port)]
        return [*program, "--file", document, "--ws-port", str(self.ws_port)]
