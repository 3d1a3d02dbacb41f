"""Tokens by which other systems ask: each is somebody of its own, with scopes, a name in the audit trail, and an end.

A token acts on nothing: what happens to an alarm belongs to a person (promise P7).
"""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.alarms import us_of, us_or_none
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.permissions import SCOPES, Permission
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "api_tokens.sql")
_SCHEME: Final = "bearer "
#: By it a token that lies about is known for what it is.
_PREFIX: Final = "hwt_"
DAYS_MOST: Final = 366


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    """What a token is for, what it may, and for how many days."""

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
    scopes: Annotated[list[Permission], Meta(min_length=1, max_length=len(SCOPES))]
    days: Annotated[int, Meta(ge=1, le=DAYS_MOST)] = 90


class Token(msgspec.Struct, frozen=True):
    """A token without its secret; times are UTC microseconds."""

    id: int
    name: str
    scopes: list[str]
    created_us: int
    created_by: str
    expires_us: int
    used_us: int | None
    revoked_us: int | None


class FreshToken(msgspec.Struct, frozen=True):
    """A token as it is made: the secret is shown once, and kept as a hash only."""

    id: int
    secret: str


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """Return the token that a request carries."""
    given = headers.get("authorization", "")
    return given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else None


async def find_holder(database: Database, token: str) -> Viewer:
    """Return who asks by a token.

    Raises
    ------
    ApiError
        `NOT_SIGNED_IN`: there is none, it has ended, or it was revoked.
    """
    viewer = await holder_of(database, _hash(token))
    if viewer is None:
        raise ApiError(Code.NOT_SIGNED_IN)
    return viewer


async def holder_of(database: Database, token_hash: bytes) -> Viewer | None:
    """Return who asks by a token of this hash; ``None`` where it does not hold."""
    async with database.connection() as connection:
        row = await (await connection.execute(_QUERIES["viewer"], {"token_hash": token_hash})).fetchone()
        if row is None:
            return None
        *who, scopes, wards, is_stale = row
        if is_stale:
            await connection.execute(_QUERIES["touch"], {"token_hash": token_hash})
    user_id, login, name, role, language, tenant_id = who
    seen = None if wards is None else tuple(wards)
    return Viewer(user_id, login, name, role, language, tenant_id, "", token_hash, frozenset(scopes), seen)


async def add_token(connection: psycopg.AsyncConnection[Any], viewer: Viewer, asked: NewToken) -> FreshToken:
    """Make a token.

    Raises
    ------
    ApiError
        `INVALID` for a scope that no token may have.
    """
    if not set(asked.scopes) <= SCOPES:
        raise ApiError(Code.INVALID, field="scopes")
    secret = _PREFIX + secrets.token_urlsafe(32)
    given = {
        "tenant_id": viewer.tenant_id,
        "login": f"token:{secrets.token_hex(12)}",
        "name": asked.name.strip(),
        "token_hash": _hash(secret),
        "scopes": sorted(set(asked.scopes)),
        "created_by": viewer.user_id,
        "days": asked.days,
    }
    row = await (await connection.execute(_QUERIES["add"], given)).fetchone()
    assert row is not None
    return FreshToken(row[0], secret)


async def list_tokens(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> list[Token]:
    """Return all tokens, those that were revoked too."""
    rows = await (await connection.execute(_QUERIES["tokens"], {"tenant_id": tenant_id})).fetchall()
    return [
        Token(token_id, name, scopes, us_of(created), by, us_of(expires), us_or_none(used), us_or_none(revoked))
        for token_id, name, scopes, created, by, expires, used, revoked in rows
    ]


async def revoke_token(connection: psycopg.AsyncConnection[Any], viewer: Viewer, token_id: int) -> None:
    """End a token at once; what it still streams ends within seconds.

    Raises
    ------
    ApiError
        `NOT_FOUND`: there is none, or it was revoked already.
    """
    given = {"token_id": token_id, "tenant_id": viewer.tenant_id, "user_id": viewer.user_id}
    if await (await connection.execute(_QUERIES["revoke"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
