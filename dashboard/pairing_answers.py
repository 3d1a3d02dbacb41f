"""What pairing answers: codes, credentials, devices.  Pure."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from dashboard.alarms import us_of, us_or_none


class PairingCode(msgspec.Struct, frozen=True):
    """A code, said once: who has it may pair a device with the patient until it expires.

    `url` is the text of the QR code.
    """

    id: int
    code: str
    expires_us: int
    url: str


class CodeState(msgspec.Struct, frozen=True):
    """What became of a code: `waiting`, `used` or `expired`.

    `description` is what the device called itself, `received_us` when it last sent any signal.
    """

    id: int
    patient_id: int
    state: Literal["waiting", "used", "expired"]
    expires_us: int
    device: str | None
    description: str | None
    received_us: int | None


class CodeOwner(msgspec.Struct, frozen=True):
    """For whom a code was made, as it is shown before the device is paired: no more than the patient needs to see."""

    patient: str
    ward: str
    language: str
    expires_us: int


class Broker(msgspec.Struct, frozen=True):
    """Where a device connects; `ca` is the PEM of the authority to trust, if it is not a public one."""

    host: str
    port: int
    tls: bool
    ca: str | None


class Credential(msgspec.Struct, frozen=True):
    """All that a device needs to send. The password is said here and nowhere else."""

    device: str
    username: str
    password: str
    client_id: str
    topic_prefix: str
    broker: Broker
    broker_ws_url: str | None


class PairedDevice(msgspec.Struct, frozen=True):
    """A device of a patient; times are UTC microseconds.

    `heard_us` is when it was last heard at all, `signal_us` when any signal of it came, by the server's clock.
    """

    device: str
    description: str
    paired_us: int
    revoked_us: int | None
    revoked_by: str | None
    revoked_why: str
    online: bool | None
    wearable: str | None
    heard_us: int | None
    signal_us: int | None


#: Columns of each query of devices that are a `PairedDevice`'s, in the order of its fields.
N_PAIRED: Final = len(PairedDevice.__struct_fields__)


def fields_of(row: Sequence[Any]) -> tuple[Any, ...]:
    """Return the fields of a `PairedDevice` from the first columns of a row."""
    device, description, paired, revoked, by, why, online, wearable, heard, signal = row[:N_PAIRED]
    times = us_or_none(heard), us_or_none(signal)
    return device, description, us_of(paired), us_or_none(revoked), by, why, online, wearable, *times


def shown_name(name: str) -> str:
    """Return a patient's name as it is shown on a device that others may see: given name and initial ("Marie D.")."""
    given, *others = name.split() or [""]
    return f"{given} {others[-1][0]}." if others else given
