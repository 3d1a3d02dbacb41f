"""Reads the ECG of any WFDB record as one-second frames, as a device would have sent them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import wfdb
from numpy.typing import NDArray

from analytics.rows import Floats, Samples
from heartwire.errors import PermanentError
from heartwire.frames import FS_MHZ_MAX, FS_MHZ_MIN, I16_MAX, I16_MIN

_FS_LEAST_HZ: Final = 40.0
#: Read at a time, seconds.
_CHUNK_S: Final = 600
_MILLIVOLTS: Final = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3, "nv": 1e-6}
_ECG_NAME: Final = re.compile(
    r"^(?:.*(?:ecg|ekg)(?![a-z]*resp).*|mlii{0,2}|mli|i{1,3}|iv|av[rlf]|v\d?|v\dr|mv\d?|mcl\d?|d[1-4]|cc5|cm[2-5]|ml5|"
    r"e-?s|a-?s|a-?i|x|y|z|vx|vy|vz|lead.*|chan(?:nel)?.*|mod\.?v\d|cs\d+|noise\d*)$",
    re.IGNORECASE,
)
_OTHER_NAME: Final = re.compile(
    r"pleth|ppg|abp|art|\bbp\b|pap|cvp|icp|resp|imp|co2|spo2|sao2|eeg|emg|eog|flow|temp|press|\bpa\b|\bra\b|scg|gsr|"
    r"accel|acc_|foot|hand|\bst\b|marker|annot",
    re.IGNORECASE,
)


class UnreadableRecordError(PermanentError):
    """A record without an ECG lead that can be analysed, or that is damaged."""


class Frame(NamedTuple):
    """A second of signal, or what of it is there.

    Attributes
    ----------
    start_s : float
        Time of the first sample since the record's beginning.
    """

    start_s: float
    fs_mhz: int
    gain: float
    baseline: int
    samples: Samples


class EcgRecord(NamedTuple):
    """One lead of a record.

    Attributes
    ----------
    directory, name
        Where it is.
    channel : int
        Number of the signal, from 0.
    lead : str
        Its name.
    fs_hz : float
        Rate of the record: annotations count in it.
    lead_fs_hz : float
        Rate of the lead: a multiple of it.
    seconds : float
        Length.
    n_samples : int
        Samples at the record's rate.
    """

    directory: Path
    name: str
    channel: int
    lead: str
    fs_hz: float
    lead_fs_hz: float
    seconds: float
    n_samples: int
    gain_per_mv: float
    baseline: int
    is_single: bool


def list_records(directory: Path) -> list[str]:
    """Return the records of a folder: its file RECORDS, or every header that is not another record's segment."""
    listed = directory / "RECORDS"
    if listed.is_file():
        names = [line.strip() for line in listed.read_text(encoding="utf-8", errors="replace").splitlines()]
        return [name for name in names if name and not name.endswith("/")]
    headers = sorted(directory.glob("*.hea"))
    segments: set[str] = set()
    for header in headers:
        lines = [
            line
            for line in header.read_text("utf-8", "replace").splitlines()
            if line.strip() and not line.startswith("#")
        ]
        if lines and "/" in lines[0].split()[0]:
            segments.update(line.split()[0] for line in lines[1:] if line.split())
    return [header.stem for header in headers if header.stem not in segments]


