"""A nurse of one ward sees a patient of another one for a reason, and the team there is told."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SLOW, STEADY, Complaints, SignIn
from tests.browser.pages import barriers_of, tab_to, tile_of
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_REASON = "Called to a resuscitation in Step-down"


@pytest.fixture
def cardiologist(stack: WardStack) -> User:
    """Somebody who sees the ward Cardiology alone."""
    user = stack.add_user("Carla Cardiology")
    stack.query("UPDATE users SET all_wards = false WHERE login = %s", user.login)
    stack.query(
        "INSERT INTO ward_members (user_id, ward_id, tenant_id) SELECT u.user_id, w.ward_id, u.tenant_id"
        " FROM users AS u JOIN wards AS w USING (tenant_id) WHERE u.login = %s AND w.name = 'Cardiology'",
        user.login,
    )
    return user


def test_the_glass_is_broken_by_keyboard_and_the_team_reads_why(
    stack: WardStack, sign_in: SignIn, cardiologist: User, nurse: User, complaints: Complaints
) -> None:
    complaints.wanted_status = 404  # the patient who is not hers yet
    ((patient_id,),) = stack.query("SELECT patient_id FROM patients WHERE name = %s", SLOW)
    team = sign_in(nurse)
    page = sign_in(cardiologist, bypass_csp=True)
    expect(tile_of(page, STEADY)).to_be_visible()
    expect(tile_of(page, SLOW)).to_have_count(0)
    page.goto(f"/patient/{patient_id}")
    page.get_by_role("main").get_by_role("link", name="Patient of another ward").click()
    expect(page.get_by_label("Name of the patient")).to_be_focused()
    page.keyboard.type(SLOW[:4].lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 patient found.")).to_be_visible()
    assert barriers_of(page) == []
    tab_to(page, f"button[aria-label$='{SLOW}']")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Why must you see")).to_be_focused()
    page.keyboard.type(_REASON)
    assert barriers_of(page) == []
    tab_to(page, ".glass-found button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(SLOW)
    banner = page.get_by_role("complementary", name="Patient of another ward")
    expect(banner).to_contain_text(re.compile(r"you see the record until \d\d:\d\d, (4:00|3:59) h more"))
    expect(banner).to_contain_text(_REASON)
    assert barriers_of(page) == []
    # The team of the other ward: who, what he is, and why; on his tile and in the list.
    told = f"Seen by another ward: Carla Cardiology (Nurse), “{_REASON}”"
    team.goto(f"/patient/{patient_id}")
    expect(team.get_by_role("main")).to_contain_text(told)
    expect(team.get_by_role("complementary", name="Patient of another ward")).to_have_count(0)
    # Her own patients have no such banner nor sign, and who sees all wards has no such page.
    page.goto("/ward")
    expect(tile_of(page, SLOW).get_by_text("Other ward")).to_be_visible()
    expect(tile_of(page, SLOW)).to_have_attribute("data-glass", "true")
    expect(tile_of(page, STEADY)).to_have_attribute("data-glass", "false")
    expect(tile_of(page, STEADY).get_by_text("Other ward")).to_have_count(0)
    assert barriers_of(page) == []
    team.goto("/glass")
    expect(team.get_by_role("main")).to_contain_text("you see all wards")
    stack.query("ALTER TABLE glass_breaks DISABLE TRIGGER glass_breaks_append_only")
    stack.query("UPDATE glass_breaks SET until_at = now()")
    stack.query("ALTER TABLE glass_breaks ENABLE TRIGGER glass_breaks_append_only")
    # Over for the team, too: other tests look at the same patient.
    stack.query("UPDATE alarms SET detail = detail || '{\"until_us\": 1}' WHERE call = 'glass_broken'")
    team.goto("/ward")
    expect(tile_of(team, SLOW)).not_to_contain_text("Seen by another ward")
    expect(tile_of(page, SLOW)).to_have_count(0)
