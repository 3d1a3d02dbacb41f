"""Languages, sound that a browser holds back, and pages that everybody can use."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASYSTOLE, STEADY, Complaints, OpenPage, SignIn
from tests.browser.pages import alarm_of, barriers_of, choose_language, sign_in_as, tile_of
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack


def test_french_throughout_and_kept(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    choose_language(page, "fr")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    bar = alarm_of(tile_of(page, ASYSTOLE))
    expect(bar).to_contain_text("Asystolie")
    expect(bar.get_by_role("button").first).to_have_text(re.compile("Acquitter|Annuler"))
    expect(page).to_have_title("Service · heartwire")
    expect(tile_of(page, STEADY).locator(".freshness")).to_have_text(re.compile("^Dernier échantillon il y a"))
    page.reload()
    expect(page.locator("button.person")).to_have_accessible_name("Nora Nurse : langue, couleurs, déconnexion")


def test_german_by_the_browsers_wish(open_page: OpenPage, nurse: User) -> None:
    page = open_page("/sign-in", locale="de-AT")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmeldung")
    sign_in_as(page, nurse)
    choose_language(page, "de")
    expect(page).to_have_title("Station · heartwire")
    expect(tile_of(page, STEADY).locator(".freshness")).to_have_text(re.compile("^Letzter Messwert vor"))


def test_the_language_of_the_account_counts_until_another_is_chosen(stack: WardStack, sign_in: SignIn) -> None:
    page = sign_in(stack.add_user("Fleur Infirmière", language="fr"))
    page.locator("button.person").click()
    expect(page.get_by_role("button", name="Se déconnecter", exact=True)).to_be_visible()


def test_a_wrong_password_is_said(open_page: OpenPage, nurse: User, complaints: Complaints) -> None:
    complaints.wanted_status = 401
    page = open_page("/")
    page.fill("input[name=login]", nurse.login)
    page.fill("input[name=password]", "not it")
    with page.expect_response("**/api/session") as answer:
        page.get_by_role("button", name="Sign in").click()
    assert answer.value.status == 401
    expect(page.get_by_role("alert")).to_have_text("Wrong user or password.")
    assert page.evaluate("document.activeElement.name") == "password"


def test_sound_held_back_by_the_browser_is_shown_and_allowed_with_a_click(
    sign_in: SignIn, open_page: OpenPage, nurse: User
) -> None:
    cookies = sign_in(nurse).context.storage_state()
    page = open_page("/ward", storage_state=cookies)  # nobody has touched this one
    sound = page.locator(".sound")
    expect(sound).to_have_text("Sound blocked by the browser: click to allow")
    sound.click()
    expect(sound).to_have_text("Sound on")
    sound.click()
    expect(sound).to_have_text("Sound muted")
    sound.click()
    expect(sound).to_have_text("Sound on")


def test_signing_out_forgets_everybody(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    page.locator("button.person").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.locator("body")).not_to_contain_text(STEADY)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_page_shuts_anybody_out(open_page: OpenPage, sign_in: SignIn, nurse: User, theme: str) -> None:
    # axe is brought in from outside: the pages' own policy would refuse it.
    page = open_page("/sign-in", color_scheme=theme, bypass_csp=True)
    page.wait_for_selector("form")
    assert barriers_of(page) == []
    page = sign_in(nurse, color_scheme=theme, bypass_csp=True)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole")
    assert barriers_of(page) == []
    page.locator("button.counts").click()
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    page.locator("button.view-menu").click()
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    tile_of(page, ASYSTOLE).get_by_role("button", name="More about").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    page.locator("button.person").click()
    page.get_by_role("button", name="Hand over my patients").click()
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    tile_of(page, ASYSTOLE).get_by_role("link").click()
    page.wait_for_selector(".alarm-list li")
    page.wait_for_selector(".strip")
    assert barriers_of(page) == []
