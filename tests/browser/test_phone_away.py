"""The patient's app cut off for minutes: nothing is lost, or it is lost aloud, and what comes late is late."""

import json
import signal
from typing import Final

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from heartwire.calls import Family, get_call
from heartwire.frames import EcgFlag
from tests.browser.conftest import Complaints, OpenPhone
from tests.browser.page_time import PageTime
from tests.browser.pages import wait_for
from tests.browser.phone_pages import expect_situation, feel, link, pair
from tests.browser.phone_stack import PhoneStack, StoredEcg
from tests.browser.virtual_strap import FS_HZ, PACKET_S, PACKET_SAMPLES, minute, play, samples, wait_until_said

#: Of 0.8 s.
_FRAME_BYTES: Final = 2 * 104


def _cut(phone_stack: PhoneStack, time: PageTime, page: Page) -> None:
    time.cut()
    phone_stack.broker.kill()
    expect_situation(page, "offline")


def _come_back(phone_stack: PhoneStack, context: BrowserContext) -> None:
    phone_stack.broker.start()
    context.set_offline(False)


def _wait_for_signal(phone_stack: PhoneStack, page: Page, patient: int, packets: int) -> None:
    least = 2 * (packets - 2) * PACKET_SAMPLES
    wait_for(page, lambda: sum(len(one.samples) for one in phone_stack.ecg(patient)) >= least, "all of the signal")


def _expect_times(stored: list[StoredEcg], began_us: int) -> None:
    """Every frame says when its samples were made, to 50 ms, or that it may be further off."""
    first_us = began_us - round((PACKET_SAMPLES - 1) / FS_HZ * 1e6)
    sample = 0
    for frame in stored:
        within_us = 1_000_000 if frame.flags & EcgFlag.CLOCK_ESTIMATED else 50_000
        assert abs(frame.t0_us - first_us - sample / FS_HZ * 1e6) < within_us
        sample += len(frame.samples) // 2


def test_ten_minutes_without_a_connection_arrive_once_bit_for_bit_and_in_their_time(
    phone_stack: PhoneStack, open_phone: OpenPhone, phone_context: BrowserContext, complaints: Complaints, *, marie: int
) -> None:
    complaints.server_may_be_away = True
    packets = round(600 / PACKET_S)
    time = PageTime(phone_context, behind_s=660)
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    _cut(phone_stack, time, page)
    page.get_by_role("link", name="I feel something").click()
    play(page, minute(0, packets))
    felt = []
    for chip in ("Dizzy", "Chest pain"):
        time.run(page, 200)
        felt.append(time.us(page))
        page.get_by_role("button", name="Press here: I feel something").click()
        page.get_by_role("button", name=chip).click()
        page.get_by_role("button", name="Done").click()
        expect(page.locator(".list")).to_contain_text(chip)
    time.run(page, 205)
    wait_until_said(page, packets)
    time.arrive(page)
    assert phone_stack.ecg(marie) == []
    _come_back(phone_stack, phone_context)
    _wait_for_signal(phone_stack, page, marie, packets)
    wait_for(page, lambda: len(phone_stack.events(marie, "symptom")) == 4, "what was felt")
    stored = phone_stack.ecg(marie)
    assert [frame.seq for frame in stored] == list(range(len(stored)))
    assert {frame.flags for frame in stored} == {0}
    joined = b"".join(frame.samples for frame in stored)
    assert joined == samples(packets)[: len(joined)]
    _expect_times(stored, time.began_us(page))
    chips = [json.loads(text)["chips"] for text in phone_stack.events(marie, "symptom")]
    assert chips == [[], ["dizzy"], [], ["chest_pain"]]
    for pressed_us, stored_us in zip(felt, phone_stack.said_at_us(marie, "symptom")[::2], strict=True):
        assert 0 <= stored_us - pressed_us < 20e6
    assert len(phone_stack.heart_rates(marie)) == packets / 2
    expect(page.locator(".list")).not_to_contain_text("Kept on this phone")


