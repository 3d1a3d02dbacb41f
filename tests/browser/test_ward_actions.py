"""What a nurse does about alarms: silence, review, pause, take a patient over, hand over; seen by all, taken back."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import STEADY, SignIn
from tests.browser.pages import alarm_of, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

#: Two browsers may disagree so long, ms.
_AGREE_MS: Final = 1_000
#: Note the moment at which something with a text is on the page; returns it if it is there already.
_WATCH: Final = """([selector, text]) => {
  const look = () => {
    const found = [...document.querySelectorAll(selector)].some((one) => one.textContent.includes(text));
    if (found) window.seen.at ??= Date.now();
  };
  window.seen?.observer.disconnect();
  window.seen = { at: null, observer: new MutationObserver(look) };
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  window.seen.observer.observe(document.body, all);
  look();
  return window.seen.at;
}"""


@pytest.fixture
def alarm(stack: WardStack, nurse: User) -> Iterator[int]:
    """A ventricular tachycardia that nobody has answered; settled at the end."""
    raised = stack.raise_alarm(STEADY, "ventricular_tachycardia", {"beats": 7, "bpm": 156})
    yield raised
    stack.settle_alarm(raised, nurse)
    stack.query("UPDATE pauses SET ended_at = now(), ended_by = user_id WHERE ended_at IS NULL")


def _care_for(page: Page, name: str) -> Locator:
    """Open the dialog of a patient's alarms."""
    expect(alarm_of(tile_of(page, name))).to_be_visible()
    alarm_of(tile_of(page, name)).get_by_role("button", name="More about").click()
    dialog = page.get_by_role("dialog", name=f"Care for {name}")
    expect(dialog).to_be_visible()
    return dialog


def test_an_alarm_is_silent_for_all_for_a_time_and_sounds_again(
    alarm: int, sign_in: SignIn, nurse: User, physician: User
) -> None:
    hers, his = sign_in(nurse), sign_in(physician)
    bar = alarm_of(tile_of(his, STEADY))
    dialog = _care_for(hers, STEADY)
    dialog.get_by_role("button", name="Silence for 2 min: Ventricular tachycardia").click()
    expect(dialog.locator(".note")).to_contain_text("silent for 2 min")
    silent = bar.locator(".alarm-silent")
    expect(silent).to_have_text(re.compile(r"1:5\d|2:00"))
    expect(silent).to_have_attribute("title", f"Silenced by {nurse.name}")
    expect(bar).to_have_attribute("data-flashes", "true")  # it is as grave as before, only still
    dialog.get_by_role("button", name="Let it sound again: Ventricular tachycardia").click()
    expect(silent).to_have_count(0)
    hers.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(tile_of(hers, STEADY).locator(".alarm-bar :focus")).to_have_accessible_name(re.compile("^More about"))


def test_what_is_painted_was_shown_to_the_nurse(alarm: int, stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, STEADY))).to_contain_text("Ventricular tachycardia")
    shown = "SELECT u.login FROM alarm_events JOIN users AS u USING (user_id) WHERE alarm_id = %s AND kind = 'shown'"
    wait_for(page, lambda: stack.query(shown, alarm) != [], "the server to be told")
    assert stack.query(shown, alarm) == [(nurse.login,)]


def test_a_review_is_kept_with_its_note_and_undone(alarm: int, stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    dialog = _care_for(page, STEADY)
    review = dialog.get_by_role("group", name="Was “Ventricular tachycardia” right?")
    review.get_by_label("Note").fill("artefact <b>of</b> brushing teeth")
    review.get_by_role("button", name="False alarm").click()
    expect(dialog.locator(".reviewed")).to_contain_text(f"False alarm, says {nurse.name}.")
    expect(dialog.locator(".reviewed q")).to_have_text("artefact <b>of</b> brushing teeth")
    dialog.locator(".reviewed").get_by_role("button", name="Undo").click()
    expect(review).to_be_visible()
    kinds = stack.query("SELECT kind FROM alarm_events WHERE alarm_id = %s AND kind LIKE 'review%%' ORDER BY at", alarm)
    assert kinds == [("reviewed",), ("review_undone",)]


def test_a_pause_is_in_sight_of_all_with_the_time_left_and_whose_it_is(
    alarm: int, sign_in: SignIn, nurse: User, physician: User
) -> None:
    hers, his = sign_in(nurse), sign_in(physician)
    dialog = _care_for(hers, STEADY)
    kinds = dialog.get_by_role("combobox", name="Pause", exact=True).locator("option")
    expect(kinds).to_have_text(["Sound paused", "Alarms paused"])  # switching them off is a physician's
    dialog.get_by_role("button", name="Pause", exact=True).click()
    for page in (hers, his):
        pause = page.get_by_role("list", name="Pauses in force").get_by_role("listitem")
        expect(pause).to_contain_text(re.compile(rf"Sound paused\s*{STEADY}\s*(1:5\d|2:00) left, by {nurse.name}"))
        expect(tile_of(page, STEADY).locator(".paused-mark")).to_be_visible()
    expect(alarm_of(tile_of(his, STEADY))).to_have_attribute("data-flashes", "true")
    his.get_by_role("button", name=f"End it: {STEADY}").click()
    expect(hers.locator(".pause")).to_have_count(0)


def test_alarms_off_is_a_physicians_with_a_reason(alarm: int, sign_in: SignIn, physician: User) -> None:
    page = sign_in(physician)
    dialog = _care_for(page, STEADY)
    dialog.get_by_role("combobox", name="Pause", exact=True).select_option("Alarms off")
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("Say why: everybody sees it.")
    dialog.get_by_label("Reason (needed)").fill("Comfort care")
    dialog.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".pauses .pause").first).to_contain_text("Comfort care")
    page.keyboard.press("Escape")
    bar = alarm_of(tile_of(page, STEADY))
    expect(bar).to_have_attribute("data-state", "paused")
    expect(bar).to_have_attribute("data-flashes", "false")
    expect(bar).to_contain_text("Paused")


