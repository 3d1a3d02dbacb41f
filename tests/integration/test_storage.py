"""The schema comes up on TimescaleDB and on plain PostgreSQL, and keeps what it promises."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from heartwire.storage.errors import DatabaseRefusedError, DatabaseUnavailableError, translated
from heartwire.storage.migrate import migrate
from heartwire.storage.pool import connect
from heartwire.storage.registry import RegistryError, add_patient, set_limit
from heartwire.topics import new_device
from tests.conftest import ROOT, StartHeartwire
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import find_free_port


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database, "test", autocommit=True) as connection:
        yield connection


def _raise_alarm(connection: psycopg.Connection[Any], patient_id: int, device: str) -> int:
    row = connection.execute(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (1, %s, %s, 'asystole', 'high', now(), now(), 'test') RETURNING alarm_id",
        (patient_id, device),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _add_event(connection: psycopg.Connection[Any], alarm_id: int, kind: str, user_id: int | None = None) -> None:
    connection.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail) VALUES (%s, 1, %s, %s, %s)",
        (alarm_id, kind, user_id, Jsonb({"by": "lead_off"} if kind == "suppressed" else {})),
    )


def test_migrating_at_once_from_three_places_applies_each_file_once(empty_database: str) -> None:
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(empty_database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = sorted(path.stem for path in (ROOT / "heartwire" / "storage" / "migrations").glob("*.sql"))
    assert files[0] == "0001_first"
    assert sorted(applied, key=len) == [[], [], files]


def test_the_command_says_what_it_did(empty_database: str, heartwire_process: StartHeartwire) -> None:
    for says in ("applied: 0001_first", "the schema is up to date"):
        process = heartwire_process(
            "migrate",
            "--database",
            empty_database,
            is_ready=lambda process, says=says: says in process.log,  # type: ignore[misc] # a default holds it
        )
        assert process.wait() == 0


def test_without_a_database_the_command_says_what_is_missing(heartwire_process: StartHeartwire) -> None:
    database = f"postgresql://heartwire@127.0.0.1:{find_free_port()}/heartwire"
    process = heartwire_process("migrate", "--database", database)
    assert process.wait() == 1
    assert "the database is not available" in process.log
    assert "Traceback" not in process.log


def test_the_large_tables_are_hypertables_where_there_are_any(
    connection: psycopg.Connection[Any], database_server: PostgresServer
) -> None:
    if database_server.name != "timescaledb":
        assert connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'").fetchone() is None
        return
    rows = connection.execute("SELECT hypertable_name FROM timescaledb_information.hypertables ORDER BY 1").fetchall()
    tables = [name for (name,) in rows]
    assert tables == [
        "beat_minutes",
        "beats",
        "ecg_blocks",
        "ecg_frames",
        "ecg_minutes",
        "hr_frames",
        "hrv_hours",
        "rhythms",
    ]


def test_what_happened_to_an_alarm_cannot_be_changed_or_removed(connection: psycopg.Connection[Any]) -> None:
    device = new_device()
    alarm_id = _raise_alarm(connection, add_patient(connection, "Ada", device=device), device)
    _add_event(connection, alarm_id, "raised")
    for statement in ("UPDATE alarm_events SET kind = 'ended'", "DELETE FROM alarm_events", "TRUNCATE alarm_events"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(statement)
    assert connection.execute("SELECT kind FROM alarm_events").fetchall() == [("raised",)]


def test_an_alarms_state_is_the_fold_of_its_events(connection: psycopg.Connection[Any]) -> None:
    device = new_device()
    alarm_id = _raise_alarm(connection, add_patient(connection, "Ada", device=device), device)
    user = connection.execute(
        "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'N', 'x', 'nurse')"
        " RETURNING user_id"
    ).fetchone()
    assert user is not None

    def state() -> tuple[bool, ...]:
        row = connection.execute(
            "SELECT raised_at IS NOT NULL, ended_at IS NOT NULL, acknowledged_by IS NOT NULL, suppressed_by IS NOT NULL"
            " FROM alarm_states WHERE alarm_id = %s",
            (alarm_id,),
        ).fetchone()
        assert row is not None
        return tuple(row)

    steps = [
        ("raised", (True, False, False, False)),
        ("acknowledged", (True, False, True, False)),
        ("acknowledgement_undone", (True, False, False, False)),
        ("acknowledged", (True, False, True, False)),
        ("ended", (True, True, True, False)),
        ("suppressed", (True, True, True, True)),
    ]
    for kind, wanted in steps:
        _add_event(connection, alarm_id, kind, user[0] if kind.startswith("acknowledge") else None)
        assert state() == wanted, kind


def test_listeners_hear_of_every_alarm_event(database: str, connection: psycopg.Connection[Any]) -> None:
    device = new_device()
    alarm_id = _raise_alarm(connection, add_patient(connection, "Ada", device=device), device)
    with connect(database, "listener", autocommit=True) as listener:
        listener.execute("LISTEN heartwire_alarm")
        _add_event(connection, alarm_id, "raised")
        assert [note.payload for note in listener.notifies(timeout=20, stop_after=1)] == [str(alarm_id)]


def test_an_acknowledgement_needs_a_person(connection: psycopg.Connection[Any]) -> None:
    device = new_device()
    alarm_id = _raise_alarm(connection, add_patient(connection, "Ada", device=device), device)
    with pytest.raises(psycopg.errors.CheckViolation):
        _add_event(connection, alarm_id, "acknowledged")


def test_a_patient_is_registered_with_his_device_and_limits(connection: psycopg.Connection[Any]) -> None:
    device = new_device()
    patient_id = add_patient(connection, "  Ada Lovelace ", ward="B", device=device)
    set_limit(connection, patient_id, "tachycardia", "bpm", 130)
    set_limit(connection, patient_id, "tachycardia", "bpm", 135)
    assert connection.execute("SELECT name, ward FROM patients").fetchall() == [("Ada Lovelace", "B")]
    assert connection.execute("SELECT call, name, value FROM patient_limits").fetchall() == [
        ("tachycardia", "bpm", 135)
    ]
    with pytest.raises(RegistryError, match="belongs to a patient already"):
        add_patient(connection, "Eve", device=device)
    assert connection.execute("SELECT count(*) FROM patients").fetchone() == (1,), "a patient without a device stayed"
    for name, device_name, says in [(" ", new_device(), "needs a name"), ("Eve", "no-device", "not a device's name")]:
        with pytest.raises(RegistryError, match=says):
            add_patient(connection, name, device=device_name)
    with pytest.raises(RegistryError, match="wanted 60 to 220"):
        set_limit(connection, patient_id, "tachycardia", "bpm", 400)
    with pytest.raises(RegistryError, match="has no limit"):
        set_limit(connection, patient_id, "tachycardia", "seconds", 4)
    with pytest.raises(RegistryError, match="no patient"):
        set_limit(connection, patient_id + 1, "tachycardia", "bpm", 130)


def test_what_the_database_says_of_a_row_is_not_repeated(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(DatabaseRefusedError, match="null value in column") as refused, translated():
        connection.execute("INSERT INTO patients (name, ward) VALUES ('Zacharias Unmistakable', 'B')")
    assert "Zacharias" in str(refused.value.__cause__), "the server quotes the row"
    assert "Zacharias" not in str(refused.value)


def test_the_drivers_errors_become_ours(database: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        connect(f"postgresql://heartwire@127.0.0.1:{find_free_port()}/heartwire", "test")
    with (
        connect(database, "test") as connection,
        pytest.raises(DatabaseRefusedError, match=r"the database refused: .*shard"),
        translated(),
    ):
        connection.execute("UPDATE analytics_cursors SET shard = 64")
