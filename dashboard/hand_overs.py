"""Whose a patient is: the nurse of each, and handing all over to a colleague who accepts."""

from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import us_of, us_or_none
from dashboard.errors import ApiError, Code
from dashboard.permissions import PERMISSIONS, Permission, Role
from dashboard.whence import Hand
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "hand_overs.sql")
#: Roles that may be given patients.
_ROLES: Final = [role.value for role in Role if Permission.ACT_ON_ALARMS in PERMISSIONS[role]]
_Connection = psycopg.AsyncConnection[Any]


class Colleague(msgspec.Struct, frozen=True):
    """Somebody of the care team; the login tells two of one name apart."""

    id: int
    name: str
    role: str
    login: str


class Named(msgspec.Struct, frozen=True):
    """A person, by name."""

    id: int
    name: str


class HandOver(msgspec.Struct, frozen=True, rename={"giver": "from", "taker": "to"}):
    """An offer of all of one's patients to a colleague; how many they were, and their open alarms, when it was made."""

    id: int
    giver: Named
    taker: Named
    ward: str | None
    n_patients: int
    n_alarms: int
    at_us: int
    accepted_us: int | None
    withdrawn_us: int | None


async def open_hand_overs(connection: _Connection, tenant_id: int) -> list[HandOver]:
    """Return what waits to be accepted."""
    return [_hand_over(row) async for row in await connection.execute(_QUERIES["open"], {"tenant_id": tenant_id})]


async def colleagues(connection: _Connection, viewer: Viewer) -> list[Colleague]:
    """Return who may be given patients."""
    given = {"tenant_id": viewer.tenant_id, "roles": _ROLES}
    return [Colleague(*row) async for row in await connection.execute(_QUERIES["colleagues"], given)]


async def assign_nurse(connection: _Connection, viewer: Viewer, patient_id: int, user_id: int | None) -> Named | None:
    """Make somebody a patient's nurse, or nobody; return who it is.

    Raises
    ------
    ApiError
        `NOT_FOUND` where there is no such patient; `INVALID` where nobody who may be given patients has this id.
    """
    given = {"tenant_id": viewer.tenant_id, "patient_id": patient_id, "user_id": user_id, "by": viewer.user_id}
    async with connection.transaction():
        if await (await connection.execute(_QUERIES["lock_patient"], given)).fetchone() is None:
            raise ApiError(Code.NOT_FOUND)
        nurse = None if user_id is None else await _colleague(connection, viewer, user_id)
        if await (await connection.execute(_QUERIES["assign"], given)).fetchone() is not None:
            await audit(connection, viewer, Action.ASSIGNED_NURSE, patient_id)
    return nurse


async def offer(connection: _Connection, viewer: Viewer, to_user_id: int, ward: str | None) -> HandOver:
    """Offer all of one's patients, of a ward or of all, to a colleague; an earlier offer is taken back.

    Raises
    ------
    ApiError
        `INVALID` where nobody else who may be given patients has this id; `NO_PATIENTS` where there is nothing to hand
        over.
    """
    if to_user_id == viewer.user_id:
        raise ApiError(Code.INVALID, field="to_user_id")
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "to_user_id": to_user_id, "ward": ward}
    async with connection.transaction():
        await _colleague(connection, viewer, to_user_id, field="to_user_id")
        await connection.execute(_QUERIES["withdraw_others"], given)
        row = await (await connection.execute(_QUERIES["offer"], given)).fetchone()
        if row is None:
            raise ApiError(Code.NO_PATIENTS)
        await audit(connection, viewer, Action.OFFERED_HAND_OVER)
        return await _one(connection, viewer, row[0])


async def accept(hand: Hand, hand_over_id: int) -> HandOver:
    """Take over what one was offered; a second time changes nothing.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `FORBIDDEN` where it was offered to somebody else; `WITHDRAWN`.
    """
    connection, viewer, _ = hand
    given: dict[str, object] = {
        "tenant_id": viewer.tenant_id,
        "user_id": viewer.user_id,
        "hand_over_id": hand_over_id,
        "detail": Jsonb(hand.detail(hand_over_id=hand_over_id)),
    }
    async with connection.transaction():
        _, to_user, accepted, withdrawn = await _locked(connection, given)
        if to_user != viewer.user_id:
            raise ApiError(Code.FORBIDDEN)
        if withdrawn:
            raise ApiError(Code.WITHDRAWN)
        if not accepted:
            await connection.execute(_QUERIES["accept"], given)
            await connection.execute(_QUERIES["lock_patients"], given)
            taken = await (await connection.execute(_QUERIES["take_patients"], given)).fetchall()
            given["patients"] = [patient_id for (patient_id,) in taken]
            await connection.execute(_QUERIES["take_alarms"], given)
            await audit(connection, viewer, Action.ACCEPTED_HAND_OVER)
        return await _one(connection, viewer, hand_over_id)


async def withdraw(connection: _Connection, viewer: Viewer, hand_over_id: int) -> HandOver:
    """Take an offer back, or decline it; a second time changes nothing.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `FORBIDDEN` to anybody but the two; `ACCEPTED`.
    """
    given = {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id, "hand_over_id": hand_over_id}
    async with connection.transaction():
        from_user, to_user, accepted, withdrawn = await _locked(connection, given)
        if viewer.user_id not in {from_user, to_user}:
            raise ApiError(Code.FORBIDDEN)
        if accepted:
            raise ApiError(Code.ACCEPTED)
        if not withdrawn:
            await connection.execute(_QUERIES["withdraw"], given)
            await audit(connection, viewer, Action.WITHDREW_HAND_OVER)
        return await _one(connection, viewer, hand_over_id)


async def _colleague(connection: _Connection, viewer: Viewer, user_id: int, *, field: str = "user_id") -> Named:
    given = {"tenant_id": viewer.tenant_id, "user_id": user_id, "roles": _ROLES}
    row = await (await connection.execute(_QUERIES["colleague"], given)).fetchone()
    if row is None:
        raise ApiError(Code.INVALID, field=field)
    return Named(row[0], row[1])


async def _locked(connection: _Connection, given: dict[str, Any]) -> tuple[int, int, bool, bool]:
    row = await (await connection.execute(_QUERIES["lock"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return row[0], row[1], row[2], row[3]


async def _one(connection: _Connection, viewer: Viewer, hand_over_id: int) -> HandOver:
    given = {"tenant_id": viewer.tenant_id, "hand_over_id": hand_over_id}
    row = await (await connection.execute(_QUERIES["one"], given)).fetchone()
    assert row is not None
    return _hand_over(row)


def _hand_over(row: tuple[Any, ...]) -> HandOver:
    id_, from_id, from_name, to_id, to_name, ward, n_patients, n_alarms, offered, accepted, withdrawn = row
    people = (Named(from_id, from_name), Named(to_id, to_name))
    return HandOver(
        id_, *people, ward, n_patients, n_alarms, us_of(offered), us_or_none(accepted), us_or_none(withdrawn)
    )
