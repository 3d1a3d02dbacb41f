"""Every call of the catalogue, on the ward and at the patient, in every language."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from heartwire.calls import CALLS
from tests.browser.conftest import SignIn
from tests.browser.pages import alarm_of, choose_language, tile_of
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_NAME: Final = "Vera Several"
#: What is raised, the gravest last, with what was measured; and how that reads in each language.
_RAISED: Final[dict[str, tuple[dict[str, float], str, str, str]]] = {
    "irregular_rhythm": ({}, "", "", ""),
    "frequent_pvcs": ({"count": 14}, "14 /min", "14 /min", "14 /min"),
    "idioventricular_rhythm": (
        {"bpm": 82, "beats": 9},
        "82 /min · 9 beats",
        "82 /min · 9 battements",
        "82 /min · 9 Schläge",
    ),
    "atrial_fibrillation": ({"seconds": 30.4}, "30.4 s", "30,4 s", "30,4 s"),
    "supraventricular_tachycardia": ({"bpm": 171.5}, "171.5 /min", "171,5 /min", "171,5 /min"),
    "ventricular_fibrillation": ({"seconds": 4.2}, "4.2 s", "4,2 s", "4,2 s"),
    "ventricular_tachycardia": (
        {"beats": 7, "bpm": 156},
        "7 beats · 156 /min",
        "7 battements · 156 /min",
        "7 Schläge · 156 /min",
    ),
}


@pytest.fixture
def raised(stack: WardStack, nurse: User) -> Iterator[None]:
    stack.add_patient(_NAME, [{"rhythm": "normal", "seconds": 600, "bpm": 72}])
    alarms = [stack.raise_alarm(_NAME, call, detail) for call, (detail, *_) in _RAISED.items()]
    yield
    for alarm in alarms:
        stack.settle_alarm(alarm, nurse)


def test_each_call_has_its_name_priority_and_measure_in_every_language(
    raised: None, sign_in: SignIn, nurse: User
) -> None:
    page = sign_in(nurse)
    tile = tile_of(page, _NAME)
    # Fibrillation hides tachycardia: it is the gravest of the two, and the others are counted.
    expect(alarm_of(tile)).to_contain_text("Ventricular fibrillation")
    expect(alarm_of(tile)).to_have_attribute("data-priority", "high")
    expect(tile.locator(".tile-more")).to_contain_text("+ 6 more")
    choose_language(page, "fr")
    expect(alarm_of(tile)).to_contain_text("Fibrillation ventriculaire")
    choose_language(page, "en")
    tile.get_by_role("link").click()
    listed = page.locator(".alarm-panel .alarm-list li")
    # The ward's own bar, and a menu open on it, go when his page has come.
    expect(listed).not_to_have_count(0)
    for language in ("en", "fr", "de"):
        choose_language(page, language)
        for code, (_, in_english, in_french, in_german) in _RAISED.items():
            call = CALLS[code]
            name = call.names[language]
            one = listed.filter(has=page.locator("strong").get_by_text(name, exact=True))
            expect(one).to_have_count(1)
            expect(one).to_have_attribute("data-priority", str(call.priority))
            expect(one.locator(".alarm-story")).to_contain_text(
                {"en": in_english, "fr": in_french, "de": in_german}[language]
            )
    # What hides behind no words of its own would show its code.
    expect(page.locator(".alarm-panel .alarm-list")).not_to_contain_text("_")
