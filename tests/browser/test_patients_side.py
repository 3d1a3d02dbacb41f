"""The nurse's half of the patient's side: adding a patient, pairing, devices, symptoms, messages; in both languages."""

import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from heartwire.care import CareWord, decode_word
from heartwire.frames import EventFrame, StatusFrame
from heartwire.topics import Stream
from tests.browser.conftest import Complaints, SignIn
from tests.browser.pages import barriers_of, choose_language, tile_of
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack
from tests.servers.waiting import wait_until
from tests.wire import Device, ecg_frame, now_us

_EVIL: Final = "<img src=x onerror=alert(1)><script>alert(2)</script> {name} <b>&amp;"
_CODE: Final = re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$")


class Phone(Device):
    """A paired phone that says something, and hears what it is told."""

    def __init__(self, stack: WardStack, code: str, description: str = "Polar H10") -> None:
        self.credential: Final = stack.pair(code, description)
        self.words: Final[list[CareWord]] = []
        self._seq = 0
        broker = self.credential["broker"]
        super().__init__(broker["host"], broker["port"], self.credential["device"], self.credential["password"])

    def _heard(self, topic: str, payload: bytes) -> None:
        word = decode_word(payload) if topic.endswith("/message") else None
        if word is None:
            super()._heard(topic, payload)
        else:
            self.words.append(word)

    def say(self, kind: str, said: dict[str, Any]) -> None:
        """Send an event, and wait until it is stored."""
        self.send(EventFrame(1, self._seq, now_us(), kind, json.dumps(said)), stream=Stream.EVENT)
        self.wait_for_ack(self._seq, stream=Stream.EVENT)
        self._seq += 1

    def wait_for_word(self, code: str) -> CareWord:
        """Wait for the first word of a kind."""
        wait_until(lambda: any(word.code == code for word in self.words), f"{code}; heard {self.words}", timeout_s=30)
        return next(word for word in self.words if word.code == code)


def _add(page: Page, name: str) -> None:
    page.get_by_role("link", name="Add a patient").click()
    page.get_by_label("Given name and family name").fill(name)
    page.get_by_label("Ward", exact=True).fill("Cardiology")
    page.get_by_label("Language of the patient’s phone").select_option("fr")
    page.get_by_role("button", name="Add, then pair a device").click()


def test_a_patient_is_added_paired_and_answered(
    stack: WardStack, sign_in: SignIn, nurse: User, complaints: Complaints
) -> None:
    complaints.wanted_status = 409
    page = sign_in(nurse, bypass_csp=True)
    _add(page, "Marie Dupont")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pair a device with Marie Dupont")
    characters = page.locator(".pair-characters strong")
    expect(characters).to_have_text(_CODE)
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    expect(page.locator(".pair-now")).to_have_text("Waiting for the phone…")
    assert barriers_of(page) == []
    first = characters.inner_text()
    stack.expire_codes()
    expect(page.locator(".pair-now")).to_have_text("Another code was made for this patient, on another screen.")
    page.get_by_role("button", name="Make a new code").click()
    expect(characters).not_to_have_text(first)
    expect(characters).to_have_text(_CODE)
    with Phone(stack, characters.inner_text()) as phone:
        expect(page.locator(".pair-now")).to_have_text("The device is paired. Its signal has not arrived yet.")
        phone.send(*[ecg_frame(seq, t0_us=now_us() - (20 - seq) * 1_000_000) for seq in range(20)])
        expect(page.locator(".pair-now")).to_have_text("The signal arrives. All is done.")
        assert barriers_of(page) == []
        page.get_by_role("link", name="See Marie Dupont’s signal").click()
        _talk(page, phone)
        _shut_out(page, phone)