def test_a_shift_ends_and_the_next_one_accepts(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    namesakes = [stack.add_user("Nils Night") for _ in range(2)]
    night = namesakes[1]
    hers, his = sign_in(nurse), sign_in(night)
    tile = tile_of(hers, STEADY)
    tile.hover()
    tile.get_by_role("button", name=f"Care for {STEADY}").click()
    hers.get_by_role("button", name="Take over myself").click()
    for page in (hers, his):
        expect(tile_of(page, STEADY).locator(".tile-nurse")).to_contain_text(nurse.name)
    hers.keyboard.press("Escape")
    hers.get_by_role("button", name="View").click()
    hers.get_by_label("Mine").check()
    hers.keyboard.press("Escape")
    expect(hers.locator(".tile h2")).to_have_text([STEADY])
    hers.locator("button.person").click()
    hers.get_by_role("button", name="Hand over my patients").click()
    hers.get_by_role("button", name="Offer").click()
    expect(hers.get_by_role("dialog").get_by_role("alert")).to_have_text("Choose who takes over.")
    to = hers.get_by_role("dialog").get_by_label("To")
    expect(to.get_by_role("option", name="Nils")).to_have_text([f"{one.name} ({one.login})" for one in namesakes])
    to.select_option(f"{night.name} ({night.login})")
    hers.get_by_role("button", name="Offer").click()
    expect(hers.locator(".hand-over")).to_contain_text(f"Offered to {night.name}: 1 patient")
    expect(his.locator(".hand-over")).to_contain_text(f"{nurse.name} hands over to you: 1 patient")
    his.get_by_role("button", name="Take over", exact=True).click()
    expect(tile_of(his, STEADY).locator(".tile-nurse")).to_contain_text(night.name)
    expect(hers.locator(".hand-over")).to_have_count(0)
    expect(hers.get_by_text("No patient matches.")).to_be_visible()


def _agree(pages: tuple[Page, Page], shown: tuple[str, str], act: Callable[[], None]) -> None:
    """Act, and see something come on both pages, by their own clocks never further apart than they may be."""
    for page in pages:
        assert page.evaluate(_WATCH, shown) is None, f"{shown} was there before"
    act()
    for page in pages:
        wait_for(page, lambda page=page: page.evaluate("window.seen.at") is not None, f"{shown} to come")  # type: ignore[misc]
    first_ms, second_ms = (page.evaluate("window.seen.at") for page in pages)
    assert abs(first_ms - second_ms) <= _AGREE_MS, f"{shown}: {first_ms - second_ms} ms apart"


def test_two_browsers_never_disagree_longer_than_a_second(alarm: int, stack: WardStack, sign_in: SignIn) -> None:
    # Names that no other test uses: "To" is chosen by the name.
    nurse, late = stack.add_user("Dina Day"), stack.add_user("Lars Late")
    hers, his = pages = sign_in(nurse), sign_in(late)
    for page in pages:
        expect(alarm_of(tile_of(page, STEADY))).to_have_attribute("data-state", "active")
    dialog, _ = (_care_for(page, STEADY) for page in pages)
    silence = dialog.get_by_role("button", name="Silence for 2 min: Ventricular tachycardia")
    _agree(pages, (".alarm-silent", ""), silence.click)
    _agree(pages, (".reviewed", f"says {nurse.name}"), dialog.get_by_role("button", name="False alarm").click)
    _agree(pages, (".pauses .pause", STEADY), dialog.get_by_role("button", name="Pause", exact=True).click)
    _agree(pages, (".tile-nurse", nurse.name), dialog.get_by_role("button", name="Take over myself").click)
    for page in pages:
        page.keyboard.press("Escape")
    _agree(
        pages,
        (".alarm-bar[data-state=acknowledged]", ""),
        tile_of(hers, STEADY).get_by_role("button", name="Acknowledge Ventricular tachycardia").click,
    )
    hers.locator("button.person").click()
    hers.get_by_role("button", name="Hand over my patients").click()
    hers.get_by_role("dialog").get_by_label("To").select_option(late.name)
    _agree(pages, (".hand-over", "1 patient"), hers.get_by_role("button", name="Offer").click)
    _agree(pages, (".tile-nurse", late.name), his.get_by_role("button", name="Take over", exact=True).click)