def open_record(directory: Path, name: str, lead: str | None, until_s: float | None = None) -> EcgRecord:
    """Read a record's header and choose the lead.

    Parameters
    ----------
    lead : str or None
        A signal's name, or its number from 0; ``None`` for the first that is an ECG.
    until_s : float or None
        The record is taken to end there.

    Raises
    ------
    UnreadableRecordError
        With the reason.
    """
    path = directory / name
    if not path.with_name(path.name + ".hea").is_file():
        raise UnreadableRecordError(f"{name}: there is no header {name}.hea in {directory}")
    try:
        header = wfdb.rdheader(str(path), rd_segments=True)
        is_single = isinstance(header, wfdb.Record)
        first = header if is_single else _get_layout(header)
        names = [str(each or "") for each in (first.sig_name or [])]
        units = [str(each or "mV") for each in (first.units or ["mV"] * len(names))]
        samps = list(first.samps_per_frame or [1] * len(names))
    except Exception as error:  # a damaged header breaks the reader in many ways
        raise UnreadableRecordError(f"{name}: its header cannot be read ({say_error(error)})") from error
    if not names:
        raise UnreadableRecordError(f"{name}: it has no signals")
    channel = _choose(name, names, units, lead)
    fs_hz = float(header.fs)
    lead_fs_hz = fs_hz * (samps[channel] if is_single else 1)
    if lead_fs_hz < _FS_LEAST_HZ:
        raise UnreadableRecordError(
            f"{name}: {lead_fs_hz:g} samples a second are too few to see a QRS, wanted {_FS_LEAST_HZ:g} at least"
        )
    scale = _MILLIVOLTS.get(units[channel].strip().lower(), 1.0)
    gain = float((first.adc_gain or [200.0] * len(names))[channel] or 200.0) / scale
    baseline = int((first.baseline or [0] * len(names))[channel] or 0)
    length = int(header.sig_len or 0)
    if length == 0:
        raise UnreadableRecordError(f"{name}: it has no samples")
    if until_s is not None:
        length = min(length, round(until_s * fs_hz))
    return EcgRecord(
        directory, name, channel, names[channel], fs_hz, lead_fs_hz, length / fs_hz, length, gain, baseline, is_single
    )


def _get_layout(header: "wfdb.MultiRecord") -> "wfdb.Record":
    segments = [segment for segment in header.segments if segment is not None and segment.sig_name]
    if not segments:
        raise ValueError("none of its segments has signals")
    return segments[0]


def _choose(record: str, names: list[str], units: list[str], lead: str | None) -> int:
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(names))
    if lead is not None:
        if lead in names:
            return names.index(lead)
        if lead.isdigit() and int(lead) < len(names):
            return int(lead)
        raise UnreadableRecordError(f"{record}: it has no lead {lead}; its signals are {listed}")
    volts = [unit.strip().lower() in _MILLIVOLTS for unit in units]
    named = [_ECG_NAME.match(each.strip()) is not None for each in names]
    other = [_OTHER_NAME.search(each) is not None for each in names]
    for likely in (
        [at for at in range(len(names)) if named[at] and volts[at]],
        [at for at in range(len(names)) if named[at] and not other[at]],
        [at for at in range(len(names)) if volts[at] and not other[at]],
    ):
        if likely:
            return likely[0]
    raise UnreadableRecordError(f"{record}: no signal looks like an ECG ({listed}); choose one with --lead")