def test_a_code_lives_as_long_as_it_is_wanted(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, bypass_csp=True)
    _add(page, "Paul Martin")
    characters, now = page.locator(".pair-characters strong"), page.locator(".pair-now")
    expect(characters).to_have_text(_CODE)
    first = characters.inner_text()
    # Loaded anew, it is the same code: who is about to type it need not begin again.
    page.reload()
    expect(now).to_have_text("Waiting for the phone…")
    expect(characters).to_have_text(first)
    page.get_by_role("link", name="Patient", exact=True).click()
    devices = page.get_by_role("region", name="Paired devices")
    # Who comes back gets a new one. Its time is over soon, while everybody waits: the next is there by itself.
    short: list[str] = []

    def shorten(route: Route) -> None:
        answer = route.fetch()
        made = answer.json()
        ((made["expires_us"],),) = stack.query(
            "UPDATE pairing_codes SET expires_at = now() + interval '3 s' WHERE pairing_code_id = %s"
            " RETURNING (extract(epoch FROM expires_at) * 1000000)::bigint",
            made["id"],
        )
        short.append(made["code"])
        route.fulfill(response=answer, json=made)

    page.route("**/api/pairing-codes", shorten, times=1)
    devices.get_by_role("link", name="Pair a device").click()
    expect(characters).to_have_text(_CODE)
    wait_until(lambda: bool(short) and characters.inner_text() not in {first, short[0]}, "a new code", timeout_s=30)
    second = characters.inner_text()
    expect(now).to_have_text("Waiting for the phone…")
    # Somebody else uses it: the page says which device that is, and how to shut it out.
    stack.pair(second)
    expect(now).to_have_text("The device is paired. Its signal has not arrived yet.")
    expect(page.locator(".pair-state .said")).to_contain_text("Paired: Polar H10. Is it not the right one?")
    page.reload()
    expect(now).to_have_text("The device is paired. Its signal has not arrived yet.")
    assert barriers_of(page) == []
    page.get_by_role("button", name="Pair another device").click()
    expect(characters).to_have_text(_CODE)
    assert characters.inner_text() != second
    page.get_by_role("link", name="Patient", exact=True).click()
    expect(devices).to_contain_text("paired, not heard yet")


@contextmanager
def _sending(phone: Phone) -> Iterator[None]:
    """Let a phone send signal, second by second."""
    stopping = threading.Event()

    def send() -> None:
        for seq in itertools.count():
            phone.send(ecg_frame(seq, t0_us=now_us() - 1_000_000, samples=bytes(500)))
            if stopping.wait(1.0):
                return

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def test_a_device_s_state_is_said_in_words(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse)
    _add(page, "Anne Petit")
    characters = page.locator(".pair-characters strong")
    expect(characters).to_have_text(_CODE)
    devices = page.get_by_role("region", name="Paired devices")
    with Phone(stack, characters.inner_text()) as phone:
        page.get_by_role("link", name="Patient", exact=True).click()
        expect(devices).to_contain_text("paired, not heard yet")
        expect(page.locator(".live-panel")).to_contain_text("No signal yet")
        with _sending(phone):
            expect(devices).to_contain_text("signal arrives, no status yet")
            phone.send(_status(online=True), stream=Stream.STATUS)
            expect(devices).to_contain_text("connected, signal arrives")
        expect(devices).to_contain_text("connected, no signal", timeout=60_000)
        expect(devices).to_contain_text("last heard")
        phone.send(_status(online=False), stream=Stream.STATUS)
        expect(devices).to_contain_text("gone quiet")


def _status(*, online: bool) -> StatusFrame:
    return StatusFrame(1, now_us(), online, 80, "1.0", "Polar H10", -60, 0, 1_000_000)


