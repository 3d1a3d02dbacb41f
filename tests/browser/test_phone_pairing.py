"""The patient's app reads the code off the nurse's screen, and lets a phone go again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser.conftest import FLAGS, TIMEOUT_MS, Complaints, OpenPhone
from tests.browser.pages import wait_for
from tests.browser.phone_pages import expect_situation, feel, link, open_nurse, pair
from tests.browser.phone_stack import PhoneStack
from tests.browser.virtual_strap import minute, play

#: Pictures of the video that the camera sees; it begins anew at its end.
_PICTURES: Final = 5


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """What the camera sees."""
    return tmp_path / "seen.mjpeg"


@pytest.fixture
def with_camera(
    playwright: Playwright, chromium_path: Path, phone_stack: PhoneStack, seen: Path
) -> Iterator[BrowserContext]:
    """A browser whose camera sees the file."""
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}")
    browser = playwright.chromium.launch(executable_path=chromium_path, args=[*FLAGS, *camera])
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", base_url=phone_stack.url)
    context.set_default_timeout(TIMEOUT_MS)
    yield context
    browser.close()


def test_the_camera_reads_the_code_off_the_nurses_screen(
    phone_browser: Browser, with_camera: BrowserContext, phone_stack: PhoneStack, seen: Path, *, marie: int
) -> None:
    nurse = open_nurse(phone_browser, phone_stack, f"/patient/{marie}/pair")
    expect(nurse.get_by_role("img", name="QR code")).to_be_visible()
    seen.write_bytes(nurse.screenshot(type="jpeg", quality=80) * _PICTURES)
    nurse.context.close()
    with_camera.grant_permissions(["camera"])
    page = with_camera.new_page()
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.goto("/phone/")
    button = page.get_by_role("button", name="Use the camera")
    expect(button).to_be_visible()
    assert not [url for url in loaded if "decode" in url]
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are Marie D.,")
    assert [url for url in loaded if "decode" in url]
    assert page.locator("video").count() == 0


def test_without_a_camera_the_code_is_typed(
    with_camera: BrowserContext, phone_stack: PhoneStack, *, marie: int
) -> None:
    page = with_camera.new_page()
    page.goto("/phone/")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("alert")).to_have_text("The camera cannot be used. Type the code instead.")
    expect(page.get_by_label("Code")).to_be_focused()
    page.get_by_label("Code").fill(phone_stack.code(marie))
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are Marie D.,")


def _end(page: Page) -> None:
    page.get_by_role("link", name="My heart").click()
    page.get_by_role("button", name="End my monitoring on this phone").click()


def test_a_phone_is_let_go_after_what_it_has_was_sent(
    phone_stack: PhoneStack, open_phone: OpenPhone, marie: int
) -> None:
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 60))
    expect_situation(page, "receiving")
    _end(page)
    dialog = page.get_by_role("dialog", name="End your monitoring on this phone?")
    expect(dialog).to_contain_text("All your heart signal until now was sent.")
    dialog.get_by_role("button", name="No, go on").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="End my monitoring on this phone")).to_be_focused()
    page.get_by_role("button", name="End my monitoring on this phone").click()
    said = page.evaluate("strap.said")
    dialog.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect with your care team")
    # Every packet that was heard by then is in the database, and nothing of the patient on the phone.
    wait_for(
        page, lambda: sum(len(one.samples) for one in phone_stack.ecg(marie)) >= 2 * said * 73, "the rest of the signal"
    )
    left = page.evaluate("indexedDB.databases().then(all => all.map(one => one.name))")
    assert left == ["heartwire"]
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect with your care team")
    expect(page.locator("body")).not_to_contain_text("Marie")


def test_a_phone_says_what_is_lost_when_it_is_let_go(
    phone_stack: PhoneStack, open_phone: OpenPhone, complaints: Complaints, marie: int
) -> None:
    complaints.server_may_be_away = True
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 60))
    expect_situation(page, "receiving")
    phone_stack.broker.kill()
    expect_situation(page, "server_away")
    expect(page.locator(".facts")).to_contain_text("Waiting to be sentabout")
    feel(page)
    _end(page)
    dialog = page.get_by_role("dialog", name="End your monitoring on this phone?")
    expect(dialog).to_contain_text("of heart signal are not sent yet. They will be lost.")
    expect(dialog).to_contain_text("Something that you said is not sent yet. It will be lost.")
    expect(dialog).not_to_contain_text("was sent")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="End my monitoring on this phone").click()
    dialog.get_by_role("button", name="Yes, end it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect with your care team")
