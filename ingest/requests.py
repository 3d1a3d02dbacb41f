"""What a subscriber says to the broker, as bytes of MQTT 5 and 3.1.1.  Pure; see ingest/packets.py."""

import struct
from collections.abc import Iterable, Sequence
from typing import Final

from ingest.packets import Version

_U16: Final = struct.Struct(">H")
_U32: Final = struct.Struct(">I")
PING: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"


def connect(
    version: Version,
    client_id: str,
    keepalive_s: int,
    *,
    username: str | None,
    password: str | None,
    receive_max: int,
    packet_max_bytes: int,
) -> bytes:
    """Return a CONNECT of a clean session without a will."""
    flags = 0x02 | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    properties = b""
    if version is Version.V5:
        properties = b"\x21" + _U16.pack(receive_max) + b"\x27" + _U32.pack(packet_max_bytes)
        properties = _length(len(properties)) + properties
    texts = [text for text in (client_id, username, password) if text is not None]
    body = b"".join((_text("MQTT"), bytes((version, flags)), _U16.pack(keepalive_s), properties, *map(_text, texts)))
    return b"\x10" + _length(len(body)) + body


def subscribe(version: Version, mid: int, filters: Sequence[str]) -> bytes:
    """Return a SUBSCRIBE with QoS 1; in version 5 what we publish ourselves does not come back."""
    is_v5 = version is Version.V5
    options = b"\x05" if is_v5 else b"\x01"
    body = b"".join((_U16.pack(mid), b"\0" if is_v5 else b"", *(_text(name) + options for name in filters)))
    return b"\x82" + _length(len(body)) + body


def unsubscribe(version: Version, mid: int, filters: Sequence[str]) -> bytes:
    """Return an UNSUBSCRIBE."""
    body = b"".join((_U16.pack(mid), b"\0" if version is Version.V5 else b"", *map(_text, filters)))
    return b"\xa2" + _length(len(body)) + body


def publish(version: Version, topic: str, payload: bytes) -> bytes:
    """Return a PUBLISH with QoS 0."""
    name = _text(topic)
    properties = b"\0" if version is Version.V5 else b""
    return b"".join(
        (b"\x30", _length(len(name) + len(properties) + len(payload)), name, properties, payload),
    )


def acknowledge(mids: Iterable[int]) -> bytes:
    """Return a PUBACK for each of the message ids."""
    return b"".join([b"\x40\x02" + _U16.pack(mid) for mid in mids])


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _U16.pack(len(encoded)) + encoded


def _length(length: int) -> bytes:
    encoded = bytearray()
    while True:
        encoded.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(encoded)
