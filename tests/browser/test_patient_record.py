"""What people add to a patient's record on his page: corrected beats, notes, limits; and the trends that they read."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW, STEADY, SignIn
from tests.browser.pages import choose_language, count_ink, open_patient, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_XSS = "<img src=x onerror=document.title='pwned'> & \"quotes\""


def _open(page: Page, name: str) -> None:
    """Open a patient's page when there is a strip of ECG on it."""
    open_patient(page, name)
    wait_for(page, lambda: count_ink(page.locator(".strip")) > 1000, "the strip to be drawn")


def test_calipers_measure_by_mouse_and_by_keyboard(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    _open(page, STEADY)
    page.get_by_role("button", name="Calipers").click()
    readout = page.locator(".calipers-readout")
    expect(readout).to_have_text(re.compile(r"^800 ms · 75 /min · [\d.]+ mV$"))
    second = page.get_by_role("slider", name="Second leg")
    second.focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    expect(readout).to_have_text(re.compile(r"^1,000 ms · 60 /min"))
    second.hover(position={"x": 11, "y": 100})
    box = second.bounding_box()
    assert box is not None
    page.mouse.down()
    # 25 mm/s: so far are two tenths of a second.
    page.mouse.move(box["x"] + 11 - 0.2 * 25 * 96 / 25.4, box["y"] + 100, steps=4)
    page.mouse.up()
    expect(readout).to_have_text(re.compile(r"^(79\d|80\d) ms · 75 /min"))
    page.get_by_role("button", name="March out").click()
    assert page.locator(".paper-mark").count() >= 5
    page.get_by_role("button", name="Calipers").click()
    expect(readout).to_have_count(0)


def test_a_reviewer_corrects_beats_and_takes_it_back(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    _open(page, STEADY)
    page.get_by_role("button", name="Correct beats").click()
    bar = page.locator(".beat-bar")
    expect(page.locator(".beat-button").nth(1)).to_be_visible()
    page.locator(".beat-button").nth(1).click()
    bar.get_by_role("button", name="ventricular", exact=True).click()
    expect(bar).to_contain_text(re.compile(r"ventricular · corrected by Nora Nurse at .* · the engine said N"))
    bar.get_by_role("button", name="No beat").click()
    expect(bar).to_contain_text("no beat · corrected by Nora Nurse")
    bar.get_by_role("button", name="Undo the correction").click()
    expect(bar).to_contain_text("ventricular · corrected by Nora Nurse")
    bar.get_by_role("button", name="Undo the correction").click()
    expect(bar).to_contain_text(re.compile(r"Beat at [\d:]+: normal$|: normal[A-Z]"))
    # One that the engine missed, between two, where the keyboard put it.
    box = page.locator(".beat-button").nth(1).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 12 + 40, box["y"] + 100)
    page.get_by_role("slider", name="Place of the new beat").press("ArrowRight")
    bar.get_by_role("button", name="supraventricular").click()
    expect(bar).to_contain_text("the engine found none")
    kinds = (
        "SELECT kind::text, label::text FROM beat_corrections JOIN patients AS p USING (patient_id) WHERE p.name = %s"
    )
    assert stack.query(f"{kinds} ORDER BY correction_id", STEADY) == [
        ("relabelled", "V"),
        ("deleted", None),
        ("undone", None),
        ("undone", None),
        ("added", "S"),
    ]
    expect(page.locator(".trends .panel-note").nth(1)).to_contain_text("1 correction counted")


def test_notes_are_written_corrected_and_lead_to_their_moment(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    _open(page, STEADY)
    notes = page.locator(".notes")
    notes.get_by_label("Write a note").fill(_XSS)
    notes.get_by_role("checkbox").check()
    notes.get_by_role("button", name="Add note").click()
    expect(notes.locator(".said").first).to_have_text(_XSS)
    expect(notes.get_by_label("Write a note")).to_have_value("")
    notes.get_by_role("button", name="Correct", exact=True).click()
    notes.get_by_label("Corrected note").fill("Sleeps on the left side.")
    notes.get_by_role("button", name="Save").click()
    expect(notes).to_contain_text("Corrected by Nora Nurse")
    notes.get_by_text("What it said before").click()
    expect(notes.locator("details .said")).to_have_text(_XSS)
    page.locator(".moves").get_by_role("button", name="+ 1 min").click()
    shown = notes.get_by_role("button", name=re.compile("^Show "))
    shown.click()
    expect(page.locator(".strip-panel .panel-note").first).to_have_text(shown.inner_text().removeprefix("Show "))
    expect(page).to_have_title(f"{STEADY} · heartwire")


def test_limits_are_changed_within_their_bounds_and_the_analysis_follows(
    stack: WardStack, sign_in: SignIn, nurse: User
) -> None:
    before = stack.query("SELECT count(*) FROM limit_changes")
    page = sign_in(nurse)
    _open(page, SLOW)
    limits = page.locator(".limits")
    limits.get_by_role("button", name="Change limits").click()
    field = limits.locator("input[name='bradycardia.bpm']")
    field.fill("12")
    limits.get_by_role("button", name="Save limits").click()
    assert field.evaluate("element => element.validity.rangeUnderflow")
    assert stack.query("SELECT count(*) FROM limit_changes") == before
    field.fill("41")
    # What was typed is tried before it is saved, if one wants.
    limits.get_by_role("button", name="Try on stored days").click()
    expect(page.locator("dialog.rehearsal select[name=limit]")).to_have_value("bradycardia.bpm")
    page.locator("dialog.rehearsal").get_by_role("button", name="Close").click()
    assert stack.query("SELECT count(*) FROM limit_changes") == before
    limits.get_by_role("button", name="Save limits").click()
    expect(limits.locator(".facts > div", has_text=re.compile("^Bradycardia"))).to_contain_text("own 41 /min")
    stored = "SELECT l.value FROM patient_limits AS l JOIN patients AS p USING (patient_id) WHERE p.name = %s"
    assert stack.query(stored, SLOW) == [(41.0,)]
    limits.get_by_role("button", name="Change limits").click()
    limits.get_by_text("Who changed what").click()
    expect(limits).to_contain_text("Bradycardia: catalogue’s → 41 /min, Nora Nurse")
    # Emptied, the catalogue's holds again.
    limits.locator("input[name='bradycardia.bpm']").fill("")
    limits.get_by_role("button", name="Save limits").click()
    expect(limits.locator(".facts > div", has_text=re.compile("^Bradycardia"))).to_have_text("Bradycardia50 /min")


def test_episodes_lead_to_their_ecg_and_trends_are_read_as_a_table(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    _open(page, SLOW)
    listed = page.locator(".episodes li").first
    listed.locator(".alarm-choose").click()
    expect(listed).to_have_attribute("data-chosen", "true")
    expect(page.locator(".strip-panel .panel-note").first).to_have_text(listed.locator("time").inner_text())
    only = page.get_by_label("Which episodes")
    only.select_option("bradycardia")
    expect(page.locator(".episodes li strong").first).to_have_text("Bradycardia")
    panels = page.locator(".trend-panel")
    expect(panels).to_have_count(4)
    wait_for(page, lambda: count_ink(panels.last.locator("canvas")) > 500, "the trends to be drawn")
    page.get_by_text("The same as a table").click()
    row = page.locator(".trend-table tbody tr").first
    expect(row.locator("td")).to_have_count(7)
    choose_language(page, "de")
    expect(page.get_by_role("heading", name="Verläufe")).to_be_visible()
