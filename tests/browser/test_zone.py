"""Times are the ward's: read from far away, and over both nights in which clocks are turned."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.pages import choose_language, tile_of
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_ZURICH: Final = "Europe/Zurich"
_WARD: Final = "Bergstation"
_NAME: Final = "Zita Zone"
#: Around both turns of the clocks, back in 2025 and ahead in 2026: two at half past two, and two a second apart.
_ONSETS: Final = ("2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z")


@pytest.fixture(scope="module")
def patient_id(stack: WardStack) -> int:
    """A patient of a ward in Zurich with alarms of both nights, over long ago."""
    ((patient_id,),) = stack.query(
        "INSERT INTO patients (tenant_id, name, ward) VALUES (1, %s, %s) RETURNING patient_id", _NAME, _WARD
    )
    stack.query("UPDATE wards SET zone = %s WHERE name = %s", _ZURICH, _WARD)
    stack.query(
        "WITH past AS (INSERT INTO alarms (tenant_id, patient_id, call, priority, onset_at, signal_at, engine)"
        " SELECT 1, %s, 'bradycardia', 'medium', onset_at, onset_at, 'test' FROM unnest(%s::timestamptz[]) AS onset_at"
        " RETURNING alarm_id)"
        " INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, 1, kind FROM past,"
        " unnest(ARRAY['raised', 'ended']) AS kind",
        patient_id,
        list(_ONSETS),
    )
    return int(patient_id)


def test_who_reads_far_away_reads_the_wards_times_with_their_zone(
    stack: WardStack, patient_id: int, sign_in: SignIn, nurse: User
) -> None:
    page = sign_in(nurse, timezone_id="Asia/Tokyo")
    tile_of(page, _NAME).get_by_role("link").click()
    expect(page.locator(".patient-name")).to_contain_text("Times of Europe/Zurich")
    times = page.locator(".alarm-list time")
    for language, words in (
        ("en", ("03:00:00 CEST", "01:59:59 CET", "02:30:00 CET", "02:30:00 CEST")),
        ("fr", ("03:00:00 UTC+2", "01:59:59 UTC+1", "02:30:00 UTC+1", "02:30:00 UTC+2")),
        ("de", ("03:00:00 MESZ", "01:59:59 MEZ", "02:30:00 MEZ", "02:30:00 MESZ")),
    ):
        choose_language(page, language)
        for n, said in enumerate(words):
            expect(times.nth(n)).to_have_text(re.compile(rf"{re.escape(said)}$"))
    # An alarm's own page is no page of a patient, and knows whose it is all the same.
    ((alarm_id,),) = stack.query("SELECT max(alarm_id) FROM alarms WHERE patient_id = %s", patient_id)
    page.goto(f"/alarm/{alarm_id}")
    expect(page.locator(".story-head")).to_contain_text("03:00:00 MESZ")


@pytest.mark.usefixtures("patient_id")
def test_who_is_there_reads_bare_times_but_in_the_hour_that_comes_twice(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, timezone_id="Europe/Berlin")
    tile_of(page, _NAME).get_by_role("link").click()
    times = page.locator(".alarm-list time")
    for n, said in enumerate(("03:00:00", "01:59:59", "02:30:00 CET", "02:30:00 CEST")):
        expect(times.nth(n)).to_have_text(re.compile(rf", {said}$"))
    expect(page.locator(".zone-note")).to_have_count(0)


@pytest.mark.usefixtures("patient_id")
def test_a_duty_is_entered_and_shown_in_the_wards_time(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    admin = stack.add_user("Zaza Admin", role="admin")
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    page = sign_in(admin, timezone_id="Asia/Tokyo")
    page.goto("/admin/on-call")
    roster = page.locator("section", has=page.locator("#roster-title"))
    roster.get_by_label("Person").select_option(label=nurse.name)
    roster.get_by_label("Ward").select_option(_WARD)
    expect(roster).to_contain_text("Times of Europe/Zurich.")
    roster.get_by_label("From").fill(f"{day}T07:00")
    roster.get_by_label("To", exact=True).fill(f"{day}T15:00")
    roster.locator("form button[type=submit]").click()
    row = roster.get_by_role("row").filter(has_text=_WARD)
    begin = datetime.fromisoformat(f"{day}T07:00").replace(tzinfo=ZoneInfo(_ZURICH))
    expect(row).to_contain_text(f"07:00:00 {begin.tzname()}")
    assert stack.query("SELECT from_at, to_at FROM on_call WHERE ward = %s AND removed_at IS NULL", _WARD) == [
        (begin, begin + timedelta(hours=8))
    ]
    row.get_by_role("button").click()
    expect(row).to_have_count(0)


def test_an_administrator_says_in_which_zone_the_hospital_is(stack: WardStack, sign_in: SignIn) -> None:
    admin = stack.add_user("Zeno Admin", role="admin")
    page = sign_in(admin, timezone_id="Asia/Tokyo")
    page.goto("/admin/wards")
    wards = page.locator("section", has=page.locator("#wards-title"))
    zone = wards.get_by_role("combobox", name=re.compile("^The hospital.s time zone$"))
    expect(zone).to_have_value("UTC")
    zone.select_option("America/New_York")
    expect(wards.get_by_role("combobox", name="Time zone", exact=True)).to_have_value("America/New_York")
    page.goto("/admin/audit")
    expect(page.get_by_text(re.compile("Times are the hospital.s: America.New York"))).to_be_visible()
    stack.query("DELETE FROM hospital_zones")
