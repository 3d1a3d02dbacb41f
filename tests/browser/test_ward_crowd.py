"""Five hundred alarms at once: the page stays usable, nothing is lost, and what has one cause is one line."""

import secrets
from typing import Final

import psycopg
import pytest
from playwright.sync_api import expect

from dashboard.users import add_user
from heartwire.storage.registry import add_many
from heartwire.topics import new_device
from tests.browser.conftest import SignIn
from tests.browser.pages import wait_for
from tests.browser.served_stack import User
from tests.browser.ward_stack import WardStack

_MANY: Final = 500
_TENANT: Final = "crowded"
_RAISE: Final = """
    WITH raised AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, detail, engine)
        SELECT d.tenant_id, d.patient_id, d.device_id, 'gone_quiet', 'medium', now() - interval '15 s', now(), '{}',
               'test'
        FROM devices AS d JOIN tenants AS t USING (tenant_id) WHERE t.name = %s
        RETURNING alarm_id, tenant_id
    )
    INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM raised RETURNING 1
"""


@pytest.fixture(scope="module")
def crowd(stack: WardStack) -> User:
    """A nurse of another hospital, whose 500 patients have sent nothing yet."""
    user = User(f"cora-{secrets.token_hex(3)}", "Cora Crowded", secrets.token_urlsafe(12))
    with psycopg.connect(stack.database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES (%s)", (_TENANT,))
        add_many(connection, [new_device() for _ in range(_MANY)], tenant=_TENANT)
        add_user(connection, user.login, name=user.name, role="nurse", password=user.password, tenant=_TENANT)
    return user


def test_500_alarms_of_one_cause_are_one_line_on_a_page_that_answers(
    stack: WardStack, crowd: User, sign_in: SignIn
) -> None:
    page = sign_in(crowd)
    assert len(stack.query(_RAISE, _TENANT)) == _MANY
    counts = page.locator("button.counts")
    expect(counts.locator("[data-technical]")).to_have_text(f"Technical{_MANY}")
    counts.click()
    board = page.get_by_role("complementary", name="Alarms")
    line = board.locator(".board-many")
    expect(line).to_have_count(1)
    expect(line).to_contain_text(f"No signal received: {_MANY} patients")
    assert board.locator(".alarm-bar").count() == 1
    shown = "SELECT count(DISTINCT alarm_id) FROM alarm_events WHERE kind = 'shown' AND tenant_id <> 1"
    wait_for(page, lambda: stack.query(shown) == [(_MANY,)], "all to be told as shown")
    # A press answers while all of them flash, count and come again every second.
    took_ms = page.evaluate(
        "async () => { const begin = performance.now();"
        " document.querySelector('.board-many [aria-expanded]').click();"
        " while (document.querySelectorAll('.board-one').length < 50)"
        " await new Promise(done => requestAnimationFrame(done));"
        " return performance.now() - begin; }"
    )
    assert took_ms < 1_000
    board.locator(".board-one").first.get_by_role("button", name="Acknowledge").click()
    expect(line).to_contain_text(f"No signal received: {_MANY - 1} patients")
    expect(board.locator("[data-section=answered] .alarm-bar")).to_contain_text(crowd.name)
    page.keyboard.press("Escape")
    expect(board).to_have_count(0)
    assert page.evaluate("document.activeElement.matches('button.counts')")
