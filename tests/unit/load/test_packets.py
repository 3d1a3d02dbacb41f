"""The packets of the load generator, against MQTT 3.1.1 as its clauses say it and against our own decoder."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartwire.frames import Ack, EcgFrame, decode_ecg, encode
from simulators.load import packets
from simulators.load.packets import EcgPublish, Login, Packet, Will

T0_US = 1_800_000_000_000_000
FRAME = EcgFrame(0xDEADBEEF, 0, 0, 250_000, "II", 200.5, -17, 16, bytes(range(250)) * 2)


def _only(data: bytes) -> Packet:
    (packet,), rest = packets.split(data)
    assert rest == b""
    return packet


@given(
    packet_id=st.integers(1, 65_535),
    seq=st.integers(0, 0xFFFF_FFFF),
    t_us=st.integers(-(10**13), 10**9),
    samples=st.binary(min_size=500, max_size=500),
)
def test_a_filled_packet_says_what_the_codec_says(packet_id: int, seq: int, t_us: int, samples: bytes) -> None:
    template = EcgPublish("hw/1/7/0123456789abcdef/ecg", FRAME)
    template.fill(1, 2, 3, bytes(500))
    packet = _only(bytes(template.fill(packet_id, seq, T0_US + t_us, samples)))
    assert packet.body.startswith(b"\0\x1bhw/1/7/0123456789abcdef/ecg")
    message = packets.read_message(packet)
    assert (packet.kind, packet.flags, message.packet_id) == (packets.PUBLISH, 2, packet_id)
    decoded = decode_ecg(message.payload, T0_US)
    assert decoded == EcgFrame(0xDEADBEEF, seq, T0_US + t_us, 250_000, "II", 200.5, -17, 16, samples)


def test_connect_has_its_fields_in_the_order_of_clause_3_1_3() -> None:
    packet = packets.connect("c", 60, will=Will("w", b"\xff\x00"), login=Login("u", "pä"))
    # Level 4; flags: user, password, will retained, will QoS 1, will, clean session.
    head = b"\x10\x1c\0\x04MQTT\x04\xee\0\x3c"
    assert packet == head + b"\0\x01c\0\x01w\0\x02\xff\x00\0\x01u\0\x03p\xc3\xa4"
    assert packets.connect("c", 60)[9] == 0x02


def test_subscribe_and_puback() -> None:
    assert packets.subscribe(65_535, "a/b") == b"\x82\x08\xff\xff\0\x03a/b\x01"
    assert packets.puback(258) == b"\x40\x02\x01\x02"


@given(cuts=st.sets(st.integers(1, 1200)))
def test_packets_are_the_same_however_they_arrive(cuts: set[int]) -> None:
    ack = encode(Ack(1, "ecg", 41, ((43, 44),), 50))
    said = [
        packets.puback(9),
        packets.publish(7, "hw/1/0/d/ack", ack),
        b"\x30" + packets.publish(7, "t", bytes(1000))[1:],
        b"\x90\x03\xff\xff\x01",
    ]
    data = b"".join(said)
    found: list[Packet] = []
    rest = b""
    for begin, end in itertools.pairwise([0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]):
        part, rest = packets.split(rest + data[begin:end])
        found += part
    assert rest == b""
    assert found == [_only(one) for one in said]
    assert packets.read_message(found[1]) == (7, ack)


def test_a_length_of_five_bytes_is_refused() -> None:
    with pytest.raises(ValueError, match="does not speak MQTT"):
        packets.split(b"\x30\xff\xff\xff\xff\x01")
