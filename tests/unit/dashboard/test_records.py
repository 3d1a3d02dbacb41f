"""ECG records reach the pages byte for byte as agreed."""

import struct

import pytest

from dashboard.records import join_records, pack_ecg, pack_json


@pytest.mark.parametrize(("lead", "padded"), [("II", b"II"), ("V5a", b"V5a\0"), ("", b""), ("é", b"?\0")])
def test_a_record_is_laid_out_as_agreed(lead: str, padded: bytes) -> None:
    samples = struct.pack("<3h", -5, 0, 32_767)
    record = pack_ecg(
        4_000_000_000,
        flags=0x8001,
        t0_us=1_790_000_000_123_456,
        fs_mhz=128_500,
        gain=200.5,
        baseline=-17,
        lead=lead,
        samples=samples,
    )
    head = (
        b"\x02\x01\x01\x80"
        + struct.pack("<I", 4_000_000_000)
        + struct.pack("<d", 1_790_000_000_123_456)
        + struct.pack("<I", 128_500)
        + struct.pack("<f", 200.5)
        + struct.pack("<h", -17)
        + struct.pack("<H", 3)
        + struct.pack("<H", len(lead))
    )
    assert record == head + padded + samples
    assert (len(head) + len(padded)) % 2 == 0, "the samples must be aligned for the browser"


def test_records_follow_each_other_behind_their_lengths() -> None:
    assert join_records([b"abc", b""]) == b"\x03\0\0\0abc\0\0\0\0"
    assert join_records([]) == b""


def test_a_json_message_says_its_kind_first() -> None:
    assert pack_json(b"\x01", {"a": 1}) == b'\x01{"a":1}'
