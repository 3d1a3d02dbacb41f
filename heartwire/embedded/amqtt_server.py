"""amqtt, the broker without root: ``python -m heartwire.embedded.amqtt_server PORT``, and options.

With a file it lets in only those who are named there (heartwire/embedded/amqtt_door.py); without, anybody. With a
second port it speaks MQTT over websockets there, for phones.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
from pathlib import Path
from typing import Any, Final

# amqtt ships no types.
from amqtt.adapters import (  # type: ignore[import-untyped]
    ReaderAdapter,
    StreamReaderAdapter,
    StreamWriterAdapter,
    WebSocketsWriter,
    WriterAdapter,
)
from amqtt.broker import Broker  # type: ignore[import-untyped]
from amqtt.contexts import Action  # type: ignore[import-untyped]
from amqtt.session import Session  # type: ignore[import-untyped]
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from heartwire.access import CONTROL_ANSWER_TOPIC, CONTROL_TOPIC, AclType
from heartwire.embedded.amqtt_door import Door
from heartwire.embedded.ports import LOOPBACK

_PATIENCE_S: Final = 10.0
# CONNACK of MQTT 5, clause 3.2: no session, reason 0x84 (unsupported protocol version), no properties.
_NOT_MQTT5: Final = b"\x20\x03\x00\x84\x00"


class _BegunReader(ReaderAdapter):  # type: ignore[misc]
    """A stream of which the beginning has been read already."""

    def __init__(self, begun: bytes, rest: ReaderAdapter) -> None:
        self._begun = begun
        self._rest: Final = rest

    async def read(self, n: int = -1) -> bytes:
        """Return `n` bytes, or what there is before the end."""
        taken, self._begun = (self._begun, b"") if n < 0 else (self._begun[:n], self._begun[n:])
        missing = -1 if n < 0 else n - len(taken)
        rest: bytes = b"" if missing == 0 else await self._rest.read(missing)
        return taken + rest

    def feed_eof(self) -> None:
        """End the stream."""
        self._rest.feed_eof()


class _WebsocketReader(ReaderAdapter):  # type: ignore[misc]
    """The bytes of a websocket's messages, one after the other.

    amqtt's own goes on with the last message when the connection ends in the middle of a packet.
    """

    def __init__(self, websocket: ServerConnection) -> None:
        self._websocket: Final = websocket
        self._waiting = bytearray()

    async def read(self, n: int = -1) -> bytes:
        """Return `n` bytes, fewer when the connection ends before; without `n` what the next message brings."""
        while len(self._waiting) < max(n, 1):
            try:
                message = await self._websocket.recv(decode=False)
            except ConnectionClosed:
                break
            self._waiting += message
        taken = bytes(self._waiting if n < 0 else self._waiting[:n])
        del self._waiting[: len(taken)]
        return taken

    def feed_eof(self) -> None:
        """Nothing: who closes the connection ends the stream."""


_KINDS: Final = {
    Action.SUBSCRIBE: AclType.SUBSCRIBE,
    Action.PUBLISH: AclType.SEND,
    Action.RECEIVE: AclType.RECEIVE,
}


class _Broker(Broker):  # type: ignore[misc]
    """Lets in whom the door lets in, and takes orders about that.

    It refuses MQTT 5 in MQTT 5's own words; amqtt would wait for ever for what it takes for a longer packet.
    """

    door: Door | None = None

    async def _authenticate(self, session: Session, listener: object) -> bool:
        if self.door is None:
            return bool(await super()._authenticate(session, listener))
        return self.door.lets_in(session.username, session.password, session.client_id)

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        return self.door is None or self.door.allows(session.username, _KINDS[action], topic)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Hand out what is retained to who subscribed to it, and may receive it.

        amqtt's own hands whoever connects what is retained under anybody's subscription, whatever his rights.
        """
        topic_filter, qos = subscription
        handler = self._get_handler(session)
        if handler is None or not any(
            other.client_id == session.client_id for other, _ in self._subscriptions.get(topic_filter, ())
        ):
            return
        publishing = [
            handler.mqtt_publish(retained.topic, retained.data, min(qos, retained.qos or qos), retain=True)
            for topic, retained in list(self._retained_messages.items())
            if self._matches(topic, topic_filter) and await self._topic_filtering(session, topic, Action.RECEIVE)
        ]
        await asyncio.gather(*publishing, return_exceptions=True)

    async def _handle_message_delivery(
        self,
        client_session: Session,
        handler: Any,  # noqa: ANN401 # amqtt's
        wait_deliver: asyncio.Future[Any],
    ) -> bool:
        message = wait_deliver.result()
        if self.door is None or message is None or message.topic != CONTROL_TOPIC:
            return bool(await super()._handle_message_delivery(client_session, handler, wait_deliver))
        if not await self._topic_filtering(client_session, message.topic, Action.PUBLISH):
            return False
        answer, ended = self.door.order(bytes(message.data))
        for username in ended:
            await self._end(username)
        await self.internal_message_broadcast(CONTROL_ANSWER_TOPIC, answer, 1)
        return True

    async def _end(self, username: str) -> None:
        """End a user's connections at once, and forget its sessions."""
        for client_id, (session, handler) in list(self._sessions.items()):
            if session.username == username:
                if handler.writer is not None:
                    await handler.writer.close()
                await self._delete_session(client_id)

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve a connection over TCP."""
        await self._begin(StreamReaderAdapter(reader), StreamWriterAdapter(writer), listener_name)

    async def ws_connected(self, websocket: ServerConnection, listener_name: str) -> None:
        """Serve a connection over a websocket."""
        await self._begin(_WebsocketReader(websocket), WebSocketsWriter(websocket), listener_name)

    async def _begin(self, reader: ReaderAdapter, writer: WriterAdapter, listener_name: str) -> None:
        try:
            head = await asyncio.wait_for(_read_head(reader), _PATIENCE_S)
        except (OSError, EOFError, TimeoutError):
            head = b""
        if not head or head.endswith(b"MQTT\x05"):
            with contextlib.suppress(OSError, ConnectionClosed):
                if head:
                    writer.write(_NOT_MQTT5)
                    await writer.drain()
                await writer.close()
            return
        await self.external_connected(_BegunReader(head, reader), writer, listener_name)


async def _read_head(reader: ReaderAdapter) -> bytes:
    """Read a CONNECT up to the version of MQTT that it wants: type, length (1 to 4 bytes), name, version.

    Nothing when the connection ends before.
    """
    head: bytes = await reader.read(2)
    while head and head[-1] & 0x80 and len(head) < 5:
        head += await reader.read(1) or b"\0"
    rest: bytes = await reader.read(7)
    return head + rest if head and len(rest) == 7 else b""


async def _serve(port: int, document: Path | None, ws_port: int | None) -> None:
    loop = asyncio.get_running_loop()
    listeners = {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}}
    if ws_port is not None:
        listeners["websocket"] = {"type": "ws", "bind": f"{LOOPBACK}:{ws_port}"}
    broker = _Broker(
        {
            "listeners": listeners,
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        },
        loop=loop,
    )
    if document is not None:
        broker.door = Door(document)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await broker.start()
    await stopping.wait()
    # Nothing of it is kept: there is no more to do for it than to end, and its tasks need not complain of that.
    logging.disable()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("transitions").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(prog="amqtt_server")
    parser.add_argument("port", type=int)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--ws-port", type=int)
    given = parser.parse_args()
    asyncio.run(_serve(given.port, given.file, given.ws_port))
