"""The second factor of who signs in with a password: set up, asked for, used once, taken away.

Secrets are the door's (`Database.connection`): the pages' own role cannot read them.
"""

import time
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from dashboard.alarms import us_or_none
from dashboard.errors import ApiError, Code
from dashboard.keyring import Keyring
from dashboard.one_time_codes import (
    enrolment_uri,
    is_one_time_code,
    matching_step,
    new_recovery_codes,
    new_secret,
    recovery_hash,
    secret_text,
)
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "second_factor.sql")
_Connection = psycopg.AsyncConnection[Any]
#: Wrong codes in a row, whatever the time between them, until none is heard any more (NIST SP 800-63B, 5.2.2). Nobody
#: comes to them without the password.
FAILURES_MOST: Final = 100


class Need(StrEnum):
    """What is wanted of who gave the right password."""

    NOTHING = "nothing"
    CODE = "code"
    ENROLMENT = "enrolment"


class Method(StrEnum):
    """By what a session began."""

    PASSWORD = "password"  # noqa: S105 # a name
    TOTP = "password+totp"
    RECOVERY = "password+recovery"
    OIDC = "oidc"


class Holder(NamedTuple):
    """Whose factor it is."""

    user_id: int
    tenant_id: int


class Enrolment(msgspec.Struct, frozen=True):
    """A secret for an app, shown until a first code confirms it: as text to type, and as what a QR code says."""

    secret: str
    uri: str


class SecondFactor(msgspec.Struct, frozen=True):
    """How it stands with one's second factor.

    `required`: the role needs one. `available`: this server has a key to keep one.
    """

    since_us: int | None
    recovery_left: int
    required: bool
    available: bool


async def need_of(connection: _Connection, user_id: int) -> Need:
    """Return what is wanted of somebody besides his password."""
    has_factor, must_have = await _need(connection, user_id)
    if has_factor:
        return Need.CODE
    return Need.ENROLMENT if must_have else Need.NOTHING


async def is_required(connection: _Connection, user_id: int) -> bool:
    """Whether somebody's role needs a second factor."""
    return (await _need(connection, user_id))[1]


async def state_of(connection: _Connection, user_id: int, keyring: Keyring) -> SecondFactor:
    """Return how it stands with somebody's second factor."""
    row = await (await connection.execute(_QUERIES["state"], {"user_id": user_id})).fetchone()
    assert row is not None
    return SecondFactor(us_or_none(row[0]), row[1], await is_required(connection, user_id), keyring.has_key)


async def begin_enrolment(connection: _Connection, who: Holder, login: str, keyring: Keyring) -> Enrolment:
    """Make a secret for an app; one that was not confirmed holds no more.

    Raises
    ------
    ApiError
        `NOT_NEEDED` where there is a second factor; `NO_FACTOR_KEY`.
    """
    secret = new_secret()
    given = who._asdict() | {"secret": keyring.seal(who.user_id, secret)}
    if await (await connection.execute(_QUERIES["begin"], given)).fetchone() is None:
        raise ApiError(Code.NOT_NEEDED)
    return Enrolment(secret_text(secret), enrolment_uri(secret, login))


async def confirm(connection: _Connection, who: Holder, code: str, keyring: Keyring) -> list[str]:
    """Turn on the second factor by a first code of the app, and return the recovery codes, which are shown this once.

    Raises
    ------
    ApiError
        `ENROL_FIRST` where there is no secret that waits for its first code; `WRONG_SECOND_FACTOR`.
    """
    row = await (await connection.execute(_QUERIES["unconfirmed"], {"user_id": who.user_id})).fetchone()
    if row is None:
        raise ApiError(Code.ENROL_FIRST)
    step = matching_step(keyring.open(who.user_id, row[0]), code, time.time(), 0)
    if step is None:
        raise ApiError(Code.WRONG_SECOND_FACTOR)
    async with connection.transaction():
        given = {"user_id": who.user_id, "secret": row[0], "step": step}
        if await (await connection.execute(_QUERIES["confirm"], given)).fetchone() is None:
            raise ApiError(Code.ENROL_FIRST)  # another secret was made in this very moment
        return await fresh_recovery_codes(connection, who)


async def use_code(connection: _Connection, who: Holder, code: str, keyring: Keyring) -> Method:
    """Take a code of the app, or a recovery code, once, and return which of them it was.

    Raises
    ------
    ApiError
        `WRONG_SECOND_FACTOR`, `FACTOR_LOCKED`, `FACTOR_UNREADABLE`.
    """
    given: dict[str, Any] = {"user_id": who.user_id, "failures_most": FAILURES_MOST}
    row = await (await connection.execute(_QUERIES["try"], given)).fetchone()
    if row is None:
        raise ApiError(Code.FACTOR_LOCKED)
    sealed, last_step = row
    if is_one_time_code(code):
        step = matching_step(keyring.open(who.user_id, sealed), code, time.time(), last_step)
        taken = step is not None and await _takes(connection, "use_step", given | {"step": step})
        method = Method.TOTP
    else:
        code_hash = recovery_hash(code)
        taken = code_hash is not None and await _takes(connection, "use_recovery", given | {"code_hash": code_hash})
        method = Method.RECOVERY
    if not taken:
        raise ApiError(Code.WRONG_SECOND_FACTOR)
    return method


async def fresh_recovery_codes(connection: _Connection, who: Holder) -> list[str]:
    """Make recovery codes and return them, this once; those before hold no more."""
    codes = new_recovery_codes()
    async with connection.transaction():
        await connection.execute(_QUERIES["forget_recovery"], {"user_id": who.user_id})
        given = who._asdict() | {"hashes": [recovery_hash(code) for code in codes]}
        await connection.execute(_QUERIES["add_recovery"], given)
    return codes


async def remove_factor(connection: _Connection, user_id: int) -> bool:
    """Take somebody's second factor away; returns whether there was one."""
    async with connection.transaction():
        await connection.execute(_QUERIES["forget_recovery"], {"user_id": user_id})
        row = await (await connection.execute(_QUERIES["remove"], {"user_id": user_id})).fetchone()
    return row is not None and bool(row[0])


async def required_roles(connection: _Connection, tenant_id: int) -> list[str]:
    """Return the roles whose password alone does not do."""
    rows = await (await connection.execute(_QUERIES["roles"], {"tenant_id": tenant_id})).fetchall()
    return [role for (role,) in rows]


async def require_of_roles(connection: _Connection, tenant_id: int, roles: list[str]) -> None:
    """Say whose password alone does not do, from their next sign-in on."""
    await connection.execute(_QUERIES["forget_roles"], {"tenant_id": tenant_id})
    await connection.execute(_QUERIES["add_roles"], {"tenant_id": tenant_id, "roles": sorted(set(roles))})


async def _takes(connection: _Connection, query: str, given: dict[str, Any]) -> bool:
    return await (await connection.execute(_QUERIES[query], given)).fetchone() is not None


async def _need(connection: _Connection, user_id: int) -> tuple[bool, bool]:
    """Return whether there is a second factor, and whether the role needs one."""
    row = await (await connection.execute(_QUERIES["need"], {"user_id": user_id})).fetchone()
    return (False, False) if row is None else (row[0], row[1])
