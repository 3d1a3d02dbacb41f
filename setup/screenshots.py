"""Make README's pictures of a running demo: ``python -m setup.screenshots --password WORD`` beside ``make demo``.

Signs in, waits until waves have filled the screen and an alarm is there, and writes docs/images/ward.png and
patient.png. With ``--sizes phone,tablet,wall --out DIR`` it writes each page at each size, dark and light, to look at.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import Browser, Error, Page, sync_playwright

from setup.report import SetupError, fail, note, step
from tests.servers.install import find_chromium
from tests.servers.missing import ServerMissingError

Theme = Literal["dark", "light"]
_ROOT: Final = Path(__file__).resolve().parent.parent
_IMAGES: Final = _ROOT / "docs" / "images"
_THEMES: Final[tuple[Theme, ...]] = ("dark", "light")
#: The demo's first alarm comes in about half a minute; waves fill the widest lead in 20 s.
_ALARM_TIMEOUT_MS: Final = 90_000
_FILL_MS: Final = 21_000
_CHROMIUM_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Size(NamedTuple):
    """A screen, CSS px."""

    width: int
    height: int


SIZES: Final = {"phone": Size(390, 844), "tablet": Size(1024, 768), "wall": Size(1920, 1080), "readme": Size(1440, 810)}


class Account(NamedTuple):
    """Where the pages are, and who looks at them."""

    url: str
    user: str
    password: str


@contextmanager
def _browser() -> Iterator[Browser]:
    try:
        chromium = find_chromium()
    except ServerMissingError as missing:
        raise SetupError(str(missing)) from None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def _signed_in(browser: Browser, account: Account, size: Size, theme: Theme) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": size.width, "height": size.height},
        color_scheme=theme,
        locale="en-GB",
        has_touch=size == SIZES["phone"],
    )
    try:
        page = context.new_page()
        page.goto(account.url)
        page.fill("input[name=login]", account.user)
        page.fill("input[name=password]", account.password)
        page.click("form button")
        page.wait_for_selector(".tile")
        yield page
    finally:
        context.close()


def _photograph_ward(page: Page, path: Path) -> None:
    page.wait_for_selector(".tile .alarm-bar", timeout=_ALARM_TIMEOUT_MS)
    page.mouse.move(0, 0)
    page.wait_for_timeout(_FILL_MS)
    page.screenshot(path=path)


def _photograph_patient(page: Page, path: Path) -> None:
    """Of whoever stands first, the one in trouble; the whole page."""
    page.locator(".tile h2 a").first.click()
    page.wait_for_selector(".alarm-choose")
    grave = page.locator(".alarm-list li[data-priority=high]:not([data-state=suppressed]) .alarm-choose")
    (grave.last if grave.count() else page.locator(".alarm-choose").first).click()
    page.keyboard.press("Home")  # a wave out of sight stands still
    page.evaluate("document.activeElement.blur()")
    page.mouse.move(0, 0)
    page.wait_for_timeout(_FILL_MS)
    page.screenshot(path=path, full_page=True)


def make_pictures(account: Account, out: Path, sizes: Sequence[str]) -> None:
    """Write ward and patient page at each size.

    Raises
    ------
    SetupError
        If there is no browser, or the pages do not answer as they should.
    """
    out.mkdir(parents=True, exist_ok=True)
    wanted = [(size, theme) for size in sizes for theme in (("dark",) if size == "readme" else _THEMES)]
    try:
        with _browser() as browser:
            for size, theme in wanted:
                suffix = "" if size == "readme" else f"-{size}-{theme}"
                with (
                    step(f"Photographing ward and patient ({size}, {theme})"),
                    _signed_in(browser, account, SIZES[size], theme) as page,
                ):
                    _photograph_ward(page, out / f"ward{suffix}.png")
                    _photograph_patient(page, out / f"patient{suffix}.png")
    except Error as problem:
        reason = problem.message.splitlines()[0]
        raise SetupError(f"{account.url}: {reason}. Does `make demo` run there, with this user and password?") from None
    note(f"The pictures are in {out}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m setup.screenshots", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the pages are (default: %(default)s)")
    parser.add_argument("--user", default="nurse", help="who signs in (default: %(default)s)")
    parser.add_argument("--password", required=True, help="as `make demo` prints it")
    parser.add_argument("--sizes", help=f"comma-separated, of {', '.join(SIZES)} (default: readme)", default="readme")
    parser.add_argument("--out", type=Path, default=_IMAGES, help="folder of the pictures (default: docs/images)")
    given = parser.parse_args(arguments)
    sizes = given.sizes.split(",")
    unknown = [size for size in sizes if size not in SIZES]
    if unknown:
        parser.error(f"unknown size {unknown[0]!r}; choose of {', '.join(SIZES)}")
    make_pictures(Account(given.url, given.user, given.password), given.out, sizes)


if __name__ == "__main__":
    try:
        main()
    except (SetupError, OSError) as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
