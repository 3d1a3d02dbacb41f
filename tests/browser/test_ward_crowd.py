"""Five hundred alarms at once: the page stays usable, nothing is lost, and what has one cause is one line."""

import secrets
from typing import Final

import psycopg
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
#: As ingest stores what comes: each was heard this moment.
_HEARD: Final = """
    INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard, last_received_at, last_sample_at)
    SELECT tenant_id, patient_id, device_id, 'ecg', %(boot)s, 0, clock_timestamp(), clock_timestamp()
    FROM devices JOIN tenants AS t USING (tenant_id) WHERE t.name = %(tenant)s
    RETURNING 1
"""
_LIMITS: Final = """
    INSERT INTO patient_limits (patient_id, tenant_id, call, name, value)
    SELECT patient_id, tenant_id, 'gone_quiet', 'seconds', 5
    FROM patients JOIN tenants AS t USING (tenant_id) WHERE t.name = %(tenant)s
    RETURNING 1
"""
_FATES: Final = """
    SELECT a.call, e.kind, e.detail ->> 'by', count(DISTINCT e.alarm_id)
    FROM alarm_events AS e JOIN alarms AS a USING (alarm_id) JOIN tenants AS t ON t.tenant_id = a.tenant_id
    WHERE t.name = %s AND e.kind IN ('raised', 'suppressed', 'ended') GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
_SHOWN: Final = """
    SELECT count(DISTINCT alarm_id) FROM alarm_events JOIN tenants AS t USING (tenant_id)
    WHERE kind = 'shown' AND t.name = %s
"""
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


def _crowd(stack: WardStack, tenant: str) -> User:
    """A nurse of another hospital, whose 500 patients have sent nothing yet."""
    user = User(f"cora-{secrets.token_hex(3)}", "Cora Crowded", secrets.token_urlsafe(12))
    with psycopg.connect(stack.database) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES (%s)", (tenant,))
        add_many(connection, [new_device() for _ in range(_MANY)], tenant=tenant)
        add_user(connection, user.login, name=user.name, role="nurse", password=user.password, tenant=tenant)
    return user


def test_500_alarms_of_one_cause_are_one_line_on_a_page_that_answers(stack: WardStack, sign_in: SignIn) -> None:
    crowd = _crowd(stack, _TENANT)
    page = sign_in(crowd, every_frame=True)
    assert len(stack.query(_RAISE, _TENANT)) == _MANY
    counts = page.locator("button.counts")
    expect(counts.locator("[data-technical]")).to_have_text(f"Technical{_MANY}")
    counts.click()
    board = page.get_by_role("complementary", name="Alarms")
    line = board.locator(".board-many")
    expect(line).to_have_count(1)
    expect(line).to_contain_text(f"No signal received: {_MANY} patients")
    assert board.locator(".alarm-bar").count() == 1
    wait_for(page, lambda: stack.query(_SHOWN, _TENANT) == [(_MANY,)], "all to be told as shown")
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


def test_500_who_go_quiet_at_once_are_one_alarm_that_hides_500_and_ends(stack: WardStack, sign_in: SignIn) -> None:
    tenant = f"{_TENANT} at once"
    page = sign_in(_crowd(stack, tenant))
    with psycopg.connect(stack.database) as connection:
        for statement in (_LIMITS, _HEARD):
            heard = connection.execute(statement, {"tenant": tenant, "boot": 1}).fetchall()
            assert len(heard) == _MANY
    counts = page.locator("button.counts")
    expect(counts.locator("[data-technical]")).to_have_text("Technical1")
    counts.click()
    board = page.get_by_role("complementary", name="Alarms")
    expect(board.locator(".alarm-bar")).to_have_count(1)
    expect(board.locator(".alarm-bar")).to_contain_text("Many signals lost at once")
    expect(board).to_contain_text(f"{_MANY} patients")
    lost = [("gone_quiet", "suppressed", "signals_lost", _MANY), ("signals_lost", "raised", None, 1)]
    wait_for(page, lambda: stack.query(_FATES, tenant) == lost, "each who is missing to be in the ledger")
    with psycopg.connect(stack.database) as connection:
        connection.execute(_HEARD, {"tenant": tenant, "boot": 2})
    expect(counts.locator("[data-technical]")).to_have_text("Technical0")
    assert ("signals_lost", "ended", None, 1) in stack.query(_FATES, tenant)
