"""The nurse's page beside the patient's phone: she sees what he sends, as it is sent."""

import struct
from typing import Final

from playwright.sync_api import Browser, WebSocket, expect

from tests.browser.conftest import Complaints, OpenPhone
from tests.browser.pages import wait_for, wait_for_wave
from tests.browser.phone_pages import expect_situation, link, open_nurse, pair
from tests.browser.phone_stack import PhoneStack
from tests.browser.virtual_strap import minute, play, samples, wait_until_said

_ECG_RECORD: Final = 2
#: As the pages read it (dashboard/records.py).
_HEAD: Final = struct.Struct("<BBHIdIfhHH")


class _Heard:
    """The samples that a page was sent live, of one patient."""

    def __init__(self, patient: int) -> None:
        self._patient: Final = patient
        self.at: Final[dict[float, bytes]] = {}

    def follow(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._hear)

    @property
    def samples(self) -> bytes:
        return b"".join(self.at[t0_us] for t0_us in sorted(self.at))

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, str) or message[:1] != bytes([_ECG_RECORD]):
            return
        _, _, _, patient, t0_us, _, _, _, n, length = _HEAD.unpack_from(message)
        if patient == self._patient:
            begin = _HEAD.size + length + length % 2
            self.at[t0_us] = message[begin : begin + 2 * n]


def test_the_nurse_sees_live_the_samples_that_the_phone_sent(
    phone_browser: Browser, phone_stack: PhoneStack, open_phone: OpenPhone, complaints: Complaints
) -> None:
    phone_stack.analyse()
    patient = phone_stack.add_patient("Nadia Nord")
    heard = _Heard(patient)
    page = open_phone(link(phone_stack.code(patient)))
    pair(page)
    nurse = open_nurse(
        phone_browser, phone_stack, f"/patient/{patient}", lambda page: page.on("websocket", heard.follow)
    )
    complaints.listen(nurse)
    expect(nurse.get_by_role("heading", level=1)).to_have_text("Nadia Nord")
    play(page, minute(0, 60))
    expect_situation(page, "receiving")
    wait_for_wave(nurse.locator(".live-wave .wave canvas"))
    expect(page.locator(".rate")).to_contain_text("75")
    expect(nurse.locator(".hr-value")).to_have_text("75")
    wait_until_said(page, 60)
    whole = samples(60)
    wait_for(nurse, lambda: len(heard.samples) > 0 and heard.samples[-200:] in whole[-600:], "the last samples")
    # A wave is looked at from some moment on; from there on each sample is the strap's, in order, none twice.
    begin = whole.index(heard.samples[:400])
    assert heard.samples == whole[begin : begin + len(heard.samples)]
    assert len(heard.samples) > len(whole) / 2
    nurse.context.close()
