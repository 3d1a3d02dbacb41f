"""Who may connect to the demo's broker: its services and its patients' devices, each with a secret of its own."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

from heartwire.access import hash_secret, new_secret
from heartwire.broker_files import DOCUMENT_FILE, ensure_canary_secret, ensure_secrets, read_devices, write_document
from heartwire.private_files import write_private
from heartwire.storage.canary import register_canary
from heartwire.storage.errors import translated
from simulators.demo_home import DemoError, Home
from simulators.demo_ward import DemoPatient

_ADD: Final = """
    INSERT INTO device_credentials (device_id, tenant_id, salt, iterations, hash)
    SELECT device_id, tenant_id, %s, %s, %s FROM devices WHERE device_id = %s
    ON CONFLICT (device_id) DO UPDATE SET
        salt = excluded.salt, iterations = excluded.iterations, hash = excluded.hash, issued_at = now()
"""


class DemoAccess(NamedTuple):
    """What lets everybody in.

    Attributes
    ----------
    document : Path
        What the broker reads.
    services, devices : dict of str to str
        Secrets, by name.
    canary : str
        The canary's.
    factor_key : str
        Seals the secrets of people's second factors.
    """

    document: Path
    services: dict[str, str]
    devices: dict[str, str]
    canary: str
    factor_key: str


def prepare_access(home: Home, database: str, patients: Sequence[DemoPatient]) -> DemoAccess:
    """Give every service and every patient's device a secret, the same at each start, and tell the broker's file.

    Raises
    ------
    DemoError
        If what an earlier start kept cannot be read.
    """
    directory = home.make_directory("broker")
    services = ensure_secrets(directory / "secrets")
    canary = ensure_canary_secret(directory / "secrets")
    path = home.directory / "ward" / "devices.secret"
    devices = _read(path)
    for patient in patients:
        devices.setdefault(patient.device, new_secret())
    write_private(path, json.dumps(devices, indent=1).encode())
    with translated(), psycopg.connect(database) as connection:
        kept = read_devices(connection)
        for device, secret in devices.items():
            if device not in kept or not kept[device].fits(secret):
                connection.execute(_ADD, (*hash_secret(secret), device))
        register_canary(connection, canary)
        connection.commit()
        write_document(directory / DOCUMENT_FILE, services, read_devices(connection))
    return DemoAccess(directory / DOCUMENT_FILE, services, devices, canary, _factor_key(home))


def _factor_key(home: Home) -> str:
    path = home.make_directory("ward") / "factor.key"
    if not path.exists():
        write_private(path, new_secret().encode())
    return path.read_text(encoding="utf-8")


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DemoError(f"{path} cannot be read: {error}; delete it, or start with --fresh") from None
    return found
