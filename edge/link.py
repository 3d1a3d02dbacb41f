"""One connection to the broker at a time, in a thread of its own: opened, watched, opened again.

Nothing is remembered between two connections but the version of MQTT that worked. What the broker has taken is no
promise (it may lose its memory); what counts is what the database confirms.
"""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.errors import LinkError, LinkReason
from edge.settings import EdgeSettings
from heartwire.backoff import Backoff
from heartwire.mqtt import BrokerConfigurationError, VersionChoice, make_client
from heartwire.topics import Stream, Topic

_CONNECT_TIMEOUT_S: Final = 10.0
#: A broker that does not know MQTT 5 may meet it with silence: so long it is waited for.
_SILENCE_V5_S: Final = 2.0
_SUBSCRIBE_TIMEOUT_S: Final = 10.0
#: On a slow network both take longer, by so many times what it took to connect.
_SLACK: Final = 3.0
_LOOP_S: Final = 0.2
_FIRST_PAUSE_S: Final = 1.0
_GOODBYE_S: Final = 2.0
#: A connection that held so long was a good one: the next pause is short again.
_HELD_S: Final = 5.0
#: So many connections in a row that broke within this time: somebody else connects under the same name.
_SHORT_S: Final = 60.0
_SHORT_MANY: Final = 3
_V5: Final = MQTTProtocolVersion.MQTTv5
_V311: Final = MQTTProtocolVersion.MQTTv311
_HEARD: Final = (Stream.ACK, Stream.MESSAGE)
_NAMES: Final = {_V5: "MQTT 5", _V311: "MQTT 3.1.1"}


class Listener(Protocol):
    """Who is told what happens; called from the link's thread, returns at once."""

    def on_ack(self, payload: bytes) -> None:
        """Take the payload of an acknowledgement."""

    def on_message(self, payload: bytes) -> None:
        """Take the payload of a message to whoever looks after the device."""

    def on_link(self) -> None:
        """Look at the link's state: it changed."""


@dataclass(slots=True, eq=False)
class _Connection:
    number: int
    version: MQTTProtocolVersion
    client: mqtt.Client
    answered: bool = False
    speaks_version: bool = True
    is_up: bool = False
    dropped: bool = False
    published: int = 0
    taken: int = 0
    problem: LinkError | None = None


