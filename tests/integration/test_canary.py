"""A run of the canary is followed through every stage, and the first that it does not reach is named (promise P6)."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from analytics.canary.recorder import Recorder
from analytics.canary.sender import Listener, Sender
from analytics.canary.settings import CanarySettings
from analytics.canary.signal import FS_HZ, draw_cycle
from analytics.ledger.sealer import seal_due
from dashboard.canary import CanaryFacts, CanaryState, canary_now, read_canary
from heartwire.access import CANARY_DEVICE
from heartwire.broker_files import read_devices
from heartwire.canary import Stage
from heartwire.storage.canary import CanaryRunsError, register_canary, retire_canary
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames
from tests.integration.analytics_stack import on_one_database, store
from tests.integration.dashboard_stack import Stack, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import find_free_port, wait_until

_ALARM = """
    WITH alarm AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
        SELECT tenant_id, patient_id, device_id, 'ventricular_tachycardia', 'high', at, at, 'test'
        FROM devices, (SELECT timestamptz 'epoch' + %s * interval '1 microsecond' AS at) AS moment WHERE device_id = %s
        RETURNING *
    )
    INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, tenant_id, 'raised' FROM alarm
"""


class _Path:
    """The database, and what stands for each stage of the way."""

    def __init__(self, database: str, pages_url: str = "") -> None:
        self.connection = psycopg.connect(database, autocommit=True)
        self.database = database
        register_canary(self.connection, "a secret")
        self.recorder = Recorder(
            CanarySettings(database=SecretStr(database), patience_s=2.0, cycle_s=100, pages_url=pages_url)
        )
        self.recorder.start()

    def close(self) -> None:
        self.recorder.stop()
        self.connection.close()

    def begin(self, ago_s: int = 0) -> int:
        onset_us = time.time_ns() // 1000 - ago_s * 1_000_000
        self.recorder.began(onset_us)
        return onset_us

    def store(self, onset_us: int) -> None:
        frames = cut_into_frames(draw_cycle(20, 0)[: 2 * FS_HZ], onset_us, boot_id=onset_us % 1_000_000)
        with self.connection.transaction():
            store(self.connection, CANARY_DEVICE, frames)

    def raise_alarm(self, onset_us: int) -> None:
        self.connection.execute(_ALARM, (onset_us, CANARY_DEVICE))

    def notify(self) -> None:
        self.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind)"
            " SELECT max(alarm_id), max(tenant_id), 'notified' FROM alarms"
        )

    def ended(self) -> list[tuple[Any, ...]]:
        seal_due(self.connection)
        return self.connection.execute(
            "SELECT failed_stage FROM canary_runs WHERE ended_at IS NOT NULL ORDER BY run_id"
        ).fetchall()

    def facts(self) -> CanaryFacts:
        async def read() -> CanaryFacts:
            async with await psycopg.AsyncConnection.connect(self.database) as connection:
                return await read_canary(connection)

        return asyncio.run(read())


@pytest.fixture
def path(database: str) -> Iterator[_Path]:
    path = _Path(database)
    yield path
    path.close()


@on_one_database
def test_a_run_that_comes_through_is_proven_and_one_that_does_not_says_where_it_broke(path: _Path) -> None:
    assert canary_now(path.facts(), 0).state is CanaryState.NEVER
    onset_us = path.begin()
    path.recorder.taken()
    path.store(onset_us)
    path.raise_alarm(onset_us)
    path.notify()
    seal_due(path.connection)
    taken_on = "SELECT ended_at FROM canary_runs WHERE acknowledged_at IS NOT NULL"
    wait_until(lambda: path.connection.execute(taken_on).fetchall() != [], "the run to be taken on")
    assert path.connection.execute(taken_on).fetchall() == [(None,)], "that it was taken on is not sealed yet"
    wait_until(lambda: path.ended() == [(None,)], "the run to be proven")
    facts = path.facts()
    assert facts.proven_us is not None
    assert [time.stage for time in facts.stages] == [
        Stage.SENT,
        Stage.STORED,
        Stage.RAISED,
        Stage.NOTIFIED,
        Stage.ACKNOWLEDGED,
        Stage.SEALED,
    ]
    assert canary_now(facts, facts.proven_us + 1).state is CanaryState.PROVEN
    (who,) = path.connection.execute(
        "SELECT u.name, u.password_hash, e.detail ->> 'from' FROM alarm_events AS e JOIN users AS u USING (user_id)"
    ).fetchall()
    assert who == ("Canary", "!", "canary"), "whom nobody can sign in as"

    path.store(path.begin())  # the broker never confirms it
    wait_until(lambda: len(path.ended()) == 2, "the second run to end")
    path.begin()
    path.recorder.taken()
    wait_until(lambda: len(path.ended()) == 3, "the third run to end")
    onset_us = path.begin()
    path.recorder.taken()
    path.store(onset_us)
    wait_until(lambda: len(path.ended()) == 4, "the fourth run to end")
    onset_us = path.begin()
    path.recorder.taken()
    path.store(onset_us)
    path.raise_alarm(onset_us)
    wait_until(lambda: len(path.ended()) == 5, "the fifth run to end")
    assert path.ended() == [(None,), ("sent",), ("stored",), ("raised",), ("notified",)]
    answers = path.connection.execute("SELECT count(*) FROM alarm_events WHERE kind = 'acknowledged'").fetchone()
    assert answers == (1,), "of what nobody was told nobody takes anything on"
    facts = path.facts()
    assert facts.proven_us is not None
    now = canary_now(facts, facts.proven_us + 1)
    assert (now.state, now.failed_stage) == (CanaryState.STALE, Stage.NOTIFIED)
    assert (path.recorder.n_proven, path.recorder.n_failed) == (1, 4)


@on_one_pair
def test_its_alarm_is_taken_on_by_the_link_that_it_was_sent(
    database: str, broker: BrokerServer, heartwire_process: StartHeartwire
) -> None:
    pages = Stack(heartwire_process, database, broker)
    path = _Path(database, pages.url)
    settings = {"HEARTWIRE_NOTIFIER_DATABASE": database, "HEARTWIRE_NOTIFIER_TURN_S": "0.1"}
    heartwire_process("notifier", env=settings, is_ready=lambda process: "the database is there" in process.log)
    try:
        _run_up_to_the_alarm(path)
        wait_until(lambda: path.ended() == [(None,)], "the run to be proven")
        (who,) = path.connection.execute(
            "SELECT u.name, e.detail #>> '{from,agent}' FROM alarm_events AS e JOIN users AS u USING (user_id)"
            " WHERE e.kind = 'acknowledged'"
        ).fetchall()
        assert who[0] == "Canary"
        assert who[1].startswith("link, ")
        # It is told still, but nobody could answer.
        pages.server.kill()
        _run_up_to_the_alarm(path, ago_s=20)  # so that it is not the first one's
        wait_until(lambda: len(path.ended()) == 2, "a run that nobody answered")
        assert path.ended() == [(None,), ("acknowledged",)]
    finally:
        path.close()


def _run_up_to_the_alarm(path: _Path, ago_s: int = 0) -> None:
    onset_us = path.begin(ago_s)
    path.recorder.taken()
    path.store(onset_us)
    path.raise_alarm(onset_us)


@on_one_database
def test_the_canary_is_of_nobodys_ward_and_its_broker_knows_its_secret(path: _Path) -> None:
    register_canary(path.connection, "a secret")
    rows = path.connection.execute(
        "SELECT t.purpose, p.name, count(*) FROM tenants AS t JOIN patients AS p USING (tenant_id)"
        " JOIN devices USING (patient_id) GROUP BY 1, 2"
    ).fetchall()
    assert rows == [("canary", "Canary", 1)]
    assert read_devices(path.connection)[CANARY_DEVICE].fits("a secret")
    register_canary(path.connection, "another")
    assert read_devices(path.connection)[CANARY_DEVICE].fits("another")


def test_a_canary_that_is_retired_proves_nothing_asks_for_nothing_and_may_come_back(path: _Path) -> None:
    onset_us = path.begin()
    path.store(onset_us)
    wait_until(lambda: bool(path.ended()), "a run that is over")
    path.connection.execute("INSERT INTO service_heartbeats (service, instance, at) VALUES ('canary', 'x', now())")
    with pytest.raises(CanaryRunsError, match="stop `heartwire canary`"):
        retire_canary(path.connection)
    path.connection.execute("UPDATE service_heartbeats SET at = now() - interval '11 s'")
    assert retire_canary(path.connection)
    assert not retire_canary(path.connection)
    assert canary_now(path.facts(), 0).state is CanaryState.NEVER
    duties = "SELECT (SELECT count(*) FROM on_call) + (SELECT count(*) FROM escalation_chains)"
    assert path.connection.execute(duties).fetchall() == [(0,)]
    shut_out = "SELECT revoked_at IS NOT NULL FROM devices WHERE device_id = %s"
    assert path.connection.execute(shut_out, [CANARY_DEVICE]).fetchall() == [(True,)]
    register_canary(path.connection, "a secret")
    assert path.connection.execute(shut_out, [CANARY_DEVICE]).fetchall() == [(False,)]
    assert path.connection.execute(duties).fetchall() == [(2,)]


def test_a_cycle_without_a_broker_is_a_run_that_was_not_sent() -> None:
    settings = CanarySettings(broker_port=find_free_port(), retry_longest_s=0.1)
    impossible: list[int] = []

    def hear(at_us: int) -> None:
        impossible.append(at_us)
        sender.stop()

    sender = Sender(settings, Listener(lambda _onset_us: None, lambda: None, hear), lambda: None)
    sender._due_s = time.monotonic()
    sender.run()
    assert len(impossible) == 1
