"""The patient's app on a phone: paired, streaming, cut off and back, revoked; all of it against the real system."""

import gzip
import itertools
import json
import re
from typing import Final

import pytest
from playwright.sync_api import BrowserContext, expect

from heartwire.frames import EcgFlag
from tests.browser.conftest import Complaints, OpenPhone
from tests.browser.pages import wait_for
from tests.browser.phone_pages import expect_situation, feel, link, pair
from tests.browser.phone_stack import NURSE, TRIES, WARD, PhoneStack, now_us
from tests.browser.virtual_strap import (
    FS_HZ,
    NAME,
    PACKET_SAMPLES,
    VirtualStrap,
    began_us,
    is_heard,
    minute,
    play,
    samples,
    wait_until_said,
)
from tests.conftest import ROOT

#: Bytes that the app may load before it shows something, compressed.
_FIRST_LOAD_BYTES: Final = 60_000

#: Number of the newest frame of signal in the outbox: one holds 104 samples, and up to 26 more wait for theirs.
_LAST_ON_DISK: Final = """async () => {
  const name = (await indexedDB.databases()).map((one) => one.name).find((one) => one.startsWith("heartwire-outbox"));
  const opened = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await opened(indexedDB.open(name));
  const frames = await opened(database.transaction("frames").objectStore("frames").getAll());
  database.close();
  return Math.max(-1, ...frames.filter((one) => one.stream === "ecg").map((one) => one.seq));
}"""
#: What the app keeps of how wrong the phone's clock is, microseconds.
_CLOCK: Final = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("heartwire");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const asking = opening.result.transaction("facts").objectStore("facts").get("clock");
    asking.onsuccess = () => {
      opening.result.close();
      resolve(asking.result ?? null);
    };
  };
})"""


def test_paired_by_link_the_database_has_the_same_samples_bit_for_bit(
    phone_stack: PhoneStack, open_phone: OpenPhone, marie: int
) -> None:
    page = open_phone(link(phone_stack.code(marie)))
    expect(page.get_by_role("heading", level=1)).to_have_text("You are Marie D.,")
    expect(page.get_by_text(f"cared for by {WARD}.")).to_be_visible()
    assert "code" not in page.url
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Choose my strap").click()
    play(page, minute(0, 40))
    expect(page.get_by_role("heading", level=1)).to_have_text("There is your heart")
    page.get_by_role("button", name="Done").click()
    expect_situation(page, "receiving")
    expect(page.get_by_role("heading", level=1)).to_have_text("We are receiving your heart signal")
    expect(page.locator(".rate")).to_contain_text("75")
    expect(page.locator(".facts")).to_contain_text("87%")
    expect(page.locator(".facts")).to_contain_text(NAME)
    wait_until_said(page, 40)
    wait_for(
        page, lambda: sum(len(one.samples) for one in phone_stack.ecg(marie)) >= 2 * 38 * PACKET_SAMPLES, "the signal"
    )
    stored = phone_stack.ecg(marie)
    joined = b"".join(frame.samples for frame in stored)
    assert joined == samples(40)[: len(joined)]
    assert [frame.seq for frame in stored] == list(range(len(stored)))
    assert {frame.flags for frame in stored} == {0}
    # The times are those of the samples: the strap began to speak when the test did.
    last = stored[-1]
    assert abs(last.t0_us + len(last.samples) / 2 * 1e6 / FS_HZ - now_us()) < 10e6
    for one, other in itertools.pairwise(stored):
        assert abs(other.t0_us - one.t0_us - len(one.samples) / 2 * 1e6 / FS_HZ) < 1e6 / FS_HZ
    assert phone_stack.heart_rates(marie)[0] == (75, 2)
    # Silence is not health: when the strap says nothing more, the screen does not say that all is well.
    expect_situation(page, "strap_silent")


def test_paired_by_typed_code_without_a_strap_what_is_felt_is_said(
    phone_stack: PhoneStack, open_phone: OpenPhone, marie: int
) -> None:
    page = open_phone()
    page.get_by_label("Code").fill(phone_stack.code(marie).lower())
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Later").click()
    expect_situation(page, "no_strap")
    page.get_by_role("link", name="I feel something").click()
    page.get_by_role("button", name="Press here: I feel something").click()
    page.get_by_role("button", name="Chest pain").click()
    expect(page.get_by_role("alert").filter(has_text="Chest pain: call 112 first, now.")).to_be_visible()
    expect(page.get_by_role("link", name="Call 112")).to_have_attribute("href", "tel:112")
    page.get_by_label("In your own words").fill("as if somebody sat on it")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".list")).to_contain_text("Received. Not read yet by a person.")
    told = [json.loads(text) for text in phone_stack.events(marie, "symptom")]
    assert [one["chips"] for one in told] == [[], ["chest_pain"]]
    assert len({one["press"] for one in told}) == 1
    # A person reads it, and the patient sees that.
    phone_stack.read_symptoms(marie)
    expect(page.locator(".list")).to_contain_text(f"Read by {NURSE}")


@pytest.mark.parametrize("kind", ["wrong", "used", "expired", "short"])
def test_a_code_that_does_not_hold_is_told_in_clear_words(
    phone_stack: PhoneStack, open_phone: OpenPhone, complaints: Complaints, marie: int, kind: str
) -> None:
    complaints.wanted_status = 403
    code = phone_stack.code(marie)
    if kind == "used":
        assert phone_stack.pair(code) == 201
    if kind == "expired":
        phone_stack.expire_codes(marie)
    page = open_phone()
    page.get_by_label("Code").fill({"wrong": "0000-0000", "short": code[:5]}.get(kind, code))
    page.get_by_role("button", name="Next").click()
    words = {
        "wrong": "This is not a code that we know.",
        "used": "This code was used already.",
        "expired": "This code is too old.",
        "short": "The code has 8 letters and digits.",
    }
    expect(page.get_by_role("alert")).to_contain_text(words[kind])
    expect(page.get_by_label("Code")).to_be_focused()
    phone_stack.forget_tries()


def test_too_many_wrong_codes_have_to_wait(
    phone_stack: PhoneStack, open_phone: OpenPhone, complaints: Complaints, marie: int
) -> None:
    complaints.wanted_status = 429
    for _ in range(TRIES):
        phone_stack.pair("0000-0000")
    page = open_phone(link(phone_stack.code(marie)))
    expect(page.get_by_role("alert")).to_contain_text("Too many wrong codes. Wait 10 minutes, then try again.")
    phone_stack.forget_tries()


def test_cut_off_what_was_felt_and_recorded_meanwhile_arrives_once(
    phone_stack: PhoneStack, open_phone: OpenPhone, phone_context: BrowserContext, complaints: Complaints, marie: int
) -> None:
    complaints.server_may_be_away = True
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 60))
    expect_situation(page, "receiving")
    phone_context.set_offline(True)
    phone_stack.broker.kill()
    expect_situation(page, "offline")
    expect(page.get_by_role("heading", level=1)).to_contain_text("not being received")
    feel(page, "Dizzy")
    expect(page.locator(".list")).to_contain_text("Kept on this phone, will be sent")
    page.get_by_role("link", name="Messages").click()
    page.get_by_label("Write to your care team").fill("I am in the cellar")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".talk")).to_contain_text("Kept on this phone, will be sent")
    wait_until_said(page, 55)
    before = len(phone_stack.ecg(marie))
    phone_stack.broker.start()
    phone_context.set_offline(False)
    page.get_by_role("link", name="Now").click()
    wait_until_said(page, 60)
    wait_for(
        page, lambda: sum(len(one.samples) for one in phone_stack.ecg(marie)) >= 2 * 58 * PACKET_SAMPLES, "the signal"
    )
    stored = phone_stack.ecg(marie)
    assert len(stored) > before
    joined = b"".join(frame.samples for frame in stored)
    assert joined == samples(60)[: len(joined)]
    assert [frame.seq for frame in stored] == list(range(len(stored)))
    assert {frame.flags for frame in stored} == {0}
    assert [json.loads(text)["chips"] for text in phone_stack.events(marie, "symptom")] == [[], ["dizzy"]]
    assert [json.loads(text)["text"] for text in phone_stack.events(marie, "message")] == ["I am in the cellar"]
    expect(page.locator(".facts")).to_contain_text("Waiting to be sentnothing")


def test_a_page_that_is_loaded_anew_sends_what_it_left(
    phone_stack: PhoneStack,
    open_phone: OpenPhone,
    phone_context: BrowserContext,
    strap: VirtualStrap,
    complaints: Complaints,
    *,
    marie: int,
) -> None:
    complaints.server_may_be_away = True
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 30))
    expect_situation(page, "receiving")
    phone_stack.broker.kill()
    wait_until_said(page, 30)
    wait_for(page, lambda: page.evaluate(_LAST_ON_DISK) >= 30 * PACKET_SAMPLES // 104 - 2, "the phone to have kept it")
    phone_context.set_offline(True)
    page.reload()  # without a network: the service worker has the app
    strap.appear()
    expect(page.locator(".situation")).to_be_visible()
    expect(page.locator(".situation")).not_to_have_attribute("data-situation", "receiving")
    phone_context.set_offline(False)
    phone_stack.broker.start()
    wait_for(
        page, lambda: sum(len(one.samples) for one in phone_stack.ecg(marie)) >= 2 * 28 * PACKET_SAMPLES, "the signal"
    )
    # A browser that remembers the strap has connected it by itself; another one asks for a tap.
    button = page.get_by_role("button", name="Connect my strap")
    wait_for(page, lambda: button.is_visible() or is_heard(page), "the strap, or to be asked for it")
    if not is_heard(page):
        button.click()
    play(page, minute(60, 20))
    expect_situation(page, "receiving")
    wait_for(page, lambda: len({frame.boot_id for frame in phone_stack.ecg(marie)}) == 2, "the second run's signal")
    stored = phone_stack.ecg(marie)
    runs = list(dict.fromkeys(frame.boot_id for frame in stored))
    first = b"".join(frame.samples for frame in stored if frame.boot_id == runs[0])
    assert first == samples(30)[: len(first)]
    assert runs[0] < runs[1]


def test_a_phone_that_was_shut_out_says_so_and_stops(
    phone_stack: PhoneStack, open_phone: OpenPhone, strap: VirtualStrap, complaints: Complaints, marie: int
) -> None:
    complaints.wanted_status = 401
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 60))
    expect_situation(page, "receiving")
    phone_stack.revoke(phone_stack.device(marie))
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "This phone is no longer connected to your care team", timeout=60_000
    )
    stored = len(phone_stack.ecg(marie))
    said = page.evaluate("strap.said")
    wait_until_said(page, said + 5)
    assert len(phone_stack.ecg(marie)) == stored
    page.reload()
    strap.appear()
    expect(page.get_by_role("heading", level=1)).to_have_text("This phone is no longer connected to your care team")
    # A new code brings the phone back.
    page.get_by_role("button", name="Enter a new code").click()
    page.get_by_label("Code").fill(phone_stack.code(marie))
    page.get_by_role("button", name="Next").click()
    pair(page)
    play(page, minute(0, 40))
    expect_situation(page, "receiving")


@pytest.mark.parametrize(("off_ms", "told"), [(-7_200_000, "2 hours slow"), (1_000, None)])
def test_a_wrong_clock_is_set_right_to_50_ms_and_told_where_it_is_worth_a_word(
    phone_stack: PhoneStack,
    open_phone: OpenPhone,
    phone_context: BrowserContext,
    *,
    marie: int,
    off_ms: int,
    told: str | None,
) -> None:
    phone_context.add_init_script(f"{{ const now = Date.now; Date.now = () => now.call(Date) + {off_ms}; }}")
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    wait_for(page, lambda: page.evaluate(_CLOCK) is not None, "the phone to have learned the time")
    if told is not None:
        expect(page.locator(".facts")).to_contain_text(told)
    play(page, minute(0, 20))
    expect_situation(page, "receiving")
    wait_until_said(page, 20)
    wait_for(page, lambda: len(phone_stack.ecg(marie)) >= 12, "the signal")
    if told is None:
        expect(page.locator(".facts")).not_to_contain_text("clock")
    stored = phone_stack.ecg(marie)
    assert {frame.flags for frame in stored} == {0}
    assert [frame.seq for frame in stored] == list(range(len(stored)))
    first_us = began_us(page) - round((PACKET_SAMPLES - 1) / FS_HZ * 1e6)
    sample = 0
    for frame in stored:
        assert abs(frame.t0_us - first_us - sample / FS_HZ * 1e6) < 50_000
        sample += len(frame.samples) // 2


def test_a_strap_that_loses_contact_or_goes_away_is_told(
    phone_stack: PhoneStack, open_phone: OpenPhone, strap: VirtualStrap, marie: int
) -> None:
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    play(page, minute(0, 20, contact=False))
    expect_situation(page, "no_contact")
    expect(page.locator(".situation")).to_contain_text("Moisten it")
    wait_for(
        page, lambda: any(one.flags & EcgFlag.LEAD_OFF for one in phone_stack.ecg(marie)), "lead off in the database"
    )
    strap.go_away()
    expect_situation(page, "strap_away")
    strap.come_back()
    play(page, minute(100, 60))
    expect_situation(page, "receiving", 60_000)
    wait_for(
        page, lambda: any(one.flags & EcgFlag.GAP_BEFORE for one in phone_stack.ecg(marie)), "a gap in the database"
    )


def test_messages_go_both_ways_and_questions_are_answered(
    phone_stack: PhoneStack, open_phone: OpenPhone, marie: int
) -> None:
    page = open_phone(link(phone_stack.code(marie)))
    page.get_by_role("button", name="Yes, that is me").click()
    page.get_by_role("button", name="Later").click()
    page.get_by_role("link", name="Messages").click()
    page.get_by_label("Write to your care team").fill('May I "swim"?')
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".talk")).to_contain_text("Received. Not read yet.")
    phone_stack.say(marie, "Yes, without the strap.")
    expect(page.locator(".talk")).to_contain_text("Yes, without the strap.")
    expect(page.locator(".talk")).to_contain_text(NURSE)
    wait_for(page, lambda: len(phone_stack.events(marie, "read")) == 1, "a receipt")
    phone_stack.ask(marie, {"title": "Before bed", "fields": [{"id": "pain", "kind": "scale", "label": "Any pain?"}]})
    page.get_by_role("button", name="Send my answer").click()
    expect(page.get_by_role("alert").filter(has_text="Please answer")).to_be_visible()
    page.get_by_text("3", exact=True).click()
    page.get_by_role("button", name="Send my answer").click()
    expect(page.locator(".talk")).to_contain_text("Your answer: 3")
    wait_for(page, lambda: len(phone_stack.events(marie, "answer")) == 1, "the answer")


def test_the_app_is_light_and_opens_without_a_network(
    open_phone: OpenPhone, phone_context: BrowserContext, complaints: Complaints
) -> None:
    dist = ROOT / "edge/phone/dist"
    html = (dist / "index.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="/phone/([^"]+\.(?:js|css))"', html)
    files = [dist / "index.html", dist / "sw.js", *(dist / name for name in named)]
    assert len(files) == 4
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < _FIRST_LOAD_BYTES
    page = open_phone()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect with your care team")
    wait_for(page, lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "the service worker")
    phone_context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect with your care team")
    complaints.server_may_be_away = True


def test_a_phone_without_bluetooth_offers_the_rest(
    phone_stack: PhoneStack, open_phone: OpenPhone, phone_context: BrowserContext, marie: int
) -> None:
    phone_context.add_init_script("delete Navigator.prototype.bluetooth")
    page = open_phone(link(phone_stack.code(marie)))
    page.get_by_role("button", name="Yes, that is me").click()
    expect(page.locator("main")).to_contain_text("You can still tell us what you feel")
    page.get_by_role("button", name="Done").click()
    expect_situation(page, "no_bluetooth")
