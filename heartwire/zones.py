"""Time zones: which there are, and how a time of one is said.  Pure.

A clock time that the care team reads is the ward's (docs/adr/0032). Where that could be mistaken it says its zone.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

_SIGNS: Final = "+-"


def is_zone(name: str) -> bool:
    """Whether there is a time zone of that IANA name."""
    return name in _zones()


def clock_words(at: datetime, zone: str) -> str:
    """Return the time of day with its zone: ``14:02 CET``.

    Parameters
    ----------
    at : datetime
        An instant: aware.
    zone : str
        IANA name.
    """
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M} {zone_words(local)}"


def zone_words(local: datetime) -> str:
    """Return what the zone of a local time is called then: ``CET``; where it has no letters, how far it is from UTC."""
    name = local.tzname() or ""
    return f"UTC{offset_words(local)}" if not name or name[0] in _SIGNS else name


def offset_words(local: datetime) -> str:
    """Return how far a local time is from UTC: ``+02:00``."""
    offset = f"{local:%z}"
    return f"{offset[:3]}:{offset[3:5]}"


def days_before(at: datetime, days: int, zone: str) -> datetime:
    """Return when the clock of a zone showed the same time so many days before: of a day of 23, 24 or 25 hours."""
    return (at.astimezone(ZoneInfo(zone)) - timedelta(days=days)).astimezone(UTC)


def comes_twice(local: datetime) -> bool:
    """Whether the clock shows this time twice, in the hour that is turned back."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
