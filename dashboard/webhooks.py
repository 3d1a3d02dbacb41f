"""Webhooks: where other systems are told what happens to alarms. Sent by the notifier (analytics/webhooks)."""

import base64
import secrets
from typing import Annotated, Any, Final, Literal

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.alarms import us_of, us_or_none
from dashboard.errors import ApiError, Code
from heartwire.alarm_feed import KINDS, NEWEST, Kind
from heartwire.storage.queries import load_queries
from heartwire.webhook_address import AddressError, split_address

_QUERIES: Final = load_queries("dashboard", "webhooks.sql")
_SECRET_BYTES: Final = 32
#: Each has a thread of the notifier.
WEBHOOKS_MOST: Final = 16


class NewWebhook(msgspec.Struct, forbid_unknown_fields=True):
    """Where to send what; empty lists: all kinds of events, all priorities."""

    name: Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
    url: Annotated[str, Meta(min_length=8, max_length=500, pattern="^https?://[!-~]+$")]
    kinds: Annotated[list[Kind], Meta(max_length=len(KINDS))] = []
    priorities: Annotated[list[Literal["high", "medium", "low"]], Meta(max_length=3)] = []


class Webhook(msgspec.Struct, frozen=True):
    """A webhook and how it does; times are UTC microseconds. `behind` counts what waits to be sent."""

    id: int
    name: str
    url: str
    kinds: list[str]
    priorities: list[str]
    created_us: int
    created_by: str
    sent_us: int | None
    failing_us: int | None
    failures: int
    problem: str
    try_again_us: int | None
    behind: int


class FreshWebhook(msgspec.Struct, frozen=True):
    """A webhook as it is made: its receiver needs the secret to know our messages, and it is shown once."""

    id: int
    secret: str


async def add_webhook(connection: psycopg.AsyncConnection[Any], viewer: Viewer, asked: NewWebhook) -> FreshWebhook:
    """Tell another system what happens from now on.

    Raises
    ------
    ApiError
        `INVALID` for an address that cannot be one; `TOO_MANY` when there are as many as may be.
    """
    try:
        split_address(asked.url)
    except AddressError:
        raise ApiError(Code.INVALID, field="url") from None
    tenant = {"tenant_id": viewer.tenant_id}
    if (await _one(connection, _QUERIES["count"], tenant))[0] >= WEBHOOKS_MOST:
        raise ApiError(Code.TOO_MANY, most=WEBHOOKS_MOST)
    secret = secrets.token_bytes(_SECRET_BYTES)
    given = {
        **tenant,
        "name": asked.name.strip(),
        "url": asked.url,
        "secret": secret,
        "kinds": list(dict.fromkeys(asked.kinds)),
        "priorities": list(dict.fromkeys(asked.priorities)),
        "created_by": viewer.user_id,
        "sent_seq": (await _one(connection, NEWEST, tenant))[0],
    }
    (webhook_id,) = await _one(connection, _QUERIES["add"], given)
    return FreshWebhook(webhook_id, f"whsec_{base64.b64encode(secret).decode()}")


async def list_webhooks(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> list[Webhook]:
    """Return the webhooks that are there."""
    rows = await (await connection.execute(_QUERIES["webhooks"], {"tenant_id": tenant_id})).fetchall()
    return [
        Webhook(
            *(webhook_id, name, url, kinds, priorities, us_of(created), by, us_or_none(sent), us_or_none(failing)),
            *(failures, problem, us_or_none(again), behind or 0),
        )
        for (
            *(webhook_id, name, url, kinds, priorities, created, by, sent, failing, failures, problem, again, behind),
        ) in rows
    ]


async def remove_webhook(connection: psycopg.AsyncConnection[Any], viewer: Viewer, webhook_id: int) -> None:
    """Tell it nothing any more.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = {"webhook_id": webhook_id, "tenant_id": viewer.tenant_id, "user_id": viewer.user_id}
    if await (await connection.execute(_QUERIES["remove"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)


async def _one(connection: psycopg.AsyncConnection[Any], query: Any, given: dict[str, Any]) -> tuple[Any, ...]:  # noqa: ANN401 # a literal
    row = await (await connection.execute(query, given)).fetchone()
    assert row is not None
    return tuple(row)
