"""What reached nobody, an episode without an alarm, an event without a seal: found, and over when accounted for."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from analytics.ledger.sealer import seal_due
from analytics.ledger.watchdog import Watchdog
from heartwire.access import CANARY_DEVICE
from heartwire.storage.canary import CANARY_LOGIN, register_canary
from tests.integration.analytics_stack import on_one_database
from tests.integration.storage_stack import BEGIN_US, Vault, at

_ALARM = """
    INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
    SELECT tenant_id, patient_id, device_id, 'asystole', 'high', %(at)s, %(at)s, 'test'
    FROM devices WHERE device_id = %(device)s
    RETURNING alarm_id
"""


class _Ward:
    """A database with a watchdog that waits for nothing."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.connection = vault.connection
        self._watchdog = Watchdog(vault.connection, 0.0)
        self._number = 0

    def raise_alarm(self) -> int:
        self._number += 1
        given = {"device": self.vault.device, "at": at(BEGIN_US + self._number)}
        row = self.connection.execute(_ALARM, given).fetchone()
        assert row is not None
        self.add_event(row[0], "raised")
        return int(row[0])

    def add_event(self, alarm_id: int, kind: str) -> None:
        self.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 1, %s)", (alarm_id, kind)
        )

    def look(self, *, seals: bool = True) -> dict[str, Any] | None:
        """Let the watchdog look, and return what its open alarm says."""
        if seals:
            seal_due(self.connection)
        self._watchdog.look()
        if seals:
            seal_due(self.connection)
        rows = self.connection.execute(
            "SELECT detail, tenant_id FROM alarms WHERE call = 'alarm_unaccounted' AND NOT has_ended"
        ).fetchall()
        assert len(rows) <= 1
        return rows[0][0] if rows else None


@pytest.fixture
def ward(database: str) -> Iterator[_Ward]:
    vault = Vault(database)
    register_canary(vault.connection, None)
    yield _Ward(vault)
    vault.close()


@on_one_database
def test_an_alarm_that_reached_nobody_is_named_until_somebody_knows(ward: _Ward) -> None:
    assert ward.look() is None
    first, second, third = (ward.raise_alarm() for _ in range(3))
    assert ward.look() == {"alarms": 3, "episodes": 0, "unsealed": 0, "first": [first, second, third]}
    ward.add_event(first, "shown")
    ward.add_event(third, "suppressed")
    ward.add_event(second, "ended")
    assert ward.look() == {"alarms": 1, "episodes": 0, "unsealed": 0, "first": [second]}
    assert ward.look() == {"alarms": 1, "episodes": 0, "unsealed": 0, "first": [second]}, "told once"
    ward.add_event(second, "notified")
    assert ward.look() is None
    events = ward.connection.execute(
        "SELECT e.kind FROM alarm_events AS e JOIN alarms AS a USING (alarm_id) WHERE a.call = 'alarm_unaccounted'"
        " ORDER BY e.event_id"
    ).fetchall()
    assert events == [("raised",), ("ended",)]


@on_one_database
def test_what_is_late_paused_taken_on_or_reviewed_asks_for_nobody(ward: _Ward) -> None:
    late, paused, taken_on, reviewed = (ward.raise_alarm() for _ in range(4))
    ward.connection.execute("UPDATE alarms SET late = true WHERE alarm_id = %s", (late,))
    ward.add_event(paused, "paused")
    for alarm_id, kind in ((taken_on, "acknowledged"), (reviewed, "reviewed")):
        ward.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
            " SELECT %s, 1, %s, user_id FROM users WHERE login = %s",
            (alarm_id, kind, CANARY_LOGIN),
        )
    assert ward.look() is None


@on_one_database
def test_the_canary_is_nobody_and_one_process_watches(ward: _Ward) -> None:
    assert ward.look() is None
    of_canary = {"device": CANARY_DEVICE, "at": at(BEGIN_US)}
    row = ward.connection.execute(_ALARM, of_canary).fetchone()
    ward.connection.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM alarms"
        " WHERE alarm_id = %s",
        row,
    )
    assert ward.look() is None
    first = ward.raise_alarm()
    seal_due(ward.connection)
    with psycopg.connect(ward.vault.database, autocommit=True) as another:
        Watchdog(another, 0.0).look()
    assert ward.vault.value("SELECT count(*) FROM alarms WHERE call = 'alarm_unaccounted'") == 0
    assert ward.look() == {"alarms": 1, "episodes": 0, "unsealed": 0, "first": [first]}


@on_one_database
def test_an_episode_without_an_alarm_and_an_event_without_a_seal_are_found(ward: _Ward) -> None:
    assert ward.look() is None
    episode = (
        "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, engine, is_rerun)"
        " SELECT tenant_id, patient_id, device_id, 'pause', now(), 'test', %s FROM devices WHERE device_id = %s"
    )
    ward.connection.execute(episode, (True, ward.vault.device))
    assert ward.look() is None, "what was analysed again was told when it was live"
    ward.connection.execute(episode, (False, ward.vault.device))
    assert ward.look() == {"alarms": 0, "episodes": 1, "unsealed": 0, "first": []}
    ward.connection.execute("DELETE FROM episodes")
    assert ward.look() is None
    alarm_id = ward.raise_alarm()
    ward.add_event(alarm_id, "shown")
    said = ward.look(seals=False)
    assert said is not None
    assert said["unsealed"] >= 2
    seal_due(ward.connection)
    assert ward.look() is None