def read_frames(record: EcgRecord, added_mv: Floats | None = None) -> Iterator[Frame]:
    """Give a record's signal in frames of a second; samples that are missing are not in any frame.

    Parameters
    ----------
    added_mv : (n_samples,) float64 or None
        Noise to add, mV, at the record's rate.

    Raises
    ------
    UnreadableRecordError
        When the signal file is damaged or missing.
    """
    chunk = max(1, round(_CHUNK_S * record.fs_hz))
    fs_hz, factor = _choose_rate(record.lead_fs_hz)
    fs_mhz = round(fs_hz * 1000)
    scale: _Scale | None = None
    for start in range(0, record.n_samples, chunk):
        line = _read_line(record, start, min(start + chunk, record.n_samples))
        if added_mv is not None:
            added = added_mv[start : start + chunk]
            line += np.repeat(added, len(line) // len(added)) * record.gain_per_mv
        line, shift = _change_rate(line, factor)
        scale = _choose_scale(record, line, scale)
        digital = _digitize(line, scale)
        is_there = ~np.isnan(line)
        begin_s = start / record.fs_hz + shift / record.lead_fs_hz
        size = round(fs_hz)
        for at in range(0, len(line), size):
            there = is_there[at : at + size]
            for first, last in _runs(there):
                samples = digital[at + first : at + last]
                yield Frame(begin_s + (at + first) / fs_hz, fs_mhz, scale.gain, scale.baseline, samples)


def read_signal(record: EcgRecord, begin_s: float, end_s: float) -> tuple[Floats, float]:
    """Return the lead's samples between two times (mV at its own rate, NaN where missing), and when the first is.

    Raises
    ------
    UnreadableRecordError
        When the signal file is damaged or missing.
    """
    start = max(0, round(begin_s * record.fs_hz))
    end = min(record.n_samples, round(end_s * record.fs_hz))
    line = _read_line(record, start, end)
    return (line - record.baseline) / record.gain_per_mv, start / record.fs_hz


def _read_line(record: EcgRecord, start: int, end: int) -> Floats:
    """Return the lead's samples in digital units of the header's gain, NaN where missing."""
    path = str(record.directory / record.name)
    try:
        if record.is_single:
            read = wfdb.rdrecord(
                path, sampfrom=start, sampto=end, channels=[record.channel], physical=True, smooth_frames=False
            )
            line, unit = read.e_p_signal[0], read.units[0]
        else:
            read = wfdb.rdrecord(path, sampfrom=start, sampto=end, physical=True, m2s=True)
            names = list(read.sig_name or [])
            if record.lead not in names:  # not in this stretch
                return np.full(end - start, np.nan)
            at = names.index(record.lead)
            line, unit = read.p_signal[:, at], read.units[at]
    except Exception as error:  # a damaged file breaks the reader in many ways
        raise UnreadableRecordError(f"{record.name}: its signal cannot be read ({say_error(error)})") from error
    scale = _MILLIVOLTS.get(str(unit).strip().lower(), 1.0)
    values: Floats = np.asarray(line, np.float64) * (scale * record.gain_per_mv) + record.baseline
    return values


def _choose_rate(fs_hz: float) -> tuple[float, int]:
    """Return a rate that a device may have, and the factor: above 1 means fewer samples, below -1 more."""
    if fs_hz * 1000 > FS_MHZ_MAX:
        factor = int(np.ceil(fs_hz * 1000 / FS_MHZ_MAX))
        return fs_hz / factor, factor
    if fs_hz * 1000 < FS_MHZ_MIN:
        factor = int(np.ceil(FS_MHZ_MIN / (fs_hz * 1000)))
        return fs_hz * factor, -factor
    return fs_hz, 1


def _change_rate(line: Floats, factor: int) -> tuple[Floats, float]:
    """Return the line at another rate, and where its first sample lies, in samples of the old one."""
    if factor > 1:
        whole = len(line) // factor * factor
        return line[:whole].reshape(-1, factor).mean(axis=1), (factor - 1) / 2
    if factor < 0:
        at = np.arange(len(line) * -factor) / -factor
        return np.interp(at, np.arange(len(line)), line), 0.0
    return line, 0.0


class _Scale(NamedTuple):
    """How digital units of the header become int16: ``(units - middle) * factor``."""

    middle: int
    factor: float
    gain: float
    baseline: int


def _choose_scale(record: EcgRecord, line: Floats, before: _Scale | None) -> _Scale:
    """Return the scale so far where the line fits it, else the record's own, else one that the line fits."""
    there = line[~np.isnan(line)]
    low, high = (float(there.min()), float(there.max())) if len(there) else (0.0, 0.0)
    own = _Scale(0, 1.0, record.gain_per_mv, record.baseline)
    for scale in (before, own):
        if scale is None or not I16_MIN <= scale.baseline <= I16_MAX:
            continue
        if (low - scale.middle) * scale.factor >= I16_MIN and (high - scale.middle) * scale.factor <= I16_MAX:
            return scale
    # Beyond 16 bits: count from the middle of what there is, in larger units where they are needed; half of the
    # range is left for what comes.
    middle = round((low + high) / 2)
    factor = min(1.0, I16_MAX / 2 / max(high - middle, 1.0))
    baseline = int(np.clip(round((record.baseline - middle) * factor), I16_MIN, I16_MAX))
    return _Scale(middle, factor, record.gain_per_mv * factor, baseline)


def _digitize(line: Floats, scale: _Scale) -> Samples:
    samples: Samples = np.rint((np.nan_to_num(line, nan=scale.middle) - scale.middle) * scale.factor).astype(np.int16)
    return samples


def _runs(there: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def say_error(error: Exception) -> str:
    """Return an error of a reader in a few words."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}"[:200]
