"""Numbers, times and lengths in a report's language and zone.  Pure."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from dashboard.alarms import time_of
from heartwire.calls import CALLS
from heartwire.zones import comes_twice, offset_words, zone_words

_WORDS: Final[Mapping[str, Mapping[str, str]]] = json.loads(
    resources.files("dashboard.report").joinpath("words.json").read_text(encoding="utf-8")
)
LANGUAGES: Final = tuple(_WORDS)
_US: Final = 1_000_000
#: A number and its unit stay on one line.
_JOINED: Final = "\N{NO-BREAK SPACE}"


class Phrases:
    """What a report says, and how.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.
    zone : str
        IANA name of the zone in which times are said.
    """

    def __init__(self, language: str, zone: str) -> None:
        self.language: Final = language
        self._words: Final = _WORDS[language]
        self._zone: Final = ZoneInfo(zone)

    def __call__(self, key: str, **given: str) -> str:
        """Return the words of that name, with these in their places."""
        return self._words[key].format(**given)

    def knows(self, key: str) -> bool:
        """Whether there are words of that name."""
        return key in self._words

    def call(self, code: str) -> str:
        """Return a call's name."""
        call = CALLS.get(code)
        return code if call is None else call.names[self.language]

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number, thousands apart."""
        return f"{value:,.{digits}f}".replace(",", "\u202f").replace(".", self._words["dot"])

    def share(self, part: float) -> str:
        """Return a part of one as percent; not nothing does not look like nothing, nor not all like all."""
        percent = 100 * part
        if 0 < percent < 0.1:
            return f"<{_JOINED}{self.number(0.1, 1)}{_JOINED}%"
        digits = 0 if percent in {0, 100} else 1
        return f"{self.number(min(percent, 99.9) if part < 1 else percent, digits)}{_JOINED}%"

    def instant(self, utc_us: int, *, seconds: bool = True) -> str:
        """Return a time of the zone, as everybody can read it and a table can sort it.

        Where the clock shows it twice it says which: ``2026-10-25 02:30 CEST``.
        """
        return self._said(utc_us, "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")

    def clock(self, utc_us: int) -> str:
        """Return the time of day."""
        return self._said(utc_us, "%H:%M:%S")

    def axis(self, utc_us: int, *, days: bool) -> str:
        """Return a time as an axis shows it."""
        return self._local(utc_us).strftime("%d.%m." if days else "%H:%M")

    def offset(self, utc_us: int) -> str:
        """Return how far the zone is from UTC then."""
        return offset_words(self._local(utc_us))

    def length(self, us: int) -> str:
        """Return a length of time."""
        seconds = round(us / _US)
        if us < 10 * _US:
            return f"{self.number(us / _US, 1)}{_JOINED}s"
        if seconds < 120:
            return f"{seconds}{_JOINED}s"
        minutes = round(seconds / 60)
        if minutes < 120:
            return f"{minutes}{_JOINED}min"
        hours, minutes = divmod(minutes, 60)
        return f"{self.number(hours)}{_JOINED}h" + (f"{_JOINED}{minutes}{_JOINED}min" if minutes else "")

    def _said(self, utc_us: int, pattern: str) -> str:
        local = self._local(utc_us)
        words = local.strftime(pattern)
        return f"{words} {zone_words(local)}" if comes_twice(local) else words

    def _local(self, utc_us: int) -> datetime:
        return time_of(utc_us).astimezone(self._zone)