def test_what_somebody_says_is_text_and_never_markup(stack: WardStack, sign_in: SignIn, nurse: User) -> None:
    page = sign_in(nurse, bypass_csp=True)  # the policy alone would not let it run
    dialogs: list[str] = []

    def refuse(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    name = f"Eve {_EVIL}"
    _add(page, name)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Pair a device with {name}")
    characters = page.locator(".pair-characters strong")
    expect(characters).to_have_text(_CODE)
    with Phone(stack, characters.inner_text(), _EVIL) as phone:
        page.get_by_role("link", name="Patient", exact=True).click()
        phone.say("symptom", {"press": "p1", "chips": ["dizzy"], "note": _EVIL})
        phone.say("message", {"id": "m1", "text": _EVIL})
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("region", name="Symptoms").locator(".said")).to_have_text(_EVIL)
        messages = page.get_by_role("region", name="Messages")
        expect(messages.locator("li .said")).to_have_text(_EVIL)
        messages.get_by_label(f"Message to {name}").fill(_EVIL)
        messages.get_by_role("button", name="Send", exact=True).click()
        expect(messages.locator("li .said")).to_have_text([_EVIL, _EVIL])
        devices = page.get_by_role("region", name="Paired devices")
        expect(devices.locator("strong")).to_have_text(_EVIL)
        assert barriers_of(page) == []
        devices.get_by_role("button", name=re.compile("^Shut out")).click()
        page.get_by_role("dialog").get_by_label("Why").fill(_EVIL)
        page.get_by_role("dialog").get_by_role("button", name="Shut out").click()
        expect(devices).to_contain_text(f"{nurse.name}")
        expect(devices).to_contain_text(_EVIL)
    page.goto("/ward")
    expect(tile_of(page, name).locator(".alarm-bar")).to_contain_text("Symptom reported: dizzy")
    assert barriers_of(page) == []
    assert page.locator("main img, main script, main b").count() == 0
    assert dialogs == []


def _talk(page: Page, phone: Phone) -> None:
    phone.say("symptom", {"press": "p1"})
    phone.say("symptom", {"press": "p1", "chips": ["chest_pain", "dizzy"], "note": "On the stairs"})
    symptoms = page.get_by_role("region", name="Symptoms")
    expect(symptoms).to_contain_text("Chest pain")
    expect(symptoms).to_contain_text("On the stairs")
    # The ECG around the press, where the symptom is told: what is stored of it, and that the rest may come.
    symptoms.scroll_into_view_if_needed()
    expect(symptoms.get_by_role("img", name=re.compile("^ECG from 10 seconds before"))).to_be_visible()
    expect(symptoms).to_contain_text("The ECG of this moment is still arriving.")
    expect(page.locator(".alarm-bar", has_text="Symptom reported: chest pain, dizzy")).to_be_visible()
    _acknowledge_while_more_is_said(page, phone)
    symptoms.get_by_role("button", name=re.compile("^Show the ECG")).click()
    expect(page.locator(".strip-words")).to_have_count(0)
    symptoms.get_by_role("button", name=re.compile("^Mark as read")).click()
    expect(symptoms).to_contain_text("read by Nora Nurse")
    assert phone.wait_for_word("seen").by == "Nora Nurse"
    messages = page.get_by_role("region", name="Messages")
    phone.say("message", {"id": "m1", "text": "May I go for a walk?"})
    expect(messages).to_contain_text("May I go for a walk?")
    messages.get_by_role("button", name=re.compile("^Mark as read")).click()
    expect(messages).to_contain_text("read by Nora Nurse")
    for n in (2, 3, 4):
        phone.say("message", {"id": f"m{n}", "text": f"Question {n}"})
    expect(page.locator(".alarm-bar", has_text="3 messages from the patient")).to_be_visible()
    expect(page.locator(".alarm-bar", has_text="message")).to_have_count(1)
    messages.get_by_role("button", name="Mark all 3 as read").click()
    expect(messages.get_by_text("not read yet")).to_have_count(0)
    expect(page.locator(".alarm-bar", has_text="message")).to_have_count(0)
    messages.get_by_label("Message to Marie Dupont").fill("Yes, slowly.")
    messages.get_by_role("button", name="Send", exact=True).click()
    word = phone.wait_for_word("message")
    assert (word.text, word.by) == ("Yes, slowly.", "Nora Nurse")
    expect(messages).to_contain_text("not read by the patient yet")
    phone.say("read", {"id": word.id})
    expect(messages).to_contain_text("read by the patient")
    messages.get_by_role("button", name="Ask a question").click()
    messages.get_by_label("Heading").fill("After the walk")
    messages.get_by_label("What is asked").fill("Are you dizzy?")
    assert barriers_of(page) == []
    messages.get_by_role("button", name="Send the questions").click()
    question = phone.wait_for_word("question")
    (field,) = json.loads(question.text)["fields"]
    phone.say("answer", {"question_id": question.id, "answers": {field["id"]: False}})
    expect(messages.locator(".answers")).to_contain_text("Are you dizzy?")
    expect(messages.locator(".answers")).to_contain_text("No")
    assert barriers_of(page) == []


