"""The broker's side: receives everything under ``hw/``, acknowledges by hand, publishes acks.

The session is clean. What the edge's outbox holds and what the watermarks say is the truth; a broker's memory
is not: it forgets when it is killed, drops when its queues are full, and after an hour's absence would send an hour
of old frames that the edges send again anyway. So ingest leaves nothing at the broker, neither a queue that
grows while an instance is gone for good, nor message ids that outlive a connection. After a break the first frame
of a stream shows the gap, and its ack asks for the rest.
"""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from heartwire.backoff import Backoff
from heartwire.mqtt import make_client
from heartwire.topics import ROOT
from ingest.counters import Counters
from ingest.decode import Delivery, Received
from ingest.intake import Intake
from ingest.settings import IngestSettings

_logger: Final = logging.getLogger(__name__)
_KEEPALIVE_S: Final = 15
_CONNECT_TIMEOUT_S: Final = 5.0
_SUBSCRIBE_TIMEOUT_S: Final = 10.0
#: A broker that does not know MQTT 5 may meet it with silence: so long it is waited for.
_SILENCE_V5_S: Final = 2.0
_LOOP_S: Final = 0.5
_FIRST_PAUSE_S: Final = 0.2
_V5: Final = MQTTProtocolVersion.MQTTv5
_V311: Final = MQTTProtocolVersion.MQTTv311
_NAMES: Final = {_V5: "MQTT 5", _V311: "MQTT 3.1.1"}


@dataclass(slots=True)
class _Link:
    """One connection, from its first attempt to its end."""

    number: int
    version: MQTTProtocolVersion
    client: mqtt.Client
    answered: bool = False
    speaks_version: bool = True
    subscribed: bool = False
    refusal: str = ""
    full: bool = False


