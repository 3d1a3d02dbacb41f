"""The whole record of a patient: from a day to the beat, by mouse, keyboard and touch."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import STEADY, SignIn
from tests.browser.pages import count_ink, open_patient, wait_for
from tests.browser.served_stack import User


def _open(page: Page) -> Locator:
    """Open the steady patient's page, and return where his record is drawn."""
    open_patient(page, STEADY)
    plot = page.locator(".disclosure-plot")
    expect(plot).to_have_attribute("data-shown", "true")
    plot.scroll_into_view_if_needed()
    wait_for(page, lambda: count_ink(page.locator(".disclosure-canvas")) > 3000, "the record to be drawn")
    return plot


def _level(plot: Locator, level: int) -> None:
    expect(plot).to_have_attribute("data-level", str(level))
    expect(plot).to_have_attribute("data-shown", "true")


def test_a_day_an_hour_and_the_beats_by_mouse(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    plot = _open(page)
    # Minutes are stored: the nearest step that holds them.
    assert int(plot.get_attribute("data-level") or "") >= 3
    steps = page.locator(".disclosure .window")
    for level, name in enumerate(("24 h", "6 h", "1 h")):
        with page.expect_response(re.compile(r"/outline\?")) as answered:
            steps.get_by_role("button", name=name, exact=True).click()
        assert answered.value.ok
        _level(plot, level)
        expect(steps.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")
    note = page.locator(".strip-panel .panel-note").first
    before = note.inner_text()
    box = plot.bounding_box()
    assert box is not None
    # The last row holds the newest; where its beginning is before anything was stored it leads to the first.
    page.mouse.click(box["x"] + 60, box["y"] + box["height"] - 30)
    expect(note).not_to_have_text(before)
    chosen, first, last = (int(plot.get_attribute(f"aria-value{name}") or "") for name in ("now", "min", "max"))
    assert first <= chosen < last
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] - 30)
    page.keyboard.down("Control")
    for level in (3, 4):
        page.mouse.wheel(0, -80)
        _level(plot, level)
    page.mouse.wheel(0, 80)
    _level(plot, 3)
    page.keyboard.up("Control")


def test_the_record_by_keyboard_alone(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    plot = _open(page)
    plot.focus()
    for _ in range(4):
        page.keyboard.press("-")
    _level(plot, 0)
    page.keyboard.press("+")
    _level(plot, 1)
    page.keyboard.press("Home")
    first = plot.get_attribute("aria-valuetext")
    assert first is not None
    expect(page.locator(".strip-panel .panel-note").first).to_have_text(first)
    assert plot.get_attribute("aria-valuenow") == plot.get_attribute("aria-valuemin")
    page.keyboard.press("ArrowRight")
    expect(plot).not_to_have_attribute("aria-valuetext", first)
    page.keyboard.press("ArrowLeft")
    expect(plot).to_have_attribute("aria-valuetext", first)


def test_two_fingers_come_nearer(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, viewport={"width": 390, "height": 844}, has_touch=True)
    plot = _open(page)
    page.locator(".disclosure .window").get_by_role("button", name="1 h", exact=True).click()
    _level(plot, 2)
    box = plot.bounding_box()
    assert box is not None
    x, y = box["x"] + 200, box["y"] + 200
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *apart: float) -> None:
        points = [{"x": x + sign * half, "y": y, "id": n} for half in apart for n, sign in enumerate((-1, 1))]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 30)
    fingers("touchMove", 70)
    _level(plot, 3)
    fingers("touchMove", 25)
    _level(plot, 2)
    fingers("touchEnd")
