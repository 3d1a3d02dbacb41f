"""Ways to reach people of the care team; an address is a secret and is never given out again."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import psycopg

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import us_of
from dashboard.errors import ApiError, Code
from dashboard.permissions import PERMISSIONS, Permission, Role
from heartwire.channels import ChannelError, PushSubscription, check_address
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "contacts.sql")
#: Roles that may be told of alarms.
ROLES: Final = [role.value for role in Role if Permission.ACT_ON_ALARMS in PERMISSIONS[role]]
_Connection = psycopg.AsyncConnection[Any]


class Failing(msgspec.Struct, frozen=True):
    """Since when a contact fails, how often in a row, and why."""

    since_us: int
    failures: int
    problem: str


class LastAttempt(msgspec.Struct, frozen=True):
    """What became of the last message."""

    at_us: int
    outcome: str
    problem: str
    took_ms: int
    is_test: bool


class Contact(msgspec.Struct, frozen=True):
    """A way to reach somebody; of its address the scheme alone. `is_testing`: a test is on its way."""

    id: int
    user_id: int
    name: str
    kind: str
    label: str
    scheme: str
    created_us: int
    is_testing: bool
    failing: Failing | None
    last: LastAttempt | None


async def contacts(connection: _Connection, viewer: Viewer) -> list[Contact]:
    """Return one's own contacts; all for who manages rosters."""
    user_id = None if viewer.may(Permission.MANAGE_ROSTERS) else viewer.user_id
    return await _rows(connection, viewer, user_id=user_id)


async def checked_address(address: str) -> str:
    """Return the scheme of an address by which somebody can be reached.

    Raises
    ------
    ApiError
        `BAD_ADDRESS` with the reason.
    """
    try:
        return await asyncio.to_thread(check_address, address)  # it may load what it needs first
    except ChannelError as error:
        raise ApiError(Code.BAD_ADDRESS, reason=str(error)) from None


async def add_contact(
    connection: _Connection, viewer: Viewer, user_id: int, *, label: str, scheme: str, address: str
) -> Contact:
    """Add a way to reach somebody by an address that was checked.

    Raises
    ------
    ApiError
        `FORBIDDEN` to who does not manage rosters; `INVALID` where nobody who may act on alarms has this id.
    """
    if not viewer.may(Permission.MANAGE_ROSTERS):
        raise ApiError(Code.FORBIDDEN)
    return await _add(
        connection, viewer, user_id, {"kind": "apprise", "label": label, "scheme": scheme, "address": address}
    )


async def add_browser(
    connection: _Connection, viewer: Viewer, *, label: str, subscription: PushSubscription
) -> Contact:
    """Add the browser of who is signed in.

    Raises
    ------
    ApiError
        `BAD_ADDRESS` where the subscription is none; `FORBIDDEN` to who may not act on alarms.
    """
    if not viewer.may(Permission.ACT_ON_ALARMS):
        raise ApiError(Code.FORBIDDEN)
    if not subscription.endpoint.startswith(("https://", "http://")):
        raise ApiError(Code.BAD_ADDRESS, reason="a push service's address begins with https://")
    address = msgspec.json.encode(subscription).decode()
    given = {"kind": "web_push", "label": label, "scheme": "web push", "address": address}
    return await _add(connection, viewer, viewer.user_id, given)


async def remove_contact(connection: _Connection, viewer: Viewer, contact_id: int) -> None:
    """Forget a way to reach somebody; a second time changes nothing.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also for somebody else's to who does not manage rosters.
    """
    contact = await _one(connection, viewer, contact_id)
    given = {"contact_id": contact.id, "tenant_id": viewer.tenant_id, "by": viewer.user_id}
    await connection.execute(_QUERIES["remove"], given)
    await audit(connection, viewer, Action.REMOVED_CONTACT)


async def send_test(connection: _Connection, viewer: Viewer, contact_id: int) -> Contact:
    """Let the notifier send a test; what became of it is the contact's last attempt a moment later.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also for somebody else's to who does not manage rosters.
    """
    contact = await _one(connection, viewer, contact_id)
    await connection.execute(_QUERIES["test"], {"contact_id": contact.id})
    await audit(connection, viewer, Action.TESTED_CONTACT)
    return await _one(connection, viewer, contact_id)


async def _add(connection: _Connection, viewer: Viewer, user_id: int, about: Mapping[str, object]) -> Contact:
    given = {**about, "tenant_id": viewer.tenant_id, "user_id": user_id, "by": viewer.user_id, "roles": ROLES}
    if await (await connection.execute(_QUERIES["person"], given)).fetchone() is None:
        raise ApiError(Code.INVALID, field="user_id")
    row = await (await connection.execute(_QUERIES["add"], given)).fetchone()
    assert row is not None
    await audit(connection, viewer, Action.ADDED_CONTACT)
    return await _one(connection, viewer, row[0])


async def _one(connection: _Connection, viewer: Viewer, contact_id: int) -> Contact:
    user_id = None if viewer.may(Permission.MANAGE_ROSTERS) else viewer.user_id
    found = await _rows(connection, viewer, user_id=user_id, contact_id=contact_id)
    if not found:
        raise ApiError(Code.NOT_FOUND)
    return found[0]


async def _rows(
    connection: _Connection, viewer: Viewer, *, user_id: int | None, contact_id: int | None = None
) -> list[Contact]:
    given = {"tenant_id": viewer.tenant_id, "user_id": user_id, "contact_id": contact_id}
    return [_contact(row) async for row in await connection.execute(_QUERIES["list"], given)]


def _contact(row: tuple[Any, ...]) -> Contact:
    contact_id, user_id, name, kind, label, scheme, created, failures, since, why, at, *attempt, is_testing = row
    outcome, problem, took_ms, is_test = attempt
    failing = None if since is None else Failing(us_of(since), failures, why)
    last = None if at is None else LastAttempt(us_of(at), outcome, problem, took_ms, is_test)
    return Contact(contact_id, user_id, name, kind, label, scheme, us_of(created), is_testing, failing, last)
