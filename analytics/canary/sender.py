"""The canary as a device: a connection like any other's, with its credential, its will, its status, a frame a second.

It keeps nothing: what cannot be sent now is of no use later. Each connection is a new run of the device (boot) and
begins a new cycle, so that nothing is missing in any, and the engine knows the heart before it goes wrong. One thread.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from analytics.canary.settings import CanarySettings
from analytics.canary.signal import FS_HZ, GAIN, LEAD, ONSET_S, draw_cycle
from heartwire.access import CANARY_DEVICE, client_id_of
from heartwire.backoff import Backoff
from heartwire.frames import U32_MAX, EcgFrame, StatusFrame, encode
from heartwire.mqtt import VersionChoice, make_client
from heartwire.topics import Stream, Topic

_logger: Final = logging.getLogger(__name__)
_ECG: Final = str(Topic(CANARY_DEVICE, Stream.ECG))
_STATUS: Final = str(Topic(CANARY_DEVICE, Stream.STATUS))
_FRAME_US: Final = 1_000_000
_KEEPALIVE_S: Final = 10
_CONNECT_S: Final = 5.0
#: A broker that does not know MQTT 5 may meet it with silence.
_ANSWER_S: Final = {MQTTProtocolVersion.MQTTv5: 2.0, MQTTProtocolVersion.MQTTv311: 5.0}
_LOOP_S: Final = 0.1
_FIRST_PAUSE_S: Final = 0.5
#: This machine's clock was set, or it slept: the signal begins anew, seconds.
_JUMP_S: Final = 2.0


class Listener(NamedTuple):
    """Who is told of each tachycardia; called on the sender's thread, returns at once.

    Attributes
    ----------
    began : callable
        With its first beat's time, UTC microseconds; its frame is on the way.
    taken : callable
        The broker has taken that frame.
    impossible : callable
        A cycle is over without a connection: the time at which it would have begun.
    """

    began: Callable[[int], None]
    taken: Callable[[], None]
    impossible: Callable[[int], None]


class Sender:
    """Sends until it is told to stop; `run` it."""

    def __init__(self, settings: CanarySettings, listener: Listener, come_by: Callable[[], None]) -> None:
        named = settings.broker_password is not None and settings.broker_username is None
        self._settings: Final = settings.model_copy(update={"broker_username": CANARY_DEVICE} if named else {})
        self._listener: Final = listener
        self._come_by: Final = come_by
        self._stopping: Final = threading.Event()
        self._versions: Final = VersionChoice()
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._due_s = time.monotonic() + settings.cycle_s
        self._cycle = 0
        self.is_up = False

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._stopping.set()

    def run(self) -> None:
        """Connect, send, and connect again, until `stop`."""
        problem = ""
        while not self._stopping.is_set():
            connection = _Connection(self._settings, self._versions.version)
            if connection.open(self._come_by):
                self._backoff.reset()
                _logger.info("the canary sends")
                self.is_up = True
                self._serve(connection)
                self.is_up = False
            connection.close()
            if self._stopping.is_set():
                return
            if connection.problem != problem:
                _logger.warning("the canary does not reach the broker: %s", connection.problem)
            problem = connection.problem
            if not self._versions.learn(
                was_up=connection.was_up, is_there=connection.is_there, understood=connection.understood
            ):
                self._wait(self._backoff.next_s())

    def _serve(self, connection: "_Connection") -> None:
        """Send over one connection until it ends."""
        while connection.is_up and not self._stopping.is_set():
            boot_id = random.getrandbits(32) & U32_MAX  # told apart from others, not kept from anybody
            connection.tell(boot_id, online=True)
            self._play(connection, boot_id)
        connection.tell(0, online=False)

    def _play(self, connection: "_Connection", boot_id: int) -> None:
        """Play cycle after cycle, as one run of the device, until connection or clock breaks."""
        begin_us, begin_s = time.time_ns() // 1000, time.monotonic()
        seq = 0
        while True:
            self._cycle += 1
            samples = draw_cycle(self._settings.cycle_s, self._cycle)
            for second in range(self._settings.cycle_s):
                if not self._keep_up_until(connection, begin_s + seq + 1):
                    return
                if abs((time.time_ns() // 1000 - begin_us) / 1e6 - (time.monotonic() - begin_s)) > _JUMP_S:
                    _logger.warning("this machine's clock was set: the canary begins anew")
                    return
                t0_us = begin_us + seq * _FRAME_US
                part = samples[second * FS_HZ : (second + 1) * FS_HZ].astype("<i2").tobytes()
                frame = EcgFrame(boot_id, seq, t0_us, FS_HZ * 1000, LEAD, GAIN, 0, 0, part)
                is_onset = second == round(ONSET_S)
                connection.send(_ECG, encode(frame), self._listener.taken if is_onset else None)
                if is_onset:
                    self._due_s = time.monotonic() + self._settings.cycle_s
                    self._listener.began(t0_us)
                seq += 1

    def _keep_up_until(self, connection: "_Connection", due_s: float) -> bool:
        """Serve the connection until a moment; return whether it holds and we go on."""
        while (left_s := due_s - time.monotonic()) > 0:
            self._come_by()
            if self._stopping.is_set() or not connection.loop(min(_LOOP_S, left_s)):
                return False
        return connection.is_up

    def _wait(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while not self._stopping.wait(min(_LOOP_S, max(0.0, end_s - time.monotonic()))):
            self._come_by()
            if time.monotonic() >= self._due_s:
                self._due_s += self._settings.cycle_s
                self._listener.impossible(time.time_ns() // 1000)
            if time.monotonic() >= end_s:
                return


class _Connection:
    """From one attempt to connect to the end of the connection; everything on the caller's thread."""

    def __init__(self, settings: CanarySettings, version: MQTTProtocolVersion) -> None:
        self.is_up = False
        self.was_up = False
        self.is_there = False
        self.understood = False
        self.problem = ""
        self._settings: Final = settings
        self._version: Final = version
        self._where: Final = f"{settings.broker_host}:{settings.broker_port}"
        self._waiting: Final[dict[int, Callable[[], None]]] = {}
        client = self._client = make_client(settings, client_id_of(CANARY_DEVICE), version, clean_session=True)
        client.connect_timeout = _CONNECT_S
        client.will_set(_STATUS, encode(_status(0, online=False)), qos=1, retain=True)
        # With it paho leaves writing to `loop`, on our thread.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(reason)
        client.on_publish = lambda _c, _u, mid, _reason, _p: self._waiting.pop(mid, lambda: None)()

    def open(self, come_by: Callable[[], None]) -> bool:
        """Connect; return whether the broker lets us in."""
        try:
            if self._version is MQTTProtocolVersion.MQTTv5:
                self._client.connect(
                    self._settings.broker_host, self._settings.broker_port, _KEEPALIVE_S, clean_start=True
                )
            else:
                self._client.connect(self._settings.broker_host, self._settings.broker_port, _KEEPALIVE_S)
        except (OSError, ValueError) as error:
            self.problem = f"{self._where}: {error}"
            return False
        self.is_there = True
        self.problem = f"{self._where} does not answer"
        end_s = time.monotonic() + _ANSWER_S[self._version]
        while not self.is_up and time.monotonic() < end_s and self._step(_LOOP_S):
            come_by()
        return self.is_up

    def loop(self, seconds: float) -> bool:
        """Read and write for so long; return whether the connection holds."""
        if not self._step(seconds):
            self.is_up = False
            self.problem = f"{self._where}: the connection broke"
        return self.is_up

    def send(
        self, topic: str, payload: bytes, taken: Callable[[], None] | None = None, *, retain: bool = False
    ) -> None:
        """Send with QoS 1; `taken` is called when the broker has it."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if taken is not None:
            self._waiting[sent.mid] = taken

    def tell(self, boot_id: int, *, online: bool) -> None:
        """Say how the device is."""
        if self.is_up:
            self.send(_STATUS, encode(_status(boot_id, online=online)), retain=True)

    def close(self) -> None:
        """Say goodbye, if there is anybody to hear it."""
        if self.is_up:
            self._step(_LOOP_S)
            self._client.disconnect()
            self._step(_LOOP_S)
        self.is_up = False

    def _step(self, seconds: float) -> bool:
        try:
            return self._client.loop(timeout=seconds) is MQTTErrorCode.MQTT_ERR_SUCCESS
        except Exception:
            # Whatever the broker sent that paho cannot read: a new connection is the cure.
            _logger.exception("the canary's connection failed")
            return False

    def _on_connect(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self.understood = reason != "Unsupported protocol version"
            self.problem = f"{self._where} refused: {reason}; is the canary's secret the one that the broker knows?"
            return
        self.understood = self.is_up = self.was_up = True


def _status(boot_id: int, *, online: bool) -> StatusFrame:
    return StatusFrame(
        boot_id=boot_id,
        t=time.time_ns() // 1000,
        online=online,
        battery_percent=None,
        firmware="canary",
        wearable="canary",
        rssi_dbm=None,
        outbox_frames=0,
        outbox_bytes_left=0,
    )
