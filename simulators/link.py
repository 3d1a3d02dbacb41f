"""One connection of one device to the broker, served by asyncio: many devices share one thread."""

import asyncio
import contextlib
import functools
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from heartwire.mqtt import make_client
from heartwire.topics import Stream, Topic
from simulators.settings import IN_FLIGHT_MAX, SimulateSettings

_logger: Final = logging.getLogger(__name__)
_KEEPALIVE_S: Final = 30
_CONNECT_TIMEOUT_S: Final = 5.0
# amqtt takes a version 5 will for the beginning of a longer packet and waits for its rest: silence is a refusal.
_ANSWER_TIMEOUT_S: Final = {MQTTProtocolVersion.MQTTv5: 2.0, MQTTProtocolVersion.MQTTv311: 10.0}

Heard = Callable[[bytes], None]


class Link:
    """From one attempt to connect to the end of the connection.

    Parameters
    ----------
    device : str
        Its name; it listens to its own acks.
    will : bytes
        Retained status that the broker publishes when the device is gone without a word.
    on_ack, on_room : callable
        Called with an ack's payload; called when the broker has taken a frame.

    Attributes
    ----------
    answered, speaks_version : bool
        Whether the broker answered at all, and in this version of MQTT.
    problem : str
        Why the connection ended.
    """

    def __init__(
        self,
        settings: SimulateSettings,
        device: str,
        version: MQTTProtocolVersion,
        will: bytes,
        *,
        on_ack: Heard,
        on_room: Callable[[], None],
    ) -> None:
        self.answered = False
        self.speaks_version = True
        self.problem = "the connection broke"
        self.in_flight = 0
        self._settings: Final = settings
        self._device: Final = device
        self._version: Final = version
        self._loop: Final = asyncio.get_running_loop()
        self._up: Final = asyncio.Event()
        self._ended: Final = asyncio.Event()
        self._descriptor: int | None = None
        client = self._client = make_client(settings, f"heartwire-{device}", version, clean_session=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(IN_FLIGHT_MAX + 2)
        client.will_set(str(Topic(device, Stream.STATUS)), will, qos=1, retain=True)
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._on_subscribe(reasons)
        client.on_message = lambda _c, _u, message: on_ack(bytes(message.payload))

        def published(*_: object) -> None:
            self.in_flight -= 1
            on_room()

        client.on_publish = published
        # With it paho leaves writing to us, as it must while another thread connects.
        client.on_socket_register_write = lambda *_: self._watch_writing()
        client.on_socket_unregister_write = lambda *_: self._unwatch_writing()
        client.on_socket_close = lambda _c, _u, closing: self._on_close(closing)

    @property
    def is_up(self) -> bool:
        """Whether frames can be sent."""
        return self._up.is_set() and not self._ended.is_set()

    async def open(self) -> bool:
        """Connect and subscribe; return whether that worked."""
        connect = functools.partial(
            self._client.connect, self._settings.broker_host, self._settings.broker_port, keepalive=_KEEPALIVE_S
        )
        if self._version is MQTTProtocolVersion.MQTTv5:
            connect = functools.partial(connect, clean_start=True)
        try:
            await self._loop.run_in_executor(None, connect)
        except OSError as error:
            self.answered = True  # nobody is there: another version of MQTT would not help
            self.problem = str(error)
            return False
        connection = self._client.socket()
        if connection is None:
            return False
        self._descriptor = connection.fileno()
        self._loop.add_reader(self._descriptor, self._read)
        self._watch_writing()
        if not await self._wait(self._up, _ANSWER_TIMEOUT_S[self._version]):
            self.problem = self.problem if self._ended.is_set() else "no answer"
            self.drop()
            return False
        return self.is_up

    async def wait_for_end(self, timeout_s: float) -> bool:
        """Keep the connection alive; return after the time, or with `True` when it has ended."""
        if not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), timeout_s)
        if not self._ended.is_set():
            self._client.loop_misc()
        return self._ended.is_set()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1."""
        self.in_flight += 1
        self._client.publish(topic, payload, qos=1, retain=retain)

    async def close(self) -> None:
        """Say goodbye, and wait shortly until it is sent."""
        if self.is_up:
            self._client.disconnect()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 1.0)
        self.drop()

    def drop(self) -> None:
        """Close the socket, without a word."""
        self._ended.set()
        connection = self._client.socket()
        self._unwatch()
        if connection is not None:
            connection.close()

    async def _wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait for an event or the end."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._ended.wait())]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return event.is_set()

    def _read(self) -> None:
        while True:
            self._guard(self._client.loop_read)
            connection = self._client.socket()
            # TLS may have decrypted more than was asked for, of which the socket knows nothing.
            if not isinstance(connection, ssl.SSLSocket) or not connection.pending():
                return

    def _write(self) -> None:
        self._guard(self._client.loop_write)

    def _guard(self, step: Callable[[], MQTTErrorCode]) -> None:
        try:
            code = step()
        except Exception:
            # Whatever the broker sent that paho cannot read: a new connection is the cure.
            _logger.exception("the connection of device %s failed", self._device)
            self.drop()
            return
        if code not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN}:
            self.drop()

    def _watch_writing(self) -> None:
        if self._descriptor is not None:
            self._loop.add_writer(self._descriptor, self._write)

    def _unwatch_writing(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_writer(self._descriptor)

    def _unwatch(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            self._descriptor = None

    def _on_close(self, closing: Any) -> None:  # noqa: ANN401 # paho's word for a socket
        assert isinstance(closing, socket.socket)
        if self._descriptor is not None:
            self._unwatch()
            self._ended.set()

    def _on_connect(self, reason: ReasonCode) -> None:
        self.answered = True
        if reason.is_failure:
            self.speaks_version = reason != "Unsupported protocol version"
            self.problem = f"the broker refused: {reason}; check user, password and what they may do"
            self._ended.set()
            return
        self._client.subscribe(str(Topic(self._device, Stream.ACK)), qos=1)

    def _on_subscribe(self, reasons: list[ReasonCode]) -> None:
        if any(reason.is_failure for reason in reasons):
            self.problem = f"the broker refused the subscription to the device's acks: {reasons[0]}"
            self._ended.set()
            return
        self._up.set()
