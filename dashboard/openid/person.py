"""Which user somebody is for whom a provider vouches; and what he is, by the provider's word."""

from typing import Any, Final, NamedTuple

import psycopg

from dashboard.errors import ApiError, Code
from dashboard.openid.claims import Standing, unusable
from dashboard.openid.client import Vouched
from dashboard.openid.providers import Provider
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard.openid", "sign_in.sql")
_Connection = psycopg.AsyncConnection[Any]


class Person(NamedTuple):
    """A user who may come in; `is_new` and `is_linked`: what this sign-in made, `is_changed`: what it changed."""

    user_id: int
    tenant_id: int
    is_new: bool = False
    is_linked: bool = False
    is_changed: bool = False


async def find_person(connection: _Connection, provider: Provider, vouched: Vouched, standing: Standing) -> Person:
    """Return the user, made, linked and changed as the provider's settings allow; within a transaction.

    Who is known by issuer and subject is the user whom he was before, whatever else is said of him. Otherwise a login
    leads to its user where the settings say that nobody can choose it (`links_users`), and never across hospitals.

    Raises
    ------
    ApiError
        `NOT_KNOWN`, `LOGIN_TAKEN`, `ACCOUNT_DISABLED`, `UNUSABLE_CLAIM` of the login.
    """
    who: dict[str, Any] = {"issuer": provider.issuer, "subject": vouched.subject, **standing._asdict()}
    await connection.execute(_QUERIES["one_at_a_time"], who)
    row = await (await connection.execute(_QUERIES["known"], who)).fetchone()
    is_linked = row is None
    if row is None and standing.login is None and (provider.links_users or provider.makes_users):
        raise unusable(provider, provider.login_claim)
    if row is None and provider.links_users:
        row = await (await connection.execute(_QUERIES["with_login"], who)).fetchone()
    if row is None:
        return await _made(connection, provider, standing, who)
    user_id, tenant_id, tenant, is_disabled = row
    if tenant != standing.tenant:
        raise ApiError(Code.NOT_KNOWN, provider=provider.name)
    if is_disabled:
        raise ApiError(Code.ACCOUNT_DISABLED)
    who |= {"user_id": user_id, "tenant_id": tenant_id}
    if is_linked:
        await connection.execute(_QUERIES["link"], who)
    is_changed = await _follow(connection, standing, who)
    return Person(user_id, tenant_id, is_linked=is_linked, is_changed=is_changed)


async def _made(connection: _Connection, provider: Provider, standing: Standing, who: dict[str, Any]) -> Person:
    if not provider.makes_users or standing.role is None or standing.login is None:
        raise ApiError(Code.NOT_KNOWN, provider=provider.name)
    wish = who | {"name": standing.name or standing.login, "all_wards": standing.wards is None}
    row = await (await connection.execute(_QUERIES["make"], wish)).fetchone()
    if row is None:
        raise ApiError(Code.LOGIN_TAKEN, provider=provider.name, login=standing.login)
    user_id, tenant_id = row
    who |= {"user_id": user_id, "tenant_id": tenant_id}
    await connection.execute(_QUERIES["link"], who)
    await _follow(connection, standing, who)
    return Person(user_id, tenant_id, is_new=True, is_linked=True)


async def _follow(connection: _Connection, standing: Standing, who: dict[str, Any]) -> bool:
    """Give a user the name, the role and the wards that the provider says; return whether anything was another."""
    given = who | {
        "role": standing.role if standing.maps_role else None,
        "all_wards": standing.wards is None if standing.maps_wards else None,
        "wards": list(standing.wards or ()),
    }
    changed = [await (await connection.execute(_QUERIES["follow"], given)).fetchone()]
    if standing.maps_wards:
        for query in ("leave_wards", "join_wards"):
            changed += await (await connection.execute(_QUERIES[query], given)).fetchall()
    return any(row is not None for row in changed)


async def end_sessions(connection: _Connection, provider: Provider, vouched: Vouched) -> None:
    """End what somebody began by this provider's word, who has no role by it any more."""
    who = {"issuer": provider.issuer, "subject": vouched.subject}
    row = await (await connection.execute(_QUERIES["known"], who)).fetchone()
    if row is not None:
        await connection.execute(_QUERIES["end_sessions"], {"user_id": row[0], "provider": provider.key})
