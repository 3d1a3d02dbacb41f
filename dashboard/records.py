"""ECG as the pages get it, live and stored: a small binary record.  Pure.

Little-endian: u8 type (2), u8 version (1), u16 flags, u32 patient, f64 UTC microseconds of the first sample, u32
samples per 1000 s, f32 units per mV, i16 baseline, u16 number of samples, u16 length of the lead's name, the name
(padded with a zero byte to an even length), int16 samples. Stored ones follow each other, each
behind its length as u32.
"""

import struct
from collections.abc import Iterable
from typing import Any, Final

import msgspec

JSON_MESSAGE: Final = b"\x01"
BEATS_MESSAGE: Final = b"\x03"
_SEVERAL_MESSAGES: Final = b"\x04"
_ECG_RECORD: Final = 2
_VERSION: Final = 1
_HEAD: Final = struct.Struct("<BBHIdIfhHH")
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


def join_records(records: Iterable[bytes]) -> bytes:
    """Return records one after the other, each behind its length."""
    return b"".join(_LENGTH.pack(len(record)) + record for record in records)


def join_messages(messages: Iterable[bytes]) -> bytes:
    """Return one message that holds several, each behind its length."""
    return _SEVERAL_MESSAGES + join_records(messages)


def pack_json(kind: bytes, content: Any) -> bytes:  # noqa: ANN401 # whatever msgspec can write
    """Return a JSON message: its kind's byte, then UTF-8."""
    return kind + _encoder.encode(content)
