"""What somebody sees and changes of his own account: the password, the second factor, where else he is signed in."""

import asyncio
from typing import Annotated, Any, Final

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Action, Viewer, audit
from dashboard.errors import ApiError, Code
from dashboard.keyring import Keyring
from dashboard.passwords import LEAST_CHARACTERS, MOST_CHARACTERS, hash_password
from dashboard.second_factor import (
    Enrolment,
    Holder,
    Need,
    SecondFactor,
    begin_enrolment,
    confirm,
    fresh_recovery_codes,
    is_required,
    need_of,
    remove_factor,
    state_of,
)
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "account.sql")
_Connection = psycopg.AsyncConnection[Any]
#: As it is typed; what is longer is no password of anybody.
GivenPassword = Annotated[str, Meta(max_length=1000)]
#: Of an app, or a recovery code.
FactorCode = Annotated[str, Meta(min_length=1, max_length=64)]
_NewPassword = Annotated[str, Meta(min_length=LEAST_CHARACTERS, max_length=MOST_CHARACTERS)]


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """That it is he: the own password, and where there is a second factor a code of it."""

    password: GivenPassword
    code: FactorCode


class OwnPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The own password."""

    password: GivenPassword


class NewOwnPassword(msgspec.Struct, forbid_unknown_fields=True):
    """The own password, and the one that is to take its place."""

    password: GivenPassword
    new_password: _NewPassword


class FirstCode(msgspec.Struct, forbid_unknown_fields=True):
    """The first code of an app."""

    code: FactorCode


class Account(msgspec.Struct, frozen=True):
    """Oneself; without `has_password`: signs in elsewhere only, where password and second factor are, too."""

    login: str
    name: str
    role: str
    has_password: bool
    second_factor: SecondFactor


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Codes for who lost the app, each good once; shown this once."""

    recovery_codes: list[str]


class EndedSessions(msgspec.Struct, frozen=True):
    """How many were ended."""

    ended: int


async def account_of(connection: _Connection, viewer: Viewer, keyring: Keyring) -> Account:
    """Return one's own account."""
    row = await (await connection.execute(_QUERIES["has_password"], {"user_id": viewer.user_id})).fetchone()
    factor = await state_of(connection, viewer.user_id, keyring)
    return Account(viewer.login, viewer.name, viewer.role, row is not None and bool(row[0]), factor)


async def change_password(connection: _Connection, viewer: Viewer, new_password: str) -> None:
    """Take another password, and end all other sessions."""
    password_hash = await asyncio.to_thread(hash_password, new_password)
    given = {"user_id": viewer.user_id, "session_id": viewer.session_id, "password_hash": password_hash}
    async with connection.transaction():
        await connection.execute(_QUERIES["set_password"], given)
        await connection.execute(_QUERIES["end_others"], given)
        await audit(connection, viewer, Action.CHANGED_PASSWORD)


async def begin_own_factor(connection: _Connection, viewer: Viewer, keyring: Keyring) -> Enrolment:
    """Make a secret for one's app.

    Raises
    ------
    ApiError
        `NOT_NEEDED` where there is a second factor; `NO_FACTOR_KEY`.
    """
    return await begin_enrolment(connection, _holder(viewer), viewer.login, keyring)


async def confirm_own_factor(connection: _Connection, viewer: Viewer, code: str, keyring: Keyring) -> RecoveryCodes:
    """Turn on the second factor by a first code.

    Raises
    ------
    ApiError
        `ENROL_FIRST`, `WRONG_SECOND_FACTOR`.
    """
    async with connection.transaction():
        codes = await confirm(connection, _holder(viewer), code, keyring)
        await audit(connection, viewer, Action.TURNED_ON_FACTOR)
    return RecoveryCodes(codes)


async def remove_own_factor(connection: _Connection, viewer: Viewer) -> None:
    """Turn the second factor off.

    Raises
    ------
    ApiError
        `FACTOR_REQUIRED` where the role needs one.
    """
    if await is_required(connection, viewer.user_id):
        raise ApiError(Code.FACTOR_REQUIRED)
    async with connection.transaction():
        if await remove_factor(connection, viewer.user_id):
            await audit(connection, viewer, Action.TURNED_OFF_FACTOR)


async def renew_recovery_codes(connection: _Connection, viewer: Viewer) -> RecoveryCodes:
    """Make new recovery codes; those before hold no more.

    Raises
    ------
    ApiError
        `ENROL_FIRST` where there is no second factor.
    """
    if await need_of(connection, viewer.user_id) is not Need.CODE:
        raise ApiError(Code.ENROL_FIRST)
    async with connection.transaction():
        codes = await fresh_recovery_codes(connection, _holder(viewer))
        await audit(connection, viewer, Action.RENEWED_RECOVERY)
    return RecoveryCodes(codes)


async def end_other_sessions(connection: _Connection, viewer: Viewer) -> EndedSessions:
    """End all one's sessions but this one; their live screens close within three seconds."""
    given = {"user_id": viewer.user_id, "session_id": viewer.session_id}
    rows = await (await connection.execute(_QUERIES["end_others"], given)).fetchall()
    await audit(connection, viewer, Action.ENDED_OTHER_SESSIONS, detail={"n": len(rows)})
    return EndedSessions(len(rows))


def _holder(viewer: Viewer) -> Holder:
    return Holder(viewer.user_id, viewer.tenant_id)
