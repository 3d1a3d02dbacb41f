"""A few elements of SVG, in mm.  Pure; whatever is given is a number or a word of the report's own."""

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

INK: Final = "#101418"


def drawing(width: float, height: float, elements: Iterable[str]) -> str:
    """Return a whole drawing."""
    head = f'width="{width:g}mm" height="{height:g}mm" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{"".join(elements)}</svg>'


def line(path: str, colour: str = INK, stroke: float = 0.1, more: str = "") -> str:
    """Return a path that is drawn, not filled."""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{stroke:g}"{more}/>'


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """Return a filled box."""
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}"/>'


def letters(x: float, y: float, words: str, anchor: str = "start", size: float = 2.6) -> str:
    """Return words; `anchor` is what of them stands at `x`: start, middle or end."""
    font = f'font-size="{size:g}" font-family="Libertinus Serif" fill="{INK}"'
    return f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" {font}>{escape(words)}</text>'
