"""MQTT 5 and 3.1.1 as bytes, as far as a subscriber needs them.  Pure: bytes in, packets out.

Written by hand because a general client spends 29 us on each message it receives, which is half of what ingest may
spend on it in all (docs/adr/0009). Whatever the bytes, reading them raises nothing: a stream that is not MQTT ends in
one `Malformed`, and after it nothing is read any more.

Source: MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards; clauses are named where a check carries them.
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

_U16: Final = struct.Struct(">H")
#: Longest head of a message of version 3.1.1, bytes: a topic, its length, a message id.
_HEAD_MAX: Final = 65_535 + 4
#: Longest of a packet other than PUBLISH that is read at all, bytes: they carry a few codes and a sentence.
_CONTROL_MAX: Final = 65_536
_NOT_SUPPORTED_V311: Final = 1
_NOT_SUPPORTED_V5: Final = 0x84


class Version(IntEnum):
    """Protocol level, as CONNECT says it."""

    V311 = 4
    V5 = 5

    def __str__(self) -> str:
        return "MQTT 5" if self is Version.V5 else "MQTT 3.1.1"


class Received(NamedTuple):
    """One message as the broker delivered it.

    Attributes
    ----------
    topic : bytes
        Its topic; UTF-8 if the broker keeps to the standard.
    payload : bytes
        Its payload; only the beginning, where the packet is longer than the longest that is read.
    size : int
        The whole payload's length, bytes.
    at_us : int
        When it came, UTC microseconds.
    retained : bool
        Whether it is the broker's memory of something said before this subscription.
    connection, mid : int
        How to acknowledge it: a message id (0: not at all), valid on one connection only.
    """

    topic: bytes
    payload: bytes
    size: int
    at_us: int
    retained: bool
    connection: int
    mid: int


class Connack(NamedTuple):
    """The broker's answer to CONNECT; `keepalive_s` where it wants another one."""

    code: int
    keepalive_s: int | None

    @property
    def refuses(self) -> bool:
        """Whether there is no connection."""
        return self.code != 0


class Granted(NamedTuple):
    """The broker's answer to SUBSCRIBE (one code a filter) or UNSUBSCRIBE."""

    mid: int
    codes: tuple[int, ...]

    @property
    def is_refused(self) -> bool:
        """Whether any filter was refused."""
        return any(code >= 0x80 for code in self.codes)


class Pong(NamedTuple):
    """The broker lives."""


class Farewell(NamedTuple):
    """The broker disconnects us (MQTT 5) and says why."""

    code: int


class Malformed(NamedTuple):
    """What came is not MQTT, or not what a subscriber may be sent; the connection is of no more use."""

    what: str


Packet: TypeAlias = Received | Connack | Granted | Pong | Farewell | Malformed


class _MalformedError(Exception):
    """Raised and caught in this module."""


