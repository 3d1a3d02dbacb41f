"""What is made of the record: a report is asked for, followed and fetched."""

import io
import re
import sys
import time
from pathlib import Path

import psycopg
import pypdf
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ASYSTOLE, SLOW, STEADY, SignIn
from tests.browser.pages import alarm_of, barriers_of, count_ink, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack


def test_a_report_is_made_followed_and_fetched(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    tile_of(page, STEADY).get_by_role("link").click()
    panel = page.get_by_role("region", name="Report for the file")
    expect(panel).to_contain_text("No report has been made yet.")
    # By keyboard alone: another period, first a wrong one.
    panel.get_by_label("Other").focus()
    page.keyboard.press("Space")
    panel.get_by_label("From").fill("2026-01-02T10:00")
    panel.get_by_label("To", exact=True).fill("2026-01-02T09:00")
    panel.get_by_role("button", name="Make report").press("Enter")
    expect(panel.get_by_role("alert").filter(has_text="before the end")).to_be_visible()
    expect(panel.get_by_label("From")).to_have_attribute("aria-invalid", "true")
    panel.get_by_label("Last day").check()
    panel.get_by_role("button", name="Make report").press("Enter")
    link = panel.get_by_role("link", name=re.compile("^Download PDF"))
    expect(link).to_be_visible()
    expect(panel.get_by_role("status")).to_have_text("The report is ready.")
    with page.expect_download() as fetched:
        link.click()
    assert fetched.value.suggested_filename.startswith("heartwire-ecg-")
    pdf = pypdf.PdfReader(io.BytesIO(Path(fetched.value.path()).read_bytes()))
    text = " ".join(" ".join(each.extract_text().split()) for each in pdf.pages)
    assert STEADY in text
    assert "ECG report" in text
    assert nurse.name in text


def test_two_dozen_alarms_are_reviewed_by_keyboard_alone(
    stack: WardStack, sign_in: SignIn, nurse: User, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.add_past_alarms(STEADY, "bradycardia", 12, rr_s=1.4)
    stack.add_past_alarms(STEADY, "pause", 5, rr_s=2.0)
    stack.add_past_alarms(STEADY, "tachycardia", 8, rr_s=0.4)
    page = sign_in(nurse)
    page.get_by_role("button", name=re.compile("^Nora Nurse")).press("Enter")
    page.get_by_role("link", name="Review alarms").press("Enter")
    desk = page.get_by_role("region", name="Alarm to be reviewed")
    expect(desk).to_be_focused()
    began_s = time.monotonic()
    judged = 0
    while judged < 25:
        head, place = desk.locator(".review-head"), desk.locator(".review-head .nothing")
        before, title = place.inner_text(), desk.get_by_role("heading").inner_text()
        if STEADY not in head.inner_text():  # the others' hearts beat on
            page.keyboard.press("ArrowDown")
            expect(place).not_to_have_text(before)
            continue
        expect(desk.locator(".still-strip")).to_have_attribute("data-ready", "true")
        if title == "Bradycardia":
            page.keyboard.press("Shift+Digit2")
            judged += 12
        else:
            page.keyboard.press({"Pause": "1", "Tachycardia": "3"}[title])
            judged += 1
        if judged < 25:
            expect(place).not_to_have_text(before)
    pace = (time.monotonic() - began_s) / judged
    with capsys.disabled():
        sys.stdout.write(
            f"\nreviewed {judged} alarms by keyboard, {pace:.2f} s each: {600 / pace:.0f} in ten minutes\n"
        )
    assert pace < 6, "a hundred in ten minutes"
    done = {"true": 5, "unsure": 8, "false": 12}
    wait_for(page, lambda: _verdicts(stack) == done, "the verdicts to be stored")
    # The last press, on twelve at once, is taken back by one; then one with a note, without leaving the keyboard.
    page.get_by_role("button", name="Undo “False alarm” of 12").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Taken back")).to_have_count(1)
    wait_for(page, lambda: _verdicts(stack) == {"true": 5, "unsure": 8}, "the verdicts to be taken back")
    expect(desk).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("1 looks like movement")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for(page, lambda: _verdicts(stack)["true"] == 6, "the verdict to be stored")
    with psycopg.connect(stack.database) as connection:
        row = connection.execute(
            "SELECT detail ->> 'note' FROM alarm_events WHERE kind = 'reviewed' ORDER BY event_id DESC LIMIT 1"
        ).fetchone()
    assert row == ("1 looks like movement",)


def _verdicts(stack: WardStack) -> dict[str, int]:
    with psycopg.connect(stack.database) as connection:
        rows = connection.execute(
            "SELECT verdict, count(*) FROM alarm_states JOIN patients AS p USING (patient_id)"
            " WHERE p.name = %s AND verdict IS NOT NULL GROUP BY verdict",
            (STEADY,),
        )
        return dict(rows.fetchall())


def test_limits_that_ring_for_nothing_are_named_and_may_be_tried(
    stack: WardStack, sign_in: SignIn, nurse: User
) -> None:
    stack.add_past_alarms(SLOW, "tachycardia", 7, rr_s=0.47)
    with psycopg.connect(stack.database) as connection:
        connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)"
            " SELECT alarm_id, 1, 'reviewed', (SELECT user_id FROM users WHERE name = %s), '{\"verdict\": \"false\"}'"
            " FROM alarms AS a JOIN patients AS p USING (patient_id) WHERE p.name = %s AND call = 'tachycardia'",
            (nurse.name, SLOW),
        )
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, SLOW))).to_contain_text("Bradycardia")  # there is signal to try it on
    page.goto("/statistics")
    worst = (
        page.get_by_role("region", name="The ten limits that ring most").get_by_role("listitem").filter(has_text=SLOW)
    )
    expect(worst).to_contain_text("the limit of 120 /min rang 7 times; 0 reviewed true, 7 false.")
    expect(worst).to_contain_text("128 /min would have silenced 7 of the last 7, none of them true.")
    row = page.get_by_role("region", name="By call").get_by_role("row", name=re.compile("^Tachycardia"))
    expect(row.get_by_role("cell").first).to_have_text(re.compile(r"^\d+$"))
    worst.get_by_role("button", name=re.compile("^Try 128")).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label(re.compile(r"^Try \("))).to_have_value("128")
    expect(dialog.get_by_label("Limit, as it is now")).to_have_value("tachycardia.bpm")
    dialog.get_by_role("button", name="Try", exact=True).press("Enter")
    dialog.get_by_role("button", name="Set Tachycardia 128 /min for this patient").press("Enter")
    expect(dialog.get_by_role("status")).to_contain_text("It is the patient’s limit now.")
    with psycopg.connect(stack.database) as connection:
        set_now = connection.execute("DELETE FROM patient_limits WHERE call = 'tachycardia' RETURNING name, value")
        assert ("bpm", 128) in set_now.fetchall()


