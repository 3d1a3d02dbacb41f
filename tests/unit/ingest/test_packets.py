"""MQTT as bytes: cut anywhere the packets are the same, and whatever the bytes, reading them raises nothing (P8)."""

import itertools
import struct
from collections.abc import Sequence
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest import packets, requests
from ingest.packets import Connack, Farewell, Granted, Malformed, Packet, PacketReader, Pong, Received, Version

NOW_US: Final = 1_790_000_000_000_000
MAX: Final = 100_000


def _length(length: int) -> bytes:
    encoded = bytearray()
    while True:
        encoded.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(encoded)


def _publish(  # noqa: PLR0917 # as on the wire
    version: Version, topic: bytes, payload: bytes, mid: int, first: int, properties: bytes = b""
) -> bytes:
    body = struct.pack(">H", len(topic)) + topic
    body += struct.pack(">H", mid) if first & 0x06 else b""
    body += _length(len(properties)) + properties if version is Version.V5 else b""
    body += payload
    return bytes([first]) + _length(len(body)) + body


def _read(version: Version, pieces: Sequence[bytes], most: int = MAX) -> list[Packet]:
    reader = PacketReader(version, most, connection=3)
    return [packet for piece in pieces for packet in reader.feed(piece, NOW_US)]


def _cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[low:high] for low, high in itertools.pairwise(edges)]


#: A content type, a user property, a subscription's number, an expiry.
_PROPERTIES: Final = b"\x03\x00\x01x" + b"\x26\x00\x01a\x00\x01b" + b"\x0b\x81\x01" + b"\x02\x00\x00\x00\x09"


@st.composite
def _streams(draw: st.DrawFn) -> tuple[Version, bytes]:
    version = draw(st.sampled_from(Version))
    properties = st.sampled_from([b"", _PROPERTIES])
    message = st.builds(
        _publish,
        st.just(version),
        st.binary(max_size=40),
        st.binary(max_size=300),
        st.integers(1, 65_535),
        st.sampled_from([0x30, 0x31, 0x32, 0x33, 0x3A]),
        properties,
    )
    others = st.sampled_from(
        [b"\xd0\x00", b"\x90\x03\x00\x01\x01" if version is Version.V311 else b"\x90\x04\x00\x01\x00\x01"]
    )
    rubbish = st.binary(max_size=20)
    pieces = draw(st.lists(message | others, max_size=8))
    return version, b"".join(pieces) + draw(st.just(b"") | rubbish)