class PacketReader:
    """Cuts the broker's stream of bytes into packets; how the stream is cut into pieces makes no difference.

    Parameters
    ----------
    version : Version
        As in CONNECT.
    packet_max_bytes : int
        Of a longer PUBLISH only this much, and its head, is kept; what is held is bounded by it.
    connection : int
        Is written into what is received.
    """

    def __init__(self, version: Version, packet_max_bytes: int, connection: int = 0) -> None:
        self._is_v5: Final = version is Version.V5
        self._max: Final = packet_max_bytes + _HEAD_MAX
        self._connection: Final = connection
        self._rest = b""
        # The rest of a packet longer than may be kept: its beginning, and how many bytes are still to come.
        self._head: Received | None = None
        self._skip = 0
        self._ended = False

    def feed(self, data: bytes, at_us: int) -> list[Packet]:
        """Return the packets that `data` completes, in order.

        Parameters
        ----------
        data : bytes
            What was received, any length.
        at_us : int
            When, UTC microseconds.
        """
        packets: list[Packet] = []
        if self._ended:
            return packets
        try:
            self._read(data, at_us, packets)
        except _MalformedError as error:
            self._ended = True
            self._rest = b""
            packets.append(Malformed(str(error)))
        return packets

    def _read(self, data: bytes, at_us: int, packets: list[Packet]) -> None:  # noqa: C901, PLR0912 # one loop, for speed
        position = 0
        if self._head is not None:
            position = min(self._skip, len(data))
            self._skip -= position
            if self._skip:
                return
            packets.append(self._head._replace(at_us=at_us))
            self._head = None
        elif self._rest:
            data = self._rest + data
        end = len(data)
        while end - position >= 2:
            first = data[position]
            length = data[position + 1]
            body = position + 2
            if length >= 0x80:
                shift = 7
                length &= 0x7F
                while True:
                    if body >= end:
                        self._rest = data[position:]
                        return
                    byte = data[body]
                    body += 1
                    length |= (byte & 0x7F) << shift
                    if byte < 0x80:
                        break
                    shift += 7
                    if shift > 21:
                        raise _MalformedError("a length of more than four bytes")
            stop = body + length
            if first & 0xF0 == 0x30:
                if stop > end:
                    if length <= self._max:
                        break
                    if end - body < self._max:
                        break
                    self._head = self._publish(first, data, body, body + self._max, length, at_us)
                    self._skip = stop - end
                    self._rest = b""
                    return
                kept = stop if length <= self._max else body + self._max
                packets.append(self._publish(first, data, body, kept, length, at_us))
            else:
                if length > _CONTROL_MAX:
                    raise _MalformedError(f"packet {first:#x} of {length} bytes")
                if stop > end:
                    break
                packets.append(self._control(first, data[body:stop]))
            position = stop
        self._rest = data[position:]

    def _publish(  # noqa: PLR0917 # one call a message
        self, first: int, data: bytes, body: int, stop: int, length: int, at_us: int
    ) -> Received:
        """Read a PUBLISH whose body is ``data[body:body + length]``, of which what ends at `stop` is there."""
        if stop - body < 2:
            raise _MalformedError("a message without a topic")
        topic_end = body + 2 + (data[body] << 8 | data[body + 1])
        quality = first & 0x06
        if quality == 0x02:
            payload = topic_end + 2
            if payload > stop:
                raise _MalformedError("a message that ends within its head")
            mid = data[topic_end] << 8 | data[topic_end + 1]
            if not mid:
                raise _MalformedError("a message id of 0")  # 2.2.1-3
        elif quality:
            raise _MalformedError("a message of a quality that was not asked for")
        else:
            payload = topic_end
            mid = 0
            if payload > stop:
                raise _MalformedError("a message that ends within its head")
        if self._is_v5:
            if payload < stop and not data[payload]:  # no properties, as nearly always
                payload += 1
            else:
                payload = _after_properties(data, payload, stop)
        size = body + length - payload
        return Received(
            data[body + 2 : topic_end],
            data[payload:stop],
            size,
            at_us,
            bool(first & 1),
            self._connection,
            mid,
        )

    def _control(self, first: int, body: bytes) -> Packet:
        if first == 0x20:
            return self._connack(body)
        if first in {0x90, 0xB0}:
            return self._granted(first, body)
        if first == 0xD0 and not body:
            return Pong()
        if first == 0xE0 and self._is_v5:
            return Farewell(body[0] if body else 0)
        raise _MalformedError(f"packet {first:#x} of {len(body)} bytes")

    def _connack(self, body: bytes) -> Connack:
        if len(body) < 2 or body[0] > 1:
            raise _MalformedError("a CONNACK that cannot be read")
        keepalive_s = None
        # A broker that does not speak version 5 answers in its own.
        if self._is_v5 and len(body) > 2:
            found = _properties(body, 2, len(body)).get(0x13)
            keepalive_s = None if found is None else _U16.unpack(found)[0]
        return Connack(body[1], keepalive_s)

    def _granted(self, first: int, body: bytes) -> Granted:
        if len(body) < 2:
            raise _MalformedError("an answer without its number")
        codes = 2
        if self._is_v5:
            codes = _after_properties(body, 2, len(body))
        mid = _U16.unpack_from(body)[0]
        if first == 0x90 and codes == len(body):
            raise _MalformedError("an answer to SUBSCRIBE without a code")
        return Granted(mid, tuple(body[codes:]))


# Lengths of version 5 properties by id (2.2.2.2): a number of bytes, or how to find it.
_TEXT: Final = -1
_PAIR: Final = -2
_VARINT: Final = -3
_PROPERTIES: Final = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
    **dict.fromkeys((0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F), _TEXT),
    0x26: _PAIR,
    0x0B: _VARINT,
}


def _after_properties(data: bytes, position: int, end: int) -> int:
    """Check the properties that begin at `position` and return where they end."""
    length, position = _varint(data, position, end)
    if position + length > end:
        raise _MalformedError("properties longer than their packet")
    _walk(data, position, position + length)
    return position + length


def _properties(data: bytes, position: int, end: int) -> dict[int, bytes]:
    length, position = _varint(data, position, end)
    if position + length > end:
        raise _MalformedError("properties longer than their packet")
    return _walk(data, position, position + length)


def _walk(data: bytes, position: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while position < end:
        identifier = data[position]
        position += 1
        kind = _PROPERTIES.get(identifier)
        if kind is None:
            raise _MalformedError(f"property {identifier:#x}")
        begin = position
        if kind > 0:
            position += kind
        elif kind == _VARINT:
            _, position = _varint(data, position, end)
        else:
            for _ in range(1 if kind == _TEXT else 2):
                if position + 2 > end:
                    raise _MalformedError("a property that ends within its length")
                position += 2 + (data[position] << 8 | data[position + 1])
        if position > end:
            raise _MalformedError("a property longer than its packet")
        found[identifier] = data[begin:position]
    return found


def _varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= end or shift > 21:
            raise _MalformedError("a number that does not end")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def speaks_version(connack: Connack, version: Version) -> bool:
    """Whether a refusal is about something else than the version of MQTT."""
    return connack.code not in (
        {_NOT_SUPPORTED_V5, _NOT_SUPPORTED_V311} if version is Version.V5 else {_NOT_SUPPORTED_V311}
    )
