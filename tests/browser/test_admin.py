"""What an administrator does: looks at the room that is left, keeps and holds, lets other systems in."""

from typing import Final

import httpx
import pytest
from playwright.sync_api import Page, expect

from heartwire.storage.pool import connect
from heartwire.storage.room import measure_room, note_room
from tests.browser.conftest import SLOW, STEADY, Complaints, OpenPage, SignIn
from tests.browser.pages import barriers_of, choose_language, give_password, sign_in_as, tile_of, wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack
from tests.integration.notifier_stack import Receiver

_CLOCKS: Final = "SELECT count(clock_offset_us) FROM device_links"


@pytest.fixture(scope="module")
def admin(stack: WardStack) -> User:
    return stack.add_user("Amy Admin", role="admin")


def _open(page: Page, section: str) -> None:
    page.locator("button.person").click()
    page.get_by_role("link", name="Administration").click()
    page.get_by_role("navigation", name="Sections").get_by_role("link", name=section).click()


def test_storage(stack: WardStack, sign_in: SignIn, admin: User) -> None:
    with connect(stack.database, "test", autocommit=True) as connection:
        note_room(connection, measure_room(connection)._replace(free_bytes=4_200_000_000))
    page = sign_in(admin)
    _open(page, "Storage")
    room = page.get_by_role("region", name="Room on the disk")
    expect(room).to_contain_text("4.2 GB")
    expect(room.get_by_role("table")).to_contain_text("ECG, not compacted yet")
    # How long beats are kept: changed, seen, taken back.
    kept = page.get_by_role("region", name="How long it is kept")
    beats = kept.get_by_role("listitem").filter(has_text="Beats and rhythms")
    expect(beats).to_contain_text("Kept for ever.")
    beats.get_by_role("button", name="Change how long is kept: Beats and rhythms").click()
    beats.get_by_label("Days to keep").fill("400")
    beats.get_by_role("button", name="Drop what is older").click()
    expect(beats).to_contain_text(f"Kept for 400 days (set by {admin.name}).")
    expect(beats).to_contain_text("Takes effect at")
    beats.get_by_role("button", name="Change how long is kept").click()
    beats.get_by_role("button", name="Keep for ever").click()
    expect(beats).to_contain_text("Kept for ever.")
    # A legal hold.
    holds = page.get_by_role("region", name="Legal holds")
    expect(holds).to_contain_text("Nobody is held.")
    holds.get_by_label("Patient").select_option(label=f"{STEADY} (Cardiology)")
    holds.get_by_label("Reason").fill("A <b>claim</b>")
    holds.get_by_role("button", name="Drop nothing of this patient").click()
    row = holds.get_by_role("row").filter(has_text=STEADY)
    expect(row).to_contain_text("A <b>claim</b>")
    expect(row).to_contain_text(admin.name)
    row.get_by_role("button", name=f"Release the hold of {STEADY}").click()
    sure = page.get_by_role("dialog", name=f"Release the hold of {STEADY}?")
    sure.get_by_role("button", name="Release").click()
    expect(holds).to_contain_text("Nobody is held.")


