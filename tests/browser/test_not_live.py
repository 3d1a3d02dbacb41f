"""A picture that is no longer live says so at once, shows no wave, and heals by itself."""

import re
import signal

from playwright.sync_api import Page, expect

from tests.browser.conftest import STEADY, Complaints, SignIn
from tests.browser.pages import NO_VALUE, tile_of, wait_for_no_wave, wait_for_wave
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_SAID = re.compile(r"^Not live since \d\d:\d\d:\d\d\.")


def _is_not_live(page: Page) -> None:
    expect(page.locator("[data-banner=not-live]")).to_have_text(_SAID, timeout=5_000)
    tile = tile_of(page, STEADY)
    wait_for_no_wave(tile.locator(".lead"))
    expect(tile.locator(".no-signal")).to_have_text("Not live")
    expect(tile.locator(".hr-value")).to_have_text(NO_VALUE)


def _is_live(page: Page) -> None:
    expect(page.locator("[data-banner=not-live]")).to_have_count(0)
    tile = tile_of(page, STEADY)
    wait_for_wave(tile.locator(".lead"))
    expect(tile.locator(".hr-value")).to_have_text(re.compile(r"^\d\d$"))


def test_a_killed_server_is_said_and_its_return_heals(
    stack: WardStack, sign_in: SignIn, nurse: User, complaints: Complaints
) -> None:
    page = sign_in(nurse)
    _is_live(page)
    complaints.server_may_be_away = True
    stack.dashboard.kill()
    try:
        _is_not_live(page)
    finally:
        stack.start_dashboard()
    _is_live(page)


def test_a_server_that_only_falls_silent_is_said_too(
    stack: WardStack, sign_in: SignIn, nurse: User, complaints: Complaints
) -> None:
    page = sign_in(nurse)
    _is_live(page)
    complaints.server_may_be_away = True
    stack.dashboard.send(signal.SIGSTOP)
    try:
        _is_not_live(page)
    finally:
        stack.dashboard.send(signal.SIGCONT)
    _is_live(page)


def test_without_network_the_patient_page_says_it_as_well(sign_in: SignIn, nurse: User, complaints: Complaints) -> None:
    page = sign_in(nurse)
    page.get_by_role("link", name=STEADY).click()
    canvas = page.locator(".live-wave .wave canvas")
    wait_for_wave(canvas)
    complaints.server_may_be_away = True
    page.route("**/api/**", lambda route: route.abort("connectionfailed"))
    page.context.set_offline(offline=True)
    expect(page.locator("[data-banner=not-live]")).to_have_text(_SAID)
    wait_for_no_wave(canvas)
    page.context.set_offline(offline=False)
    page.unroute("**/api/**")
    wait_for_wave(canvas)


def test_an_analysis_that_is_held_back_is_said_on_top_and_no_rate_is_shown(
    stack: WardStack, sign_in: SignIn, nurse: User
) -> None:
    page = sign_in(nurse)
    _is_live(page)
    alarm = page.locator(".banners .alarm-bar", has_text="Signals are not being analysed")
    analysis = page.locator(".services li", has_text="Analysis")
    with stack.held_back():
        expect(alarm).to_be_visible(timeout=40_000)
        expect(analysis).to_have_attribute("data-state", "behind")
        expect(tile_of(page, STEADY).locator(".hr-value")).to_have_text(NO_VALUE)
        wait_for_wave(tile_of(page, STEADY).locator(".lead"))
    expect(alarm).to_have_count(0, timeout=20_000)
    expect(analysis).to_have_attribute("data-state", "live")
    _is_live(page)


def test_a_page_whose_code_does_not_come_says_so_beside_the_alarms_and_comes_later(
    sign_in: SignIn, nurse: User, complaints: Complaints
) -> None:
    complaints.server_may_be_away = True
    page = sign_in(nurse)
    # Before the pages' code was brought in silence.
    page.route("**/assets/patient-*.js", lambda route: route.abort("connectionrefused"))
    page.reload()
    tile_of(page, STEADY).get_by_role("link").click()
    expect(page.locator("main [role=alert]")).to_contain_text("This page could not be loaded")
    expect(page.locator(".top-bar .counts")).to_be_visible()
    page.unroute("**/assets/patient-*.js")
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_role("heading", name=STEADY)).to_be_visible()
