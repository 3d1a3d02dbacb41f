"""The noise stress test: noise mixed into clean records as WFDB's ``nst`` does, at a chosen signal-to-noise ratio.

Five minutes stay clean, then come two noisy minutes, two clean ones, and so on. SNR = 10 log10(S / N): S is an eighth
of the squared peak-to-peak amplitude of the QRS (mean of the first 300 normal beats, 50 ms around the annotation,
the 5 % largest and smallest left out), N the squared mean of the RMS of each of the noise's first 300 seconds about
that second's own mean, trimmed likewise, which leaves out slow wander. Where noise begins or ends the level does not
step. Source: Moody, Muldrow, Mark: A noise stress test for arrhythmia detectors, Computers in Cardiology 11:381-384
(1984); WFDB nst(1), sigamp(1).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import Annotations, Span
from analytics.evaluation.beats import LEARNING_S
from analytics.evaluation.records import EcgRecord, UnreadableRecordError, open_record, read_signal
from analytics.rows import Floats

_NOISY_S: Final = 120.0
_MEASURED: Final = 300
_TRIMMED: Final = 20  # a twentieth at either end
_QRS_S: Final = 0.050
#: Rates nearer than this are taken for the same, as nst does.
_SAME_RATE: Final = 0.1


class Noise(NamedTuple):
    """A noise record's first signal, mV."""

    name: str
    signal_mv: Floats
    fs_hz: float
    rms_mv: float


def find_noise(directory: Path, name: str, noise_directory: Path | None) -> Noise:
    """Read a noise record: from `noise_directory`, else from ``nstdb`` beside `directory`.

    Raises
    ------
    UnreadableRecordError
        When it is not there, and where it was looked for.
    """
    where = noise_directory if noise_directory is not None else directory.resolve().parent / "nstdb"
    if not (where / f"{name}.hea").is_file():
        raise UnreadableRecordError(
            f"there is no noise record {name} in {where}; fetch PhysioNet's nstdb (bw, em, ma) there, or name its"
            " folder with --noise-dir"
        )
    record = open_record(where, name, "0")
    signal_mv, _ = read_signal(record, 0, record.seconds)
    signal_mv = np.nan_to_num(signal_mv)
    return Noise(name, signal_mv, record.lead_fs_hz, measure_noise(signal_mv, record.lead_fs_hz))


def measure_noise(signal_mv: Floats, fs_hz: float) -> float:
    """Return the RMS amplitude, mV, whose square is N."""
    size = round(fs_hz)
    seconds = signal_mv[: min(len(signal_mv) // size, _MEASURED) * size].reshape(-1, size)
    return _get_trimmed_mean(seconds.std(axis=1))


def measure_qrs(record: EcgRecord, reference: Annotations) -> float:
    """Return the peak-to-peak amplitude of the normal QRS, mV.

    Raises
    ------
    UnreadableRecordError
        When it has no normal beat that is annotated.
    """
    normal_s = reference.beats_s[reference.labels == b"N"][:_MEASURED]
    if not len(normal_s):
        raise UnreadableRecordError(f"{record.name}: no normal beat is annotated, so its QRS cannot be measured")
    signal_mv, _ = read_signal(record, 0, float(normal_s[-1]) + 1)
    half = round(_QRS_S * record.lead_fs_hz)
    middles = np.rint(normal_s * record.lead_fs_hz).astype(np.int64)
    # bxb's annotations may lie at an edge: a window that is not whole is left out.
    windows = [signal_mv[at - half : at + half + 1] for at in middles.tolist() if at >= half]
    sizes = [float(np.ptp(window)) for window in windows if len(window) and not np.isnan(window).any()]
    return _get_trimmed_mean(np.array(sizes))


def _get_trimmed_mean(values: Floats) -> float:
    left_out = len(values) // _TRIMMED
    return float(np.sort(values)[left_out : len(values) - left_out].mean())


def get_gain(qrs_mv: float, noise_rms_mv: float, snr_db: float) -> float:
    """Return by what to multiply the noise for that ratio."""
    return float(np.sqrt(qrs_mv**2 / 8 / 10 ** (snr_db / 10)) / noise_rms_mv)


def get_noisy_spans(seconds: float) -> list[Span]:
    """Return the noisy stretches of a record."""
    begins_s = np.arange(LEARNING_S, seconds, 2 * _NOISY_S).tolist()
    return [(begin_s, min(begin_s + _NOISY_S, seconds)) for begin_s in begins_s]


def mix(noise: Noise, record: EcgRecord, qrs_mv: float, snr_db: float) -> Floats:
    """Return what to add to a record with such QRS: (n_samples,) float64, mV, at its rate."""
    gain = get_gain(qrs_mv, noise.rms_mv, snr_db)
    return _place(_change_rate(noise, record.fs_hz), record, gain, get_noisy_spans(record.seconds))


def _change_rate(noise: Noise, fs_hz: float) -> Floats:
    if abs(noise.fs_hz / fs_hz - 1) < _SAME_RATE:
        return noise.signal_mv
    places = np.arange(int(len(noise.signal_mv) * fs_hz / noise.fs_hz)) * noise.fs_hz / fs_hz
    resampled: Floats = np.interp(places, np.arange(len(noise.signal_mv)), noise.signal_mv)
    return resampled


def _place(noise_mv: Floats, record: EcgRecord, gain: float, spans: Sequence[Span]) -> Floats:
    added = np.zeros(record.n_samples)
    level = 0.0
    for begin_s, end_s in spans:
        begin, end = round(begin_s * record.fs_hz), min(round(end_s * record.fs_hz), record.n_samples)
        # A noise record that is too short begins anew.
        piece = gain * noise_mv[np.arange(begin, end) % len(noise_mv)]
        added[begin:end] = level + piece - piece[0]
        level = float(added[end - 1])
        added[end:] = level
    return added
