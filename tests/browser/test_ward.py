"""The ward: waves that move, alarms that several people see and answer, silence that is said."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import ASYSTOLE, SLOW, STEADY, OpenPage, SignIn
from tests.browser.pages import (
    NO_VALUE,
    alarm_of,
    count_ink,
    tab_to,
    tile_of,
    wait_for,
    wait_for_no_wave,
    wait_for_wave,
)
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack


def test_the_wave_moves_and_its_numbers_are_of_now(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    tile = tile_of(page, STEADY)
    wait_for_wave(tile.locator(".lead"))
    expect(tile.locator(".hr-value")).to_have_text(re.compile(r"^(6|7|8)\d$"))
    expect(tile.locator(".freshness")).to_have_text(re.compile(r"^Last sample [1-5] s ago$"))
    expect(tile.locator(".calibration")).to_have_attribute("title", "1 mV, at 10 mm/mV and 25 mm/s")
    height_px = tile.locator(".calibration").bounding_box()
    assert height_px is not None
    assert abs(height_px["height"] - 10 * 96 / 25.4) < 0.5


def test_an_alarm_is_answered_by_one_and_seen_by_all(sign_in: SignIn, nurse: User, physician: User) -> None:
    hers, his = sign_in(nurse), sign_in(physician)
    hers.evaluate(
        "() => { const start = OscillatorNode.prototype.start; window.tones = 0;"
        " OscillatorNode.prototype.start = function (...when) { window.tones++; return start.apply(this, when); }; }"
    )
    for page in (hers, his):
        bar = alarm_of(tile_of(page, ASYSTOLE))
        expect(bar).to_contain_text("Asystole")
        expect(bar).to_have_attribute("data-priority", "high")
        expect(bar).to_have_attribute("data-state", "active")
        assert bar.evaluate("bar => getComputedStyle(bar).animationDuration") == "0.5s"
    expect(hers.locator(".sound")).to_have_text("Sound on")
    wait_for(hers, lambda: hers.evaluate("window.tones") > 0, "a burst to sound")

    hers.get_by_role("button", name=f"Acknowledge Asystole of {ASYSTOLE}").first.click()
    for page in (hers, his):
        bar = alarm_of(tile_of(page, ASYSTOLE))
        expect(bar).to_have_attribute("data-state", "acknowledged")
        expect(bar).to_contain_text(nurse.name)
        assert bar.evaluate("bar => getComputedStyle(bar).animationName") == "none"

    his.get_by_role("button", name=f"Undo the acknowledgement of Asystole of {ASYSTOLE}").first.click()
    for page in (hers, his):
        expect(alarm_of(tile_of(page, ASYSTOLE))).to_have_attribute("data-state", "active")
    expect(his.locator(".note")).to_contain_text("acknowledgement undone")


def test_trouble_stands_first_and_does_not_jump_under_the_hand(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    names = page.locator(".tile h2")
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_have_attribute("data-state", "active")
    expect(names.first).to_have_text(ASYSTOLE)
    page.locator(".tile").first.hover()
    page.get_by_role("button", name=f"Acknowledge Asystole of {ASYSTOLE}").first.click()
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_have_attribute("data-state", "acknowledged")
    page.mouse.move(page.locator(".tile").first.bounding_box()["x"] + 30, 150)  # type: ignore[index] # it is there
    expect(names.first).to_have_text(ASYSTOLE)
    page.mouse.move(5, 5)
    expect(names.first).not_to_have_text(ASYSTOLE)
    page.get_by_role("button", name=f"Undo the acknowledgement of Asystole of {ASYSTOLE}").first.click()
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_have_attribute("data-state", "active")


def test_a_patient_gone_quiet_is_loud_and_shows_no_wave(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    name = "Dora Quiet"
    device = stack.register_patient(name, [{"rhythm": "normal", "seconds": 600, "bpm": 80}])
    page = sign_in(nurse)
    tile = tile_of(page, name)
    expect(tile).to_contain_text("No signal yet")
    device.start()
    wait_for_wave(tile.locator(".lead"))
    device.kill()
    expect(tile.locator(".no-signal")).to_have_text(re.compile(r"^No signal for \d+ s$"))
    wait_for_no_wave(tile.locator(".lead"))
    expect(tile.locator(".hr-value")).to_have_text(NO_VALUE)
    assert "repeating-linear-gradient" in tile.evaluate("tile => getComputedStyle(tile).backgroundImage")
    expect(alarm_of(tile)).to_contain_text("No signal received")
    assert count_ink(tile_of(page, STEADY).locator(".lead")) > 100


def test_one_ward_at_a_time_with_the_others_alarms_in_sight(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_be_visible()
    page.get_by_label("Ward", exact=True).select_option("Step-down")
    expect(page.locator(".tile h2")).to_have_text([SLOW])
    expect(page.locator(".filter-words")).to_contain_text(re.compile(r"1 of \d+ patients"))
    expect(page.locator(".filter-words")).to_contain_text("elsewhere")
    page.get_by_label("Ward", exact=True).select_option("")
    expect(tile_of(page, STEADY)).to_be_visible()


def test_the_keyboard_alone_signs_in_and_answers(open_page: OpenPage, physician: User) -> None:
    page = open_page("/")
    page.wait_for_selector("input[name=login]:focus")
    page.keyboard.type(physician.login)
    page.keyboard.press("Tab")
    page.keyboard.type(physician.password)
    page.keyboard.press("Enter")
    expect(alarm_of(tile_of(page, SLOW))).to_contain_text("radycardia")
    tab_to(page, f"button.answer[aria-label$='{SLOW}']")
    page.keyboard.press("Enter")
    bar = alarm_of(tile_of(page, SLOW))
    expect(bar).to_have_attribute("data-state", "acknowledged")
    page.wait_for_selector("button.undo:focus:not([aria-disabled=true])")  # sooner it is a slip of the hand
    page.keyboard.press("Enter")
    expect(bar).to_have_attribute("data-state", "active")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(SLOW)
    expect(page.get_by_role("main")).to_be_focused()
