"""What happened to alarms is sealed in order, once, and whatever was done to it afterwards is named (promise P5)."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from analytics.ledger.sealer import seal_due
from heartwire.ledger import sealed
from heartwire.storage.ledger import SOURCES, Report, Wrong, check_chain, read_contents, read_entries
from heartwire.storage.retention import drop_due, set_policy
from tests.conftest import StartHeartwire
from tests.integration.analytics_stack import Stack, on_one_database
from tests.integration.storage_stack import BEGIN_US, HOUR_US, Vault, at
from tests.servers.waiting import wait_until

_ALARM = """
    INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine, confidence)
    SELECT tenant_id, patient_id, device_id, 'asystole', 'high', %(at)s, %(at)s, 'test', 0.75
    FROM devices WHERE device_id = %(device)s
    RETURNING alarm_id
"""
_EVENT = "INSERT INTO alarm_events (alarm_id, tenant_id, kind, detail) VALUES (%s, 1, %s, %s) RETURNING event_id"
_USER = """
    INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'N', 'x', 'nurse') RETURNING user_id
"""
_CONTACT = """
    INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)
    VALUES (1, %s, 'apprise', 'mail', 'mailto', 'secret', %s) RETURNING contact_id
"""
_ATTEMPT = """
    INSERT INTO notification_attempts (
        tenant_id, notification_id, alarm_id, patient_id, contact_id, user_id, took_ms, outcome
    )
    VALUES (1, 1, %s, %s, %s, %s, 12, 'failed') RETURNING attempt_id
"""
_LINE = """
    INSERT INTO retention_log (tenant_id, patient_id, kind, before, n_rows, dropped_by)
    VALUES (1, %s, 'ecg', now(), 0, 'Ada') RETURNING log_id
