"""Nobody's words are markup: hostile ones in every text that the pages show are read as they were written."""

import secrets
from typing import Final

import psycopg
import pytest
from playwright.sync_api import Page, expect

from dashboard.users import add_user
from tests.browser.conftest import SignIn
from tests.browser.pages import wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack
from tests.integration.tenants import Kept, keep

#: Out of a text, out of an attribute, and out of a script.
_EVIL: Final = "<b data-evil>\"'><img data-evil src=x onerror=evil=1></b></script><script>evil=1</script>{name}"
#: What happened to the alarm, and where somebody signed in.
_EVENTS: Final = """
    INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)
    SELECT
        %(alarm_id)s, tenant_id, kind, CASE WHEN kind IN ('shown', 'notified', 'reviewed') THEN user_id END,
        jsonb_build_object(
            'from', jsonb_build_object('address', %(evil)s::text, 'agent', %(evil)s::text), 'step', 1,
            'to', %(evil)s::text, 'users', ARRAY[user_id], 'verdict', 'false', 'note', %(evil)s::text
        )
    FROM users, unnest(ARRAY['shown', 'escalated', 'notified', 'ended', 'reviewed']) AS kind WHERE login = %(login)s
"""
_SESSIONS: Final = "UPDATE sessions SET agent = %(evil)s, address = %(evil)s WHERE csrf_token = 'x'"
_FOUND: Final = "document.querySelectorAll('[data-evil], [onerror], a[href^=\"javascript:\"]').length"
_SECTIONS: Final = ("people", "wards", "on-call", "channels", "storage", "systems", "sessions", "audit")


@pytest.fixture(scope="module")
def hospital(stack: WardStack) -> tuple[Kept, dict[str, User]]:
    """A hospital of its own in which everything is called so."""
    with psycopg.connect(stack.database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES (%s)", [_EVIL])
        people = {}
        for role in ("physician", "admin"):
            people[role] = User(f"{role}-{secrets.token_hex(3)}", f"{role} {_EVIL}", secrets.token_urlsafe(12))
            login, name, password = people[role]
            add_user(connection, login, name=name, role=role, password=password, tenant=_EVIL)
        kept = keep(connection, _EVIL, _EVIL, _EVIL)
        given = {"alarm_id": kept.ids["alarm_id"], "login": people["physician"].login, "evil": _EVIL}
        for statement in (_EVENTS, _SESSIONS):
            connection.execute(statement, given)
    return kept, people


def _look(page: Page, path: str, *, says: bool = True) -> None:
    """Open a page, see the words there as they are, and nothing that they made."""
    page.goto(path)
    if says:
        wait_for(page, lambda: _EVIL in page.inner_text("body"), f"{path} to show the words as they are")
    expect(page.locator("main")).to_be_visible()
    assert page.evaluate(_FOUND) == 0, path
    assert page.evaluate("typeof evil") == "undefined", path


def test_hostile_words_are_read_as_they_were_written_on_every_page(
    hospital: tuple[Kept, dict[str, User]], sign_in: SignIn
) -> None:
    kept, people = hospital
    page = sign_in(people["physician"])
    for path in ("/ward", f"/patient/{kept.patient_id}", f"/alarm/{kept.ids['alarm_id']}", "/review", "/statistics"):
        _look(page, path)
    page = sign_in(people["admin"])
    for section in _SECTIONS:
        _look(page, f"/admin/{section}")
