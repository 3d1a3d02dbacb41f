"""What is made of the record: a report is asked for, followed and fetched."""

import io
import re
from pathlib import Path

import pypdf
from playwright.sync_api import expect

from tests.browser.conftest import STEADY, SignIn
from tests.browser.pages import tile_of
from tests.browser.served_stack import User


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
