"""Live ECG from the broker: only of devices that somebody looks at, and none of it through the database.

A thread of its own speaks MQTT and hands frames to the event loop. QoS 0 and a clean session: a wave that comes late is
no live wave; what counts for the record goes through ingest.
"""

import asyncio
import logging
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from dashboard.settings import DashboardSettings
from dashboard.ward import ServiceState
from heartwire.backoff import Backoff
from heartwire.frames import EcgFrame, FrameError, decode_ecg
from heartwire.mqtt import VersionChoice, make_client
from heartwire.topics import Stream, Topic, parse_topic

_logger: Final = logging.getLogger(__name__)
_V5: Final = MQTTProtocolVersion.MQTTv5
_KEEPALIVE_S: Final = 15
_CONNECT_TIMEOUT_S: Final = 3.0
_ANSWER_TIMEOUT_S: Final = 2.0
_LOOP_S: Final = 0.5
_FIRST_PAUSE_S: Final = 0.5
#: Most frames on their way to the event loop; beyond it new ones are dropped and show as a gap in the wave.
_UNDER_WAY_MOST: Final = 5_000

#: Called on the event loop with a device and its frame.
Hear = Callable[[str, EcgFrame], None]


class LiveEcg:
    """Keeps one connection to the broker and hears the devices that it is told to.

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """

    def __init__(self, settings: DashboardSettings, hear: Hear) -> None:
        self._settings: Final = settings
        self._hear: Final = hear
        self._client_id: Final = f"heartwire-dashboard-{secrets.token_hex(6)}"
        self._lock: Final = threading.Lock()
        self._devices: frozenset[str] = frozenset()
        self._connected = False
        self._connected_us: int | None = None
        self._under_way = 0
        self._dropped = 0
        self._stopping: Final = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client = self._new_client(_V5)  # a wrong certificate is said at the start
        self._thread: Final = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Connect, and connect again for ever; call on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stopping.set()
        self._client.disconnect()
        self._thread.join(timeout=_CONNECT_TIMEOUT_S)

    @property
    def is_connected(self) -> bool:
        """Whether waves can come."""
        return self._connected

    @property
    def frames_dropped(self) -> int:
        """Frames that were too many for this process, since it started."""
        return self._dropped

    def state(self, now_us: int) -> ServiceState:
        """Return whether waves can come, and when that was last so."""
        if self._connected:
            self._connected_us = now_us
        return ServiceState(self._connected, self._connected_us)

    def watch(self, devices: frozenset[str]) -> None:
        """Hear these devices and no others."""
        with self._lock:
            new, old = devices - self._devices, self._devices - devices
            self._devices = devices
            if not self._connected:
                return
            if new:
                self._client.subscribe([(_topic(device), 0) for device in new])
            if old:
                self._client.unsubscribe([_topic(device) for device in old])

    def say(self, device: str, payload: bytes) -> bool:
        """Send a word to a device; whether the broker is there to take it. A device that is away asks for it later."""
        with self._lock:
            if not self._connected:
                return False
            said = self._client.publish(str(Topic(device, Stream.MESSAGE)), payload, qos=1)
        return said.rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def _run(self) -> None:
        versions = VersionChoice()
        backoff = Backoff(self._settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        while not self._stopping.is_set():
            self._client = self._new_client(versions.version)
            answered, problem = self._serve()
            with self._lock:
                was_connected, self._connected = self._connected, False
            # A broker that hangs up, or says nothing, may not speak this version.
            falls_back = versions.learn(was_up=was_connected, is_there=answered, understood=False)
            if self._stopping.is_set() or falls_back:
                continue
            if was_connected:
                backoff.reset()
            wait_s = backoff.next_s()
            _logger.warning("no live waves: %s; trying the broker again in %.1f s", problem, wait_s)
            self._stopping.wait(wait_s)

    def _serve(self) -> tuple[bool, str]:
        """Run one connection to its end; return whether anybody was there, and why it ended."""
        client = self._client
        begin_s = time.monotonic()
        try:
            client.connect(self._settings.broker_host, self._settings.broker_port, keepalive=_KEEPALIVE_S)
        except OSError as error:
            return False, f"{self._settings.broker_host}:{self._settings.broker_port}: {error}"
        while not self._stopping.is_set():
            code = client.loop(timeout=_LOOP_S)
            if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                return True, mqtt.error_string(code)
            if not self._connected and time.monotonic() - begin_s > _ANSWER_TIMEOUT_S:
                client.disconnect()
                return True, "the broker does not answer"
        client.loop(timeout=0.1)
        return True, "stopped"

    def _new_client(self, version: MQTTProtocolVersion) -> mqtt.Client:
        client = make_client(self._settings, self._client_id, version, clean_session=True)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        # With this callback paho leaves the socket to the thread of the loop, whoever subscribes.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(client, reason)
        client.on_message = lambda _c, _u, message: self._on_message(message)
        return client

    def _on_connect(self, client: mqtt.Client, reason: ReasonCode) -> None:
        if reason.is_failure:
            _logger.warning("the broker refused: %s", reason)
            client.disconnect()
            return
        with self._lock:
            self._connected = True
            if self._devices:
                client.subscribe([(_topic(device), 0) for device in self._devices])
        _logger.info("live waves from %s:%d", self._settings.broker_host, self._settings.broker_port)

    def _on_message(self, message: mqtt.MQTTMessage) -> None:
        try:
            topic = parse_topic(message.topic)
            frame = decode_ecg(bytes(message.payload), time.time_ns() // 1000)
        except (FrameError, UnicodeDecodeError):
            return  # ingest keeps it as a dead letter, with the reason
        if self._under_way >= _UNDER_WAY_MOST:
            self._dropped += 1
            if self._dropped % 1000 == 1:
                _logger.warning("too much live ECG for this process: %d frames dropped so far", self._dropped)
            return
        self._under_way += 1
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._arrive, topic.device, frame)
        except RuntimeError:
            return  # the loop has ended

    def _arrive(self, device: str, frame: EcgFrame) -> None:
        self._under_way -= 1
        self._hear(device, frame)


def _topic(device: str) -> str:
    return str(Topic(device, Stream.ECG))
