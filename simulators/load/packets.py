"""MQTT 3.1.1 as bytes, as much of it as a load generator needs, and a PUBLISH that is built once.  Pure.

Written by hand because a client library costs more for a message than all that is to be measured. Section numbers are
those of MQTT 3.1.1 (OASIS, 2014).
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from heartwire.frames import EcgFrame

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90
DISCONNECT: Final = b"\xe0\x00"

_PACKET_ID: Final = struct.Struct(">H")
_SEQ_T0: Final = struct.Struct(">IBQ")
_UINT64: Final = 0xCF


class Will(NamedTuple):
    """What the broker publishes, retained, when the connection ends without a word."""

    topic: str
    payload: bytes


class Login(NamedTuple):
    """User name and password."""

    username: str
    password: str


def connect(client_id: str, keepalive_s: int, *, will: Will | None = None, login: Login | None = None) -> bytes:
    """Return a CONNECT that begins a clean session (section 3.1)."""
    flags = 0x02
    payload = _text(client_id)
    if will is not None:
        flags |= 0x04 | 0x08 | 0x20  # QoS 1, retained
        payload += _text(will.topic) + _PACKET_ID.pack(len(will.payload)) + will.payload
    if login is not None:
        flags |= 0xC0
        payload += _text(login.username) + _text(login.password)
    return _packet(0x10, _text("MQTT") + bytes((4, flags)) + _PACKET_ID.pack(keepalive_s) + payload)


def subscribe(packet_id: int, topic: str) -> bytes:
    """Return a SUBSCRIBE to one topic with QoS 1 (section 3.8)."""
    return _packet(0x82, _PACKET_ID.pack(packet_id) + _text(topic) + b"\x01")


def publish(packet_id: int, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """Return a PUBLISH with QoS 1 (section 3.3)."""
    return _packet(0x32 | retain, _text(topic) + _PACKET_ID.pack(packet_id) + payload)


def puback(packet_id: int) -> bytes:
    """Return the PUBACK of a received message (section 3.4)."""
    return b"\x40\x02" + _PACKET_ID.pack(packet_id)


class EcgPublish:
    """A PUBLISH of an ECG frame; only packet id, seq, time and samples change, each in its place.

    Parameters
    ----------
    topic : str
        Where to.
    frame : EcgFrame
        Its other fields stay as they are; its samples' length is every frame's.
    """

    def __init__(self, topic: str, frame: EcgFrame) -> None:
        # MessagePack lets a number take more room than it needs: with all of it, its place never moves.
        head = b"\x99\xce" + struct.pack(">I", frame.boot_id)
        numbers = b"\xce\0\0\0\0\xcf\0\0\0\0\0\0\0\0"
        lead = frame.lead.encode()
        rest = (
            b"\xce"
            + struct.pack(">I", frame.fs_mhz)
            + (b"\xd9" + bytes((len(lead),)) + lead)
            + (b"\xcb" + struct.pack(">d", frame.gain))
            + (b"\xd1" + struct.pack(">h", frame.baseline))
            + (b"\xcd" + struct.pack(">H", frame.flags))
            + (b"\xc5" + struct.pack(">H", len(frame.samples)))
        )
        whole = publish(0, topic, head + numbers + rest + frame.samples)
        self._bytes: Final = bytearray(whole)
        self._samples: Final = slice(len(whole) - len(frame.samples), len(whole))
        self._seq_at: Final = len(whole) - len(frame.samples) - len(rest) - len(numbers) + 1
        self._id_at: Final = len(whole) - len(frame.samples) - len(rest) - len(numbers) - len(head) - 2

    def fill(self, packet_id: int, seq: int, t0_us: int, samples: bytes) -> bytearray:
        """Return the packet with these values; the same bytes are filled again the next time."""
        packet = self._bytes
        _PACKET_ID.pack_into(packet, self._id_at, packet_id)
        _SEQ_T0.pack_into(packet, self._seq_at, seq, _UINT64, t0_us)
        packet[self._samples] = samples
        return packet


class Packet(NamedTuple):
    """A packet from the broker: its type (the upper four bits), its flags, and what follows its length."""

    kind: int
    flags: int
    body: bytes


def split(data: bytes) -> tuple[list[Packet], bytes]:
    """Cut received bytes into whole packets, and return them with what is left over."""
    packets = []
    position = 0
    while (found := _length(data, position)) is not None and found[1] + found[0] <= len(data):
        length, begin = found
        packets.append(Packet(data[position] & 0xF0, data[position] & 0x0F, data[begin : begin + length]))
        position = begin + length
    return packets, data[position:]


class Message(NamedTuple):
    """A message from the broker; packet id 0 where it asks for no PUBACK."""

    packet_id: int
    payload: bytes


def read_message(packet: Packet) -> Message:
    """Read a PUBLISH."""
    begin = 2 + _PACKET_ID.unpack_from(packet.body)[0]
    if not packet.flags & 0x06:
        return Message(0, packet.body[begin:])
    return Message(_PACKET_ID.unpack_from(packet.body, begin)[0], packet.body[begin + 2 :])


def _packet(head: int, body: bytes) -> bytes:
    return bytes((head, *_length_bytes(len(body)))) + body


def _length_bytes(length: int) -> Iterator[int]:
    while length > 0x7F:
        yield length & 0x7F | 0x80
        length >>= 7
    yield length


def _length(data: bytes, position: int) -> tuple[int, int] | None:
    """Return the remaining length (section 2.2.3) and where it ends; ``None`` when it is not whole."""
    length = 0
    for number in range(4):
        at = position + 1 + number
        if at >= len(data):
            return None
        length |= (data[at] & 0x7F) << 7 * number
        if data[at] < 0x80:
            return length, at + 1
    raise ValueError("a packet's length has more than four bytes; whoever answers does not speak MQTT")


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _PACKET_ID.pack(len(encoded)) + encoded