class Link:
    """Keeps a connection to the broker.

    Parameters
    ----------
    settings : EdgeSettings
        Where the broker is, and who we are.
    will : callable
        Returns the status that the broker publishes, retained, when the connection breaks without a word.
    listener : Listener
        Told of acks and of changes.

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """

    def __init__(self, settings: EdgeSettings, will: Callable[[], bytes], listener: Listener) -> None:
        self._settings: Final = settings
        self._will: Final = will
        self._listener: Final = listener
        self._messages: Final = str(Topic(settings.device, Stream.MESSAGE))
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._stopping: Final = threading.Event()
        self._versions: Final = VersionChoice()
        self._n_short = 0
        self._problem: LinkError | None = None
        self._connection = self._new_connection(0, _V5)  # a wrong certificate is said at the start
        self._thread: Final = threading.Thread(target=self._run, name="broker", daemon=True)

    def start(self) -> None:
        """Connect, and connect again until `stop`."""
        self._thread.start()

    @property
    def number(self) -> int:
        """Number of the connection that is up; 0 when none is."""
        connection = self._connection
        return connection.number if connection.is_up else 0

    @property
    def problem(self) -> LinkError | None:
        """Why there is no connection; `None` while there is one, or before anything failed."""
        return None if self._connection.is_up else self._problem

    @property
    def version_name(self) -> str:
        """How the connection speaks."""
        return _NAMES[self._connection.version]

    def publish(self, number: int, stream: Stream, payload: bytes, *, retain: bool = False) -> bool:
        """Send with QoS 1 over the connection of this number; return whether it was taken.

        What was taken may be lost all the same.
        """
        connection = self._connection
        if connection.number != number or not connection.is_up:
            return False
        topic = str(Topic(self._settings.device, stream))
        connection.published += 1
        return connection.client.publish(topic, payload, qos=1, retain=retain).rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def is_stalled(self, number: int) -> bool:
        """Whether the broker has not taken all that was published over the connection of this number."""
        connection = self._connection
        return connection.number == number and connection.published > connection.taken

    def drop(self, number: int) -> None:
        """End the connection of this number, which does not answer any more; a new one follows."""
        if self._connection.number == number:
            self._connection.dropped = True

    def stop(self, farewell: bytes) -> None:
        """Publish the last status, disconnect, and wait for the end of the thread."""
        number = self.number
        if number:
            client = self._connection.client
            information = client.publish(str(Topic(self._settings.device, Stream.STATUS)), farewell, qos=1, retain=True)
            end_s = time.monotonic() + _GOODBYE_S
            while self.number == number and time.monotonic() < end_s and not information.is_published():
                time.sleep(0.02)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_CONNECT_TIMEOUT_S + 1.0)

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            begin_s = time.monotonic()
            try:
                connection = self._new_connection(number, self._versions.version)
            except BrokerConfigurationError as error:  # a certificate was taken away while we ran
                self._problem = LinkError(LinkReason.TLS, str(error))
                self._listener.on_link()
                self._stopping.wait(self._backoff.next_s())
                continue
            self._connection = connection
            problem = self._serve(connection)
            was_up, connection.is_up = connection.is_up, False
            reached = problem.reason not in {LinkReason.UNREACHABLE, LinkReason.TLS}
            understood = connection.answered and connection.speaks_version
            if self._versions.learn(was_up=was_up, is_there=reached, understood=understood):
                continue
            lived_s = time.monotonic() - begin_s
            if was_up and lived_s > _HELD_S:
                self._backoff.reset()
            self._n_short = self._n_short + 1 if was_up and lived_s < _SHORT_S else 0
            self._problem = _suspecting_another(problem) if self._n_short >= _SHORT_MANY else problem
            self._listener.on_link()
            self._stopping.wait(self._backoff.next_s())

    def _serve(self, connection: _Connection) -> LinkError:
        """Run one connection to its end, and return why it ended."""
        settings = self._settings
        where = f"{settings.broker_host}:{settings.broker_port}"
        client = connection.client
        begin_s = time.monotonic()
        try:
            if connection.version is _V5:
                client.connect(settings.broker_host, settings.broker_port, settings.keepalive_s, clean_start=True)
            else:
                client.connect(settings.broker_host, settings.broker_port, settings.keepalive_s)
            connected_s = time.monotonic()
            # The way there and back took at least so long; an answer takes that, too.
            slack_s = _SLACK * (connected_s - begin_s)
            while True:
                code = client.loop(timeout=_LOOP_S)
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    return connection.problem or _lost(connection, where, mqtt.error_string(code))
                if connection.problem or connection.dropped or self._stopping.is_set():
                    break
                if not connection.is_up and time.monotonic() - connected_s > _patience_s(connection) + slack_s:
                    return _lost(connection, where, "it does not answer")
            client.disconnect()
            client.loop(timeout=_LOOP_S)
            return connection.problem or _lost(connection, where, "it takes nothing any more")
        except ssl.SSLError as error:
            return LinkError(LinkReason.TLS, f"{where}: TLS failed: {error}; check HEARTWIRE_EDGE_BROKER_CA_FILE")
        except (OSError, ValueError) as error:
            return LinkError(LinkReason.UNREACHABLE, f"{where}: {error}")
        except Exception as error:  # noqa: BLE001 # whatever the broker sent that paho cannot read: connect anew
            return LinkError(LinkReason.LOST, f"{where}: what it sent cannot be read: {error!r}")

    def _new_connection(self, number: int, version: MQTTProtocolVersion) -> _Connection:
        settings = self._settings
        client = make_client(settings, f"heartwire-{settings.device}", version, clean_session=True)
        connection = _Connection(number, version, client)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.will_set(str(Topic(settings.device, Stream.STATUS)), self._will(), qos=1, retain=True)
        # With this callback paho leaves the socket to the thread of the loop, whoever publishes.
        client.on_socket_register_write = lambda *_: None
        client.on_connect = lambda _c, _u, _flags, reason, _p: self._on_connect(connection, reason)
        client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._on_subscribe(connection, reasons)
        client.on_publish = lambda *_: self._on_publish(connection)
        client.on_message = lambda _c, _u, message: self._on_message(message)
        return connection

    def _on_connect(self, connection: _Connection, reason: ReasonCode) -> None:
        connection.answered = True
        where = f"{self._settings.broker_host}:{self._settings.broker_port}"
        if reason.is_failure:
            connection.speaks_version = reason != "Unsupported protocol version"
            kind = LinkReason.REFUSED if connection.speaks_version else LinkReason.PROTOCOL
            connection.problem = LinkError(
                kind,
                f"{where} refused: {reason}; has the care team revoked this device? If not, check its user, password"
                " and what they may do",
            )
            return
        connection.client.subscribe([(str(Topic(self._settings.device, one)), 1) for one in _HEARD])

    def _on_message(self, message: mqtt.MQTTMessage) -> None:
        hear = self._listener.on_message if message.topic == self._messages else self._listener.on_ack
        hear(bytes(message.payload))

    @staticmethod
    def _on_publish(connection: _Connection) -> None:
        connection.taken += 1

    def _on_subscribe(self, connection: _Connection, reasons: list[ReasonCode]) -> None:
        where = f"{self._settings.broker_host}:{self._settings.broker_port}"
        if any(reason.is_failure for reason in reasons):
            connection.problem = LinkError(
                LinkReason.REFUSED,
                f"{where} refused the subscription to {' or '.join(_HEARD)} of {self._settings.device};"
                " let this device's user read them",
            )
            return
        connection.is_up = True
        self._listener.on_link()


def _patience_s(connection: _Connection) -> float:
    return _SILENCE_V5_S if connection.version is _V5 and not connection.answered else _SUBSCRIBE_TIMEOUT_S


def _suspecting_another(problem: LinkError) -> LinkError:
    return LinkError(
        problem.reason,
        f"{problem}; it breaks again and again: does another program run under this device's name?",
    )


def _lost(connection: _Connection, where: str, what: str) -> LinkError:
    if connection.is_up:
        return LinkError(LinkReason.LOST, f"{where}: the connection broke: {what}")
    if connection.answered:
        return LinkError(LinkReason.REFUSED, f"{where}: {what}")
    return LinkError(LinkReason.PROTOCOL, f"{where}: no answer to {_NAMES[connection.version]}: {what}")
