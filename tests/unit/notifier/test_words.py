"""What messages say, in each language; and what they never say."""

from datetime import UTC, datetime

import pytest

from analytics.notifier.channels import without_secrets
from analytics.notifier.words import Told, alarm_message, trial_message

_AT = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)


def _told(call: str = "asystole", priority: str = "high", ward: str = "B", name: str = "", zone: str = "UTC") -> Told:
    return Told(call, priority, ward, _AT, zone, name)


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("en", "heartwire HIGH: Asystole, ward B", "HIGH: Asystole, ward B, since 14:02 UTC"),
        ("fr", "heartwire HAUTE: Asystolie, service B", "HAUTE: Asystolie, service B, depuis 14:02 UTC"),
        ("de", "heartwire HOCH: Asystolie, Station B", "HOCH: Asystolie, Station B, seit 14:02 UTC"),
        ("xx", "heartwire HIGH: Asystole, ward B", "HIGH: Asystole, ward B, since 14:02 UTC"),
    ],
)
def test_one_alarm(language: str, title: str, line: str) -> None:
    message = alarm_message([_told()], language, "https://h.example/n/abc")
    assert message.title == title
    assert message.body.startswith(line)
    assert message.body.endswith("https://h.example/n/abc")


@pytest.mark.parametrize(
    ("zone", "time"),
    [("Europe/Zurich", "15:02 CET"), ("Asia/Kolkata", "19:32 IST"), ("America/Sao_Paulo", "11:02 UTC-03:00")],
)
def test_times_are_the_wards_and_say_their_zone(zone: str, time: str) -> None:
    assert f"since {time}" in alarm_message([_told(zone=zone)], "en", "").body
    assert f"seit {time}" in alarm_message([_told(zone=zone)], "de", "").body


def test_many_of_one_cause_are_one_line_and_hearts_are_each_their_own() -> None:
    told = [_told("gone_quiet", "medium") for _ in range(500)] + [_told(), _told()]
    message = alarm_message(told, "en", "")
    lines = message.body.split("\n")
    assert lines[:3] == [
        "HIGH: Asystole, ward B, since 14:02 UTC",
        "HIGH: Asystole, ward B, since 14:02 UTC",
        "MEDIUM: No signal received: 500 patients, since 14:02 UTC",
    ]
    assert message.title == "heartwire HIGH: 502 alarms, ward B"
    assert lines[-1] == "Open the ward's page to answer."
    only = alarm_message(told[:500], "en", "")
    assert only.title == "heartwire MEDIUM: No signal received: 500 patients, ward B"


def test_a_long_message_says_how_much_it_leaves_out() -> None:
    message = alarm_message([_told(ward=str(n)) for n in range(25)], "en", "")
    assert message.body.count("Asystole") == 10
    assert "and 15 more" in message.body


def test_names_only_where_they_are_given() -> None:
    assert "Ada" in alarm_message([_told(name="Ada")], "en", "").body
    assert "Ada" not in alarm_message([_told(name="Ada")], "en", "").title


def test_no_name_makes_a_line_of_its_own() -> None:
    hostile = "Ada\r\nHIGH: Ventricular fibrillation\u2028\u202ebed 4"
    message = alarm_message([_told(name=hostile, ward=hostile)], "en", "")
    assert "\n" not in message.title
    said = "Ada HIGH: Ventricular fibrillation bed 4"
    first, blank, last = message.body.split("\n")
    assert first == f"HIGH: Asystole, {said}, ward {said}, since 14:02 UTC"
    assert (blank, last) == ("", "Open the ward's page to answer.")


def test_a_call_of_a_later_version_is_told_by_its_code() -> None:
    assert "heart_of_gold" in alarm_message([_told("heart_of_gold")], "de", "").body


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_the_test_says_that_it_is_one(language: str) -> None:
    assert "test" in trial_message(language).title.lower() or "essai" in trial_message(language).title.lower()


def test_a_problem_never_repeats_the_address() -> None:
    address = "mailto://nora:s3cr%40t@mail.example:2525?from=a@b.com&to=nora@ward.example"
    problem = "Failed to log in at mail.example as nora with s3cr@t:\n 535 denied for nora@ward.example"
    said = without_secrets(problem, address)
    assert "535 denied" in said
    for secret in ("s3cr", "mail.example", "nora", "ward.example", "\n"):
        assert secret not in said
