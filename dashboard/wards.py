"""The wards of a hospital: rows with a name and a time zone."""

from typing import Annotated, Any, Final

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Action, Viewer, audit
from dashboard.errors import ApiError, Code
from heartwire.storage.queries import load_queries
from heartwire.zones import is_zone

_QUERIES: Final = load_queries("dashboard", "people.sql")
_Connection = psycopg.AsyncConnection[Any]


_Zone = Annotated[str, Meta(min_length=1, max_length=64)]


class HospitalWish(msgspec.Struct, forbid_unknown_fields=True):
    """In which zone the hospital lives (IANA name): what is no ward's is told in it."""

    zone: _Zone


class WardWish(msgspec.Struct, forbid_unknown_fields=True):
    """What a ward is called, and in which zone its people live (IANA name).

    Without a zone a new ward is in the hospital's, and one that there is stays where it is.
    """

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")]
    zone: _Zone | None = None


class WardRow(msgspec.Struct, frozen=True):
    """A ward, how many patients it has, and how many people belong to it besides those who see all."""

    id: int
    name: str
    zone: str
    n_patients: int
    n_members: int


class Wards(msgspec.Struct, frozen=True):
    """By name; `zone` is the hospital's."""

    zone: str
    wards: list[WardRow]


async def list_wards(connection: _Connection, viewer: Viewer) -> Wards:
    """Return the wards of a hospital."""
    given = {"tenant_id": viewer.tenant_id}
    row = await (await connection.execute(_QUERIES["hospital_zone"], given)).fetchone()
    assert row is not None
    return Wards(row[0], await _wards(connection, viewer, None))


async def change_hospital(connection: _Connection, viewer: Viewer, wish: HospitalWish) -> Wards:
    """Say in which zone the hospital lives; wards stay where they are.

    Raises
    ------
    ApiError
        `INVALID` for a zone that there is not.
    """
    await _check_zone(connection, wish.zone)
    given = {"tenant_id": viewer.tenant_id, "zone": wish.zone}
    await connection.execute(_QUERIES["change_hospital_zone"], given)
    await audit(connection, viewer, Action.CHANGED_HOSPITAL, detail={"zone": wish.zone})
    return await list_wards(connection, viewer)


async def add_ward(connection: _Connection, viewer: Viewer, wish: WardWish) -> WardRow:
    """Add a ward.

    Raises
    ------
    ApiError
        `TAKEN`; `INVALID` for a zone that there is not.
    """
    given = await _given(connection, viewer, wish)
    row = await (await connection.execute(_QUERIES["add_ward"], given)).fetchone()
    if row is None:
        raise ApiError(Code.TAKEN)
    await audit(connection, viewer, Action.ADDED_WARD, detail={"ward": given["name"]})
    return (await _wards(connection, viewer, row[0]))[0]


async def change_ward(connection: _Connection, viewer: Viewer, ward_id: int, wish: WardWish) -> WardRow:
    """Call a ward otherwise, or say where it is; its patients stay in it.

    Raises
    ------
    ApiError
        `NOT_FOUND`, `TAKEN`; `INVALID` for a zone that there is not.
    """
    given = await _given(connection, viewer, wish) | {"ward_id": ward_id}
    if not await _wards(connection, viewer, ward_id):
        raise ApiError(Code.NOT_FOUND)
    if await (await connection.execute(_QUERIES["is_taken"], given)).fetchone() is not None:
        raise ApiError(Code.TAKEN)
    await connection.execute(_QUERIES["change_ward"], given)
    await audit(connection, viewer, Action.CHANGED_WARD, detail={"ward": given["name"]})
    return (await _wards(connection, viewer, ward_id))[0]


async def remove_ward(connection: _Connection, viewer: Viewer, ward_id: int) -> None:
    """Remove a ward that has no patients.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_EMPTY`.
    """
    found = await _wards(connection, viewer, ward_id)
    if not found:
        raise ApiError(Code.NOT_FOUND)
    try:
        await connection.execute(_QUERIES["remove_ward"], {"tenant_id": viewer.tenant_id, "ward_id": ward_id})
    except psycopg.errors.ForeignKeyViolation:
        raise ApiError(Code.NOT_EMPTY) from None
    await audit(connection, viewer, Action.REMOVED_WARD, detail={"ward": found[0].name})


async def _wards(connection: _Connection, viewer: Viewer, ward_id: int | None) -> list[WardRow]:
    given = {"tenant_id": viewer.tenant_id, "ward_id": ward_id}
    return [WardRow(*row) for row in await (await connection.execute(_QUERIES["wards"], given)).fetchall()]


async def _given(connection: _Connection, viewer: Viewer, wish: WardWish) -> dict[str, Any]:
    if wish.zone is not None:
        await _check_zone(connection, wish.zone)
    return {"tenant_id": viewer.tenant_id, "name": wish.name.strip(), "zone": wish.zone}


async def _check_zone(connection: _Connection, zone: str) -> None:
    """Refuse what is no zone to this server or to the database: their lists are not of one age."""
    if is_zone(zone):
        found = await (await connection.execute(_QUERIES["knows_zone"], {"zone": zone})).fetchone()
        if found is not None:
            return
    raise ApiError(Code.INVALID, field="zone")
