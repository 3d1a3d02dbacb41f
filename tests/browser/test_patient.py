"""One patient: alarms with the ECG around them, the day, any stored minute."""

import re

from playwright.sync_api import Route, expect

from heartwire.calls import CALLS
from tests.browser.conftest import ASYSTOLE, STEADY, Complaints, SignIn
from tests.browser.pages import alarm_of, choose_language, count_ink, tile_of, wait_for, wait_for_wave
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack


def test_an_alarm_opens_the_ecg_around_it(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    expect(alarm_of(tile_of(page, ASYSTOLE))).to_contain_text("Asystole")
    tile_of(page, ASYSTOLE).click(position={"x": 120, "y": 60})
    expect(page).to_have_url(re.compile(r"/patient/\d+$"))
    expect(page).to_have_title(f"{ASYSTOLE} · heartwire")
    wait_for_wave(page.locator(".live-wave .wave canvas"))

    listed = page.locator(".alarm-panel .alarm-list li", has_text="Asystole").first
    listed.locator(".alarm-choose").click()
    expect(listed).to_have_attribute("data-chosen", "true")
    time = listed.locator("time").inner_text()
    note = page.locator(".strip-panel .panel-note")
    expect(note.first).to_have_text(time)
    expect(note.nth(1)).to_have_text(re.compile(r"^Lead II · 25 mm/s · \d+ mm/mV$"))
    strip, trend = page.locator(".strip"), page.locator(".trend")
    wait_for(page, lambda: count_ink(strip) > 1000, "the strip to be drawn")
    wait_for(page, lambda: count_ink(trend) > 1000, "the trend to be drawn")

    page.locator(".strip-keys").focus()
    page.keyboard.press("ArrowLeft")
    expect(note.first).not_to_have_text(time)
    page.keyboard.press("ArrowRight")
    expect(note.first).to_have_text(time)
    page.locator(".moves").get_by_role("button", name="Earlier").click()
    expect(note.first).not_to_have_text(time)


def test_the_limits_that_hold_are_shown_and_whose_they_are(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    stack.set_limit(STEADY, "tachycardia", "bpm", 130)
    page = sign_in(nurse)
    tile_of(page, STEADY).get_by_role("link").click()
    limits = page.locator(".limits .facts > div")
    # As many as there are clinical calls with limits, each with all of its own.
    expect(limits).to_have_count(len([call for call in CALLS.values() if call.family == "clinical" and call.limits]))
    for words in (
        "Asystole4 s",
        "Ventricular tachycardia5 beats · 100 /min",
        "Atrial fibrillation or flutter30 s",
        "Frequent ventricular beats10 /min",
        "Tachycardiaown 130 /min",
    ):
        expect(limits.filter(has_text=words)).to_have_count(1)
    choose_language(page, "fr")
    expect(limits.filter(has_text="Tachycardie ventriculaire5 battements · 100 /min")).to_have_count(1)


def test_how_a_devices_link_does_is_said_in_plain_words(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    tile_of(page, STEADY).get_by_role("link").click()
    device = page.locator(".device").first

    def told() -> bool:
        page.reload()
        page.wait_for_selector(".device dt")
        return "right within a second" in device.inner_text()

    wait_for(page, told, "the clock to be measured", timeout_s=60)
    expect(device).to_contain_text(re.compile(r"Received since it started\s*\d[\d,]* of \d[\d,]* frames"))
    expect(device).to_contain_text("Last contact")
    choose_language(page, "fr")
    expect(device).to_contain_text("juste à une seconde près")
    expect(device).to_contain_text("Dernier contact")


def test_a_time_outside_of_what_is_stored_leads_to_its_edge(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    tile_of(page, ASYSTOLE).get_by_role("link").click()
    page.wait_for_selector("input[type=datetime-local]")
    earliest = page.locator("input[type=datetime-local]").get_attribute("min")
    assert earliest is not None
    page.fill("input[type=datetime-local]", "2001-01-01T00:00:00")
    page.keyboard.press("Tab")
    expect(page.locator("input[type=datetime-local]")).to_have_value(re.compile(f"^{earliest[:16]}"))


def test_a_month_is_drawn_with_its_days(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    stack.remember_days(STEADY, 30)
    page = sign_in(nurse)
    tile_of(page, STEADY).get_by_role("link").click()
    trend = page.locator(".trend")
    wait_for(page, lambda: count_ink(trend) > 1000, "the trend to be drawn")
    with page.expect_response(re.compile(r"/hr\?.*bucket_s=3600")) as month:
        page.get_by_role("button", name="30 days").click()
    told = month.value.json()
    assert len([rate for rate in told["mean"] if rate is not None]) > 600
    plot = page.locator(".trend-plot")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^\w{3},? \d+ \w+"))
    wait_for(page, lambda: count_ink(trend) > 10_000, "the month to be drawn")


def test_what_is_not_known_yet_is_not_said_to_be_nothing(sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    held: list[Route] = []
    answers = re.compile(r"/api/patients/\d+/(alarms|episodes)\?")
    page.route(answers, lambda route: held.append(route))  # noqa: PLW0108 # Playwright takes no method of a list
    tile_of(page, STEADY).get_by_role("link").click()
    panels = [page.locator(panel) for panel in (".alarm-panel", ".episodes")]
    for panel in panels:
        expect(panel.locator(".nothing")).to_have_text("Loading…")
    for route in held:
        route.continue_()
    page.unroute_all()
    for panel in panels:
        expect(panel.get_by_text("Loading…")).to_have_count(0)


def test_a_patient_who_is_not_there(sign_in: SignIn, nurse: User, complaints: Complaints) -> None:
    complaints.wanted_status = 404
    page = sign_in(nurse)
    page.evaluate(
        "() => { history.pushState(null, '', '/patient/987654'); dispatchEvent(new PopStateEvent('popstate')); }"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such patient")
    # An address that is none leads on, too; a program reads that in JSON.
    answer = page.goto("/pateint/7")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    expect(page.get_by_role("link", name="To the ward")).to_be_visible()
    told = page.request.get("/api/pateints/7", headers={"accept": "text/html"})
    assert told.json()["error"]["code"] == "not_found"
