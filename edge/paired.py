"""What a machine remembers of its pairing: whose it is, its credential, the broker, and its wearable.

One file, readable by its owner alone (0600), in the state folder of the user who paired: of the system's own account
where the agent runs as a service.
"""

import os
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.errors import PairingError
from edge.settings import EdgeSettings, state_folder
from heartwire.private_files import write_private

_FILE: Final = "paired.json"
_CA_FILE: Final = "broker-ca.pem"
_PREFIX: Final = "HEARTWIRE_EDGE_"


class PairedWearable(msgspec.Struct, frozen=True):
    """The wearable that was chosen."""

    address: str
    name: str
    kind: str


class Paired(msgspec.Struct, frozen=True):
    """A pairing.

    Attributes
    ----------
    server : str
        Where it was made.
    patient, ward : str
        Whose it is, as the server shows it: given name and initial.
    device, username, password : str
    broker_host, broker_port, broker_tls
        Where the agent connects.
    ca : str, optional
        PEM of the authority to trust.
    wearable : PairedWearable, optional
    paired_us : int
        When, UTC microseconds.
    """

    server: str
    patient: str
    ward: str
    device: str
    username: str
    password: str
    broker_host: str
    broker_port: int
    broker_tls: bool
    ca: str | None
    wearable: PairedWearable | None
    paired_us: int = msgspec.field(default_factory=lambda: time.time_ns() // 1000)

    @property
    def who(self) -> str:
        """Whose it is, for a person."""
        return f"{self.patient}, cared for by {self.ward}" if self.ward else self.patient


def read_paired() -> Paired | None:
    """Return this machine's pairing, ``None`` when it has none.

    Raises
    ------
    PairingError
        If the file cannot be read.
    """
    path = state_folder() / _FILE
    try:
        _check_private(path)
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PairingError(
            f"{path} cannot be read: {error.strerror}; who paired this machine? Run as that user"
        ) from error
    try:
        return msgspec.json.decode(content, type=Paired)
    except msgspec.DecodeError as error:
        raise PairingError(f"{path} is damaged ({error}); `heartwire edge unpair`, then pair anew") from error


def _check_private(path: Path) -> None:
    """Refuse a credential that others may read, or put another in the place of."""
    if path.stat().st_mode & 0o077:
        raise PairingError(
            f"{path} may be read by others (its mode is {path.stat().st_mode & 0o777:o}): `chmod 600 {path}`; or, if"
            " somebody did read it, `heartwire edge unpair`, and pair anew"
        )
    if path.parent.stat().st_mode & 0o022:
        raise PairingError(
            f"{path.parent} may be written by others (its mode is {path.parent.stat().st_mode & 0o777:o}):"
            f" `chmod 700 {path.parent}`"
        )


def keep_paired(paired: Paired) -> Path:
    """Write the pairing down; return where.

    Raises
    ------
    PairingError
        If it cannot be written.
    """
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if paired.ca is not None:
            write_private(folder / _CA_FILE, paired.ca.encode())
        write_private(folder / _FILE, msgspec.json.encode(paired))
    except OSError as error:
        raise PairingError(f"the pairing cannot be kept in {folder}: {error.strerror}; make it writable") from error
    return folder / _FILE


def forget_paired() -> None:
    """Let the pairing go, its credential with it."""
    for name in (_FILE, _CA_FILE):
        (state_folder() / name).unlink(missing_ok=True)


def load_settings(paired: Paired | None, **given: object) -> EdgeSettings:
    """Return the settings: those given, then the environment's, then what the pairing says.

    Raises
    ------
    SettingsError
        See `EdgeSettings.load`.
    """
    device = given.get("device") or os.environ.get(f"{_PREFIX}DEVICE")
    if paired is None or device not in {None, "", paired.device} or os.environ.get(f"{_PREFIX}DEVICE_FILE"):
        return EdgeSettings.load(**given)  # another device's credential is none of its business
    said: dict[str, Any] = {
        "device": paired.device,
        "broker_host": paired.broker_host,
        "broker_port": paired.broker_port,
        "broker_username": paired.username,
        "broker_password": paired.password,
        "broker_tls": paired.broker_tls,
        "broker_ca_file": None if paired.ca is None else state_folder() / _CA_FILE,
    }
    known = {name: value for name, value in said.items() if not _is_in_environment(name)}
    return EdgeSettings.load(**(known | {name: value for name, value in given.items() if value is not None}))


def _is_in_environment(name: str) -> bool:
    variable = f"{_PREFIX}{name.upper()}"
    return bool(os.environ.get(variable) or os.environ.get(f"{variable}_FILE"))
