"""Plots as inline SVG: axes, lines, points; colours are classes of the page's style sheet.

Every plot has a title and a description in words, for who cannot see it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import count
from typing import Final

import numpy as np

from analytics.rows import Floats

_LEFT: Final = 52
_RIGHT: Final = 22
_TOP: Final = 12
_BOTTOM: Final = 40
_NUMBERS: Final = count(1)


@dataclass(slots=True)
class Plot:
    """A plot with axes; x and y in the data's units.

    Attributes
    ----------
    title, description : str
        What it shows, and what is to be seen in it.
    x_range, y_range : tuple of float
        What the axes cover.
    x_label, y_label : str
        Names with units.
    width, height : int
        Pixels.
    """

    title: str
    description: str
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_label: str
    y_label: str
    width: int = 640
    height: int = 320
    parts: list[str] = field(default_factory=list)

    def _x(self, x: float) -> float:
        low, high = self.x_range
        return _LEFT + (x - low) / (high - low) * (self.width - _LEFT - _RIGHT)

    def _y(self, y: float) -> float:
        low, high = self.y_range
        return self.height - _BOTTOM - (y - low) / (high - low) * (self.height - _TOP - _BOTTOM)

    def add_line(self, x: Floats, y: Floats, style: str) -> None:
        """Draw a line; where y is NaN it has a gap."""
        there = ~np.isnan(y)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
        for first, last in edges.reshape(-1, 2).tolist():
            points = " ".join(
                f"{self._x(at):.1f},{self._y(value):.1f}"
                for at, value in zip(x[first:last].tolist(), y[first:last].tolist(), strict=True)
            )
            self.parts.append(f'<polyline class="line {style}" points="{points}"/>')

    def add_points(self, x: Floats, y: Floats, style: str, radius: float = 2.5) -> None:
        """Draw points."""
        self.parts += [
            f'<circle class="{style}" cx="{self._x(at):.1f}" cy="{self._y(value):.1f}" r="{radius}"/>'
            for at, value in zip(x.tolist(), y.tolist(), strict=True)
        ]

    def add_text(self, x: float, y: float, text: str, style: str, anchor: str = "middle") -> None:
        """Write at a place of the data."""
        place = f'x="{self._x(x):.1f}" y="{self._y(y):.1f}" text-anchor="{anchor}"'
        self.parts.append(f'<text class="{style}" {place}>{escape(text)}</text>')

    def add_level(self, y: float, text: str, style: str, *, below: bool = False) -> None:
        """Draw a horizontal line, with what it means at its right end, above or below."""
        x1, x2 = self._x(self.x_range[0]), self._x(self.x_range[1])
        at = self._y(y)
        self.parts.append(f'<line class="line {style}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        place = f'x="{x2:.1f}" y="{at + (14 if below else -5):.1f}" text-anchor="end"'
        self.parts.append(f'<text class="note" {place}>{escape(text)}</text>')

    def add_mark(self, x: float, style: str) -> None:
        """Draw a vertical line."""
        at = self._x(x)
        self.parts.append(
            f'<line class="line {style}" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{self.height - _BOTTOM}"/>'
        )

    def draw(self) -> str:
        """Return the SVG element."""
        number = next(_NUMBERS)
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
        frame = [
            f'<svg role="img" aria-labelledby="title{number} text{number}" {size}>',
            f'<title id="title{number}">{escape(self.title)}</title>',
            f'<desc id="text{number}">{escape(self.description)}</desc>',
        ]
        return "".join([*frame, *self._draw_axes(), *self.parts, "</svg>"])

    def _draw_axes(self) -> list[str]:
        bottom, right = self.height - _BOTTOM, self.width - _RIGHT
        parts = []
        for tick in get_ticks(*self.x_range):
            at = self._x(tick)
            parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{bottom}"/>')
            parts.append(f'<text class="tick" x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:g}</text>')
        for tick in get_ticks(*self.y_range):
            at = self._y(tick)
            parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
            parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>')
        middle = (_TOP + bottom) / 2
        parts.append(f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}"/>')
        parts.append(
            f'<text class="tick" x="{(_LEFT + right) / 2}" y="{self.height - 6}" text-anchor="middle">'
            f"{escape(self.x_label)}</text>"
        )
        parts.append(
            f'<text class="tick" transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">'
            f"{escape(self.y_label)}</text>"
        )
        return parts


def get_ticks(low: float, high: float, wanted: int = 6) -> Sequence[float]:
    """Return round numbers between two."""
    rough = (high - low) / wanted
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= rough)
    ticks: list[float] = (np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step).tolist()
    return [round(tick, 10) + 0.0 for tick in ticks]  # never -0
