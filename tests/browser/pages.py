"""What tests look for on the pages."""

import time
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Locator, Page

from tests.browser.served_stack import User
from tests.conftest import ROOT

_AXE: Final = ROOT / "dashboard/web/node_modules/axe-core/axe.min.js"
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Where there is no number to show.
NO_VALUE: Final = "\N{EN DASH} \N{EN DASH}"
#: The pixels of a canvas, or of a wave's place on the sheet that it shares; read by the page itself, so what counts is
#: what a person sees.
_PIXELS: Final = """element => {
  const canvas = element.closest("canvas") ?? element.querySelector("canvas")
    ?? element.closest(".tiles").querySelector(":scope > .sheet");
  const [of, on] = [element.getBoundingClientRect(), canvas.getBoundingClientRect()];
  const given = [of.left - on.left, of.top - on.top, of.width, of.height];
  return canvas.getContext("2d").getImageData(...given.map(px => Math.round(px * canvas.width / on.width))).data;
}"""
_COUNT_INK: Final = f"""element => {{
  const data = ({_PIXELS})(element);
  let ink = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ink++;
  return ink;
}}"""
_DIGEST: Final = f"""element => {{
  const data = ({_PIXELS})(element);
  let sum = 0;
  for (let i = 3; i < data.length; i += 4) sum = (sum * 31 + data[i]) >>> 0;
  return sum;
}}"""


def sign_in_as(page: Page, user: User) -> None:
    """Fill in the page that asks who one is, and come to the ward."""
    give_password(page, user)
    page.wait_for_selector(".tile")


def give_password(page: Page, user: User, password: str | None = None) -> None:
    """Fill in the page that asks who one is, with another password than his own if it is given."""
    page.fill("input[name=login]", user.login)
    page.fill("input[name=password]", password or user.password)
    page.press("input[name=password]", "Enter")


def choose_language(page: Page, language: str) -> None:
    """Speak another language from now on."""
    page.locator("button.person").click()
    page.locator(f"button[lang={language}]").click()
    page.keyboard.press("Escape")


def tile_of(page: Page, name: str) -> Locator:
    """A patient's tile on the ward."""
    return page.locator("article.tile", has=page.get_by_role("heading", name=name, exact=True))


def alarm_of(tile: Locator) -> Locator:
    """The bar of the gravest alarm."""
    return tile.locator(".alarm-bar").first


def open_patient(page: Page, name: str) -> None:
    """Open a patient's page when there is a signal to show on it; the device may have been started a moment ago."""
    tile = tile_of(page, name)

    def is_drawn() -> bool:
        # A wave out of sight is not even sent, and a tile moves when there is trouble.
        tile.scroll_into_view_if_needed()
        return count_ink(tile.locator(".lead")) > 100

    wait_for(page, is_drawn, "the first signal", timeout_s=90)
    tile.get_by_role("link").click()


def count_ink(drawn: Locator) -> int:
    """Pixels that something was drawn on, of a canvas or of a wave (`.lead`)."""
    ink = drawn.evaluate(_COUNT_INK)
    assert isinstance(ink, int)
    return ink


def wait_for_wave(wave: Locator) -> None:
    """Wait until a wave is drawn and, after that, has changed."""
    wait_for(wave.page, lambda: count_ink(wave) > 100, "a wave to be drawn")
    before = wave.evaluate(_DIGEST)
    wait_for(wave.page, lambda: wave.evaluate(_DIGEST) != before, "the wave to move")


def wait_for_no_wave(wave: Locator) -> None:
    """Wait until nothing is drawn."""
    wait_for(wave.page, lambda: count_ink(wave) == 0, "the wave to be gone")


def wait_for(page: Page, condition: Callable[[], bool], what: str, *, timeout_s: float = 30.0) -> None:
    """Wait for what a page shows while the page goes on; its policy forbids Playwright's own way, which is `eval`."""
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < timeout_s, f"waited in vain for {what}"
        page.wait_for_timeout(50)


def barriers_of(page: Page) -> list[str]:
    """What axe finds on a page, by the rules of WCAG 2.2 AA and its own best practice; its policy must be bypassed."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", _RULES)
    return [f"{page.url} {broken['id']}: {broken['nodes'][0]['html'][:300]}" for broken in found["violations"]]


def tab_to(page: Page, selector: str, most: int = 120) -> None:
    """Press the tab key until what has the focus matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no {selector} within {most} presses of the tab key")
