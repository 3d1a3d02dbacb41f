"""Every screen of the patient's app, in both languages, light and dark, on a small phone: nobody is shut out of it.

With `HEARTWIRE_PHONE_SHOTS=DIR` a picture of each is left there for people to look at.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import TIMEOUT_MS, Complaints
from tests.browser.pages import barriers_of, count_ink, wait_for, wait_for_wave
from tests.browser.phone_stack import PhoneStack
from tests.browser.virtual_strap import VirtualStrap, minute, play

_SHOTS: Final = os.environ.get("HEARTWIRE_PHONE_SHOTS")
#: What one can hit; a radio button is hit by its label. Behind a dialog nothing is.
_CONTROLS: Final = """[...(document.querySelector("dialog[open]") ?? document)
  .querySelectorAll("button, a, input, textarea, summary, label.chip")]
  .filter((one) => one.checkVisibility() && !one.matches("label.chip input"))"""
#: Boxes that a shaking hand may miss, those that something lies upon, and text that is wider than its box.
_TOO_SMALL: Final = f"""() => {_CONTROLS}
  .filter((one) => one.getBoundingClientRect().height < 44 || one.getBoundingClientRect().width < 44)
  .map((one) => one.outerHTML.slice(0, 120))"""
_COVERED: Final = f"""() => {_CONTROLS}
  .filter((one) => {{
    one.scrollIntoView({{ block: "nearest" }});
    const {{ x, y, width, height }} = one.getBoundingClientRect();
    return [0.1, 0.5, 0.9].some((share) => {{
      const hit = document.elementFromPoint(x + width / 2, y + height * share);
      return hit === null || !one.contains(hit);
    }});
  }})
  .map((one) => one.outerHTML.slice(0, 120))"""
_TOO_WIDE: Final = """() => [document.documentElement, ...document.querySelectorAll("main *, nav *, dialog *")]
  .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1 && !one.matches(".unseen"))
  .map((one) => one.outerHTML.slice(0, 120))"""

#: Let letters be so large, and the page take its shape.
_LETTERS: Final = """size => new Promise((resolve) => {
  document.documentElement.style.fontSize = size;
  requestAnimationFrame(() => requestAnimationFrame(() => { scrollTo(0, 0); resolve(); }));
})"""

_FAULTS: Final = {"too small": _TOO_SMALL, "covered": _COVERED, "too wide": _TOO_WIDE}

Check = Callable[[str], None]


def _checker(page: Page, variant: str, problems: list[str]) -> Check:
    def check(name: str) -> None:
        problems.extend(f"{name} {barrier}" for barrier in barriers_of(page))
        # As it is, and with letters of twice the size (WCAG 1.4.4).
        for letters, size in (("", ""), ("-200", "250%")):
            page.evaluate(_LETTERS, size)
            if _SHOTS:
                page.screenshot(path=Path(_SHOTS) / f"{variant}-{name}{letters}.png", full_page=True)
            for looked_for, find in _FAULTS.items():
                problems.extend(f"{name}{letters} {looked_for}: {found}" for found in page.evaluate(find))
        page.evaluate(_LETTERS, "")

    return check


@pytest.mark.parametrize(
    ("locale", "theme", "width"),
    [("en-GB", "light", 390), ("en-GB", "dark", 320), ("fr-FR", "light", 320), ("fr-FR", "dark", 390)],
)
def test_no_screen_shuts_anybody_out(
    phone_stack: PhoneStack, phone_browser: Browser, complaints: Complaints, *, locale: str, theme: str, width: int
) -> None:
    complaints.server_may_be_away = True
    complaints.wanted_status = 403
    patient = phone_stack.add_patient("Marie Dubois")
    context = phone_browser.new_context(
        viewport={"width": width, "height": 740},
        locale=locale,
        base_url=phone_stack.url,
        color_scheme="dark" if theme == "dark" else "light",
        bypass_csp=True,
    )
    context.set_default_timeout(TIMEOUT_MS)
    strap = VirtualStrap(phone_browser, context)
    try:
        page = context.new_page()
        complaints.listen(page)
        strap.be_picked(page)
        # The patient's language is the hospital's word; here it is the phone's that is looked at.
        language = locale[:2]
        context.add_init_script(f'localStorage.setItem("heartwire.language", "{language}")')
        problems: list[str] = []
        check = _checker(page, f"{language}-{theme}-{width}", problems)
        for visit in (_pair, _feel, _talk):
            visit(phone_stack, page, patient, check)
        page.click(".nav a[href='#now']")
        phone_stack.broker.kill()
        expect(page.locator(".situation")).to_have_attribute("data-situation", "server_away")
        check("now-server-away")
        assert not problems, "\n".join(problems)
    finally:
        strap.close()
        context.close()


def _pair(stack: PhoneStack, page: Page, patient: int, check: Check) -> None:
    page.goto("/phone/")
    page.wait_for_selector("input.code")
    check("pair-code")
    page.fill("input.code", "00000000")
    page.click(".button.main")
    expect(page.get_by_role("alert")).not_to_be_empty()
    check("pair-wrong")
    page.click("form .button:not(.main)")  # a camera that nobody allows
    expect(page.locator("input.code")).to_be_focused()
    check("pair-camera")
    page.fill("input.code", stack.code(patient))
    page.click(".button.main")
    page.wait_for_selector(".lead")
    check("pair-who")
    page.click(".button.main")
    expect(page.locator(".lead")).to_have_count(0)
    page.wait_for_selector(".pair .button.main")
    check("pair-strap")
    page.click(".pair .button.main")
    page.wait_for_selector(".pair .line")
    check("pair-wait")
    play(page, minute(0, 200))
    page.wait_for_selector(".pair .button.main")  # the heart is seen
    check("pair-see")
    page.click(".pair .button.main")
    expect(page.locator(".situation")).to_have_attribute("data-situation", "receiving")
    wait_for_wave(page.locator("canvas.line"))
    check("now-receiving")


def _feel(stack: PhoneStack, page: Page, patient: int, check: Check) -> None:
    page.click(".button.feel")
    page.wait_for_selector(".big")
    check("feel")
    page.click(".big")
    page.get_by_role("button", pressed=False).nth(2).click()
    page.wait_for_selector(".urgent")
    check("feel-chest-pain")
    page.fill("#note", "☹ 40 °C")
    page.click(".button.main")
    page.wait_for_selector(".list")
    # Who read the press alone would not have read what was said of it.
    wait_for(page, lambda: len(stack.events(patient, "symptom")) == 2, "all that was felt")
    stack.read_symptoms(patient)
    expect(page.locator(".state.good")).to_be_visible()
    check("feel-read")


def _talk(stack: PhoneStack, page: Page, patient: int, check: Check) -> None:
    stack.say(patient, "How are you today? Please walk a little, and write to us how it went.")
    stack.ask(
        patient,
        {
            "title": "Before bed",
            "fields": [
                {"id": "pain", "kind": "scale", "label": "How strong is your pain?"},
                {"id": "pills", "kind": "yes_no", "label": "Did you take your pills?"},
                {"id": "sleep", "kind": "choice", "label": "How did you sleep?", "options": ["Well", "Not so well"]},
                {"id": "more", "kind": "text", "label": "Anything else?"},
            ],
        },
    )
    expect(page.locator(".nav .badge")).to_be_visible()
    check("unread")
    page.click(".nav a[href='#messages']")
    page.wait_for_selector(".question")
    page.fill("#text", "Thank you, I will.")
    page.locator("form .button.main").first.click()
    check("messages")
    page.click(".nav a[href='#heart']")
    page.wait_for_selector(".list li button")
    page.locator(".list li button").first.click()
    strip = page.locator(".list canvas.line").first
    wait_for(page, lambda: count_ink(strip) > 100, "the strip to be drawn")
    check("heart")
    page.click("section[aria-labelledby=phone] .button")
    page.wait_for_selector("dialog[open]")
    check("unpair")
    page.keyboard.press("Escape")