def test_a_backlog_of_a_phone_with_a_wrong_clock_is_late_and_right(
    phone_stack: PhoneStack, open_phone: OpenPhone, phone_context: BrowserContext, complaints: Complaints, *, marie: int
) -> None:
    complaints.server_may_be_away = True
    phone_stack.analyse()
    packets = round(180 / PACKET_S)
    time = PageTime(phone_context, behind_s=240, wrong_s=-7200)
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    expect(page.locator(".facts")).to_contain_text("2 hours slow")
    _cut(phone_stack, time, page)
    page.get_by_role("link", name="Messages").click()
    play(page, minute(0, packets, bpm=30))
    time.run(page, 183)
    wait_until_said(page, packets)
    time.arrive(page)
    _come_back(phone_stack, phone_context)
    wait_for(
        page, lambda: ("extreme_bradycardia", True) in phone_stack.alarms(marie), "the backlog's alarm", timeout_s=60
    )
    # What the broker took while nobody listened comes again, after what followed it.
    _wait_for_signal(phone_stack, page, marie, packets)
    heart = [late for call, late in phone_stack.alarms(marie) if get_call(call).family is Family.CLINICAL]
    assert set(heart) == {True}
    stored = phone_stack.ecg(marie)
    assert {frame.flags & EcgFlag.CLOCK_NOT_SET for frame in stored} == {0}
    _expect_times(stored, time.began_us(page))


@pytest.mark.timeout(300)
def test_a_full_phone_says_how_much_it_lost_and_leaves_the_hole_to_be_seen(
    phone_stack: PhoneStack, open_phone: OpenPhone, phone_context: BrowserContext, complaints: Complaints, *, marie: int
) -> None:
    complaints.server_may_be_away = True
    packets = round(480 / PACKET_S)
    time = PageTime(phone_context, behind_s=540)
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    _cut(phone_stack, time, page)
    feel(page, "Dizzy")
    page.get_by_role("link", name="Now").click()
    play(page, minute(0, packets))
    time.run(page, 60)
    # The browser looks again how much room there is when what it knows of it is half a minute old.
    session = phone_context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": phone_stack.url, "quotaSize": 1})
    expect_situation(page, "storage_full", 60_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("This phone is full")
    page.get_by_role("link", name="I feel something").click()
    time.run(page, 424)
    page.get_by_role("button", name="Press here: I feel something").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("link", name="Now").click()
    wait_until_said(page, packets)
    time.arrive(page)
    page.get_by_role("link", name="Now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This phone is full")
    expect(page.locator(".facts")).to_contain_text("Oldest signal lost")
    session.send("Storage.overrideQuotaForOrigin", {"origin": phone_stack.url})
    _come_back(phone_stack, phone_context)
    wait_for(page, lambda: len(phone_stack.events(marie, "symptom")) == 3, "what was felt")
    expect(page.locator(".facts")).to_contain_text("Waiting to be sentnothing")
    stored = phone_stack.ecg(marie)
    there = {frame.seq for frame in stored}
    assert max(there) > 480 / 0.8 - 5
    lost = max(there) + 1 - len(there)
    assert lost > 0
    # Whatever is missing is marked, and nothing else is; what the screen says is what the database lacks.
    for frame in stored:
        is_after_hole = frame.seq > 0 and frame.seq - 1 not in there
        assert frame.flags == (EcgFlag.GAP_BEFORE if is_after_hole else 0)
    lost_s = lost * 0.8
    told = f"{round(lost_s)} seconds" if lost_s < 90 else f"{round(lost_s / 60)} minutes"
    expect(page.locator(".facts .bad").filter(has_text="Oldest signal lost")).to_contain_text(f"about {told}")
    # What is there is what was played, in its place.
    whole = samples(packets)
    for frame in stored:
        at = frame.seq * _FRAME_BYTES
        assert frame.samples == whole[at : at + len(frame.samples)]


def test_a_network_that_answers_nothing_opens_the_app_all_the_same(
    phone_stack: PhoneStack, open_phone: OpenPhone, complaints: Complaints, marie: int
) -> None:
    complaints.server_may_be_away = True
    page = open_phone(link(phone_stack.code(marie)))
    pair(page)
    wait_for(page, lambda: page.evaluate("caches.match('/phone/').then((kept) => !!kept)"), "the app's copy")
    phone_stack.dashboard.send(signal.SIGSTOP)
    try:
        page.reload(wait_until="commit", timeout=15_000)
        expect(page.locator(".situation")).to_be_visible()
    finally:
        phone_stack.dashboard.send(signal.SIGCONT)
