"""The ledger is counted anew by itself; one that is not whole is an alarm until a count finds nothing (promise P5)."""

from collections.abc import Iterator

import psycopg
import pytest

from analytics.ledger.checker import Checker
from analytics.ledger.sealer import seal_due
from tests.integration.analytics_stack import on_one_database
from tests.integration.storage_stack import BEGIN_US, Vault, at

pytestmark = on_one_database
_HOUR_S = 3600.0
_EVENT = """
    WITH new AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
        SELECT tenant_id, patient_id, device_id, 'asystole', 'high', %(at)s, %(at)s, 'test'
        FROM devices WHERE device_id = %(device)s RETURNING alarm_id, tenant_id
    )
    INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM new
"""


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    vault = Vault(database)
    yield vault
    vault.close()


def _seal_events(vault: Vault, n: int) -> None:
    for number in range(n):
        vault.connection.execute(_EVENT, {"device": vault.device, "at": at(BEGIN_US + number)})
    seal_due(vault.connection)


def _tamper(vault: Vault, kind: str) -> None:
    """Change the first event as who owns the database can."""
    with psycopg.connect(vault.database) as connection:
        connection.execute("SET session_replication_role = replica")
        changed = connection.execute(
            "UPDATE alarm_events SET kind = %s WHERE event_id = (SELECT min(event_id) FROM alarm_events)", [kind]
        )
        assert changed.rowcount == 1


def _age(vault: Vault) -> None:
    vault.connection.execute("UPDATE ledger_checks SET begun_at = begun_at - interval '2 h'")


def _checks(vault: Vault) -> list[int | None]:
    """Return what each check that nobody asked for found wrong, the oldest first."""
    rows = vault.connection.execute(
        "SELECT (report ->> 'wrong')::integer FROM ledger_checks WHERE user_id IS NULL ORDER BY check_id"
    )
    return [wrong for (wrong,) in rows]


def _broken(vault: Vault) -> list[tuple[str, int, bool]]:
    return vault.connection.execute(
        "SELECT priority, (detail ->> 'wrong')::integer, has_ended FROM alarms WHERE call = 'ledger_broken'"
        " ORDER BY alarm_id"
    ).fetchall()


def test_what_was_changed_is_an_alarm_until_a_count_finds_nothing(vault: Vault) -> None:
    with psycopg.connect(vault.database, autocommit=True) as connection:
        checker = Checker(connection, vault.database, _HOUR_S)
        checker.look()
        _seal_events(vault, 3)
        checker.look()
        assert _checks(vault) == [], "it is not due an hour after the first entry at the earliest"
        with psycopg.connect(vault.database) as owner:
            owner.execute("SET session_replication_role = replica")
            owner.execute("INSERT INTO ledger_checks (tenant_id, begun_at) VALUES (1, now() - interval '2 h')")
            owner.execute("UPDATE ledger_checks SET touched_at = begun_at")
        checker.look()
        assert _checks(vault) == [None, 0]
        checker.look()
        assert (_checks(vault), _broken(vault)) == ([None, 0], []), "once an hour"

        _tamper(vault, "ended")
        _age(vault)
        checker.look()
        checker.look()
        assert (_checks(vault), _broken(vault)) == ([None, 0, 1], [("high", 1, False)])

        _tamper(vault, "raised")
        _age(vault)
        checker.look()
        assert (_checks(vault)[-1], _broken(vault)) == (0, [("high", 1, True)])


def test_what_a_person_finds_is_told_too_and_one_process_is_enough(vault: Vault) -> None:
    _seal_events(vault, 2)
    with (
        psycopg.connect(vault.database, autocommit=True) as one,
        psycopg.connect(vault.database, autocommit=True) as two,
    ):
        first, second = Checker(one, vault.database, 0), Checker(two, vault.database, 0.001)
        first.look()
        second.look()
        assert _checks(vault) == [], "the first does none by itself, the second is not the one that checks"
        vault.connection.execute(
            "INSERT INTO ledger_checks (tenant_id, ended_at, report) VALUES (1, now(), '{\"wrong\": 2}')"
        )
        second.look()
        assert _broken(vault) == []
        first.look()
        assert _broken(vault) == [("high", 2, False)]
