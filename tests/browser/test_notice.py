"""The link in a message, on the phone of who was told: it shows, and only its buttons act."""

import hashlib
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import STEADY, Complaints, OpenPage
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_PHONE = {"width": 390, "height": 844}


class _Told:
    """Somebody who was told of two alarms."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]], login: str) -> None:
        self.connection = connection
        self.token = secrets.token_urlsafe(32)
        self.alarms = [self._raise(call, priority) for call, priority in (("pause", "medium"), ("couplet", "low"))]
        contact = self._one(
            "INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)"
            " SELECT 1, user_id, 'canary', 'x', 'x', %s, user_id FROM users WHERE login = %s RETURNING contact_id",
            self.token,
            login,
        )
        self.notice = self._one(
            "INSERT INTO notices (tenant_id, contact_id, user_id, token_hash, expires_at)"
            " SELECT 1, contact_id, user_id, %s, now() + interval '1 hour' FROM contacts WHERE contact_id = %s"
            " RETURNING notice_id",
            hashlib.sha256(self.token.encode()).digest(),
            contact,
        )
        for alarm_id in self.alarms:
            self._one(
                "INSERT INTO notifications (tenant_id, alarm_id, contact_id, user_id, step, state, notice_id)"
                " SELECT 1, %s, contact_id, user_id, 1, 'delivered', %s FROM contacts WHERE contact_id = %s"
                " RETURNING 1",
                alarm_id,
                self.notice,
                contact,
            )

    def _one(self, statement: str, *given: object) -> int:
        row = self.connection.execute(statement.encode(), given).fetchone()
        assert row is not None
        assert isinstance(row[0], int)
        return row[0]

    def _raise(self, call: str, priority: str) -> int:
        alarm_id = self._one(
            "INSERT INTO alarms (tenant_id, patient_id, call, priority, onset_at, signal_at, engine)"
            " SELECT 1, patient_id, %s, %s, clock_timestamp(), now(), 'notice' FROM patients WHERE name = %s"
            " RETURNING alarm_id",
            call,
            priority,
            STEADY,
        )
        self.event(alarm_id, "raised")
        return alarm_id

    def event(self, alarm_id: int, kind: str) -> None:
        """Add what happens to an alarm."""
        self.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 1, %s)", (alarm_id, kind)
        )

    def kinds(self) -> list[object]:
        """Return what happened to the alarms since they were raised."""
        rows = self.connection.execute(
            "SELECT kind FROM alarm_events WHERE alarm_id = ANY(%s) AND kind NOT IN ('raised', 'shown')"
            " ORDER BY event_id",
            (self.alarms,),
        )
        return [kind for (kind,) in rows]


@pytest.fixture
def told(stack: WardStack, nurse: User) -> Iterator[_Told]:
    with psycopg.connect(stack.database, autocommit=True) as connection:
        told = _Told(connection, nurse.login)
        yield told
        for alarm_id in told.alarms:
            told.event(alarm_id, "ended")


def test_the_link_shows_and_its_buttons_act(told: _Told, open_page: OpenPage) -> None:
    page, other = (open_page(f"/n/{told.token}", viewport=_PHONE) for _ in range(2))
    expect(page.get_by_role("heading", name="Alarms for Nora Nurse")).to_be_visible()
    expect(other.get_by_text("Nobody has answered yet.")).to_have_count(2)
    assert STEADY.split()[0] not in page.inner_text("main")
    assert told.kinds() == [], "looking changes nothing"
    assert page.evaluate("document.documentElement.scrollWidth") <= _PHONE["width"]
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge: Pause")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken by Nora Nurse")).to_be_visible()
    expect(other.get_by_text("Taken by Nora Nurse")).to_be_visible()
    other.get_by_role("button", name="I cannot: tell the next one").click()
    expect(other.get_by_text("Passed on: the next one is told.")).to_be_visible()
    expect(other.get_by_role("button", name="I cannot: tell the next one")).to_have_count(0)
    assert told.kinds() == ["acknowledged", "passed_on"]


def test_a_link_speaks_the_language_of_who_was_told_and_a_link_of_nobody_says_so(
    told: _Told, open_page: OpenPage, complaints: Complaints
) -> None:
    told.connection.execute("UPDATE users SET language = 'de' WHERE name = 'Nora Nurse'")
    page = open_page(f"/n/{told.token}", viewport=_PHONE)
    expect(page.get_by_role("button", name="Ich kann nicht: den Nächsten rufen")).to_be_visible()
    told.connection.execute("UPDATE users SET language = 'en' WHERE name = 'Nora Nurse'")
    complaints.wanted_status = 404
    gone = open_page(f"/n/{secrets.token_urlsafe(32)}", viewport=_PHONE)
    expect(gone.get_by_role("alert")).to_have_text("This link does not open anything any more. Open the ward instead.")
