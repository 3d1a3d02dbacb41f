"""Which alarms are open: found by marks and indexes, the same as the plain fold of all events; on both databases."""

import asyncio
import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Final

import psycopg
import pytest

from dashboard.alarms import open_alarms
from heartwire.calls import CALLS
from heartwire.storage.pool import connect
from tests.servers.waiting import wait_until

_KINDS: Final = ("raised", "suppressed", "ended", "acknowledged", "acknowledgement_undone")
#: One that latches, one that does not, one of a later version's catalogue.
_CALLS: Final = ("asystole", "pause", "couplet")
_PLAIN_FOLD: Final = """
    SELECT alarm_id FROM alarm_states
    WHERE tenant_id = %s AND raised_at IS NOT NULL AND suppressed_at IS NULL
        AND (ended_at IS NULL OR (acknowledged_at IS NULL AND call = ANY(%s)))
    ORDER BY alarm_id
"""
_LATCHING: Final = [call.code for call in CALLS.values() if call.latching]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database, "test", autocommit=True) as connection:
        connection.execute("INSERT INTO tenants (name) VALUES ('other')")
        connection.execute(
            "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'N', 'x', 'nurse')"
        )
        yield connection


def _add_alarms(connection: psycopg.Connection[Any], calls: Sequence[str], *, tenant_id: int = 1) -> list[int]:
    """Add alarms, without an event so far, and return their ids in the order of `calls`."""
    rows = connection.execute(
        "INSERT INTO alarms (tenant_id, call, priority, onset_at, signal_at, engine)"
        " SELECT %s, call, 'medium', to_timestamp(n), to_timestamp(n), 'test ' || %s"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS given (call, n) ORDER BY n RETURNING alarm_id",
        (tenant_id, tenant_id, list(calls)),
    ).fetchall()
    return sorted(alarm_id for (alarm_id,) in rows)


def _add_events(connection: psycopg.Connection[Any], alarms: Sequence[int], kinds: Sequence[str]) -> None:
    connection.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
        " SELECT alarm_id, 1, kind, CASE WHEN kind LIKE 'acknowledge%%' THEN 1 END"
        " FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS given (alarm_id, kind, n) ORDER BY n",
        (list(alarms), list(kinds)),
    )


def _plain_fold(connection: psycopg.Connection[Any], tenant_id: int = 1) -> list[int]:
    return [alarm_id for (alarm_id,) in connection.execute(_PLAIN_FOLD, (tenant_id, _LATCHING))]


def _open(database: str, tenant_id: int = 1) -> list[int]:
    async def read() -> list[int]:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            return [alarm.id for alarm in await open_alarms(connection, tenant_id)]

    return asyncio.run(read())


def test_after_every_history_the_same_are_open_as_by_the_plain_fold(
    connection: psycopg.Connection[Any], database: str
) -> None:
    histories = [history for n in range(5) for history in itertools.product(_KINDS, repeat=n)]
    told = [(call, history) for call in _CALLS for history in histories]
    for tenant_id in (1, 2):
        alarms = _add_alarms(connection, [call for call, _ in told], tenant_id=tenant_id)
        # The ledger's lines of different alarms lie between each other, as they come in a ward.
        for place in range(4):
            pairs = [
                (alarm, history[place])
                for alarm, (_, history) in zip(alarms, told, strict=True)
                if len(history) > place
            ]
            _add_events(connection, *zip(*pairs, strict=True))
            assert _open(database, tenant_id) == _plain_fold(connection, tenant_id)
    wanted = {
        ("asystole", ("raised",)): True,
        ("asystole", ("raised", "ended")): True,
        ("asystole", ("raised", "ended", "acknowledged")): False,
        ("asystole", ("raised", "acknowledged", "ended", "acknowledgement_undone")): True,
        ("pause", ("raised", "ended")): False,
        ("pause", ("raised", "acknowledged")): True,
        ("couplet", ("raised", "suppressed")): False,
    }
    still = set(_open(database, 2))
    assert {key: alarm in still for alarm, key in zip(alarms, told, strict=True) if key in wanted} == wanted


@pytest.mark.parametrize(
    ("first", "second"), list(itertools.permutations(("ended", "acknowledged", "acknowledgement_undone"), 2))
)
def test_events_written_at_the_same_time_leave_no_alarm_out(
    connection: psycopg.Connection[Any], database: str, first: str, second: str
) -> None:
    alarms = _add_alarms(connection, ["asystole"])
    for kind in ("raised", "acknowledged"):
        _add_events(connection, alarms, [kind])

    def write() -> None:
        with connect(database, "second", autocommit=True) as other:
            _add_events(other, alarms, [second])

    thread = threading.Thread(target=write)
    with connect(database, "first") as writer:
        _add_events(writer, alarms, [first])
        thread.start()
        wait_until(lambda: _waits(connection) or not thread.is_alive(), "the second to write, or to wait for the first")
        writer.commit()
    thread.join()
    assert _open(database) == _plain_fold(connection)


def _waits(connection: psycopg.Connection[Any]) -> bool:
    return bool(
        connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ).fetchall()
    )


def test_only_what_may_be_open_is_read(connection: psycopg.Connection[Any], database: str) -> None:
    settled = _add_alarms(connection, ["asystole", "pause"] * 2500)
    for kind in ("raised", "acknowledged", "ended"):
        _add_events(connection, settled, [kind] * len(settled))
    lasting = _add_alarms(connection, ["asystole", "pause", "tachycardia"], tenant_id=2)
    connection.execute("UPDATE alarms SET tenant_id = 1 WHERE tenant_id = 2")
    _add_events(connection, lasting, ["raised"] * 3)
    connection.execute("VACUUM ANALYZE alarms, alarm_events")

    async def read() -> tuple[list[int], int]:
        async with (
            await psycopg.AsyncConnection.connect(database, autocommit=True) as reader,
            reader.transaction(),
        ):
            found = [alarm.id for alarm in await open_alarms(reader, 1)]
            counts = await reader.execute(
                "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables"
                " WHERE relname IN ('alarms', 'alarm_events')"
            )
            row = await counts.fetchone()
            assert row is not None
            return found, int(row[0])

    found, rows_read = asyncio.run(read())
    assert found == lasting
    assert rows_read < 50