class Subscriber:
    """Keeps one connection to the broker, in a thread of its own that never waits for the database.

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """

    def __init__(self, settings: IngestSettings, intake: Intake, counters: Counters) -> None:
        self._settings: Final = settings
        self._intake: Final = intake
        self._counters: Final = counters
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._closed: Final = threading.Event()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="broker", daemon=True)
        self._link = self._new_link(0, _V5)  # a wrong certificate is said at the start

    def start(self) -> None:
        """Connect, and connect again for ever."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    @property
    def is_connected(self) -> bool:
        """Whether frames can come."""
        return self._link.subscribed

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the broker that these are done with; those of an earlier connection mean nothing to it any more."""
        link = self._link
        for connection, mid in deliveries:
            if mid and connection == link.number:
                link.client.ack(mid, 1)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Publish with QoS 0 and return whether it was sent: an ack that is lost is said again.

        (With QoS 1 the acks of a device that is away would pile up at the broker.)
        """
        return self._link.client.publish(topic, payload, qos=0).rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def close(self) -> None:
        """Take nothing in any more; acknowledging and publishing go on."""
        self._closed.set()

    def stop(self) -> None:
        """Send what is to be sent, disconnect, and wait for the end of the thread."""
        self._closed.set()
        self._stopping.set()
        self._link.client.disconnect()
        self._thread.join(timeout=_CONNECT_TIMEOUT_S + _LOOP_S)

    def _run(self) -> None:
        version = _V5
        number = 0
        while not self._stopping.is_set():
            number += 1
            link = self._link = self._new_link(number, version)
            problem = self._serve(link)
            link.subscribed = False
            # MQTT 5 first, each time; the other version when this one is refused or meets silence.
            falls_back = version is _V5 and not (link.answered and link.speaks_version)
            version = _V311 if falls_back else _V5
            if self._stopping.is_set() or (falls_back and link.answered):
                continue
            if link.full:
                self._wait_for_room()
                continue
            self._counters.broker_failures += 1
            pause_s = self._backoff.next_s()
            _logger.warning(
                "no connection to the broker at %s:%d: %s; trying again in %.1f s",
                self._settings.broker_host,
                self._settings.broker_port,
                problem,
                pause_s,
            )
            self._stopping.wait(pause_s)

    def _serve(self, link: _Link) -> str:
        """Run one connection to its end, and return why it ended."""
        begin_s = time.monotonic()
        try:
            link.client.connect(
                self._settings.broker_host,
                self._settings.broker_port,
                keepalive=_KEEPALIVE_S,
                properties=self._connect_properties() if link.version is _V5 else None,
            )
            while True:
                code = link.client.loop(timeout=_LOOP_S)
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return link.refusal or mqtt.error_string(code)
                late = self._is_late(link, time.monotonic() - begin_s)
                if link.refusal or late or link.full or self._stopping.is_set():
                    link.client.disconnect()
                    # The last PUBACKs are before it in the queue; the next round sends them.
                    link.client.loop(timeout=_LOOP_S)
                    return link.refusal or ("no answer" if late else "left")
        except OSError as error:
            return f"{error}"
        except Exception:
            # Whatever the broker sent that paho cannot read: a new connection is the cure, and the loop goes on.
            _logger.exception("the connection to the broker failed")
            return "what it sent cannot be read"

    @staticmethod
    def _is_late(link: _Link, since_s: float) -> bool:
        if link.version is _V5 and not link.answered:
            return since_s > _SILENCE_V5_S
        return not link.subscribed and since_s > _SUBSCRIBE_TIMEOUT_S

    def _new_link(self, number: int, version: MQTTProtocolVersion) -> _Link:
        client = make_client(
            self._settings,
            f"heartwire-ingest-{self._settings.instance}",
            version,
            manual_ack=True,
            clean_session=True,
        )
        link = _Link(number, version, client)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        # With this callback paho leaves the socket to the thread of the loop, whoever publishes or acknowledges.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(link, reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._on_subscribe(link, reasons)
        client.on_message = lambda _c, _u, message: self._on_message(link, message)
        return link

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho
        properties.ReceiveMaximum = self._settings.held_max_frames
        properties.MaximumPacketSize = self._settings.packet_max_bytes
        return properties

    def _on_connect(self, link: _Link, reason: ReasonCode) -> None:
        link.answered = True
        if reason.is_failure:
            link.speaks_version = reason != "Unsupported protocol version"
            link.refusal = f"the broker refused: {reason}; check user, password and what they may do"
            return
        shared = self._settings.shared_group
        topic = f"$share/{shared}/{ROOT}/#" if shared else f"{ROOT}/#"
        if link.version is _V5:
            # A shared subscription must not ask for noLocal (MQTT 5, 3.8.3-4).
            link.client.subscribe(topic, options=SubscribeOptions(qos=1, noLocal=not shared))
        else:
            link.client.subscribe(topic, qos=1)

    def _on_subscribe(self, link: _Link, reasons: list[ReasonCode]) -> None:
        if any(reason.is_failure for reason in reasons):
            link.refusal = f"the broker refused the subscription: {reasons[0]}; let this user read {ROOT}/#"
            return
        link.subscribed = True
        self._backoff.reset()
        _logger.info(
            "subscribed at %s:%d, %s", self._settings.broker_host, self._settings.broker_port, _NAMES[link.version]
        )

    def _on_message(self, link: _Link, message: mqtt.MQTTMessage) -> None:
        if link.full or self._closed.is_set():
            return
        try:
            topic = message.topic
        except UnicodeDecodeError as error:
            topic = error.object.decode("utf-8", "backslashreplace")
        received = Received(
            topic,
            bytes(message.payload[: self._settings.packet_max_bytes]),
            len(message.payload),
            time.time_ns() // 1000,
            message.retain,
            Delivery(link.number, message.mid if message.qos else 0),
        )
        if not self._intake.put(received):
            link.full = True

    def _wait_for_room(self) -> None:
        """Overflow: leave, so that frames stay in the outboxes of their edges, and return when half is committed."""
        self._counters.times_full += 1
        _logger.warning(
            "holds %d messages that are not committed, as many as it may; leaves the broker until half are committed",
            self._intake.held_frames,
        )
        while not self._intake.has_room and not self._stopping.wait(0.05):
            pass
