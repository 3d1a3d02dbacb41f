"""What a broker reads at its start: whom it lets in, and the secrets of the services (docs/adr/0012)."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from heartwire.access import SERVICES, SecretHash, broker_document, hash_secret, new_secret
from heartwire.errors import PermanentError
from heartwire.private_files import write_private
from heartwire.storage.errors import translated

DOCUMENT_FILE: Final = "dynamic-security.json"
_DEVICES: Final = """
    SELECT c.device_id, c.salt, c.iterations, c.hash
    FROM device_credentials AS c JOIN devices AS d USING (device_id)
    WHERE d.revoked_at IS NULL
    ORDER BY c.device_id
"""


class BrokerFilesError(PermanentError):
    """A broker's files cannot be written or read."""


def secret_path(directory: Path, service: str) -> Path:
    """Return where a service's secret is."""
    return directory / f"{service}.password"


def ensure_secrets(directory: Path) -> dict[str, str]:
    """Return each service's secret; those that are missing are made, the others stay.

    Raises
    ------
    BrokerFilesError
        If the directory cannot be read or written.
    """
    return {service: _ensure_secret(directory, service) for service in SERVICES}


def ensure_canary_secret(directory: Path) -> str:
    """Return the canary's secret; it is a device to the broker, and lies beside the services' (docs/adr/0028).

    Raises
    ------
    BrokerFilesError
        If the directory cannot be read or written.
    """
    return _ensure_secret(directory, "canary")


def read_devices(connection: psycopg.Connection[Any]) -> dict[str, SecretHash]:
    """Return what the database keeps of the secret of each device that may connect."""
    with translated():
        return {
            device: SecretHash(bytes(salt), iterations, bytes(hash_))
            for device, salt, iterations, hash_ in connection.execute(_DEVICES)
        }


def write_document(path: Path, secrets: Mapping[str, str], devices: Mapping[str, SecretHash]) -> None:
    """Write all that a broker is to know; it must not be running, since it writes the file itself.

    Raises
    ------
    BrokerFilesError
        If the file cannot be written.
    """
    services = {service: hash_secret(secret) for service, secret in secrets.items()}
    document = json.dumps(broker_document(services, devices), indent="\t").encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, document)
    except OSError as error:
        raise BrokerFilesError(f"{path} cannot be written: {error.strerror}") from error


def _ensure_secret(directory: Path, name: str) -> str:
    path = secret_path(directory, name)
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            write_private(path, new_secret().encode())
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BrokerFilesError(f"the secrets in {directory} cannot be kept: {error.strerror}") from error