def test_another_limit_is_tried_on_stored_signal_and_changes_nothing(
    stack: WardStack, sign_in: SignIn, nurse: User
) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, SLOW))).to_contain_text("Bradycardia")
    tile_of(page, SLOW).get_by_role("link").click()
    opener = page.get_by_role("button", name="Try on stored days")
    opener.press("Enter")
    dialog = page.get_by_role("dialog", name=f"Try other limits: {SLOW}")
    dialog.get_by_label("Limit, as it is now").select_option("bradycardia.bpm")
    value = dialog.get_by_label("Try (25 /min to 100 /min)")
    value.fill("5")
    dialog.get_by_role("button", name="Try", exact=True).press("Enter")
    assert value.evaluate("field => field.validity.rangeUnderflow"), "the browser says what is allowed"
    value.fill("38")
    dialog.get_by_role("button", name="Try", exact=True).press("Enter")
    # The alarm that lasts began within signal that is stored: it would not have rung.
    expect(dialog.get_by_text(re.compile(r"^1 of \d alarms would not have rung, 0 others would\.$"))).to_be_visible()
    expect(dialog).to_contain_text("None that was reviewed true would be lost.")
    row = dialog.get_by_role("row", name=re.compile("^Bradycardia"))
    expect(row.get_by_role("cell")).to_have_text(["1", "0", "1", "0", "0", "0"])
    saved = dialog.get_by_role("button", name=re.compile("^Bradycardia · "))
    saved.press("Enter")
    expect(saved).to_have_attribute("aria-expanded", "true")
    strip = dialog.get_by_role("img", name=re.compile("^ECG around Bradycardia"))
    wait_for(page, lambda: count_ink(strip) > 500, "the strip to be drawn")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    with psycopg.connect(stack.database) as connection:
        assert connection.execute("SELECT count(*) FROM patient_limits WHERE call = 'bradycardia'").fetchone() == (0,)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_cannot_see_or_use_a_mouse_can_review_count_and_try(
    stack: WardStack, sign_in: SignIn, nurse: User, scheme: str
) -> None:
    stack.add_past_alarms(ASYSTOLE, "bradycardia", 6, rr_s=1.3 if scheme == "light" else 1.35)
    page = sign_in(nurse, color_scheme=scheme)
    for path, there in (("/review", ".review-desk"), ("/statistics", ".numbers")):
        page.goto(path)
        page.wait_for_selector(there)
        assert barriers_of(page) == [], path
    page.get_by_role("button", name=re.compile("^(Try|Try on)")).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Limit, as it is now")).to_be_visible()
    assert barriers_of(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/review", "/statistics"):
        page.goto(path)
        page.wait_for_selector("main h1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is wider than a phone"
