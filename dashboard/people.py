"""Who may sign in at a hospital, as what, for which wards."""

import asyncio
import secrets
from typing import Annotated, Any, Final, Literal

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import us_of, us_or_none
from dashboard.errors import ApiError, Code
from dashboard.keyring import Keyring
from dashboard.passwords import hash_password
from dashboard.permissions import PEOPLE
from dashboard.second_factor import remove_factor, require_of_roles, required_roles
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "people.sql")
_Connection = psycopg.AsyncConnection[Any]
_ROLES: Final = [role.value for role in PEOPLE]
#: The other system's role is given by a token only.
PersonsRole = Literal["nurse", "physician", "technician", "admin", "patient", "tester"]
_Text = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*[^\s\x00-\x1f][^\x00-\x1f]*$")]
_Wards = Annotated[list[Annotated[int, Meta(ge=0, le=2**31 - 1)]], Meta(max_length=500)]


class Rights(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What somebody is called, what he is, and which wards he sees; without `wards`: all."""

    name: _Text
    role: PersonsRole
    language: Literal["en", "fr", "de"] = "en"
    wards: _Wards | None = None


class NewPerson(Rights, kw_only=True):
    """And by which name he signs in."""

    login: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+$")]


class Person(msgspec.Struct, frozen=True):
    """Somebody who may sign in; `wards` are those he sees, ``None`` for all. Times are UTC microseconds.

    `issuers` are the OpenID providers that know him, by what they call themselves.
    """

    id: int
    login: str
    name: str
    role: str
    language: str
    disabled: bool
    created_us: int
    seen_us: int | None
    second_factor: bool
    wards: list[int] | None
    issuers: list[str]


class Issuer(msgspec.Struct, frozen=True):
    """An OpenID provider by which people sign in here; `links`: it connects people with users by their login."""

    issuer: str
    name: str
    links: bool


class People(msgspec.Struct, frozen=True):
    """Those who may sign in, then those who might; and the providers that there are."""

    people: list[Person]
    issuers: list[Issuer]


class FreshPassword(msgspec.Struct, frozen=True):
    """Somebody with a new password, which is shown this once."""

    person: Person
    password: str


class FactorRoles(msgspec.Struct, frozen=True):
    """Roles whose password alone does not do; `available`: this server has a key to keep second factors by."""

    roles: list[str]
    available: bool


class FactorRolesWish(msgspec.Struct, forbid_unknown_fields=True):
    """Roles whose password alone is not to do."""

    roles: Annotated[list[PersonsRole], Meta(max_length=len(PEOPLE))]


async def list_people(connection: _Connection, viewer: Viewer, issuers: list[Issuer]) -> People:
    """Return the people of a hospital."""
    return People(await _people(connection, viewer, None), issuers)


async def add_person(connection: _Connection, viewer: Viewer, wish: NewPerson) -> FreshPassword:
    """Let somebody sign in, with a password that is made here.

    Raises
    ------
    ApiError
        `TAKEN` where somebody has this login already; `INVALID` for a ward that there is not.
    """
    password, password_hash = await _fresh_password()
    given = _given(viewer, wish) | {"login": wish.login, "password_hash": password_hash}
    row = await (await connection.execute(_QUERIES["add"], given)).fetchone()
    if row is None:
        raise ApiError(Code.TAKEN)
    await _set_wards(connection, viewer, row[0], wish)
    await audit(connection, viewer, Action.ADDED_PERSON, detail={"of": row[0], "role": wish.role})
    return FreshPassword(await _one(connection, viewer, row[0]), password)


async def change_person(connection: _Connection, viewer: Viewer, user_id: int, wish: Rights) -> Person:
    """Change what somebody is called, what he is, and which wards he sees; open screens follow within three seconds.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_YOURSELF` for another role of one's own; `INVALID` for a ward that there is not.
    """
    if user_id == viewer.user_id and wish.role != viewer.role:
        raise ApiError(Code.NOT_YOURSELF)
    await _must_be(await connection.execute(_QUERIES["change"], _given(viewer, wish) | {"user_id": user_id}))
    await connection.execute(_QUERIES["leave_wards"], {"user_id": user_id})
    await _set_wards(connection, viewer, user_id, wish)
    await audit(connection, viewer, Action.CHANGED_PERSON, detail={"of": user_id, "role": wish.role})
    return await _one(connection, viewer, user_id)


async def reset_password(connection: _Connection, viewer: Viewer, user_id: int) -> FreshPassword:
    """Give somebody a new password, and sign him out everywhere.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    password, password_hash = await _fresh_password()
    given = _given(viewer) | {"user_id": user_id, "password_hash": password_hash}
    await _must_be(await connection.execute(_QUERIES["set_password"], given))
    await connection.execute(_QUERIES["sign_out"], given)
    await audit(connection, viewer, Action.RESET_PASSWORD, detail={"of": user_id})
    return FreshPassword(await _one(connection, viewer, user_id), password)


async def reset_factor(connection: _Connection, viewer: Viewer, user_id: int) -> Person:
    """Take somebody's second factor away, who lost it, and sign him out everywhere.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_YOURSELF`: the own one is turned off with password and code.
    """
    if user_id == viewer.user_id:
        raise ApiError(Code.NOT_YOURSELF)
    given = _given(viewer) | {"user_id": user_id}
    await _one(connection, viewer, user_id)
    await remove_factor(connection, user_id)
    await connection.execute(_QUERIES["sign_out"], given)
    await audit(connection, viewer, Action.RESET_FACTOR, detail={"of": user_id})
    return await _one(connection, viewer, user_id)


async def unlink_person(connection: _Connection, viewer: Viewer, user_id: int, issuer: str) -> Person:
    """Let somebody sign in by a provider no more, and sign him out everywhere; a password of his stays.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also where the provider does not know him; `NOT_YOURSELF`.
    """
    if user_id == viewer.user_id:
        raise ApiError(Code.NOT_YOURSELF)
    given = _given(viewer) | {"user_id": user_id, "issuer": issuer}
    await _must_be(await connection.execute(_QUERIES["unlink"], given))
    await connection.execute(_QUERIES["sign_out"], given)
    await audit(connection, viewer, Action.UNLINKED_PERSON, detail={"of": user_id, "issuer": issuer})
    return await _one(connection, viewer, user_id)


async def factor_roles(connection: _Connection, viewer: Viewer, keyring: Keyring) -> FactorRoles:
    """Return the roles whose password alone does not do."""
    return FactorRoles(await required_roles(connection, viewer.tenant_id), keyring.has_key)


async def require_factor(
    connection: _Connection, viewer: Viewer, wish: FactorRolesWish, keyring: Keyring
) -> FactorRoles:
    """Say whose password alone does not do, from their next sign-in on.

    Raises
    ------
    ApiError
        `NO_FACTOR_KEY` where nobody could set one up.
    """
    if wish.roles and not keyring.has_key:
        raise ApiError(Code.NO_FACTOR_KEY)
    await require_of_roles(connection, viewer.tenant_id, list(wish.roles))
    found = await factor_roles(connection, viewer, keyring)
    await audit(connection, viewer, Action.REQUIRED_FACTOR, detail={"roles": found.roles})
    return found


async def disable_person(connection: _Connection, viewer: Viewer, user_id: int, *, disabled: bool) -> Person:
    """Keep somebody out, at once and everywhere, or let him in again; what he did keeps his name.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_YOURSELF`.
    """
    if user_id == viewer.user_id:
        raise ApiError(Code.NOT_YOURSELF)
    given = _given(viewer) | {"user_id": user_id, "disabled": disabled}
    await _must_be(await connection.execute(_QUERIES["disable"], given))
    if disabled:
        await connection.execute(_QUERIES["sign_out"], given)
    action = Action.DISABLED_PERSON if disabled else Action.ENABLED_PERSON
    await audit(connection, viewer, action, detail={"of": user_id})
    return await _one(connection, viewer, user_id)


async def _fresh_password() -> tuple[str, str]:
    password = secrets.token_urlsafe(12)
    return password, await asyncio.to_thread(hash_password, password)


async def _set_wards(connection: _Connection, viewer: Viewer, user_id: int, wish: Rights) -> None:
    if wish.wards:
        given = {"user_id": user_id, "tenant_id": viewer.tenant_id, "wards": wish.wards}
        rows = await (await connection.execute(_QUERIES["join_wards"], given)).fetchall()
        if len(rows) != len(set(wish.wards)):
            raise ApiError(Code.INVALID, field="wards")


async def _must_be(cursor: psycopg.AsyncCursor[Any]) -> None:
    if await cursor.fetchone() is None:
        raise ApiError(Code.NOT_FOUND)


async def _one(connection: _Connection, viewer: Viewer, user_id: int) -> Person:
    found = await _people(connection, viewer, user_id)
    if not found:
        raise ApiError(Code.NOT_FOUND)
    return found[0]


async def _people(connection: _Connection, viewer: Viewer, user_id: int | None) -> list[Person]:
    rows = await (await connection.execute(_QUERIES["people"], _given(viewer) | {"user_id": user_id})).fetchall()
    return [
        Person(id_, login, name, role, language, disabled, us_of(created), us_or_none(seen), *more)
        for id_, login, name, role, language, disabled, created, seen, *more in rows
    ]


def _given(viewer: Viewer, wish: Rights | None = None) -> dict[str, Any]:
    given: dict[str, Any] = {"tenant_id": viewer.tenant_id, "roles": _ROLES}
    if wish is not None:
        given |= {"name": wish.name.strip(), "role": wish.role, "language": wish.language}
        given["all_wards"] = wish.wards is None
    return given
