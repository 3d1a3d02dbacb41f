"""ECG records reach the pages byte for byte as agreed."""

import struct

import numpy as np
import pytest

from dashboard.records import join_records, pack_ecg, pack_json, pack_outline
from heartwire.storage.outline import LeadOutline


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


def test_an_outline_is_laid_out_as_agreed_and_keeps_its_values() -> None:
    low, high = np.array([-0.5, np.nan, 1.0], np.float32), np.array([0.25, np.nan, 2.0], np.float32)
    record = pack_outline(LeadOutline(1_790_000_000_500_000, 500_000, "V", ["II", "V"], low, high))
    assert record[:32] == struct.pack("<BBHIddfI", 4, 1, 5, 3, 1_790_000_000_500_000, 500_000, 2 / 32_767, 0)
    assert record[32:38] == b"V\nII\n\0"
    assert struct.unpack("<6h", record[38:]) == (-8192, -32_768, 16_384, 4096, -32_768, 32_767)


def test_an_outline_of_nothing_is_empty() -> None:
    nothing = np.full(2, np.nan, np.float32)
    record = pack_outline(LeadOutline(0, 500_000, "", [], nothing, nothing))
    assert record[32:] == struct.pack("<4h", *[-32_768] * 4)