"""
#: What somebody who owns the database can do, and no row in it tells.
_PAST_THE_TRIGGERS = "SET session_replication_role = replica"


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    vault = Vault(database)
    yield vault
    vault.close()


def _alarm(vault: Vault, number: int = 0, *kinds: str) -> tuple[int, list[int]]:
    """Raise an alarm and end it; return its id and those of its events."""
    given = {"device": vault.device, "at": at(BEGIN_US + number)}
    row = vault.connection.execute(_ALARM, given).fetchone()
    assert row is not None
    detail = '{"hr_bpm": 41.50, "said": "é\\n"}'
    return row[0], [vault.value(_EVENT, row[0], kind, detail) for kind in kinds or ("raised", "ended")]


def _check(vault: Vault, anchor: tuple[int, str] | None = None) -> Report:
    return check_chain(vault.connection, 1, anchor=anchor)


def _wrong(report: Report) -> list[tuple[Wrong, int, int]]:
    return [(finding.wrong, finding.seq, finding.source_id) for finding in report.findings]


def _tamper(vault: Vault, statement: str, *given: object) -> None:
    with psycopg.connect(vault.database) as connection:
        connection.execute(_PAST_THE_TRIGGERS)
        assert connection.execute(statement, given).rowcount == 1


def test_every_event_is_sealed_once_in_order_and_the_chain_holds(vault: Vault) -> None:
    assert _check(vault) == Report(0, "00" * 32, 0, 0, 0, [])
    events = [event for number in range(3) for event in _alarm(vault, number)[1]]
    assert _check(vault).due == 6
    assert seal_due(vault.connection, 4) == 4
    assert seal_due(vault.connection) == 2
    assert seal_due(vault.connection) == 0
    entries = [entry for some in read_entries(vault.connection, 1) for entry in some]
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.source_id for entry in entries] == events
    report = _check(vault)
    assert (report.entries, report.head_hash, report.wrong, report.due) == (6, entries[-1].hash.hex(), 0, 0)
    for statement in ("DELETE FROM ledger", "UPDATE ledger SET at = now()", "TRUNCATE ledger"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            vault.connection.execute(statement)


@on_one_database
def test_a_transaction_that_commits_late_is_sealed_late_and_holds_nobody_back(vault: Vault) -> None:
    alarm_id, _ = _alarm(vault, 0, "raised")
    with psycopg.connect(vault.database) as slow:
        row = slow.execute(_EVENT, (alarm_id, "ended", "{}")).fetchone()
        assert row is not None
        later, _ = _alarm(vault, 1, "raised")
        assert seal_due(vault.connection) == 2
        assert _check(vault).wrong == 0
        slow.commit()
    assert seal_due(vault.connection) == 1
    entries = [entry for some in read_entries(vault.connection, 1) for entry in some]
    assert [entry.alarm_id for entry in entries] == [alarm_id, later, alarm_id]
    assert _check(vault).wrong == 0


@on_one_database
@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("UPDATE alarm_events SET at = at + interval '1 minute' WHERE event_id = %(event)s", Wrong.CHANGED),
        ("UPDATE alarm_events SET kind = 'suppressed' WHERE event_id = %(event)s", Wrong.CHANGED),
        ("UPDATE alarm_events SET detail = '{\"hr_bpm\": 41.5}' WHERE event_id = %(event)s", Wrong.CHANGED),
        ("DELETE FROM alarm_events WHERE event_id = %(event)s", Wrong.MISSING),
        ("UPDATE ledger SET at = at - interval '1 s' WHERE seq = 3", Wrong.ENTRY_CHANGED),
        ("UPDATE ledger SET content = sha256('') WHERE seq = 3", Wrong.ENTRY_CHANGED),
        ("DELETE FROM ledger WHERE seq = 3", Wrong.ENTRY_MISSING),
    ],
)
def test_what_was_changed_or_taken_away_is_named(vault: Vault, statement: str, wrong: Wrong) -> None:
    events = [event for number in range(3) for event in _alarm(vault, number)[1]]
    seal_due(vault.connection)
    with psycopg.connect(vault.database) as connection:
        connection.execute(_PAST_THE_TRIGGERS)
        assert connection.execute(statement, {"event": events[2]}).rowcount == 1
    first = _check(vault).findings[0]
    assert (first.wrong, first.seq) == (wrong, 3)
    assert "entry 3" in str(first)
    if wrong is not Wrong.ENTRY_MISSING:
        assert first.source_id == events[2]


@on_one_database
def test_entries_that_changed_places_are_named(vault: Vault) -> None:
    for number in range(3):
        _alarm(vault, number)
    seal_due(vault.connection)
    with psycopg.connect(vault.database) as connection:
        connection.execute(_PAST_THE_TRIGGERS)
        for before, after in ((3, 1003), (4, 3), (1003, 4)):
            connection.execute("UPDATE ledger SET seq = %s WHERE seq = %s", (after, before))
    # Each row is as it was sealed; what is wrong is where it stands.
    assert [(wrong, seq) for wrong, seq, _ in _wrong(_check(vault))] == [
        (Wrong.ENTRY_CHANGED, seq) for seq in (3, 4, 5)
    ]


@on_one_database
def test_an_event_that_was_slipped_in_with_an_entry_of_its_own_is_named(vault: Vault) -> None:
    alarms = [_alarm(vault, number)[0] for number in range(3)]
    seal_due(vault.connection)
    entries = [entry for some in read_entries(vault.connection, 1) for entry in some]
    with psycopg.connect(vault.database) as connection:
        connection.execute(_PAST_THE_TRIGGERS)
        row = connection.execute(_EVENT, (alarms[0], "suppressed", "{}")).fetchone()
        assert row is not None
        connection.execute("UPDATE ledger SET seq = seq + 1000 WHERE seq >= 3")
        connection.execute("UPDATE ledger SET seq = seq - 999 WHERE seq >= 1003")
        content = read_contents(connection, "alarm_events", row)[row[0]]
        forged = entries[1]._replace(seq=3, source_id=row[0], alarm_id=alarms[0], content=content)
        forged = sealed(forged, entries[1].hash)
        connection.execute(
            "INSERT INTO ledger SELECT tenant_id, 3, at, source, %s, %s, %s, %s FROM ledger WHERE seq = 2",
            (row[0], alarms[0], content, forged.hash),
        )
    # It follows from the one before it, and its row is as it says; those after it do not follow from it.
    assert [(wrong, seq) for wrong, seq, _ in _wrong(_check(vault))] == [
        (Wrong.ENTRY_CHANGED, seq) for seq in (4, 5, 6, 7)
    ]


@on_one_database
def test_a_changed_alarm_and_an_event_that_was_added_past_the_ledger_are_named(vault: Vault) -> None:
    first, _ = _alarm(vault, 0)
    second, events = _alarm(vault, 1)
    seal_due(vault.connection)
    _tamper(vault, "UPDATE alarms SET signal_at = signal_at + interval '1 minute' WHERE alarm_id = %s", second)
    _tamper(vault, "INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 1, 'ended')", first)
    added = vault.value("SELECT max(event_id) FROM alarm_events")
    assert _wrong(_check(vault)) == [
        (Wrong.CHANGED, 3, events[0]),
        (Wrong.CHANGED, 4, events[1]),
        (Wrong.ADDED, 0, added),
    ]


@on_one_database
def test_a_chain_that_was_made_anew_does_not_have_the_entry_that_was_noted(vault: Vault) -> None:
    for number in range(3):
        _alarm(vault, number)
    seal_due(vault.connection)
    before = _check(vault)
    noted = (before.entries, before.head_hash)
    assert _check(vault, noted).wrong == 0
    with psycopg.connect(vault.database) as connection:
        connection.execute(_PAST_THE_TRIGGERS)
        connection.execute("UPDATE alarm_events SET kind = 'suppressed' WHERE kind = 'ended'")
        connection.execute("TRUNCATE ledger")
        connection.execute(
            "INSERT INTO ledger_due (tenant_id, source, source_id, alarm_id)"
            " SELECT tenant_id, 'alarm_events', event_id, alarm_id FROM alarm_events ORDER BY event_id"
        )
    seal_due(vault.connection)
    assert _check(vault).wrong == 0, "nothing in the database itself tells"
    assert _wrong(_check(vault, noted)) == [(Wrong.ANCHOR, 6, 0)]
    assert _wrong(_check(vault, (7, before.head_hash))) == [(Wrong.ANCHOR, 7, 0)]


@on_one_database
def test_what_retention_drops_is_gone_by_its_word_and_what_only_says_so_is_not(vault: Vault) -> None:
    day_us = 24 * HOUR_US
    for number in (0, 1, 2, 9 * day_us):
        alarm_id, _ = _alarm(vault, number, "raised")
        vault.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, at, kind) VALUES (%s, 1, %s, 'suppressed')",
            (alarm_id, at(BEGIN_US + number)),
        )
    _tamper(vault, "UPDATE alarm_events SET at = %s WHERE event_id = 1", at(BEGIN_US))
    _tamper(vault, "UPDATE alarm_events SET at = %s WHERE event_id = 3", at(BEGIN_US))
    seal_due(vault.connection)
    set_policy(vault.connection, "alarms", 7, by="Ada", grace_hours=-1e6)
    assert sum(drop_due(vault.connection, "test", lambda: None, at(BEGIN_US + 8 * day_us))) == 2
    seal_due(vault.connection)
    report = _check(vault)
    assert (report.entries, report.dropped, report.findings) == (9, 4, [])
    _tamper(vault, "UPDATE retention_log SET dropped_by = 'somebody' WHERE log_id = %s", 1)
    found = [wrong for wrong, *_ in _wrong(_check(vault))]
    assert found == [*[Wrong.MISSING] * 4, Wrong.CHANGED], "a line that was changed excuses nothing"


#: What changes while an alarm lasts, and how the database finds those that do.
_NOT_SEALED = {
    "alarms": {"detail", "has_ended", "has_suppressed", "has_acknowledged", "has_undone"},
    "retention_log": {"xid"},
}
#: Another value of a column, where its own rules allow few.
_OTHERS = {"confidence": "0.5", "kind": "'shown'", "outcome": "'refused'", "priority": "'low'"}
_OTHER_OF_TYPE = {
    "text": "coalesce({0}, '') || 'x'",
    "jsonb": "'{{\"another\": 1}}'",
    "boolean": "NOT {0}",
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
}


@on_one_database
def test_no_column_of_what_is_sealed_changes_unseen(vault: Vault) -> None:
    user = vault.value(_USER)
    contact = vault.value(_CONTACT, user, user)
    alarm_id, _ = _alarm(vault, 0, "notified")
    vault.value(_ATTEMPT, alarm_id, vault.patient_id, contact, user)
    vault.value(_LINE, vault.patient_id)
    seal_due(vault.connection)
    assert _check(vault).wrong == 0
    for table in ("alarms", *SOURCES):
        columns = vault.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_name = %s AND is_identity = 'NO'",
            (table,),
        ).fetchall()
        for column, kind in columns:
            if column in _NOT_SEALED.get(table, set()):
                continue
            other = _OTHERS.get(column) or _OTHER_OF_TYPE.get(kind, "coalesce({0}, 0) + 1").format(column)
            before = vault.value(f"SELECT {column}::text FROM {table}")  # noqa: S608 # the schema's own names
            _tamper(vault, f"UPDATE {table} SET {column} = {other}")  # noqa: S608
            assert _check(vault).wrong > 0, f"{table}.{column} was changed, and nobody sees it"
            _tamper(vault, f"UPDATE {table} SET {column} = %s::{kind}", before)  # noqa: S608
            assert _check(vault).wrong == 0, f"{table}.{column} is as it was"


@on_one_database
@pytest.mark.parametrize("source", SOURCES)
def test_what_came_past_the_trigger_is_named(vault: Vault, source: str) -> None:
    user = vault.value(_USER)
    contact = vault.value(_CONTACT, user, user)
    alarm_id, _ = _alarm(vault, 0, "raised")
    seal_due(vault.connection)
    statement, given = {
        "alarm_events": ("INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 1, 'ended')", [alarm_id]),
        "notification_attempts": (_ATTEMPT, [alarm_id, vault.patient_id, contact, user]),
        "retention_log": (_LINE, [vault.patient_id]),
    }[source]
    _tamper(vault, statement, *given)
    assert [(finding.wrong, finding.source) for finding in _check(vault).findings] == [(Wrong.ADDED, source)]


@on_one_database
def test_of_two_who_seal_at_once_one_does_nothing(vault: Vault) -> None:
    for number in range(200):
        _alarm(vault, number)
    failures = []

    def seal() -> None:
        with psycopg.connect(vault.database, autocommit=True) as connection:
            try:
                while seal_due(connection, 20):
                    pass
            except psycopg.errors.UniqueViolation as error:
                failures.append(error)

    threads = [threading.Thread(target=seal) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while seal_due(vault.connection):
        pass
    report = _check(vault)
    assert (report.entries, report.wrong, report.due) == (400, 0, 0)


@on_one_database
def test_analytics_seals_and_the_command_says_what_was_done_to_it(
    vault: Vault, heartwire_process: StartHeartwire
) -> None:
    Stack(heartwire_process, vault.database).start()
    _, events = _alarm(vault)
    wait_until(lambda: vault.count("ledger") == len(events), "the events to be sealed")

    def run(*words: str) -> tuple[int | None, str]:
        process = heartwire_process("ledger", "--database", vault.database, *words)
        return process.wait(), process.log

    code, said = run("check")
    assert (code, "2 entries, all as it was sealed" in said) == (0, True), said
    noted = run("head")[1].split()[0]
    assert run("check", "--tenant", "default", "--anchor", noted)[0] == 0
    assert run("export")[1].count('"source": "alarm_events"') == 2
    _tamper(vault, "UPDATE alarm_events SET detail = '{}' WHERE event_id = %s", events[0])
    code, said = run("check")
    assert code == 1
    assert f"entry 1: alarm_events {events[0]} (alarm 1) is not as it was sealed" in said, said


@on_one_database
def test_an_attempt_to_tell_somebody_is_sealed_like_an_event(vault: Vault) -> None:
    alarm_id, _ = _alarm(vault, 0, "raised")
    user = vault.value(_USER)
    contact = vault.value(_CONTACT, user, user)
    attempt = vault.value(_ATTEMPT, alarm_id, vault.patient_id, contact, user)
    assert seal_due(vault.connection) == 2
    assert _check(vault).wrong == 0
    _tamper(vault, "UPDATE notification_attempts SET outcome = 'delivered' WHERE attempt_id = %s", attempt)
    (finding,) = _check(vault).findings
    assert (finding.wrong, finding.source, finding.source_id) == (Wrong.CHANGED, "notification_attempts", attempt)
