"""Stretches of time as routes take them: bounded, and in order."""

from typing import Annotated, Any, Final

from fastapi import Depends, Query

from dashboard.errors import ApiError, Code
from dashboard.patients import Stretch

#: Years 1970 to 2262: what both sides can count in microseconds.
US_MOST: Final = 9_000_000_000_000_000
ECG_MOST_S: Final = 300
Us = Annotated[int, Query(ge=0, le=US_MOST)]
#: What describes an answer of ECG records.
RECORDS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Done", "content": {"application/octet-stream": {}}}
}


def _stretch(from_us: Us, to_us: Us) -> Stretch:
    if to_us <= from_us:
        raise ApiError(Code.INVALID, field="to_us")
    return Stretch(from_us, to_us)


WithStretch = Annotated[Stretch, Depends(_stretch)]


def check_length(stretch: Stretch, most_s: float) -> None:
    """Refuse more than one answer may hold.

    Raises
    ------
    ApiError
        `TOO_LONG`.
    """
    if stretch.to_us - stretch.from_us > most_s * 1e6:
        raise ApiError(Code.TOO_LONG, limit_s=most_s)
