"""Who is watched, and by which devices."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import psycopg

from heartwire.calls import get_call
from heartwire.errors import PermanentError
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries
from heartwire.topics import is_device, shard_of

_QUERIES: Final = load_queries("heartwire.storage", "registry.sql")


class RegistryError(PermanentError):
    """A patient, device or limit that cannot be registered as asked."""


def add_patient(
    connection: psycopg.Connection[Any],
    name: str,
    *,
    ward: str = "",
    device: str,
    tenant: str = "default",
) -> int:
    """Register a patient with the device that may send for him, and return the patient's id.

    Raises
    ------
    RegistryError
        If the tenant is unknown, the device's name is malformed or taken.
    """
    if not name.strip():
        raise RegistryError("a patient needs a name")
    if not is_device(device):
        raise RegistryError(f"{device!r} is not a device's name: 16 characters out of 0-9 and a-z without i, l, o, u")
    with translated(), connection.transaction():
        row = connection.execute(
            _QUERIES["add_patient"],
            {"name": name.strip(), "ward": ward, "tenant": tenant},
        ).fetchone()
        if row is None:
            raise RegistryError(f"no tenant {tenant!r}")
        patient_id = int(row[0])
        try:
            connection.execute(
                _QUERIES["add_device"],
                {"device": device, "patient_id": patient_id, "shard": shard_of(device)},
            )
        except psycopg.errors.UniqueViolation:
            raise RegistryError(f"device {device} belongs to a patient already; choose another") from None
    return patient_id


def add_many(
    connection: psycopg.Connection[Any],
    devices: Sequence[str],
    *,
    prefix: str = "Patient ",
    ward: str = "",
    tenant: str = "default",
) -> int:
    """Register devices that are not registered yet, each with a patient of its own, and return how many were new.

    In one statement, so that thousands take a second: for fleets of tests, whose patients are named after their device.

    Raises
    ------
    RegistryError
        If a name is malformed.
    """
    for device in devices:
        if not is_device(device):
            raise RegistryError(
                f"{device!r} is not a device's name: 16 characters out of 0-9 and a-z without i, l, o, u"
            )
    parameters = {
        "devices": list(devices),
        "shards": [shard_of(device) for device in devices],
        "prefix": prefix,
        "ward": ward,
        "tenant": tenant,
    }
    with translated(), connection.transaction():
        return connection.execute(_QUERIES["add_many"], parameters).rowcount


class PatientRow(NamedTuple):
    """A patient and one of his devices; without a device its name is empty."""

    patient_id: int
    device: str
    ward: str
    name: str


def list_patients(connection: psycopg.Connection[Any]) -> list[PatientRow]:
    """Return every patient with each of his devices."""
    with translated():
        return [PatientRow(*row) for row in connection.execute(_QUERIES["list_patients"])]


def set_limit(
    connection: psycopg.Connection[Any],
    patient_id: int,
    call: str,
    name: str,
    value: float,
) -> None:
    """Give a patient his own limit of a call.

    Parameters
    ----------
    call, name : str
        As in the catalogue, such as ``tachycardia`` and ``bpm``.
    value : float
        In the catalogue's unit, within its bounds.

    Raises
    ------
    RegistryError
        If there is no such patient or limit, or the value is out of its bounds.
    UnknownCallError
        If there is no such call.
    """
    limit = get_call(call).limits.get(name)
    if limit is None:
        raise RegistryError(f"{call} has no limit {name!r}; it has: {', '.join(get_call(call).limits) or 'none'}")
    if not limit.low <= value <= limit.high:
        raise RegistryError(f"{call} {name} {value:g}: wanted {limit.low:g} to {limit.high:g} {limit.unit}")
    with translated():
        row = connection.execute(
            _QUERIES["set_limit"],
            {"patient_id": patient_id, "call": call, "name": name, "value": value},
        ).fetchone()
    if row is None:
        raise RegistryError(f"no patient {patient_id}")
