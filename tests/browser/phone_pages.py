"""What tests do on the patient's app, and on the nurse's pages beside it."""

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIMEOUT_MS
from tests.browser.pages import sign_in_as
from tests.browser.phone_stack import NURSE, PhoneStack


def link(code: str) -> str:
    """Return what is in the address of a pairing link."""
    return f"?code={code.replace('-', '')}"


def pair(page: Page) -> None:
    """Go from "Is that you?" to the first screen: four taps and the browser's own list."""
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Choose my strap").click()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".situation")).to_be_visible()


def feel(page: Page, *chips: str) -> None:
    """Press "I feel something", say more about it, and come to the list of what was said."""
    page.get_by_role("link", name="I feel something").click()
    page.get_by_role("button", name="Press here: I feel something").click()
    for chip in chips:
        page.get_by_role("button", name=chip).click()
    page.get_by_role("button", name="Done").click()


def expect_situation(page: Page, name: str, timeout_ms: int = TIMEOUT_MS) -> None:
    """Wait until the first screen says this."""
    expect(page.locator(".situation")).to_have_attribute("data-situation", name, timeout=timeout_ms)


def open_nurse(
    browser: Browser, stack: PhoneStack, path: str, listen: Callable[[Page], object] = lambda _: None
) -> Page:
    """Sign the nurse in, in a window of her own, and open one of her pages; `listen` is given the page before that."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, base_url=stack.url, locale="en-GB")
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto("/sign-in")
    sign_in_as(page, stack.add_user(NURSE))
    listen(page)
    page.goto(path)
    return page
