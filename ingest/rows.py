"""Rows of binary COPY, packed by hand where there are many of them.  Pure.

Source: PostgreSQL, COPY, Binary Format. A timestamptz is there an int8 of microseconds since 2000-01-01.
"""

import struct
from typing import Final

from heartwire.frames import EcgFrame

#: 2000-01-01T00:00:00Z in UTC microseconds.
_POSTGRES_EPOCH_US: Final = 946_684_800_000_000

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
COPY_TRAILER: Final = struct.pack(">h", -1)

# In the order of `copy_ecg` in writer.sql: what is the same in all rows of a stream comes first. Number of fields, then
# length and value of: stream_id, tenant_id, patient_id, shard; the length of device_id.
_OWNER: Final = struct.Struct(">h iq ii iq ih i")
# Length and value of: seq, t0, received_at, fs_mhz, gain, baseline, flags; the length of lead.
_ECG: Final = struct.Struct(">iq iq iq ii id ih ii i")
_LENGTH: Final = struct.Struct(">i")
_FIELDS: Final = 14


def postgres_us(utc_us: int) -> int:
    """Return UTC microseconds as binary COPY writes a timestamptz."""
    return utc_us - _POSTGRES_EPOCH_US


def pack_owner(stream_id: int, tenant_id: int, patient_id: int, device: str, shard: int) -> bytes:
    """Return the beginning of every row of ``ecg_frames`` of a stream."""
    name = device.encode()
    return _OWNER.pack(_FIELDS, 8, stream_id, 4, tenant_id, 8, patient_id, 2, shard, len(name)) + name


def pack_ecg(owner: bytes, frame: EcgFrame, received_us: int) -> tuple[bytes, bytes, bytes, bytes, bytes]:
    """Return the pieces of one row of ``ecg_frames``; the samples are the frame's own bytes, unchanged."""
    lead = frame.lead.encode()
    fixed = _ECG.pack(
        *(8, frame.seq, 8, frame.t0 - _POSTGRES_EPOCH_US, 8, received_us - _POSTGRES_EPOCH_US),
        *(4, frame.fs_mhz, 8, frame.gain, 2, frame.baseline, 4, frame.flags),
        len(lead),
    )
    return owner, fixed, lead, _LENGTH.pack(len(frame.samples)), frame.samples
