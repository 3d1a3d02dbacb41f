"""Devices come and go: codes that give one to a patient, credentials, and shutting one out.

The database is the truth, and the broker is told. A code is used up when the broker lets its device in and the database
knows the device; whatever breaks before leaves the code as it was.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

import psycopg

from dashboard.access import Viewer
from dashboard.alarms import us_of, us_or_none
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.pairing_answers import (
    Broker,
    CodeOwner,
    CodeState,
    Credential,
    PairedDevice,
    PairingCode,
    fields_of,
    shown_name,
)
from dashboard.settings import DashboardSettings
from heartwire.access import client_id_of, hash_code, hash_secret, new_code, new_secret, read_code
from heartwire.broker_orders import BrokerAwayError, OrderRefusedError, admit, expel, renew_roles
from heartwire.errors import HeartwireError
from heartwire.settings import BrokerSettings
from heartwire.storage.queries import load_queries
from heartwire.topics import is_device, new_device, shard_of, topic_prefix

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("dashboard", "pairing.sql")
#: How often the broker is told again what it could not be told, seconds.
_EXPEL_EVERY_S: Final = 5.0


class PairingAction(StrEnum):
    """What the audit trail names."""

    MADE_CODE = "made_pairing_code"
    PAIRED = "paired_device"
    REVOKED = "revoked_device"
    REISSUED = "reissued_credential"


@dataclass(frozen=True, slots=True)
class _Given:
    """What a credential is made of."""

    device: str
    secret: str


class Pairing:
    """Pairs devices with patients, and parts them."""

    def __init__(self, database: Database, settings: DashboardSettings) -> None:
        self._database: Final = database
        self._settings: Final = settings
        self._as_provisioner: Final = _provisioner_of(settings)

    async def make_code(self, viewer: Viewer, patient_id: int, origin: str) -> PairingCode:
        """Return a new code for a patient; earlier ones of his are worthless from now on.

        Parameters
        ----------
        origin : str
            Where the pages are, unless the settings say where patients reach them.

        Raises
        ------
        ApiError
            `NOT_FOUND`.
        """
        code = new_code()
        async with self._database.connection_as(viewer) as connection:
            code_hash = await _hash(connection, code)
            async with connection.transaction():
                given: dict[str, Any] = {"patient_id": patient_id, "tenant_id": viewer.tenant_id}
                if await _one(connection, "patient", given) is None:
                    raise ApiError(Code.NOT_FOUND)
                await connection.execute(_QUERIES["forget_codes"])
                await connection.execute(_QUERIES["end_codes"], given)
                given |= {"user_id": viewer.user_id, "code_hash": code_hash}
                row = await _one(connection, "add_code", given | {"valid_s": self._settings.pairing_code_s})
                assert row is not None
                await _audit(connection, viewer, PairingAction.MADE_CODE, patient_id, None)
        url = f"{(self._settings.public_url or origin).rstrip('/')}/phone/?code={code}"
        return PairingCode(row[0], f"{code[:4]}-{code[4:]}", us_of(row[1]), url)

    async def code_state(self, viewer: Viewer, pairing_code_id: int) -> CodeState:
        """Return what became of a code.

        Raises
        ------
        ApiError
            `NOT_FOUND`.
        """
        async with self._database.connection_as(viewer) as connection:
            given = {"pairing_code_id": pairing_code_id, "tenant_id": viewer.tenant_id}
            row = await _one(connection, "code_state", given)
        if row is None:
            raise ApiError(Code.NOT_FOUND)
        id_, patient_id, expires_at, used_at, device, description, is_over, received = row
        state: Literal["used", "expired", "waiting"] = (
            "used" if used_at is not None else "expired" if is_over else "waiting"
        )
        return CodeState(id_, patient_id, state, us_of(expires_at), device, description, us_or_none(received))

    async def look(self, said: str, address: str) -> CodeOwner:
        """Return for whom a code was made; it stays as it is.

        Raises
        ------
        ApiError
            As `pair`.
        """
        async with self._database.connection() as connection:
            code_hash = await self._known_code(connection, said, address)
            row = await _one(connection, "code_owner", {"code_hash": code_hash})
        if row is None:  # in this moment it was forgotten
            raise ApiError(Code.WRONG_CODE)
        name, ward, language, expires_at = row
        return CodeOwner(shown_name(name), ward, language, us_of(expires_at))

    async def pair(self, said: str, description: str, address: str) -> Credential:
        """Return the credential of a new device of the patient for whom the code was made.

        Raises
        ------
        ApiError
            `WRONG_CODE`, `USED_CODE`, `EXPIRED_CODE`; `TOO_MANY_ATTEMPTS` with the seconds to wait; `NO_BROKER` when
            the broker cannot be told now: the code holds.
        """
        async with self._database.connection() as connection:
            code_hash = await self._known_code(connection, said, address)
        given = _Given(new_device(), new_secret())
        await self._tell_broker(given)
        # No connection was held while the broker was told.
        try:
            async with self._database.connection() as connection, connection.transaction():
                await self._add_device(connection, given, code_hash, description)
        except BaseException:
            await self._take_back(given.device)
            raise
        return self._credential(given)

    async def reissue(self, viewer: Viewer, device: str) -> Credential:
        """Return a new credential of a device; the old one is worthless from now on.

        Raises
        ------
        ApiError
            `NOT_FOUND`, `REVOKED`; `NO_BROKER` when the broker cannot be told now: the old one holds.
        """
        given = _Given(device, new_secret())
        async with self._database.connection_as(viewer) as connection:
            patient_id, revoked_at = await self._find(connection, viewer, device)
            if revoked_at is not None:
                raise ApiError(Code.REVOKED)
            await _set_credential(connection, viewer.tenant_id, given)
            await _audit(connection, viewer, PairingAction.REISSUED, patient_id, device)
            # The device's row is held meanwhile: a revocation comes after, and is not undone by this order.
            await self._tell_broker(given)
        return self._credential(given)

    async def revoke(self, viewer: Viewer, device: str, why: str) -> None:
        """Shut a device out, for good and at once. A broker that is away is told when it is back.

        Raises
        ------
        ApiError
            `NOT_FOUND`.
        """
        async with self._database.connection_as(viewer) as connection:
            patient_id, revoked_at = await self._find(connection, viewer, device)
            if revoked_at is None:
                given = {"device": device, "user_id": viewer.user_id, "why": why}
                await connection.execute(_QUERIES["revoke"], given)
                await _audit(connection, viewer, PairingAction.REVOKED, patient_id, device)
        try:
            await self.expel_revoked()
        except HeartwireError as error:
            _logger.warning("device %s is revoked, and the broker could not be told yet: %s", device, error)

    async def devices(self, viewer: Viewer, patient_id: int) -> list[PairedDevice]:
        """Return a patient's devices, the newest first.

        Raises
        ------
        ApiError
            `NOT_FOUND`.
        """
        given = {"patient_id": patient_id, "tenant_id": viewer.tenant_id}
        async with self._database.connection_as(viewer) as connection:
            if await _one(connection, "patient", given) is None:
                raise ApiError(Code.NOT_FOUND)
            rows = await (await connection.execute(_QUERIES["devices"], given)).fetchall()
        return [PairedDevice(*fields_of(row)) for row in rows]

    async def expel_revoked(self) -> None:
        """Tell the broker of every revoked device that it may still let in.

        Raises
        ------
        BrokerAwayError, OrderRefusedError, DatabaseUnavailableError
            Nothing is forgotten; do it again.
        """
        if self._as_provisioner is None:
            return
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_QUERIES["to_expel"])).fetchall()
        if rows:
            devices = [str(device) for (device,) in rows]
            await asyncio.to_thread(expel, self._as_provisioner, devices)
            async with self._database.connection() as connection:
                await connection.execute(_QUERIES["expelled"], {"devices": devices})

    async def keep_broker_told(self) -> None:
        """Run `expel_revoked` for ever; and once let the services do what this version needs, whoever made the file."""
        failing = renewed = False
        while True:
            try:
                await self.expel_revoked()
                if not renewed:
                    await self._renew_roles()
                    renewed = True
                failing = False
            except HeartwireError as error:
                if not failing:
                    _logger.warning("the broker does not know yet whom to keep out, and who may do what: %s", error)
                failing = True
            await asyncio.sleep(_EXPEL_EVERY_S)

    async def _renew_roles(self) -> None:
        if self._as_provisioner is not None:
            for service in await asyncio.to_thread(renew_roles, self._as_provisioner):
                _logger.warning("the broker's file was of an earlier version: %s may do all that it needs now", service)

    async def _known_code(self, connection: psycopg.AsyncConnection[Any], said: str, address: str) -> bytes:
        """Return the hash of a code that holds; any other was an attempt, and is counted."""
        code = read_code(said)
        at = await self._attempt(connection, address)
        # The work of the hash is done for what is no code at all too: the answer takes as long.
        code_hash = await _hash(connection, code or "00000000")
        row = None if code is None else await _one(connection, "what_code", {"code_hash": code_hash})
        if row is None:
            raise ApiError(Code.WRONG_CODE)
        # Whoever has all eight characters of a code that is worthless learns nothing by being told why it is.
        is_used, is_over = row
        if is_used or is_over:
            raise ApiError(Code.USED_CODE if is_used else Code.EXPIRED_CODE)
        await connection.execute(_QUERIES["take_back"], {"address": address, "at": at})
        return code_hash

    async def _attempt(self, connection: psycopg.AsyncConnection[Any], address: str) -> datetime:
        given: dict[str, Any] = {"address": address}
        row = await _one(connection, "attempt", given)
        assert row is not None
        at: datetime = row[0]
        given |= {
            "window_s": self._settings.pairing_window_s,
            "tries_address": self._settings.pairing_tries_address,
            "tries_all": self._settings.pairing_tries_all,
        }
        blocked = await _one(connection, "blocked_until", given)
        if blocked is not None and blocked[0] is not None:
            await connection.execute(_QUERIES["take_back"], {"address": address, "at": at})
            raise ApiError(Code.TOO_MANY_ATTEMPTS, retry_s=max(1, round(blocked[0])))
        await connection.execute(_QUERIES["forget_failures"])
        return at

    async def _add_device(
        self, connection: psycopg.AsyncConnection[Any], given: _Given, code_hash: bytes, description: str
    ) -> None:
        row = await _one(connection, "open_code", {"code_hash": code_hash})
        if row is None:  # another was faster, or it expired in this moment
            raise ApiError(Code.USED_CODE)
        pairing_code_id, patient_id, tenant_id, created_by = row
        device = {
            "device": given.device,
            "tenant_id": tenant_id,
            "patient_id": patient_id,
            "shard": shard_of(given.device),
            "description": description,
        }
        await connection.execute(_QUERIES["add_device"], device)
        await connection.execute(_QUERIES["use_code"], device | {"pairing_code_id": pairing_code_id})
        await _set_credential(connection, tenant_id, given)
        await connection.execute(_QUERIES["audit"], device | {"user_id": created_by, "action": PairingAction.PAIRED})

    async def _find(
        self, connection: psycopg.AsyncConnection[Any], viewer: Viewer, device: str
    ) -> tuple[int, datetime | None]:
        given = {"device": device, "tenant_id": viewer.tenant_id}
        row = await _one(connection, "device", given) if is_device(device) else None
        if row is None:
            raise ApiError(Code.NOT_FOUND)
        return row[1], row[2]

    async def _tell_broker(self, given: _Given) -> None:
        if self._as_provisioner is None:
            _logger.error("devices cannot be paired: the provisioner's user and password are not set")
            raise ApiError(Code.NO_BROKER)
        try:
            await asyncio.to_thread(admit, self._as_provisioner, given.device, given.secret)
        except (BrokerAwayError, OrderRefusedError) as error:
            _logger.warning("device %s could not be let in: %s", given.device, error)
            raise ApiError(Code.NO_BROKER) from error

    async def _take_back(self, device: str) -> None:
        """Have the broker forget a device that did not come to be; one that stays has a secret that nobody knows."""
        assert self._as_provisioner is not None
        try:
            await asyncio.to_thread(expel, self._as_provisioner, [device])
        except HeartwireError as error:
            _logger.info("the broker keeps device %s, which nobody has: %s", device, error)

    def _credential(self, given: _Given) -> Credential:
        settings = self._settings
        broker = Broker(
            settings.device_broker_host or settings.broker_host,
            settings.device_broker_port or settings.broker_port,
            settings.uses_tls if settings.device_broker_tls is None else settings.device_broker_tls,
            None if settings.broker_ca_file is None else settings.broker_ca_file.read_text(encoding="utf-8"),
        )
        return Credential(
            given.device,
            given.device,
            given.secret,
            client_id_of(given.device),
            topic_prefix(given.device),
            broker,
            settings.device_broker_ws_url,
        )


def _provisioner_of(settings: DashboardSettings) -> BrokerSettings | None:
    if settings.provisioner_username is None:
        return None
    return settings.model_copy(
        update={
            "broker_username": settings.provisioner_username,
            "broker_password": settings.provisioner_password,
        }
    )


async def _hash(connection: psycopg.AsyncConnection[Any], code: str) -> bytes:
    row = await _one(connection, "pepper", {})
    assert row is not None
    return await asyncio.to_thread(hash_code, code, bytes(row[0]))


async def _set_credential(connection: psycopg.AsyncConnection[Any], tenant_id: int, given: _Given) -> None:
    kept = await asyncio.to_thread(hash_secret, given.secret)
    columns = {"device": given.device, "tenant_id": tenant_id} | kept._asdict()
    await connection.execute(_QUERIES["set_credential"], columns)


async def _audit(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, action: PairingAction, patient_id: int, device: str | None
) -> None:
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "action": action}
    await connection.execute(_QUERIES["audit"], given | {"patient_id": patient_id, "device": device})


async def _one(connection: psycopg.AsyncConnection[Any], query: str, given: dict[str, Any]) -> Any:  # noqa: ANN401
    return await (await connection.execute(_QUERIES[query], given)).fetchone()
