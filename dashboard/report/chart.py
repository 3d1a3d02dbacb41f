"""The period at a glance: heart rate, ectopic beats, atrial fibrillation, and where there is no ECG.  Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from dashboard.report.content import Bar, Report
from dashboard.report.phrases import Phrases
from dashboard.report.svg import box, drawing, letters, line

WIDTH_MM: Final = 185.0
HEIGHT_MM: Final = 62.0
_LEFT, _RIGHT = 12.0, 184.0
_RATE: Final = (2.0, 34.0)
_ECTOPY: Final = (37.0, 50.0)
_AF: Final = (52.5, 55.5)
_PALE, _BAND, _NOTHING = "#b8c0c8", "#cfdcec", "#d9d9d9"
_BLUE, _DARK, _LIGHT, _RED = "#1256a8", "#8a1c1c", "#e2a13c", "#8a1c1c"
#: Most labels below.
_LABELS: Final = 10
_HOUR_US: Final = 3_600_000_000


def draw_chart(report: Report, say: Phrases) -> str:
    """Return the chart as SVG."""
    bars = report.bars
    step = (_RIGHT - _LEFT) / len(bars)
    elements = [
        *_rates(bars, step),
        *_ectopy(bars, step),
        *_fibrillation(bars, step),
        *_times(report, say, step),
        letters(0, 5, say("chart_rate")),
        letters(0, 40, say("chart_ectopy")),
        letters(0, 55, say("chart_af")),
    ]
    return drawing(WIDTH_MM, HEIGHT_MM, elements)


def _rates(bars: Sequence[Bar], step: float) -> Iterator[str]:
    known = [bar for bar in bars if bar.mean_bpm is not None]
    low = min((bar.low_bpm or bar.mean_bpm or 0 for bar in known), default=40.0) // 20 * 20
    high = -(-max((bar.high_bpm or bar.mean_bpm or 0 for bar in known), default=120.0) // 20) * 20
    high = max(high, low + 40)
    top, bottom = _RATE

    def y(bpm: float) -> float:
        return bottom - (bpm - low) / (high - low) * (bottom - top)

    for bpm in range(int(low), int(high) + 1, 20 if high - low <= 120 else 40):
        yield line(f"M{_LEFT} {y(bpm):.2f}H{_RIGHT}", _PALE)
        yield letters(_LEFT - 1, y(bpm) + 0.9, str(bpm), "end")
    means: list[str] = []
    for place, bar in enumerate(bars):
        x = _LEFT + place * step
        if bar.mean_bpm is None:
            means.append("")
            continue
        if bar.low_bpm is not None and bar.high_bpm is not None:
            height = max(0.3, y(bar.low_bpm) - y(bar.high_bpm))
            yield box(x, y(bar.high_bpm), step, height, _BAND)
        means.append(f"{x:.2f} {y(bar.mean_bpm):.2f}H{x + step:.2f}")
    path = "".join(
        ("" if not each else f"{'L' if place and means[place - 1] else 'M'}{each}") for place, each in enumerate(means)
    )
    if path:
        yield line(path, _BLUE, 0.4)


def _ectopy(bars: Sequence[Bar], step: float) -> Iterator[str]:
    top, bottom = _ECTOPY
    most = max([1, *(max(bar.n_s, bar.n_v) for bar in bars)])
    yield line(f"M{_LEFT} {bottom}H{_RIGHT}", _PALE)
    yield letters(_LEFT - 1, top + 2, str(most), "end")
    yield letters(_LEFT - 1, bottom, "0", "end")
    for place, bar in enumerate(bars):
        for n, colour, shift in ((bar.n_v, _DARK, 0.1), (bar.n_s, _LIGHT, 0.5)):
            height = (bottom - top) * n / most
            if n:
                x = _LEFT + (place + shift) * step
                yield box(x, bottom - height, 0.4 * step, height, colour)


def _fibrillation(bars: Sequence[Bar], step: float) -> Iterator[str]:
    top, bottom = _AF
    yield line(f"M{_LEFT} {top}H{_RIGHT}V{bottom}H{_LEFT}Z", _PALE)
    for place, bar in enumerate(bars):
        x = _LEFT + place * step
        if not bar.signal_us:
            yield box(x, top, step, bottom - top, _NOTHING)
        elif bar.af_us:
            width = step * min(1.0, bar.af_us / bar.signal_us)
            yield box(x, top, width, bottom - top, _RED)


def _times(report: Report, say: Phrases, step: float) -> Iterator[str]:
    every = -(-len(report.bars) // _LABELS)
    for place in range(0, len(report.bars), every):
        x = _LEFT + place * step
        label = say.axis(report.bars[place].begin_us, days=report.bar_us * every >= 24 * _HOUR_US)
        yield line(f"M{x:.2f} {_RATE[0]}V{_AF[1]}", _PALE)
        yield letters(x, 60, label)
