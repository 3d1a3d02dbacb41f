"""Times of a ward: how they are said, on both sides of the hours that are left out or come twice."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from heartwire.zones import clock_words, comes_twice, days_before, is_zone, offset_words, zone_words

_ZURICH = ZoneInfo("Europe/Zurich")


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_zones_are_those_of_the_iana() -> None:
    assert is_zone("Europe/Zurich")
    assert is_zone("UTC")
    for wrong in ("", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "europe/zurich"):
        assert not is_zone(wrong)


@pytest.mark.parametrize(
    ("at", "zone", "words"),
    [
        ("2026-03-29T00:59", "Europe/Zurich", "01:59 CET"),
        ("2026-03-29T01:00", "Europe/Zurich", "03:00 CEST"),
        ("2026-10-25T00:30", "Europe/Zurich", "02:30 CEST"),
        ("2026-10-25T01:30", "Europe/Zurich", "02:30 CET"),
        ("2026-07-01T12:00", "Asia/Dubai", "16:00 UTC+04:00"),
        ("2026-07-01T12:00", "Asia/Kathmandu", "17:45 UTC+05:45"),
        ("2026-07-01T12:00", "UTC", "12:00 UTC"),
    ],
)
def test_a_time_says_its_zone(at: str, zone: str, words: str) -> None:
    assert clock_words(_at(at), zone) == words


def test_an_hour_comes_twice_when_clocks_are_turned_back_and_never_else() -> None:
    begin = _at("2026-10-24T22:00")
    twice = [hour for hour in range(8) if comes_twice((begin + timedelta(hours=hour, minutes=30)).astimezone(_ZURICH))]
    assert twice == [2, 3]
    begin = _at("2026-03-28T22:00")
    assert not any(comes_twice((begin + timedelta(minutes=10 * n)).astimezone(_ZURICH)) for n in range(48))


def test_a_day_of_the_ward_has_23_or_25_hours() -> None:
    for at, hours in (("2026-03-29T12:00", 23), ("2026-10-25T13:00", 25), ("2026-11-26T13:00", 24)):
        assert _at(at) - days_before(_at(at), 1, "Europe/Zurich") == timedelta(hours=hours)
    assert _at("2026-10-25T13:00") - days_before(_at("2026-10-25T13:00"), 1, "Asia/Tokyo") == timedelta(hours=24)


def test_how_far_a_zone_is_from_utc() -> None:
    assert offset_words(_at("2026-07-01T12:00").astimezone(ZoneInfo("America/St_Johns"))) == "-02:30"
    assert zone_words(_at("2026-07-01T12:00").astimezone(_ZURICH)) == "CEST"
