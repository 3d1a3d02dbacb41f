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

# Fields, then length and value of: stream_id, seq, t0, t_end, received_at, fs_mhz, gain, baseline, flags; the
# length of lead. In the order of `copy_ecg` in writer.sql.
_ECG: Final = struct.Struct(">h iq iq iq iq iq ii id ih ii i")
_LENGTH: Final = struct.Struct(">i")
_FIELDS: Final = 11


def postgres_us(utc_us: int) -> int:
    """Return UTC microseconds as binary COPY writes a timestamptz."""
    return utc_us - _POSTGRES_EPOCH_US


def pack_ecg(stream_id: int, frame: EcgFrame, received_us: int) -> bytes:
    """Return one row of ``staged_ecg``; the samples are the frame's own bytes, unchanged."""
    lead = frame.lead.encode()
    fixed = _ECG.pack(
        _FIELDS,
        *(8, stream_id, 8, frame.seq),
        *(8, frame.t0 - _POSTGRES_EPOCH_US, 8, frame.t_end - _POSTGRES_EPOCH_US, 8, received_us - _POSTGRES_EPOCH_US),
        *(4, frame.fs_mhz, 8, frame.gain, 2, frame.baseline, 4, frame.flags),
        len(lead),
    )
    return b"".join((fixed, lead, _LENGTH.pack(len(frame.samples)), frame.samples))
