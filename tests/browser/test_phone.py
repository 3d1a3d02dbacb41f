"""The patient's app on a phone: paired, streaming, cut off and back, revoked; all of it against the real system."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.browser.conftest import FLAGS, TIMEOUT_MS, Complaints
from tests.browser.pages import wait_for
from tests.browser.phone_stack import WARD, PhoneStack, now_us
from tests.browser.virtual_strap import (
    FS_HZ,
    NAME,
    PACKET_SAMPLES,
    VirtualStrap,
    heart_uv,
    minute,
    play,
    wait_until_said,
)
from tests.conftest import ROOT
from tests.servers.missing import ServerMissingError, skip_or_fail

_AXE: Final = ROOT / "dashboard/web/node_modules/axe-core/axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Bytes that the app may load before it shows something, compressed.
_FIRST_LOAD_BYTES: Final = 60_000

OpenPhone = Callable[..., Page]


@pytest.fixture(scope="module")
def stack() -> Iterator[PhoneStack]:
    if not (ROOT / "edge/phone/dist/index.html").exists():
        skip_or_fail("the app is not built; run `make setup`")
    try:
        running = PhoneStack()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    with running:
        yield running


@pytest.fixture(scope="module")
def phone_browser(playwright: Playwright, chromium_path: Path) -> Iterator[Browser]:
    """A browser with Bluetooth, which takes the test broker's certificate for good."""
    flags = [*FLAGS, "--enable-experimental-web-platform-features", "--ignore-certificate-errors"]
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=flags)
    yield chromium
    chromium.close()


@pytest.fixture
def context(phone_browser: Browser, stack: PhoneStack) -> Iterator[BrowserContext]:
    with_phone = phone_browser.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", base_url=stack.url, has_touch=True
    )
    with_phone.set_default_timeout(TIMEOUT_MS)
    yield with_phone
    with_phone.close()


@pytest.fixture
def strap(phone_browser: Browser, context: BrowserContext) -> Iterator[VirtualStrap]:
    near = VirtualStrap(phone_browser, context)
    yield near
    near.close()


@pytest.fixture
def open_phone(context: BrowserContext, strap: VirtualStrap, complaints: Complaints) -> OpenPhone:
    """Open the app: `open_phone("?code=ABCDEFGH")`."""

    def open_one(query: str = "") -> Page:
        page = context.new_page()
        complaints.listen(page)
        complaints.wanted_status = 404
        strap.be_picked(page)
        page.goto(f"/phone/{query}")
        return page

    return open_one


@pytest.fixture
def marie(stack: PhoneStack) -> int:
    return stack.add_patient("Marie Dubois")


def _link(code: str) -> str:
    return f"?code={code.replace('-', '')}"


def _pair(page: Page) -> None:
    """From "Is that you?" to the first screen: four taps and the browser's own list."""
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Choose my strap").click()
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".situation")).to_be_visible()


def _situation(page: Page, name: str, timeout_ms: int = TIMEOUT_MS) -> None:
    expect(page.locator(".situation")).to_have_attribute("data-situation", name, timeout=timeout_ms)


def _samples(packets: int) -> bytes:
    return b"".join(value.to_bytes(2, "little", signed=True) for value in heart_uv(0, packets * PACKET_SAMPLES))


def test_paired_by_link_the_database_has_the_same_samples_bit_for_bit(
    stack: PhoneStack, open_phone: OpenPhone, marie: int
) -> None:
    page = open_phone(_link(stack.code(marie)))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are Marie D.,")
    expect(page.get_by_text(f"cared for by {WARD}.")).to_be_visible()
    assert "code" not in page.url
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Choose my strap").click()
    play(page, minute(0, 40))
    expect(page.get_by_role("heading", level=1)).to_have_text("There is your heart")
    page.get_by_role("button", name="Done").click()
    _situation(page, "receiving")
    expect(page.get_by_role("heading", level=1)).to_have_text("We are receiving your heart signal")
    expect(page.locator(".rate")).to_contain_text("75")
    expect(page.locator(".facts")).to_contain_text("87%")
    expect(page.locator(".facts")).to_contain_text(NAME)
    wait_until_said(page, 40)
    wait_for(page, lambda: sum(len(one.samples) for one in stack.ecg(marie)) >= 2 * 38 * PACKET_SAMPLES, "the signal")
    stored = stack.ecg(marie)
    joined = b"".join(frame.samples for frame in stored)
    assert joined == _samples(40)[: len(joined)]
    assert [frame.seq for frame in stored] == list(range(len(stored)))
    assert {frame.flags for frame in stored} == {0}
    # The times are those of the samples: the strap began to speak when the test did.
    last = stored[-1]
    assert abs(last.t0_us + len(last.samples) / 2 * 1e6 / FS_HZ - now_us()) < 10e6
    for one, other in itertools.pairwise(stored):
        assert abs(other.t0_us - one.t0_us - len(one.samples) / 2 * 1e6 / FS_HZ) < 1e6 / FS_HZ
    assert stack.heart_rates(marie)[0] == (75, 2)
    # Silence is not health: when the strap says nothing more, the screen does not say that all is well.
    _situation(page, "strap_silent")
