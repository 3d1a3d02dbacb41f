"""A nurse asks what happened to an alarm, and whether the ledger that says so is whole."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ASYSTOLE, SignIn
from tests.browser.pages import alarm_of, tile_of
from tests.browser.served_stack import User


def test_every_step_from_the_signal_to_a_person_is_told_with_its_place_in_the_ledger(
    sign_in: SignIn, nurse: User
) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole", timeout=90_000)
    page.get_by_role("link", name=ASYSTOLE, exact=True).click()
    page.locator(".alarm-panel .alarm-list").get_by_role(
        "link", name="What happened to this alarm: Asystole"
    ).first.click()
    expect(page).to_have_url(re.compile(r"/alarm/\d+$"))
    expect(page.get_by_role("heading", name="Asystole", exact=True)).to_be_visible()
    steps = page.locator(".story li")
    for kind, says in (
        ("onset", "It began, in the signal"),
        ("met", "The rule was met"),
        ("received", "The signal was received"),
        ("raised", "Found by the analysis, raised"),
        ("shown", "First on a screen"),
    ):
        expect(page.locator(f".story li[data-kind={kind}]")).to_contain_text(says)
    expect(page.locator(".story li[data-kind=raised] .story-seal")).to_contain_text(
        re.compile(r"Entry \d+ [0-9a-f]{12}")
    )
    assert steps.count() >= 5
    expect(page.locator(".story-spans div").first).to_contain_text(re.compile(r"From the signal to the alarm\s*\d"))

    panel = page.get_by_role("region", name="The ledger")
    panel.get_by_role("button", name="Check the whole ledger").click()
    expect(panel.locator(".ledger-verdict")).to_contain_text(
        re.compile(r"\d+ entr(y|ies), all as (it was|they were) sealed")
    )
    expect(panel).to_contain_text(f"asked for by {nurse.name}")

    page.get_by_role("link", name=ASYSTOLE).click()
    expect(page.get_by_role("heading", name=ASYSTOLE)).to_be_visible()
    page.locator(".alarm-panel .alarm-list").get_by_role(
        "link", name="What happened to this alarm: Asystole"
    ).first.click()
    expect(page).to_have_url(re.compile(r"/alarm/\d+$"))
