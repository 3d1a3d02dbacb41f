"""A table, for the terminal and for the report."""

from typing import Final, NamedTuple

import numpy as np

NONE: Final = "-"


class Table(NamedTuple):
    """A table; the first column names the rows.

    Attributes
    ----------
    note : str
        What a reader has to know about the figures.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def say_table(table: Table) -> list[str]:
    """Return the lines of a table for a terminal."""
    rows = [table.columns, *table.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(table.columns))]
    lines = ["", table.caption]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines + ([f"  {table.note}"] if table.note else [])


def say_percent(value: float | None) -> str:
    """Write a percentage."""
    return NONE if value is None else f"{value:.2f}"


def say_number(value: float | None, decimals: int = 1) -> str:
    """Write a number."""
    return NONE if value is None or not np.isfinite(value) else f"{value:.{decimals}f}"