def test_other_systems(stack: WardStack, sign_in: SignIn, admin: User) -> None:
    page = sign_in(admin)
    _open(page, "Other systems")
    tokens = page.get_by_role("region", name="Tokens")
    expect(tokens).to_contain_text("There is no token.")
    tokens.get_by_label("Name").fill("Hospital system")
    tokens.get_by_label("see the audit trail").check()
    tokens.get_by_label("Holds for").select_option("30")
    tokens.get_by_role("button", name="Make the token").click()
    secret = tokens.get_by_role("status").locator("code").inner_text()

    def status() -> int:
        return httpx.get(f"{stack.url}/api/ward", headers={"authorization": f"Bearer {secret}"}).status_code

    assert status() == 200
    row = tokens.get_by_role("row").filter(has_text="Hospital system")
    expect(row).to_contain_text("see the ward and its alarms")
    tokens.get_by_role("button", name="I have it").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    revoke = row.get_by_role("button", name="Revoke the token Hospital system")
    revoke.click()
    sure = page.get_by_role("dialog", name="Revoke the token Hospital system?")
    expect(sure).to_contain_text("refused within seconds")
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    expect(sure).to_have_count(0)
    expect(revoke).to_be_focused()
    assert status() == 200
    page.keyboard.press("Enter")
    sure.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked at")
    assert status() == 401
    webhooks = page.get_by_role("region", name="Webhooks")
    expect(webhooks).to_contain_text("No other system is told.")
    webhooks.get_by_label("Name").fill("Paging")
    webhooks.get_by_label("Address (https)").fill("https://paging.example/alarms")
    webhooks.get_by_label("low").uncheck()
    webhooks.get_by_role("button", name="Send alarms there").click()
    expect(webhooks.get_by_role("status").locator("code")).to_contain_text("whsec_")
    row = webhooks.get_by_role("row").filter(has_text="https://paging.example/alarms")
    expect(row).to_contain_text("nothing to send so far")
    row.get_by_role("button", name="Remove the webhook Paging").click()
    page.get_by_role("dialog", name="Remove the webhook Paging?").get_by_role("button", name="Remove").click()
    expect(webhooks).to_contain_text("No other system is told.")


def test_who_is_on_call_is_reached(stack: WardStack, sign_in: SignIn, admin: User, complaints: Complaints) -> None:
    complaints.wanted_status = 422  # an address that is none
    otto = stack.add_user("Otto <i>Oncall</i>")
    notifier = stack.make("notifier", env={"HEARTWIRE_NOTIFIER_DATABASE": stack.database})
    notifier.start(lambda: "the database is there" in notifier.log)
    receiver = Receiver()
    receiver.start()
    page = sign_in(admin)
    try:
        # A channel that works is seen to work, one that does not says why, and its address is never shown.
        _open(page, "Channels")
        channels = page.get_by_role("region", name="How people are reached")
        expect(channels).to_contain_text("Nobody can be reached yet.")
        for label, address in (("Pager", receiver.address("otto")), ("Old pager", "json://127.0.0.1:9/secret-part")):
            channels.get_by_label("Person").select_option(label=otto.name)
            channels.get_by_label("Name of the channel").fill(label)
            channels.get_by_label("Address (as apprise writes it)").fill(address)
            channels.get_by_role("button", name="Add the channel").click()
            channels.get_by_role("button", name=f"Send a test to {otto.name} by {label}", exact=True).click()
        row = channels.get_by_role("row").filter(has_text="json").filter(has_not_text="Old pager")
        expect(row).to_contain_text("arrived at")
        assert len(receiver.to("otto")) == 1
        broken = channels.get_by_role("row").filter(has_text="Old pager")
        expect(broken).to_contain_text("Fails since")
        expect(page.get_by_role("main")).not_to_contain_text("secret-part")
        broken.get_by_role("button", name="Remove").click()
        sure = page.get_by_role("dialog", name=f"Remove Old pager of {otto.name}?")
        sure.get_by_role("button", name="Remove").click()
        expect(broken).to_have_count(0)
        channels.get_by_label("Name of the channel").fill("x")
        channels.get_by_label("Address (as apprise writes it)").fill("nonsense")
        channels.get_by_role("button", name="Add the channel").click()
        expect(channels.locator("form [role=alert]")).to_contain_text("Nobody can be reached by this address")
        _put_on_call(page, otto)
    finally:
        receiver.stop()
        notifier.kill()