def _acknowledge_while_more_is_said(page: Page, phone: Phone) -> None:
    """In the moment in which the nurse answers what her page shows, the patient says more: that is not answered."""

    def delay(route: Route) -> None:
        phone.say("symptom", {"press": "p1", "chips": ["short_of_breath"]})
        route.continue_()

    bar = page.locator(".alarm-bar", has_text="Symptom reported")
    page.route("**/acknowledgement", delay, times=1)
    complaint = "The patient has just said more. Read it again."
    bar.get_by_role("button", name=re.compile("^Acknowledge")).click()
    expect(page.locator(".note")).to_contain_text(complaint)
    expect(bar).to_contain_text("chest pain, dizzy, short of breath")
    bar.get_by_role("button", name=re.compile("^Acknowledge")).click()
    expect(bar).to_contain_text("Nora Nurse")
    # To take it on is not to have read it.
    expect(page.get_by_role("region", name="Symptoms")).to_contain_text("not read yet")
    expect(page.get_by_role("region", name="Symptoms")).to_contain_text("Short of breath")


def _shut_out(page: Page, phone: Phone) -> None:
    devices = page.get_by_role("region", name="Paired devices")
    devices.get_by_role("button", name=re.compile("^Shut out")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("at once and for good")
    assert barriers_of(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(devices).not_to_contain_text("shut out by")
    devices.get_by_role("button", name=re.compile("^Shut out")).click()
    dialog.get_by_label("Why").fill("lost on the bus")
    dialog.get_by_role("button", name="Shut out").click()
    expect(devices).to_contain_text("shut out by Nora Nurse")
    expect(devices).to_contain_text("lost on the bus")
    credential = (phone.credential["username"], phone.credential["password"])
    url = str(page.url).split("/patient")[0]
    answer = httpx.get(f"{url}/api/my", auth=credential, timeout=20)
    assert answer.json()["error"]["code"] == "device_revoked"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_pages_hold_on_a_small_screen_in_french(sign_in: SignIn, nurse: User, theme: str) -> None:
    page = sign_in(nurse, color_scheme=theme, bypass_csp=True, viewport={"width": 320, "height": 700})
    choose_language(page, "fr")
    page.locator("button.view-menu").click()
    page.get_by_role("link", name="Ajouter un patient").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ajouter un patient")
    assert barriers_of(page) == []
    _is_narrow(page)
    page.goto("/ward")
    tile_of(page, "Ada Steady").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Symptômes")).to_be_visible()
    page.wait_for_selector(".paired li")
    assert barriers_of(page) == []
    _is_narrow(page)
    page.get_by_role("link", name="Appairer un appareil").click()
    expect(page.locator(".pair-characters strong")).to_have_text(_CODE)
    assert barriers_of(page) == []
    _is_narrow(page)


def _is_narrow(page: Page) -> None:
    """Nothing makes the page wider than the screen (WCAG 1.4.10)."""
    page.wait_for_timeout(200)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"{page.url}: {width} px"