@given(_streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_however_the_stream_is_cut_the_packets_are_the_same(
    stream: tuple[Version, bytes], places: Sequence[int]
) -> None:
    version, data = stream
    assert _read(version, _cut(data, places)) == _read(version, [data])
    assert _read(version, [data[i : i + 1] for i in range(len(data))]) == _read(version, [data])


@given(st.sampled_from(Version), st.lists(st.binary(max_size=200), max_size=5))
@example(Version.V5, [b"\x32\xff\xff\xff\xff\x01"])
@example(Version.V5, [b"\x30\x04\x00\x00\xff\xff"])
@example(Version.V5, [b"\x20\x03\x00\x00\x80"])
@example(Version.V311, [b"\x30\x01\x00", b"\x00"])
def test_no_bytes_raise_and_nothing_follows_what_is_malformed(version: Version, pieces: Sequence[bytes]) -> None:
    found = _read(version, pieces)
    assert all(not isinstance(packet, Malformed) for packet in found[:-1])
    if found and isinstance(found[-1], Malformed):
        assert found[-1].what


@pytest.mark.parametrize("version", list(Version))
def test_messages_are_what_was_sent(version: Version) -> None:
    data = _publish(version, b"hw/1/2/d/ecg", b"\x00\x01", 7, 0x33, _PROPERTIES) + _publish(version, b"t", b"", 0, 0x30)
    assert _read(version, [data]) == [
        Received(b"hw/1/2/d/ecg", b"\x00\x01", 2, NOW_US, retained=True, connection=3, mid=7),
        Received(b"t", b"", 0, NOW_US, retained=False, connection=3, mid=0),
    ]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("size", [MAX + 65_540, 5 * MAX])
def test_of_a_message_beyond_the_bound_the_beginning_is_kept_and_what_follows_is_read(
    version: Version, size: int
) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    data = _publish(version, b"t" * 65_535, payload, 9, 0x32) + b"\xd0\x00"
    whole = _read(version, [data])
    message, after = whole
    assert isinstance(message, Received)
    assert message.size == len(payload)
    assert len(message.payload) <= MAX
    assert payload.startswith(message.payload)
    assert (message.mid, after) == (9, Pong())
    assert _read(version, [data[i : i + 7_777] for i in range(0, len(data), 7_777)]) == whole


def test_what_is_held_of_a_long_packet_is_bounded() -> None:
    reader = PacketReader(Version.V5, MAX)
    reader.feed(b"\x32" + _length(200_000_000) + b"\x00\x01t\x00\x01\x00", NOW_US)
    for _ in range(50):
        assert reader.feed(bytes(50_000), NOW_US) == []
        assert len(reader._rest) <= MAX + 65_540
    # A packet of another kind that nobody may send so long is not waited for.
    assert isinstance(_read(Version.V5, [b"\x90" + _length(200_000_000)])[0], Malformed)


@pytest.mark.parametrize(
    ("version", "data", "packet"),
    [
        (Version.V311, b"\x20\x02\x00\x05", Connack(5, None)),
        (Version.V5, b"\x20\x02\x00\x01", Connack(1, None)),  # an old broker's answer to version 5
        (Version.V5, b"\x20\x06\x00\x00\x03\x13\x00\x0a", Connack(0, 10)),
        (Version.V311, b"\x90\x04\x00\x02\x01\x80", Granted(2, (1, 0x80))),
        (Version.V5, b"\xb0\x04\x00\x03\x00\x11", Granted(3, (0x11,))),
        (Version.V311, b"\xb0\x02\x00\x03", Granted(3, ())),
        (Version.V5, b"\xe0\x01\x8e", Farewell(0x8E)),
        (Version.V5, b"\xe0\x00", Farewell(0)),
    ],
)
def test_answers(version: Version, data: bytes, packet: Packet) -> None:
    assert _read(version, [data]) == [packet]


@pytest.mark.parametrize(
    "data",
    [
        b"\x34\x05\x00\x01t\x00\x01",  # QoS 2, which was not asked for
        b"\x36\x05\x00\x01t\x00\x01",
        b"\x32\x05\x00\x01t\x00\x00",  # message id 0
        b"\x32\x04\x00\x01t\x00",
        b"\x30\x03\x00\x02t",
        b"\x20\x01\x00",
        b"\x90\x02\x00\x01",
        b"\x10\x00",
        b"\xe0\x00",  # version 3.1.1 has no DISCONNECT of a broker
        b"\x30\xff\xff\xff\xff\x7f",
    ],
)
def test_what_is_not_mqtt_ends_it(data: bytes) -> None:
    (packet,) = _read(Version.V311, [data])
    assert isinstance(packet, Malformed)


def test_what_is_said_to_the_broker() -> None:
    words = {"username": "ingest", "password": "secret", "receive_max": 10, "packet_max_bytes": 65_536}
    assert requests.connect(Version.V311, "c", 15, **words) == (  # type: ignore[arg-type]
        b"\x10\x1d\x00\x04MQTT\x04\xc2\x00\x0f\x00\x01c\x00\x06ingest\x00\x06secret"
    )
    assert requests.connect(Version.V5, "c", 15, **words) == (  # type: ignore[arg-type]
        b"\x10\x26\x00\x04MQTT\x05\xc2\x00\x0f\x08\x21\x00\x0a\x27\x00\x01\x00\x00\x00\x01c\x00\x06ingest\x00\x06secret"
    )
    assert requests.subscribe(Version.V311, 1, ["a/#"]) == b"\x82\x08\x00\x01\x00\x03a/#\x01"
    assert requests.subscribe(Version.V5, 1, ["a/#"]) == b"\x82\x09\x00\x01\x00\x00\x03a/#\x05"
    assert requests.unsubscribe(Version.V311, 2, ["a/#"]) == b"\xa2\x07\x00\x02\x00\x03a/#"
    assert requests.publish(Version.V5, "t", b"x") == b"\x30\x05\x00\x01t\x00x"
    assert requests.publish(Version.V311, "t", bytes(200))[:3] == b"\x30\xcb\x01"
    assert requests.acknowledge([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


def test_a_refusal_of_the_version_is_told_from_others() -> None:
    assert not packets.speaks_version(Connack(1, None), Version.V5)
    assert not packets.speaks_version(Connack(0x84, None), Version.V5)
    assert packets.speaks_version(Connack(0x87, None), Version.V5)
    assert packets.speaks_version(Connack(5, None), Version.V311)
