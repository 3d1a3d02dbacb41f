"""What browser tests ask for: the system with its patients, people signed in, and pages that may not complain."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests.browser.pages import sign_in_as
from tests.browser.phone_stack import PhoneStack
from tests.browser.served_stack import User
from tests.browser.virtual_strap import VirtualStrap
from tests.browser.ward_stack import WardStack
from tests.conftest import ROOT
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.waiting import wait_until

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Sixty paintings a second take half a core where no GPU helps; eleven do for what a test looks at.
_FEWER_FRAMES: Final = """(() => {
  const [nextFrame, waiting] = [window.requestAnimationFrame.bind(window), new Map()];
  let last = 0;
  const paint = (id, work) => { waiting.delete(id); nextFrame(work); };
  window.requestAnimationFrame = (work) => {
    const id = ++last;
    waiting.set(id, setTimeout(paint, 90, id, work));
    return id;
  };
  window.cancelAnimationFrame = (id) => { clearTimeout(waiting.get(id)); waiting.delete(id); };
})()"""
#: The machine may be busy: a page is judged by what it shows in the end.
TIMEOUT_MS: Final = 30_000
_NO_SERVER: Final = re.compile(r"WebSocket connection to|net::ERR_(CONNECTION|EMPTY|SOCKET|INTERNET)")

_HEARD: Final = "SELECT count(DISTINCT patient_id) FROM streams WHERE stream = 'ecg' AND last_sample_at IS NOT NULL"

#: Patients of every test; a test that needs another adds its own.
STEADY: Final = "Ada Steady"
ASYSTOLE: Final = "Ben Asystole"
SLOW: Final = "Cleo Slow"
#: Longer than all tests together: a script that began again would end the asystole in the middle of one.
_SCRIPT_S: Final = 4 * 3600


class Complaints:
    """What browsers wrote on their consoles as errors, and exceptions that nobody caught."""

    def __init__(self) -> None:
        self.said: Final[list[str]] = []
        self.server_may_be_away = False
        #: A browser itself writes an error for each answer such as 401; a test names those that it wants.
        self.wanted_status = 0

    def listen(self, page: Page) -> None:
        """Hear a page from now on."""
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(f"{page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        is_wanted = (self.server_may_be_away and _NO_SERVER.search(message.text)) or (
            self.wanted_status and f"with a status of {self.wanted_status}" in message.text
        )
        if message.type == "error" and not is_wanted:
            self.said.append(f"{message.location}: {message.text}")


OpenPage = Callable[..., Page]
OpenPhone = Callable[..., Page]
SignIn = Callable[..., Page]


@pytest.fixture(scope="package")
def stack() -> Iterator[WardStack]:
    """The system with one steady patient, one in asystole after half a minute, one too slow."""
    if not (ROOT / "dashboard/web/dist/index.html").exists():
        skip_or_fail("the pages are not built; run `make setup`")
    try:
        running = WardStack()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    with running:
        running.add_patient(STEADY, [{"rhythm": "normal", "seconds": _SCRIPT_S, "bpm": 72}])
        running.add_patient(
            ASYSTOLE, [{"rhythm": "normal", "seconds": 15, "bpm": 66}, {"rhythm": "asystole", "seconds": _SCRIPT_S}]
        )
        running.add_patient(SLOW, [{"rhythm": "bradycardia", "seconds": _SCRIPT_S, "bpm": 42}], ward="Step-down")
        # On a busy machine a device takes its time to begin: no test's own time.
        wait_until(lambda: running.query(_HEARD) == [(3,)], "the signal of all patients", timeout_s=120, poll_s=0.2)
        yield running


@pytest.fixture(scope="package")
def nurse(stack: WardStack) -> User:
    return stack.add_user("Nora Nurse")


@pytest.fixture(scope="package")
def physician(stack: WardStack) -> User:
    return stack.add_user("Paul Physician", role="physician")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for these tests; it ends with them, because it keeps an event loop running in this thread."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium_path: Path) -> Iterator[Browser]:
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture(scope="package")
def phone_system() -> Iterator[PhoneStack]:
    """The system around patients' phones, with a broker that lets in only who belongs."""
    if not (ROOT / "edge/phone/dist/index.html").exists():
        skip_or_fail("the patient's app is not built; run `make setup`")
    try:
        running = PhoneStack()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    with running:
        yield running


@pytest.fixture
def phone_stack(phone_system: PhoneStack) -> PhoneStack:
    """The same, whole again whatever the test before it broke."""
    if not phone_system.broker.process.is_running:
        phone_system.broker.start()
    return phone_system


@pytest.fixture(scope="package")
def phone_browser(playwright: Playwright, chromium_path: Path) -> Iterator[Browser]:
    """A browser with Bluetooth, which takes the test broker's certificate for good."""
    flags = [*FLAGS, "--enable-experimental-web-platform-features", "--ignore-certificate-errors"]
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=flags)
    yield chromium
    chromium.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """At the end of the test nothing may have been said."""
    heard = Complaints()
    yield heard
    assert heard.said == []


@pytest.fixture
def open_page(browser: Browser, stack: WardStack, complaints: Complaints) -> Iterator[OpenPage]:
    """Open the pages in a browser of their own: `open_page("/ward", color_scheme="light")`.

    With `every_frame` it paints as it does for people: where a test is about how soon something is seen.
    """
    contexts: list[BrowserContext] = []

    def open_one(path: str = "/", *, every_frame: bool = False, **options: object) -> Page:
        settings = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "base_url": stack.url, **options}
        context = browser.new_context(**settings)  # type: ignore[arg-type] # the options are Playwright's own
        context.set_default_timeout(TIMEOUT_MS)
        if not every_frame:
            context.add_init_script(_FEWER_FRAMES)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(open_page: OpenPage) -> SignIn:
    """Sign somebody in and return his page, the ward's tiles on it."""

    def sign_in_one(user: User, **options: object) -> Page:
        page = open_page("/sign-in", **options)
        sign_in_as(page, user)
        return page

    return sign_in_one


@pytest.fixture
def phone_context(phone_browser: Browser, phone_stack: PhoneStack) -> Iterator[BrowserContext]:
    with_phone = phone_browser.new_context(
        viewport={"width": 390, "height": 844}, locale="en-GB", base_url=phone_stack.url, has_touch=True
    )
    with_phone.set_default_timeout(TIMEOUT_MS)
    with_phone.add_init_script(_FEWER_FRAMES)
    yield with_phone
    with_phone.close()


@pytest.fixture
def strap(phone_browser: Browser, phone_context: BrowserContext) -> Iterator[VirtualStrap]:
    near = VirtualStrap(phone_browser, phone_context)
    yield near
    near.close()


@pytest.fixture
def open_phone(phone_context: BrowserContext, strap: VirtualStrap, complaints: Complaints) -> OpenPhone:
    """Open the app: `open_phone("?code=ABCDEFGH")`."""

    def open_one(query: str = "") -> Page:
        page = phone_context.new_page()
        complaints.listen(page)
        strap.be_picked(page)
        page.goto(f"/phone/{query}")
        return page

    return open_one


@pytest.fixture
def marie(phone_stack: PhoneStack) -> int:
    return phone_stack.add_patient("Marie Dubois")
