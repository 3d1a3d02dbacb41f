"""The live connection: one WebSocket a screen, binary messages out, what is on the screen in."""

import asyncio
import logging
from enum import IntEnum
from typing import Final

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from dashboard.access import Viewer
from dashboard.alarm_acts import show
from dashboard.clients import Client
from dashboard.errors import ApiError, Code
from dashboard.hub import PATIENTS_MOST
from dashboard.permissions import Permission
from dashboard.routes.answers import ID_MOST, Parts, get_parts
from dashboard.whence import Hand, Whence, whence
from heartwire.errors import HeartwireError

router = APIRouter()
_logger: Final = logging.getLogger(__name__)
_SEND_S: Final = 10.0
#: Messages so close together are sent as one, seconds: the waves of a whole ward cost a screen 20 messages a second.
_TOGETHER_S: Final = 0.04
#: How long a screen that reads nothing may take to hear why it is disconnected, seconds.
_CLOSE_S: Final = 10.0
#: Who is signed out elsewhere sees nothing after three seconds.
_SESSION_S: Final = 2.5
#: Alarms that one message may say to be on the screen.
_SHOWN_MOST: Final = 1_000


class Close(IntEnum):
    """Why the server ends a live connection (RFC 6455, 7.4; 4000 and up are ours)."""

    BAD_MESSAGE = 1003
    TRY_AGAIN_LATER = 1013
    SESSION_ENDED = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What a screen says: the patients whose waves it shows from now on, and alarms that it has painted."""

    watch: list[int] | None = None
    shown: list[int] | None = None


@router.websocket("/api/live")
async def live(websocket: WebSocket) -> None:
    """Send the picture of the ward, waves and beats until one of both leaves."""
    parts = get_parts(websocket)
    try:
        parts.access.check_origin(websocket.headers, required=True)
    except ApiError:
        await websocket.close()  # before it is accepted: HTTP 403
        return
    await websocket.accept()
    try:
        viewer = await parts.access.viewer(websocket.cookies)
    except ApiError:
        await websocket.close(Close.SESSION_ENDED, Code.NOT_SIGNED_IN)
        return
    except HeartwireError:
        await websocket.close(Close.TRY_AGAIN_LATER, Code.UNAVAILABLE)
        return
    if not viewer.may(Permission.SEE_WARD):
        await websocket.close(Close.FORBIDDEN, Code.FORBIDDEN)
        return
    if parts.hub.is_full:
        await websocket.close(Close.TRY_AGAIN_LATER, "too many screens")
        return
    client = await parts.hub.join(viewer)
    try:
        code = await _serve(websocket, client, parts)
    finally:
        parts.hub.leave(client)
    if code is Close.TOO_SLOW:
        parts.counters.too_slow += 1
        _logger.info("a screen could not follow and was disconnected; it comes back to a full picture")
    if code is not None:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await websocket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            _logger.debug("a live connection was gone before it could be closed")


async def _serve(websocket: WebSocket, client: Client, parts: Parts) -> Close | None:
    """Serve one screen; return why it is to be closed, ``None`` when it left by itself."""
    works = {
        asyncio.create_task(_send(websocket, client)),
        asyncio.create_task(_receive(websocket, client, parts)),
        asyncio.create_task(_watch_queue(client)),
        asyncio.create_task(_watch_session(client, parts)),
    }
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()
    finally:
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)


async def _send(websocket: WebSocket, client: Client) -> Close | None:
    while True:
        message = await client.take()
        try:
            async with asyncio.timeout(_SEND_S):
                await websocket.send_bytes(message)
        except TimeoutError:
            return Close.TOO_SLOW
        except (WebSocketDisconnect, RuntimeError):
            return None
        await asyncio.sleep(_TOGETHER_S)


async def _receive(websocket: WebSocket, client: Client, parts: Parts) -> Close | None:
    while True:
        try:
            said = await websocket.receive_text()
        except (WebSocketDisconnect, RuntimeError):
            return None
        except KeyError:
            return Close.BAD_MESSAGE  # bytes
        try:
            what = msgspec.json.decode(said, type=Said)
        except msgspec.DecodeError:
            return Close.BAD_MESSAGE
        if what == Said() or len(what.watch or ()) > PATIENTS_MOST or len(what.shown or ()) > _SHOWN_MOST:
            return Close.BAD_MESSAGE
        if what.watch is not None:
            parts.hub.watch(client, frozenset(what.watch))
        # What only those saw who may not act has reached nobody yet.
        if what.shown and client.viewer.may(Permission.ACT_ON_ALARMS):
            await _keep_shown(parts, client.viewer, whence(websocket), what.shown)


async def _keep_shown(parts: Parts, viewer: Viewer, at: Whence, alarms: list[int]) -> None:
    try:
        async with parts.database.connection_as(viewer) as connection:
            await show(Hand(connection, viewer, at), [alarm for alarm in set(alarms) if 0 <= alarm <= ID_MOST])
    except HeartwireError:
        pass  # the page says again what the next picture does not know


async def _watch_queue(client: Client) -> Close:
    await client.too_slow.wait()
    return Close.TOO_SLOW


async def _watch_session(client: Client, parts: Parts) -> Close:
    while True:
        await asyncio.sleep(_SESSION_S)
        try:
            viewer = await parts.again(client.viewer)
        except HeartwireError:
            continue  # nobody is signed out because the database is away
        if viewer is None:
            return Close.SESSION_ENDED
        if not viewer.may(Permission.SEE_WARD):
            return Close.FORBIDDEN
        if viewer != client.viewer:
            parts.hub.now_is(client, viewer)
