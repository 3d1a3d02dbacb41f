"""ECG as the pages get it, live and stored: a small binary record.  Pure.

Little-endian: u8 type (2), u8 version (1), u16 flags, u32 patient, f64 UTC microseconds of the first sample, u32
samples per 1000 s, f32 units per mV, i16 baseline, u16 number of samples, u16 length of the lead's name, the name
(padded with a zero byte to an even length), int16 samples. Stored ones follow each other, each
behind its length as u32.

An outline: u8 type (4), u8 version (1), u16 length of the leads' names, u32 number of buckets, f64 UTC microseconds at
which the first begins, f64 microseconds of a bucket, f32 mV of a unit, 4 zero bytes, the names (the one that is told
first, each ended by a line feed, padded to an even length), int16 least and then int16 greatest of each bucket; -32768
stands for "no sample".
"""

import struct
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from heartwire.storage.outline import LeadOutline

JSON_MESSAGE: Final = b"\x01"
BEATS_MESSAGE: Final = b"\x03"
_SEVERAL_MESSAGES: Final = b"\x04"
_ECG_RECORD: Final = 2
_OUTLINE_RECORD: Final = 4
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<BBHIdIfhHH")
_OUTLINE_HEAD: Final = struct.Struct("<BBHIddf4x")
_NO_SAMPLE: Final = -0x8000
_MOST: Final = 0x7FFF
_LENGTH: Final = struct.Struct("<I")
_encoder: Final = msgspec.json.Encoder()


def pack_ecg(
    patient_id: int, *, flags: int, t0_us: int, fs_mhz: int, gain: float, baseline: int, lead: str, samples: bytes
) -> bytes:
    """Return one record.

    Parameters
    ----------
    patient_id : int
        Whose it is.
    flags, t0_us, fs_mhz, gain, baseline, lead, samples
        As in `heartwire.frames.EcgFrame`; a lead's name of other than ASCII characters shows ``?`` for them.
    """
    name = lead.encode("ascii", "replace")
    head = _HEAD.pack(
        _ECG_RECORD, _VERSION, flags, patient_id, t0_us, fs_mhz, gain, baseline, len(samples) // 2, len(name)
    )
    return b"".join((head, name, b"\0" * (len(name) % 2), samples))


def pack_outline(outline: LeadOutline) -> bytes:
    """Return an outline as one record, to a 32,767th of its greatest value."""
    leads = [outline.lead, *(lead for lead in outline.leads if lead != outline.lead)]
    names = "".join(f"{lead}\n" for lead in leads if lead).encode("ascii", "replace")
    both = np.abs(np.concatenate((outline.low_mv, outline.high_mv)))
    unit_mv = max(float(np.nanmax(both, initial=0.0)), 1e-3) / _MOST
    head = _OUTLINE_HEAD.pack(
        *(_OUTLINE_RECORD, _VERSION, len(names), outline.low_mv.size, outline.from_us, outline.bucket_us, unit_mv)
    )
    columns = (_in_units(column, unit_mv) for column in (outline.low_mv, outline.high_mv))
    return b"".join((head, names, b"\0" * (len(names) % 2), *columns))


def _in_units(column_mv: NDArray[np.float32], unit_mv: float) -> bytes:
    is_empty = np.isnan(column_mv)
    units = np.rint(np.where(is_empty, 0, column_mv) / unit_mv)
    return np.where(is_empty, _NO_SAMPLE, units).astype("<i2").tobytes()


def join_records(records: Iterable[bytes]) -> bytes:
    """Return records one after the other, each behind its length."""
    return b"".join(_LENGTH.pack(len(record)) + record for record in records)


def join_messages(messages: Iterable[bytes]) -> bytes:
    """Return one message that holds several, each behind its length."""
    return _SEVERAL_MESSAGES + join_records(messages)


def pack_json(kind: bytes, content: Any) -> bytes:  # noqa: ANN401 # whatever msgspec can write
    """Return a JSON message: its kind's byte, then UTF-8."""
    return kind + _encoder.encode(content)
