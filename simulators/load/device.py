"""One device of a loaded fleet: its connection, what it holds, and what it says on the wire.

It knows nothing of time but what it is told, and nothing of other devices: `simulators/load/fleet.py` says when.
"""

import contextlib
import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from heartwire.frames import EcgFrame, FrameError, StatusFrame, decode_ack, encode
from heartwire.topics import Stream, topic_prefix
from simulators.load import packets
from simulators.load.packets import EcgPublish, Login, Packet, Will
from simulators.load.signal import Pool
from simulators.load.watermark import Held
from simulators.patient import GAIN
from simulators.settings import IN_FLIGHT_MAX

_KEEPALIVE_S: Final = 60
_SUBSCRIBE_ID: Final = 65_535
#: Packet ids from here on are of statuses, those below of frames: a PUBACK says by its number what was taken.
_STATUS_ID: Final = 60_000
_BYTES_PER_FRAME: Final = 600
_RECEIVE_BYTES: Final = 65_536
_WOULD_BLOCK: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Credential(NamedTuple):
    """A device's name and its password at the broker, where it has one."""

    device: str
    password: str | None = None


@dataclass(slots=True)
class Counts:
    """Sums over a fleet.

    Attributes
    ----------
    sent, sent_again : int
        Frames given to the broker for the first time; once more.
    pubacked : int
        Frames that the broker acknowledged, second times included.
    acks : int
        Watermarks heard.
    connects, disconnects, refusals : int
        Connections that came up; that broke; that the broker refused, or that never came up.
    """

    sent: int = 0
    sent_again: int = 0
    pubacked: int = 0
    acks: int = 0
    connects: int = 0
    disconnects: int = 0
    refusals: int = 0
    problems: dict[str, int] = field(default_factory=dict)


class State(IntEnum):
    """Where a connection is."""

    DOWN = 0
    TCP = 1
    TLS = 2
    GREETED = 3
    UP = 4


class Timing(NamedTuple):
    """When a device's frames are due: frame `n` covers the second that ends `n + 1` seconds after `t0_us`."""

    t0_us: int
    fs_hz: int


