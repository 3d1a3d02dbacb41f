"""What other systems are given: tokens, webhooks, and the stream of alarms."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from dashboard.access import Action, Viewer, audit
from dashboard.api_tokens import FreshToken, NewToken, Token, add_token, list_tokens, revoke_token
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Id, Parts, WithParts, json_answer, needs
from dashboard.routes.bodies import read_body
from dashboard.routes.shapes import gives, gives_events, takes
from dashboard.webhooks import FreshWebhook, NewWebhook, Webhook, add_webhook, list_webhooks, remove_webhook
from heartwire.alarm_feed import ENTRIES, NEWEST, FeedEntry, entry_of
from heartwire.errors import HeartwireError

router = APIRouter(prefix="/api")
Manager = Annotated[Viewer, Depends(needs(Permission.MANAGE_API))]
Watcher = Annotated[Viewer, Depends(needs(Permission.SEE_WARD))]
_encoder: Final = msgspec.json.Encoder()
#: How often the stream looks for something new, seconds.
_LOOK_S: Final = 0.5
#: How often it is asked whether the reader still may, seconds.
_CHECK_S: Final = 3.0
#: A line that means nothing, so that nobody on the way takes silence for the end, seconds.
_STILL_HERE_S: Final = 10.0
#: Entries at once.
_MOST: Final = 500


class Tokens(msgspec.Struct, frozen=True):
    """All tokens."""

    tokens: list[Token]


class Webhooks(msgspec.Struct, frozen=True):
    """All webhooks that are there."""

    webhooks: list[Webhook]


@router.get("/tokens", responses=gives(Tokens))
async def get_tokens(viewer: Manager, parts: WithParts) -> Response:
    """Return the tokens of other systems, without their secrets."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Tokens(await list_tokens(connection, viewer.tenant_id)))


@router.post("/tokens", status_code=201, openapi_extra=takes(NewToken), responses=gives(FreshToken, 201))
async def post_token(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Make a token; its secret is in this answer only."""
    asked = await read_body(request, NewToken)
    async with parts.database.connection_as(viewer) as connection:
        fresh = await add_token(connection, viewer, asked)
        await audit(connection, viewer, Action.ADDED_TOKEN)
    return json_answer(fresh, 201)


@router.delete("/tokens/{token_id}", status_code=204)
async def delete_token(token_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Revoke a token."""
    async with parts.database.connection_as(viewer) as connection:
        await revoke_token(connection, viewer, token_id)
        await audit(connection, viewer, Action.REVOKED_TOKEN)
    return Response(status_code=204)


@router.get("/webhooks", responses=gives(Webhooks))
async def get_webhooks(viewer: Manager, parts: WithParts) -> Response:
    """Return the webhooks, and how each does."""
    async with parts.database.connection_as(viewer) as connection:
        return json_answer(Webhooks(await list_webhooks(connection, viewer.tenant_id)))


@router.post("/webhooks", status_code=201, openapi_extra=takes(NewWebhook), responses=gives(FreshWebhook, 201))
async def post_webhook(request: Request, viewer: Manager, parts: WithParts) -> Response:
    """Tell another system what happens to alarms from now on; its secret is in this answer only."""
    asked = await read_body(request, NewWebhook)
    async with parts.database.connection_as(viewer) as connection:
        fresh = await add_webhook(connection, viewer, asked)
        await audit(connection, viewer, Action.ADDED_WEBHOOK)
    return json_answer(fresh, 201)


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(webhook_id: Id, viewer: Manager, parts: WithParts) -> Response:
    """Tell it nothing any more."""
    async with parts.database.connection_as(viewer) as connection:
        await remove_webhook(connection, viewer, webhook_id)
        await audit(connection, viewer, Action.REMOVED_WEBHOOK)
    return Response(status_code=204)


@router.get("/alarms/stream", response_class=StreamingResponse, responses=gives_events(FeedEntry, "alarm"))
async def stream(
    viewer: Watcher,
    parts: WithParts,
    last_event_id: Annotated[int | None, Header(ge=0, le=ID_MOST)] = None,
) -> StreamingResponse:
    """Say what happens to alarms, as server-sent events; `Last-Event-ID` goes on behind the entry of that number.

    Without it the stream begins with what happens from now on.
    """
    if parts.counters.streams >= parts.settings.streams_most:
        raise ApiError(Code.TOO_MANY, most=parts.settings.streams_most)
    after = last_event_id
    if after is None:
        async with parts.database.connection_as(viewer) as connection:
            row = await (await connection.execute(NEWEST, {"tenant_id": viewer.tenant_id})).fetchone()
            assert row is not None
            after = row[0]
    return StreamingResponse(_events(parts, viewer, after), media_type="text/event-stream")


async def _events(parts: Parts, viewer: Viewer, after: int) -> AsyncIterator[bytes]:
    """Yield events until the reader leaves or may not read any more; without the database they wait."""
    parts.counters.streams += 1
    silent_s, unchecked_s = _STILL_HERE_S, 0.0
    try:
        while True:
            entries: list[FeedEntry] = []
            try:
                if unchecked_s >= _CHECK_S:
                    now = await parts.again(viewer)
                    if now is None or not now.may(Permission.SEE_WARD):
                        return
                    viewer = now
                    unchecked_s = 0.0
                given = {"tenant_id": viewer.tenant_id, "after": after, "most": _MOST}
                async with parts.database.connection_as(viewer) as connection:
                    entries = [entry_of(row) for row in await (await connection.execute(ENTRIES, given)).fetchall()]
            except HeartwireError:
                pass  # the reader keeps its place
            for entry in entries:
                after = entry.seq
                yield b"id: %d\nevent: alarm\ndata: %b\n\n" % (entry.seq, _encoder.encode(entry))
            silent_s = 0.0 if entries else silent_s + _LOOK_S
            if silent_s >= _STILL_HERE_S:
                yield b": still here\n\n"
                silent_s = 0.0
            if len(entries) < _MOST:
                await asyncio.sleep(_LOOK_S)
            unchecked_s += _LOOK_S
    finally:
        parts.counters.streams -= 1
