"""A strip of ECG on paper, to scale: 25 mm a second, 10 mm a millivolt, on a grid of 1 and 5 mm.  Pure.

As IEC 60601-2-25:2011, clause 201.12.4, has it for recordings: the speed and the gain stand beside the strip, and a
calibration pulse of 1 mV for 0.2 s before it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.report.svg import INK, drawing, letters, line

MM_A_SECOND: Final = 25.0
MM_A_MV: Final = 10.0
#: Room for the calibration pulse before the strip, mm.
PULSE_MM: Final = 10.0
#: The pulse itself: 0.2 s wide, 1 mV high.
_PULSE_S: Final = 0.2
#: Paper above and below the trace, and the least and the most that a row is high, mm.
_MARGIN_MM: Final = 5.0
_LEAST_MM: Final = 25.0
_MOST_MM: Final = 50.0
_US: Final = 1_000_000
_THIN: Final = "#f3c6c6"
_THICK: Final = "#e29a9a"
_MARK: Final = "#1256a8"


class Trace(NamedTuple):
    """What is drawn on one row.

    Attributes
    ----------
    t0_us : int
        Instant of the first sample, UTC microseconds.
    ecg_mv : (n_samples,) float32
        mV; NaN where nothing is stored.
    beats : sequence of tuple
        Instant and label of each beat.
    mark_us : int, optional
        What is marked: an onset, a press.
    """

    t0_us: int
    fs_hz: float
    ecg_mv: NDArray[np.float32]
    beats: Sequence[tuple[int, str]]
    mark_us: int | None


class Drawing(NamedTuple):
    """An SVG, its size in mm, and whether something of the trace did not find room."""

    svg: str
    width_mm: float
    height_mm: float
    is_cut: bool


def draw_row(trace: Trace, begin_us: int, seconds: float) -> Drawing:
    """Return a row of paper with the trace from `begin_us` on."""
    width = PULSE_MM + seconds * MM_A_SECOND
    end_us = begin_us + round(seconds * _US)
    inside = _between(trace, begin_us, end_us)
    height, zero, is_cut = _room(inside.ecg_mv)
    elements = [*_grid(width, height), _pulse(zero)]
    if trace.mark_us is not None and begin_us <= trace.mark_us < end_us:
        dashes = ' stroke-dasharray="1.2 0.8"'
        elements.append(line(f"M{_x(trace.mark_us, begin_us):.3f} 0V{height:g}", _MARK, 0.4, dashes))
    # What does not find room ends at the edge: the drawing shows nothing beyond its own size.
    elements += [line(each, INK, 0.25, ' stroke-linejoin="round"') for each in _lines(inside, begin_us, zero)]
    elements += [
        letters(_x(t_us, begin_us), 3, label, "middle", 2.8) for t_us, label in trace.beats if begin_us <= t_us < end_us
    ]
    return Drawing(drawing(width, height, elements), width, height, is_cut)


def _between(trace: Trace, begin_us: int, end_us: int) -> Trace:
    if not trace.fs_hz:
        return trace
    first = max(0, int(np.ceil((begin_us - trace.t0_us) * trace.fs_hz / _US)))
    end = max(first, int(np.ceil((end_us - trace.t0_us) * trace.fs_hz / _US)))
    t0_us = trace.t0_us + round(first * _US / trace.fs_hz)
    return trace._replace(t0_us=t0_us, ecg_mv=trace.ecg_mv[first:end])


def _room(ecg_mv: NDArray[np.float32]) -> tuple[float, float, bool]:
    """Return the row's height, where 0 mV is below its top (both whole squares of 5 mm), and whether it is cut."""
    known = ecg_mv[np.isfinite(ecg_mv)]
    if not known.size:
        return _LEAST_MM, round(_LEAST_MM / 10) * 5.0, False
    up = np.ceil((float(known.max()) * MM_A_MV + _MARGIN_MM) / 5) * 5
    down = np.ceil((-float(known.min()) * MM_A_MV + _MARGIN_MM / 2) / 5) * 5
    # The pulse stands on 0 mV and is seen, too, unless the signal is nowhere near it.
    up, down = max(up, 15.0), max(down, 5.0)
    is_cut = bool(up + down > _MOST_MM)
    if is_cut:
        middle = float(np.median(known)) * MM_A_MV
        up = float(np.clip(np.round((middle + _MOST_MM * 0.6) / 5) * 5, 15.0, _MOST_MM - 5.0))
        down = _MOST_MM - up
    height = max(up + down, _LEAST_MM)
    return float(height), float(up + np.floor((height - up - down) / 10) * 5), is_cut


def _grid(width: float, height: float) -> Iterator[str]:
    for every, colour, stroke in ((1, _THIN, 0.1), (5, _THICK, 0.2)):
        lines = [f"M{x} 0V{height:g}" for x in range(0, int(width) + 1, every)]
        lines += [f"M0 {y}H{width:g}" for y in range(0, int(height) + 1, every)]
        yield line("".join(lines), colour, stroke)


def _pulse(zero: float) -> str:
    left = (PULSE_MM - _PULSE_S * MM_A_SECOND) / 2
    return line(
        f"M{left - 1.5:g} {zero:g}H{left:g}V{zero - MM_A_MV:g}H{left + _PULSE_S * MM_A_SECOND:g}V{zero:g}h1.5",
        INK,
        0.25,
    )


def _lines(trace: Trace, begin_us: int, zero: float) -> Iterator[str]:
    """Yield a path for each stretch without a gap."""
    known = np.isfinite(trace.ecg_mv)
    if not known.any():
        return
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    for first, end in edges.reshape(-1, 2).tolist():
        x = PULSE_MM + ((trace.t0_us - begin_us) / _US + np.arange(first, end) / trace.fs_hz) * MM_A_SECOND
        y = zero - trace.ecg_mv[first:end].astype(np.float64) * MM_A_MV
        points = [f"{a:.3f} {b:.3f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        yield "M" + "L".join(points if len(points) > 1 else points * 2)


def _x(t_us: int, begin_us: int) -> float:
    return PULSE_MM + (t_us - begin_us) / _US * MM_A_SECOND