def _put_on_call(page: Page, otto: User) -> None:
    """On call from now on; the delays of low alarms set and taken back; off call again."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="On call").click()
    roster = page.get_by_role("region", name="Who is on call")
    expect(roster).to_contain_text("Nobody who can be reached is on call first now")
    roster.get_by_label("Person").select_option(label=otto.name)
    roster.get_by_role("button", name="Put on call").click()
    expect(roster.get_by_role("row").filter(has_text=otto.name)).to_contain_text("now")
    expect(roster).not_to_contain_text("Nobody who can be reached")
    # The delays of low alarms: set, and taken back.
    delays = page.get_by_role("region", name="After how long the next is told")
    low = delays.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Low priority"))
    expect(low).to_contain_text("screens only.")
    low.get_by_role("button", name="Change the delays").click()
    low.get_by_label("Seconds of each step").fill("300, 90")
    low.get_by_role("button", name="Set", exact=True).click()
    expect(low).to_contain_text("after 90 s more: told as no. 2")
    low.get_by_role("button", name="Change the delays").click()
    low.get_by_role("button", name="Back to the default").click()
    expect(low).to_contain_text("screens only.")
    roster.get_by_role("button", name=f"Take {otto.name} off call").click()
    expect(roster.get_by_role("row").filter(has_text=otto.name)).to_have_count(0)


def test_people_sessions_and_the_trail(
    stack: WardStack, sign_in: SignIn, open_page: OpenPage, admin: User, complaints: Complaints
) -> None:
    page = sign_in(admin)
    _open(page, "People")
    people = page.get_by_role("region", name="Who may sign in")
    people.get_by_label("Name", exact=True).fill("Greta <u>Guest</u>")
    people.get_by_label("Sign-in name").fill("greta")
    people.get_by_label("all wards").uncheck()
    people.get_by_label("Step-down").check()
    people.get_by_role("button", name="Add, and make a password").click()
    password = people.get_by_role("status").locator("code").inner_text()
    row = people.get_by_role("row").filter(has_text="greta")
    expect(row).to_contain_text("Step-down")
    people.get_by_role("button", name="I have it").click()
    row.get_by_role("button", name="Change: Greta").click()
    expect(people.get_by_label("Name", exact=True)).to_be_focused()
    people.get_by_role("button", name="Cancel").click()
    # She signs in, and sees her ward alone.
    greta = open_page("/sign-in")
    sign_in_as(greta, User("greta", "Greta", password))
    expect(tile_of(greta, SLOW)).to_be_visible()
    expect(tile_of(greta, STEADY)).to_have_count(0)
    # Her session is seen, and ended: her screen is left within seconds.
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Sessions").click()
    sessions = page.get_by_role("region", name="Who is signed in")
    complaints.wanted_status = 401
    sessions.get_by_role("row").filter(has_text="Greta").get_by_role("button", name="End the session").click()
    expect(greta.locator("input[name=login]")).to_be_visible()
    # A new password is asked for twice; it lets her in, the one before does no more.
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="People").click()
    row.get_by_role("button", name="New password: Greta").click()
    sure = page.get_by_role("dialog", name="A new password for Greta <u>Guest</u>?")
    sure.get_by_role("button", name="Cancel").click()
    expect(people.get_by_role("status")).to_have_count(0)
    row.get_by_role("button", name="New password: Greta").click()
    sure.get_by_role("button", name="New password").click()
    fresh = people.get_by_role("status").locator("code").inner_text()
    give_password(greta, User("greta", "Greta", password))
    expect(greta.get_by_role("alert")).not_to_be_empty()
    sign_in_as(greta, User("greta", "Greta", fresh))
    # Shut out, she does not come in again.
    row.get_by_role("button", name="Shut out").click()
    expect(row).to_contain_text("shut out")
    expect(greta.locator("input[name=login]")).to_be_visible()
    give_password(greta, User("greta", "Greta", fresh))
    expect(greta.get_by_role("alert")).not_to_be_empty()
    # All of it is in the trail.
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Audit trail").click()
    trail = page.get_by_role("region", name="Who saw and did what")
    for did in ("added a person", "ended a session", "shut a person out"):
        expect(trail.get_by_role("row").filter(has_text=did).filter(has_text=admin.name)).to_have_count(1)
    trail.get_by_label("Person").select_option(label="Greta <u>Guest</u>")
    expect(trail.get_by_role("row").filter(has_text="signed in")).to_have_count(2)
    expect(trail.get_by_role("row").filter(has_text=admin.name)).to_have_count(0)


def test_wards_and_what_is_spoken_in_german(sign_in: SignIn, admin: User) -> None:
    page = sign_in(admin)
    choose_language(page, "de")
    page.goto("/admin/wards")
    wards = page.get_by_role("region", name="Stationen")
    wards.get_by_label("Name", exact=True).fill("Intensiv")
    wards.get_by_role("combobox", name="Zeitzone", exact=True).select_option("Europe/Berlin")
    wards.get_by_role("button", name="Station anlegen").click()
    row = wards.get_by_role("row").filter(has_text="Intensiv")
    expect(row).to_contain_text("Europe/Berlin")
    row.get_by_role("button", name="Ändern: Intensiv").click()
    expect(wards.get_by_label("Name", exact=True)).to_be_focused()
    wards.get_by_label("Name", exact=True).fill("Intensiv 2")
    wards.get_by_role("button", name="Speichern").click()
    expect(wards.get_by_role("row").filter(has_text="Intensiv 2")).to_be_visible()
    wards.get_by_role("button", name="Entfernen: Intensiv 2").press("Enter")
    sure = page.get_by_role("dialog", name="Station Intensiv 2 entfernen?")
    sure.get_by_role("button", name="Entfernen").press("Enter")
    expect(row).to_have_count(0)
    # The button is gone with its row: the keyboard goes on from the table.
    expect(wards.locator(".admin-table")).to_be_focused()


def test_no_section_has_a_barrier(sign_in: SignIn, admin: User) -> None:
    for scheme in ("dark", "light"):
        page = sign_in(admin, color_scheme=scheme, bypass_csp=True)
        page.goto("/admin")
        for section in page.get_by_role("navigation", name="Sections").get_by_role("link").all():
            section.click()
            expect(page.get_by_role("main").get_by_role("region").first).to_be_visible()
            expect(page.get_by_text("Loading…")).to_have_count(0)
            assert barriers_of(page) == []


def test_who_administers_nothing_is_not_led_there(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    page.locator("button.person").click()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto(f"{stack.url}/admin")
    expect(page.get_by_role("main")).to_contain_text("Your role may administer nothing.")


def test_whose_role_shows_nothing_is_told_so(stack: WardStack, open_page: OpenPage, complaints: Complaints) -> None:
    page = open_page("/sign-in")
    pia = stack.add_user("Pia Patient", role="patient")
    give_password(page, pia)
    expect(page.get_by_role("heading")).to_have_text("There is nothing here for your role")
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=login]")).to_be_visible()


def test_devices(stack: WardStack, sign_in: SignIn, admin: User) -> None:
    stack.register_patient("Dora <i>Drawer</i>", [])
    page = sign_in(admin)
    wait_for(page, lambda: stack.query(_CLOCKS)[0][0] >= 3, "the clocks to be known", timeout_s=90)
    _open(page, "Devices")
    devices = page.get_by_role("region", name="Devices", exact=True)
    rows = devices.get_by_role("row")
    live = rows.filter(has_text=STEADY)
    expect(live).to_contain_text("connected, signal arrives")
    expect(live).to_contain_text("right within a second")
    expect(live.get_by_role("link")).to_have_count(0)  # who looks after devices sees no record
    devices.get_by_label("Order").select_option(label="longest unheard first")
    expect(rows.nth(1)).to_contain_text("paired, not heard yet")
    devices.get_by_label("Find a patient or a device").fill("draw")
    expect(devices.get_by_role("status")).to_have_text("1 device.")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Dora <i>Drawer</i>")
    rows.nth(1).get_by_role("button").click()
    page.get_by_label("Why (lost, broken, given back)").fill("Fell into the sea")
    page.get_by_role("dialog").get_by_role("button", name="Shut out").click()
    expect(devices.get_by_role("status")).to_have_text("No device matches.")
    devices.get_by_label("Shut out", exact=True).check()
    expect(rows.nth(1)).to_contain_text("shut out by Amy Admin")
    expect(rows.nth(1)).to_contain_text("Fell into the sea")
    assert barriers_of(page) == []
