"""A patient's own device, known by its own credential: whose data it may ask for, how often, and the trail of it."""

import base64
import binascii
import time
from enum import StrEnum
from typing import Any, Final, NamedTuple

import psycopg

from dashboard.database import Database, Sight
from dashboard.errors import ApiError, Code
from dashboard.patients import PatientName
from dashboard.rate_limit import RateLimit
from dashboard.settings import DashboardSettings
from heartwire.access import SecretHash
from heartwire.storage.queries import load_queries
from heartwire.topics import is_device

_QUERIES: Final = load_queries("dashboard", "my.sql")
#: A device that shows something all day is written down once in this time, seconds.
_AUDIT_EVERY_S: Final = 3600.0
_AUDITED_MOST: Final = 100_000


class OwnAction(StrEnum):
    """What the audit trail names of a device that asks for its patient's own data."""

    SAW = "device_saw_own"
    SAW_TREND = "device_saw_own_trend"
    SAW_EVENTS = "device_saw_own_events"
    SAW_ECG = "device_saw_own_ecg"
    SAW_ACCESS = "device_saw_own_access"
    SAW_MESSAGES = "device_saw_own_messages"


class Holder(NamedTuple):
    """A device that may ask, and whose it is."""

    device: str
    tenant_id: int
    patient: PatientName
    language: str

    @property
    def sight(self) -> Sight:
        """What the database shows: the own patient."""
        return Sight(self.tenant_id, wards=(), patients=(self.patient.id,))


class DeviceAccess:
    """Knows devices by their credentials."""

    def __init__(self, database: Database, settings: DashboardSettings) -> None:
        self._database: Final = database
        self._by_address: Final = RateLimit(settings.my_requests_address)
        self._by_device: Final = RateLimit(settings.my_requests_device)
        self._audited_s: Final[dict[tuple[str, OwnAction], float]] = {}

    async def holder(self, authorization: str, address: str) -> Holder:
        """Return who asks.

        Parameters
        ----------
        authorization : str
            The header: HTTP Basic (RFC 7617), the device and its secret.
        address : str
            From where.

        Raises
        ------
        ApiError
            `WRONG_CREDENTIALS`, `DEVICE_REVOKED`; `TOO_MANY_ATTEMPTS` with the seconds to wait.
        """
        _refuse_after(self._by_address.wait_s(address, time.monotonic()))
        device, secret = _read_basic(authorization)
        if not is_device(device):
            raise ApiError(Code.WRONG_CREDENTIALS)
        async with self._database.connection() as connection:
            row = await (await connection.execute(_QUERIES["holder"], {"device": device})).fetchone()
        if row is None:
            raise ApiError(Code.WRONG_CREDENTIALS)
        tenant_id, patient_id, name, ward, language, is_revoked, *kept = row
        if is_revoked:
            # Its secret may be forgotten already; the name of a device is as hard to guess.
            raise ApiError(Code.DEVICE_REVOKED)
        if kept[0] is None or not SecretHash(bytes(kept[0]), kept[1], bytes(kept[2])).fits(secret):
            raise ApiError(Code.WRONG_CREDENTIALS)
        _refuse_after(self._by_device.wait_s(device, time.monotonic()))
        return Holder(device, tenant_id, PatientName(patient_id, name, ward), language)

    async def audit(self, connection: psycopg.AsyncConnection[Any], holder: Holder, action: OwnAction) -> None:
        """Write down what a device was shown, once an hour."""
        now_s, key = time.monotonic(), (holder.device, action)
        if now_s - self._audited_s.get(key, float("-inf")) < _AUDIT_EVERY_S:
            return
        self._audited_s.pop(key, None)
        self._audited_s[key] = now_s
        if len(self._audited_s) > _AUDITED_MOST:
            del self._audited_s[next(iter(self._audited_s))]
        await connection.execute(
            _QUERIES["audit"],
            {
                "tenant_id": holder.tenant_id,
                "action": action,
                "patient_id": holder.patient.id,
                "device": holder.device,
            },
        )


def _refuse_after(wait_s: float) -> None:
    if wait_s > 0:
        raise ApiError(Code.TOO_MANY_ATTEMPTS, retry_s=max(1, round(wait_s)))


def _read_basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            device, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            pass
        else:
            if colon:
                return device, secret
    raise ApiError(Code.WRONG_CREDENTIALS)