class LoadDevice:
    """One device; the fleet calls it when its socket is ready and when a frame is due.

    Parameters
    ----------
    number : int
        Its place in the fleet: chooses its signal.
    """

    __slots__ = (
        "_backlog", "_connect", "_counts", "_first", "_frames", "_publish", "_rest", "_sent_max", "_status_id",
        "_status_topic", "_subscribe", "_timing", "attempts", "boot_id", "held", "in_flight", "name", "next_id",
        "number", "socket", "state", "wants_write",
    )  # fmt: skip

    def __init__(
        self, number: int, credential: Credential, *, held: Held, pool: Pool, fs_hz: int, counts: Counts
    ) -> None:
        prefix = topic_prefix(credential.device)
        self.number: Final = number
        self.name: Final = credential.device
        self.boot_id: Final = random.getrandbits(32)
        self.held: Final = held
        self.state = State.DOWN
        self.socket: socket.socket | None = None
        self.in_flight = 0
        self.next_id = 0
        self.attempts = 0
        self.wants_write = False
        self._counts: Final = counts
        self._frames, self._first = pool.heart(number)
        self._publish: Final = EcgPublish(
            f"{prefix}/{Stream.ECG}",
            EcgFrame(self.boot_id, 0, 0, fs_hz * 1000, "II", GAIN, 0, 0, pool.samples(number, 0)),
        )
        self._status_topic: Final = f"{prefix}/{Stream.STATUS}"
        self._status_id = _STATUS_ID
        self._subscribe: Final = packets.subscribe(_SUBSCRIBE_ID, f"{prefix}/{Stream.ACK}")
        login = None if credential.password is None else Login(credential.device, credential.password)
        self._connect: Final = (f"heartwire-{credential.device}", login)
        self._timing = Timing(0, fs_hz)
        self._backlog = bytearray()
        self._rest = b""
        self._sent_max = -1

    @property
    def t0_us(self) -> int:
        """When the signal began, UTC microseconds."""
        return self._timing.t0_us

    def begin(self, t0_us: int) -> None:
        """Say when the signal begins, UTC microseconds."""
        self._timing = self._timing._replace(t0_us=t0_us)

    def frame_due(self, now_s: float) -> None:
        """Make the next frame and send it, as far as connection and broker let it."""
        seq = self.held.make(now_s)
        if self.state is not State.UP or self.held.waiting or self.in_flight >= IN_FLIGHT_MAX or self._backlog:
            self.held.put_off(seq)
            return
        self._send_frame(seq)

    def pump(self) -> None:
        """Send what waits."""
        while self.state is State.UP and self.in_flight < IN_FLIGHT_MAX and not self._backlog:
            seq = self.held.next()
            if seq is None:
                return
            self._send_frame(seq)

    def tell_status(self, t_us: int, *, online: bool = True) -> None:
        """Say how it is, as devices do; a device that says that it leaves is not missed."""
        self._status_id = self._status_id + 1 if self._status_id < _SUBSCRIBE_ID - 1 else _STATUS_ID
        self._write(
            packets.publish(self._status_id, self._status_topic, self._status(t_us, online=online), retain=True)
        )

    def open(self, address: tuple[str, int]) -> socket.socket:
        """Begin to connect and return the socket; `OSError` where that fails at once."""
        connection = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.state, self.in_flight = connection, State.TCP, 0
        self._backlog.clear()
        self._rest = b""
        with contextlib.suppress(BlockingIOError):
            connection.connect(address)
        return connection

    def close(self) -> None:
        """Close the socket."""
        if self.socket is not None:
            self.socket.close()
        self.socket, self.state, self.wants_write = None, State.DOWN, False

    def greet(self, t_us: int) -> None:
        """Send CONNECT."""
        client_id, login = self._connect
        will = Will(self._status_topic, self._status(t_us, online=False))
        self.state = State.GREETED
        self._write(packets.connect(client_id, _KEEPALIVE_S, will=will, login=login))

    def say_goodbye(self, t_us: int) -> None:
        """Say that it leaves, and leave."""
        self.tell_status(t_us, online=False)
        self._write(packets.DISCONNECT)

    def flush(self) -> None:
        """Write what the socket did not take before."""
        backlog, self._backlog = bytes(self._backlog), bytearray()
        self.wants_write = False
        self._write(backlog)
        self.pump()

    def read(self, now_s: float, up: Callable[["LoadDevice"], None]) -> str | None:
        """Take in what the broker says; return why the connection is over, or ``None``.

        Parameters
        ----------
        up : callable
            Called when the connection is subscribed.
        """
        assert self.socket is not None
        while True:
            try:
                data = self.socket.recv(_RECEIVE_BYTES)
            except _WOULD_BLOCK:
                return None
            except OSError as error:
                return error.strerror or str(error)
            if not data:
                return "the broker closed the connection"
            if len(data) == 4 and data[0] == packets.PUBACK and not self._rest:  # nearly always
                self._taken(data[2:])
                if self.held.waiting:
                    self.pump()
            elif (problem := self._take_in(self._rest + data, now_s, up)) is not None:
                return problem
            if not isinstance(self.socket, ssl.SSLSocket):  # the next event says what more there is
                return None

    def _take_in(self, data: bytes, now_s: float, up: Callable[["LoadDevice"], None]) -> str | None:
        try:
            found, self._rest = packets.split(data)
        except ValueError as error:
            return str(error)
        for packet in found:
            if packet.kind == packets.PUBACK:
                self._taken(packet.body)
            elif packet.kind == packets.PUBLISH:
                self._hear(packet, now_s)
            elif packet.kind == packets.CONNACK:
                if packet.body[1]:
                    return f"the broker refused (code {packet.body[1]}); check names and passwords"
                self._write(self._subscribe)
            elif packet.kind == packets.SUBACK:
                if packet.body[2] & 0x80:
                    return "the broker refused the subscription to the device's acks"
                self.state = State.UP
                up(self)
        self.pump()
        return None

    def _taken(self, packet_id: bytes) -> None:
        if int.from_bytes(packet_id) < _STATUS_ID:
            self.in_flight -= 1
            self._counts.pubacked += 1

    def _hear(self, packet: Packet, now_s: float) -> None:
        message = packets.read_message(packet)
        if message.packet_id:
            self._write(packets.puback(message.packet_id))
        with contextlib.suppress(FrameError):  # said again in a few seconds
            ack = decode_ack(message.payload)
            if ack.boot_id == self.boot_id and ack.stream == Stream.ECG:
                self._counts.acks += 1
                self.held.heard(ack, now_s)

    def _send_frame(self, seq: int) -> None:
        if seq > self._sent_max:
            self._sent_max = seq
            self._counts.sent += 1
        else:
            self._counts.sent_again += 1
        self.next_id = packet_id = self.next_id + 1 if self.next_id < _STATUS_ID - 1 else 1
        frames = self._frames
        self.in_flight += 1
        self._write(
            self._publish.fill(
                packet_id,
                seq,
                self._timing.t0_us + seq * 1_000_000,
                frames[(self._first + seq) % len(frames)],
            )
        )

    def _write(self, data: bytes | bytearray) -> None:
        if self._backlog:
            self._backlog += data
            return
        if self.socket is None:
            return
        try:
            sent = self.socket.send(data)
        except _WOULD_BLOCK:
            sent = 0
        except OSError:
            return  # reading says why
        if sent < len(data):
            self._backlog += data[sent:]
            self.wants_write = True

    def _status(self, t_us: int, *, online: bool) -> bytes:
        waiting = self.held.made - self.held.committed
        left = max(0, self.held.most - waiting) * _BYTES_PER_FRAME
        return encode(StatusFrame(self.boot_id, t_us, online, 80, "load", "load generator", -60, waiting, left))
