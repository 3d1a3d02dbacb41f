"""The broker's side: receives what lies under the topics of its shards, acknowledges by hand, publishes acks.

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
from dataclasses import dataclass, field
from typing import Final

from heartwire.backoff import Backoff
from heartwire.mqtt import tls_context
from heartwire.topics import ROOT, SHARDS, shard_filter
from ingest import packets, requests
from ingest.connection import Connection
from ingest.counters import Counters
from ingest.intake import Intake
from ingest.packets import Connack, Farewell, Granted, Malformed, PacketReader, Received, Version
from ingest.settings import IngestSettings

_logger: Final = logging.getLogger(__name__)
_KEEPALIVE_S: Final = 15
_ANSWER_TIMEOUT_S: Final = 10.0
#: A broker that does not know MQTT 5 may meet it with silence: so long it is waited for.
_SILENCE_V5_S: Final = 2.0
#: A broker that answers nothing for so long, in keepalives, is gone.
_SILENCE_KEEPALIVES: Final = 2.0
_TURN_S: Final = 0.5
_FIRST_PAUSE_S: Final = 0.2
_GOODBYE_S: Final = 1.0
#: Acks to devices are not left when more than this waits to be sent: they are said again. Bytes.
_WAITING_MAX_BYTES: Final = 4_000_000
_EVERYTHING: Final = frozenset({f"{ROOT}/#"})


@dataclass(slots=True, eq=False)
class _Link:
    """One connection, from its first attempt to its end."""

    number: int
    version: Version
    connection: Connection | None = None
    answered: bool = False
    speaks_version: bool = True
    is_up: bool = False
    refusal: str = ""
    full: bool = False
    keepalive_s: float = _KEEPALIVE_S
    heard_s: float = 0.0
    pinged_s: float = 0.0
    mid: int = 0
    #: What the broker was asked for, and what it is still to answer.
    asked: frozenset[str] = frozenset()
    asked_s: float = 0.0
    unanswered: set[int] = field(default_factory=set)

    def send(self, data: bytes) -> None:
        connection = self.connection
        if connection is not None:
            connection.send(data)

    def next_mid(self) -> int:
        self.mid = self.mid % 65_535 + 1
        return self.mid


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
        self._where: Final = f"{settings.broker_host}:{settings.broker_port}"
        self._tls: Final = tls_context(settings)  # a wrong certificate is said at the start
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._closed: Final = threading.Event()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="broker", daemon=True)
        self._wanted: frozenset[str] = frozenset()
        self._dropped = 0
        self._link = _Link(0, Version.V5)

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
        return self._link.is_up

    def want(self, shards: frozenset[int]) -> None:
        """Receive what these shards' devices send, and nothing else; of all shards, whatever is below the root."""
        self._wanted = _EVERYTHING if len(shards) == SHARDS else frozenset(map(shard_filter, shards))
        self._link.send(b"")

    @property
    def has_what_it_wants(self) -> bool:
        """Whether nothing comes that is not wanted any more, and what is wanted comes if there is a connection."""
        link = self._link
        return not link.is_up or (link.asked == self._wanted and not link.unanswered)

    def acknowledge(self, messages: Iterable[Received]) -> None:
        """Tell the broker that these are done with; those of an earlier connection mean nothing to it any more."""
        link = self._link
        number = link.number
        if data := requests.acknowledge(
            [message.mid for message in messages if message.mid and message.connection == number]
        ):
            link.send(data)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Publish with QoS 0 and return whether it was left to be sent: an ack that is lost is said again.

        (With QoS 1 the acks of a device that is away would pile up at the broker.)
        """
        link = self._link
        connection = link.connection
        if connection is None or not link.is_up or connection.waiting_bytes > _WAITING_MAX_BYTES:
            return False
        connection.send(requests.publish(link.version, topic, payload))
        return True

    def drop(self) -> None:
        """Break the connection off: nothing that came over it may be acknowledged. A new one follows."""
        self._dropped = self._link.number
        self._link.send(b"")

    def close(self) -> None:
        """Take nothing in any more; acknowledging and publishing go on."""
        self._closed.set()

    def stop(self) -> None:
        """Send what is to be sent, disconnect, and wait for the end of the thread."""
        self._closed.set()
        self._stopping.set()
        self._link.send(b"")
        self._thread.join(timeout=10.0)

    def _run(self) -> None:
        version = Version.V5
        number = 0
        while not self._stopping.is_set():
            number += 1
            link = self._link = _Link(number, version)
            problem = self._serve(link)
            link.is_up = False
            # MQTT 5 first, each time; the other version when this one is refused or meets silence.
            falls_back = version is Version.V5 and not (link.answered and link.speaks_version)
            version = Version.V311 if falls_back else Version.V5
            if self._stopping.is_set() or (falls_back and link.answered):
                continue
            if link.full:
                self._wait_for_room()
                continue
            self._counters.broker_failures += 1
            pause_s = self._backoff.next_s()
            _logger.warning(
                "no connection to the broker at %s: %s; trying again in %.1f s", self._where, problem, pause_s
            )
            self._stopping.wait(pause_s)

    def _serve(self, link: _Link) -> str:
        """Run one connection to its end, and return why it ended."""
        settings = self._settings
        try:
            with Connection(settings.broker_host, settings.broker_port, self._tls) as connection:
                link.connection = connection
                try:
                    return self._converse(link, connection)
                finally:
                    link.connection = None
        except OSError as error:
            return f"{error}"

    def _converse(self, link: _Link, connection: Connection) -> str:
        settings = self._settings
        password = settings.broker_password
        connection.send(
            requests.connect(
                link.version,
                f"heartwire-ingest-{settings.instance}",
                _KEEPALIVE_S,
                username=settings.broker_username,
                password=password.get_secret_value() if password else None,
                receive_max=settings.held_max_frames,
                packet_max_bytes=settings.packet_max_bytes,
            )
        )
        reader = PacketReader(link.version, settings.packet_max_bytes, link.number)
        begin_s = link.heard_s = link.pinged_s = time.monotonic()
        while True:
            data = connection.turn(_TURN_S)
            now_s = time.monotonic()
            if data:
                link.heard_s = now_s
                self._take(link, reader.feed(data, time.time_ns() // 1000))
            if self._dropped == link.number:
                return "left, because its shards were lost"
            problem = link.refusal or _silence(link, now_s - begin_s, now_s)
            if problem or link.full or self._stopping.is_set():
                # The last PUBACKs are before it.
                connection.send(requests.DISCONNECT)
                connection.finish(_GOODBYE_S)
                return problem or "left"
            if link.is_up:
                self._ask(link, now_s)
                if now_s - link.pinged_s >= link.keepalive_s / 2:
                    link.pinged_s = now_s
                    connection.send(requests.PING)

    def _take(self, link: _Link, incoming: list[packets.Packet]) -> None:
        messages = [packet for packet in incoming if type(packet) is Received]
        if messages and not link.full and not self._closed.is_set() and not self._intake.put(messages):
            link.full = True
        if len(messages) < len(incoming):
            for packet in incoming:
                if type(packet) is not Received:
                    self._hear(link, packet)

    def _hear(self, link: _Link, packet: packets.Packet) -> None:
        if isinstance(packet, Connack):
            link.answered = True
            if packet.refuses:
                link.speaks_version = packets.speaks_version(packet, link.version)
                link.refusal = f"the broker refused ({packet.code:#04x}); check user, password and what they may do"
                return
            link.keepalive_s = packet.keepalive_s or link.keepalive_s
            link.is_up = True
            self._backoff.reset()
            _logger.info("connected to %s, %s", self._where, link.version)
        elif isinstance(packet, Granted):
            if packet.is_refused:
                link.refusal = f"the broker refused the subscription; let this user read {ROOT}/#"
                return
            link.unanswered.discard(packet.mid)
            if not link.unanswered and link.asked:
                _logger.info("subscribed at %s, %s: %d filters", self._where, link.version, len(link.asked))
        elif isinstance(packet, Farewell):
            link.refusal = f"the broker ended the connection ({packet.code:#04x})"
        elif isinstance(packet, Malformed):
            link.refusal = f"what it sent cannot be read: {packet.what}"

    def _ask(self, link: _Link, now_s: float) -> None:
        """Ask the broker for what is wanted and was not asked for, and to send no more of the rest."""
        wanted = self._wanted
        if wanted == link.asked:
            return
        link.asked_s = now_s
        for make, filters in (
            (requests.subscribe, sorted(wanted - link.asked)),
            (requests.unsubscribe, sorted(link.asked - wanted)),
        ):
            if filters:
                mid = link.next_mid()
                link.unanswered.add(mid)
                link.send(make(link.version, mid, filters))
        link.asked = wanted

    def _wait_for_room(self) -> None:
        """Overflow: leave, so that frames stay in the outboxes of their edges, and return when half is committed."""
        self._counters.times_full += 1
        _logger.warning(
            "holds %d messages that are not committed, as many as it may; leaves the broker until half are committed",
            self._intake.held_frames,
        )
        while not self._intake.has_room and not self._stopping.wait(0.05):
            pass


def _silence(link: _Link, since_s: float, now_s: float) -> str:
    if link.version is Version.V5 and not link.answered:
        return "no answer" if since_s > _SILENCE_V5_S else ""
    if not link.is_up:
        return "no answer" if since_s > _ANSWER_TIMEOUT_S else ""
    if link.unanswered and now_s - link.asked_s > _ANSWER_TIMEOUT_S:
        return "no answer to a subscription"
    return "it says nothing any more" if now_s - link.heard_s > _SILENCE_KEEPALIVES * link.keepalive_s else ""
