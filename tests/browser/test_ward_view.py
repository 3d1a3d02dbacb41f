"""How the ward is shown: everybody on one screen, for the wall, on a phone, by name, at fixed places."""

import re
import secrets
from typing import Final

import psycopg
import pytest
from playwright.sync_api import Page, expect

from dashboard.users import add_user
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.browser.conftest import ASYSTOLE, SLOW, STEADY, SignIn
from tests.browser.pages import alarm_of, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack
from tests.servers.waiting import wait_until

_MOST: Final = 64
_WARD: Final = "Crowded"
_RAISE: Final = """
    WITH raised AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, detail, engine)
        SELECT d.tenant_id, d.patient_id, d.device_id, 'asystole', 'high', now() - interval '4 s', now(), '{}', 'test'
        FROM devices AS d JOIN patients AS p USING (patient_id) WHERE p.name = %s
        RETURNING alarm_id, tenant_id
    )
    INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM raised
"""
#: Of what a person reads: how large it is, CSS px.
_SIZES: Final = """tile => Object.fromEntries(["h2", ".hr-value", ".alarm-words strong"].map(
    part => [part, parseFloat(getComputedStyle(tile.querySelector(part)).fontSize)]))"""


@pytest.fixture(scope="module")
def crowd(stack: WardStack) -> User:
    """A nurse of another hospital: 64 patients with long names, their devices silent, one alarm."""
    user = User(f"wilma-{secrets.token_hex(3)}", "Wilma Ward", secrets.token_urlsafe(12))
    with psycopg.connect(stack.database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES (%s)", (_WARD,))
        for number in range(_MOST):
            name = f"Wilhelmina Featherstonehaugh-Cholmondeley {number}"
            add_patient(connection, name, ward=_WARD, device=new_device(), tenant=_WARD)
        add_user(connection, user.login, name=user.name, role="nurse", password=user.password, tenant=_WARD)
        connection.execute(_RAISE, (name,))
    return user


@pytest.fixture(scope="module", autouse=True)
def asystole(stack: WardStack) -> None:
    """Its alarm is there before the first page looks for it: a heart takes its time to stop."""
    wait_until(lambda: bool(stack.query("SELECT 1 FROM alarms WHERE call = 'asystole'")), "the asystole", timeout_s=90)


def _scrolls(page: Page) -> bool:
    return bool(
        page.evaluate(
            "() => { const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;"
            " return scrollWidth > clientWidth || scrollHeight > clientHeight; }"
        )
    )


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (1440, 900), (1920, 1080)])
def test_64_patients_stand_on_one_screen(crowd: User, sign_in: SignIn, width: int, height: int) -> None:
    page = sign_in(crowd, viewport={"width": width, "height": height})
    expect(page.locator(".tile")).to_have_count(_MOST)
    expect(alarm_of(page.locator(".tile").first)).to_contain_text("Asystole")
    wait_for(page, lambda: not _scrolls(page), "everybody to stand on one screen")
    # Nothing stands out of its tile or on another's words.
    cut = page.evaluate(
        "() => [...document.querySelectorAll('.tile')].filter(tile => {"
        " const out = tile.getBoundingClientRect(), rate = tile.querySelector('.hr-value').getBoundingClientRect(),"
        " name = tile.querySelector('h2').getBoundingClientRect();"
        " return rate.right > out.right || rate.bottom > out.bottom || name.right > out.right"
        " || (name.right > rate.left + 1 && name.bottom > rate.top + 1 && name.top < rate.bottom - 1); }).length"
    )
    assert cut == 0
    buttons = page.evaluate(
        "() => [...document.querySelectorAll('.tile button')].map(b => b.getBoundingClientRect())"
        ".map(({ width, height }) => Math.min(width, height))"
    )
    assert min(buttons) >= 24, "WCAG 2.2, 2.5.8: targets of 24 px"


def test_a_view_for_the_wall_is_read_from_three_metres(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, viewport={"width": 1920, "height": 1080})
    before = tile_of(page, ASYSTOLE)
    expect(alarm_of(before)).to_contain_text("Asystole")
    desk = before.evaluate(_SIZES)
    page.get_by_role("button", name="View").click()
    page.get_by_label("For the wall").check()
    page.keyboard.press("Escape")
    wall = tile_of(page, ASYSTOLE).evaluate(_SIZES)
    # A letter is read at 3 m from 1/200 of that on: 15 mm, 57 px where CSS's millimetres are true; the rate is.
    assert wall[".hr-value"] >= 57
    assert all(wall[part] > desk[part] for part in wall)
    assert not _scrolls(page)
    page.reload()
    expect(page.locator(".tiles")).to_have_attribute("data-density", "wall")


def test_a_phone_has_one_column_and_no_scrolling_sideways(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole")
    boxes = [tile_of(page, name).bounding_box() for name in (ASYSTOLE, STEADY)]
    assert {box["x"] for box in boxes if box} == {8}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="View").tap()
    menu = page.get_by_role("dialog", name="View").bounding_box()
    assert menu is not None
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= 390


def test_a_search_finds_and_hides_no_alarm(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole")
    page.get_by_label("Find a patient").fill("stea")
    expect(page.locator(".tile h2")).to_have_text([STEADY])
    expect(page.locator(".filter-words")).to_contain_text(re.compile(r"1 of \d+ patients.*alarms? elsewhere"))
    expect(page.locator(".filter-words")).to_have_attribute("data-alarms", "true")
    page.get_by_label("Find a patient").fill("nobody at all")
    expect(page.get_by_text("No patient matches.")).to_be_visible()
    page.get_by_role("button", name="Show everybody").last.click()
    expect(tile_of(page, ASYSTOLE)).to_be_visible()
    page.get_by_role("button", name="View").click()
    page.get_by_label("With an alarm or without signal").check()
    expect(tile_of(page, STEADY)).to_have_count(0)
    expect(tile_of(page, ASYSTOLE)).to_be_visible()


def test_at_fixed_places_trouble_stands_in_a_strip(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole")
    page.get_by_role("button", name="View").click()
    page.get_by_label("Fixed places").check()
    page.keyboard.press("Escape")
    names = page.locator(".tile h2").all_inner_texts()
    places = list(zip(page.locator(".tile-ward").all_inner_texts(), names, strict=True))
    assert places == sorted(places)
    strip = page.get_by_role("list", name="Patients in trouble")
    expect(strip.get_by_role("link").first).to_have_text(ASYSTOLE)
    strip.get_by_role("button", name=f"Acknowledge Asystole of {ASYSTOLE}").click()
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_have_attribute("data-state", "acknowledged")
    expect(strip.get_by_role("link", name=ASYSTOLE)).to_have_count(0)
    assert page.locator(".tile h2").all_inner_texts() == names
    page.get_by_role("button", name=f"Undo the acknowledgement of Asystole of {ASYSTOLE}").first.click()
    expect(strip.get_by_role("link", name=SLOW)).to_be_visible()
