"""Samples as FLAC, the lossless format that WFDB itself adopted: int16 in, the same int16 out.  Pure.

A stream is a STREAMINFO block and audio frames (RFC 9639). What the library adds besides, its own name, is left out: in
a minute of ECG it would be every 250th byte.
"""

import io
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

#: Rate that is written into every stream: FLAC cannot say 250.5 Hz, and the block beside it can. Any would do.
_NOMINAL_HZ: Final = 1000
#: Of 0 to 1. Above it nothing is gained: 0.5244 bytes a sample of MIT-BIH record 101, and 0.5243 at 1.0 for a third
#: more time; 0.5362 at 0.0.
_COMPRESSION_LEVEL: Final = 0.8
#: More than any minute has: a damaged header must not ask for all memory.
_SAMPLES_MAX: Final = 10_000_000
_MARKER: Final = b"fLaC"
_LAST: Final = 0x80
_STREAMINFO_END: Final = 4 + 4 + 34


class FlacError(ValueError):
    """Bytes that are not one of our FLAC streams."""


def encode_flac(samples: NDArray[np.int16]) -> bytes:
    """Compress one lead.

    Parameters
    ----------
    samples : (n_samples,) int16
        Raw digital values, at least one.

    Raises
    ------
    ValueError
        If there is no sample or they are not int16.
    """
    if samples.ndim != 1 or samples.dtype != np.int16 or not samples.size:
        raise ValueError(f"samples of shape {samples.shape}, {samples.dtype}: wanted (n,), int16, n > 0")
    file = io.BytesIO()
    soundfile.write(file, samples, _NOMINAL_HZ, format="FLAC", subtype="PCM_16", compression_level=_COMPRESSION_LEVEL)
    return _without_comments(file.getvalue())


def decode_flac(flac: bytes) -> NDArray[np.int16]:
    """Return the samples, (n_samples,) int16, bit for bit those that were encoded.

    Raises
    ------
    FlacError
        If the bytes are damaged or something else.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(flac)) as file:
            if file.channels != 1 or not 0 < file.frames <= _SAMPLES_MAX:
                raise FlacError(f"FLAC of {file.channels} leads, {file.frames} samples: not written by us")
            samples = np.empty(file.frames, np.int16)
            n_read = file.buffer_read_into(samples, "int16")
    except soundfile.LibsndfileError as error:
        raise FlacError(f"{len(flac)} bytes that are not FLAC: {error}") from None
    if n_read != samples.size:
        raise FlacError(f"{len(flac)} bytes of FLAC with {n_read} samples, wanted {samples.size}")
    return samples


def _without_comments(flac: bytes) -> bytes:
    """Return the same stream with no metadata but STREAMINFO, which comes first."""
    end = _STREAMINFO_END
    is_last = bool(flac[4] & _LAST)
    while not is_last:
        is_last = bool(flac[end] & _LAST)
        end += 4 + int.from_bytes(flac[end + 1 : end + 4], "big")
    return b"".join((_MARKER, bytes((flac[4] | _LAST,)), flac[5:_STREAMINFO_END], flac[end:]))
