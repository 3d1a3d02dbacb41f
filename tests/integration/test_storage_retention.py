"""What is forgotten when: as the policies say, never of a held patient, never without a line in the log."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from heartwire.storage.chunks import list_chunks
from heartwire.storage.leases import LeaseLostError
from heartwire.storage.retention import (
    RetentionError,
    drop_due,
    list_holds,
    look_ahead,
    place_hold,
    release_hold,
    set_policy,
)
from heartwire.storage.stored import FrameKey, find_forgotten
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames
from tests.integration.storage_stack import BEGIN_US, HOUR_US, Vault, at, noise, rows_of
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_DAY_US = 24 * HOUR_US
#: Ten days after the signal of `_two_days`.
_NOW = at(BEGIN_US + 10 * _DAY_US)


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    vault = Vault(database)
    yield vault
    vault.close()


def _two_days(vault: Vault) -> list[list[object]]:
    """Store a minute of two patients on each of two days, in blocks; return each patient's rows, the old day first."""
    rows: list[list[object]] = []
    for patient_id, device in ((vault.patient_id, vault.device), (vault.add_patient())):
        frames = cut_into_frames(noise(60 * 250, patient_id), BEGIN_US)
        frames += cut_into_frames(noise(60 * 250, 9), BEGIN_US + 5 * _DAY_US, first_seq=60)
        vault.put(frames, device=device)
        rows.append([patient_id, *rows_of(device, frames)])
    vault.analyse()
    vault.compact()
    return rows


def _drop(vault: Vault, now: datetime = _NOW) -> int:
    return sum(drop_due(vault.connection, "test", lambda: None, now))


def _policy(vault: Vault, kind: str, days: int, keep_rows: int | None = None) -> None:
    set_policy(vault.connection, kind, days, by="Ada", grace_hours=-1e6, keep_rows=keep_rows)


def _log(vault: Vault) -> list[tuple[object, ...]]:
    return vault.connection.execute(
        "SELECT patient_id, kind, n_rows, detail ->> 'table', dropped_by FROM retention_log ORDER BY log_id"
    ).fetchall()


def test_without_a_policy_nothing_ever_goes(vault: Vault) -> None:
    _two_days(vault)
    assert _drop(vault, _NOW + timedelta(days=10_000)) == 0
    assert [due.policy.kind for due in look_ahead(vault.connection)] == ["dead_letters"]


def test_ecg_goes_by_its_time_and_a_held_patients_stays(vault: Vault, database_server: PostgresServer) -> None:
    (ada, *adas), (bo, *bos) = _two_days(vault)
    place_hold(vault.connection, vault.patient_id, why="a claim", by="Eve")
    _policy(vault, "ecg", 7)
    (due,) = [due for due in look_ahead(vault.connection, _NOW) if due.policy.kind == "ecg"]
    assert (due.patients, due.oldest, due.goes_at) == (1, at(BEGIN_US), at(BEGIN_US + 7 * _DAY_US))
    assert _drop(vault) == 1
    assert vault.frames(vault.patient_id) == adas
    assert vault.frames(int(str(bo))) == bos[60:]
    assert _log(vault) == [(bo, "ecg", 1, "ecg_blocks", "test")]
    assert _drop(vault) == 0
    release_hold(vault.connection, vault.patient_id, by="Eve")
    assert _drop(vault) == 1
    assert vault.frames(vault.patient_id) == adas[60:]
    assert [row[0] for row in _log(vault)] == [bo, ada]
    if database_server.has_timescale:
        assert len(list_chunks(vault.connection, "ecg_blocks", _NOW)) == 1, "the empty day's chunk is gone"


def test_a_frame_of_a_dropped_stretch_is_known_to_be_forgotten(vault: Vault) -> None:
    _two_days(vault)
    _policy(vault, "ecg", 7)
    _drop(vault)
    stream_id = vault.value("SELECT min(stream_id) FROM streams")
    old, new = FrameKey(stream_id, 3, BEGIN_US + 3_000_000), FrameKey(stream_id, 63, BEGIN_US + 5 * _DAY_US + 3_000_000)
    assert find_forgotten(vault.connection, [old, new]) == {old}


def test_nothing_goes_before_a_policy_takes_effect_and_nothing_raw(vault: Vault) -> None:
    _two_days(vault)
    effective_at = set_policy(vault.connection, "ecg", 7, by="Ada")
    assert effective_at is not None
    assert timedelta(hours=23) < effective_at - datetime.now(UTC) < timedelta(hours=25)
    assert _drop(vault, effective_at - timedelta(minutes=1)) == 0
    raw = cut_into_frames(noise(250, 3), BEGIN_US, first_seq=500)
    vault.put(raw)
    assert _drop(vault, effective_at) == 4
    assert vault.frames() == rows_of(vault.device, raw), "what is not analysed yet stays, whatever its age"
    set_policy(vault.connection, "ecg", None, by="Ada")
    assert [due.policy.kind for due in look_ahead(vault.connection)] == ["dead_letters"]


def test_a_worker_without_its_lease_drops_nothing(vault: Vault) -> None:
    _two_days(vault)
    _policy(vault, "ecg", 7)

    def fence() -> None:
        raise LeaseLostError("taken for dead")

    with pytest.raises(LeaseLostError):
        list(drop_due(vault.connection, "test", fence, _NOW))
    assert (vault.count("ecg_blocks"), vault.count("retention_log")) == (4, 0)


def _alarm(vault: Vault, patient_id: int, day: int, *kinds: str, priority: str = "high") -> int:
    device = vault.value("SELECT device_id FROM devices WHERE patient_id = %s", patient_id)
    when = at(BEGIN_US + day * _DAY_US)
    alarm_id = vault.value(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (1, %s, %s, 'asystole', %s, %s, %s, 'test') RETURNING alarm_id",
        *(patient_id, device, priority, when, when),
    )
    for second, kind in enumerate(kinds):
        vault.connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, at, kind, user_id) VALUES (%s, 1, %s, %s, %s)",
            (alarm_id, when + timedelta(seconds=second), kind, 1 if kind == "acknowledged" else None),
        )
    return int(alarm_id)


def test_alarms_go_when_nobody_waits_for_them_and_only_through_the_log(vault: Vault) -> None:
    vault.connection.execute(
        "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'N', 'x', 'nurse')"
    )
    held, _ = vault.add_patient()
    place_hold(vault.connection, held, why="a claim", by="Eve")
    done = _alarm(vault, vault.patient_id, 0, "raised", "ended", "acknowledged")
    kept = [
        _alarm(vault, vault.patient_id, 1, "raised", "ended"),  # high, and nobody acknowledged it
        _alarm(vault, vault.patient_id, 2, "raised"),
        _alarm(vault, vault.patient_id, 9, "raised", "ended", "acknowledged"),
        _alarm(vault, held, 0, "raised", "ended", "acknowledged"),
    ]
    _policy(vault, "alarms", 7)
    for statement in ("DELETE FROM alarm_events", "UPDATE alarm_events SET at = now()", "TRUNCATE alarm_events"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            vault.connection.execute(statement)
    assert _drop(vault) == 1
    assert [row[0] for row in vault.connection.execute("SELECT alarm_id FROM alarms ORDER BY 1")] == kept
    assert vault.value("SELECT detail -> 'alarms' ->> 0 FROM retention_log") == str(done)
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        vault.connection.execute("DELETE FROM retention_log")
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        vault.connection.execute("DELETE FROM alarm_events WHERE alarm_id = %s", (kept[0],))


def test_beats_have_a_policy_of_their_own(vault: Vault) -> None:
    for day in (0, 1, 9):
        vault.connection.execute(
            "INSERT INTO beats VALUES (%s, 1, %s, %s, 1.0, 1.0, 'N', 'test')",
            (vault.patient_id, vault.device, at(BEGIN_US + day * _DAY_US)),
        )
    _policy(vault, "ecg", 1)
    assert _drop(vault) == 0
    _policy(vault, "beats", 7)
    assert _drop(vault) == 2
    assert vault.count("beats") == 1


def test_dead_letters_are_bounded_in_number_and_in_time(vault: Vault) -> None:
    vault.connection.execute(
        "INSERT INTO dead_letters (received_at, topic, reason, detail, payload)"
        " SELECT %s - i * interval '1 day', 't', 'invalid', '', '' FROM generate_series(100, 1, -1) AS i",
        (_NOW,),
    )
    _policy(vault, "dead_letters", 50)
    assert _drop(vault) == 50
    _policy(vault, "dead_letters", 50, keep_rows=10)
    assert _drop(vault) == 40
    assert vault.value("SELECT min(received_at) FROM dead_letters") == _NOW - timedelta(days=10)
    assert vault.value("SELECT sum((detail ->> 'invalid')::int) FROM retention_log") == 90


def test_what_cannot_be_is_refused(vault: Vault) -> None:
    place_hold(vault.connection, vault.patient_id, why="a claim", by="Eve")
    refused: list[tuple[Callable[[], object], str]] = [
        (lambda: place_hold(vault.connection, vault.patient_id, why="again", by="Eve"), "held already"),
        (lambda: place_hold(vault.connection, 999, why="who", by="Eve"), "does not exist"),
        (lambda: release_hold(vault.connection, 999, by="Eve"), "not held"),
        (lambda: set_policy(vault.connection, "hr", 7, by="Eve"), "no kind"),
        (lambda: set_policy(vault.connection, "ecg", 7, by="Eve", tenant="nobody"), "no tenant"),
    ]
    for call, says in refused:
        with pytest.raises(RetentionError, match=says):
            call()
    assert [hold.patient_id for hold in list_holds(vault.connection)] == [vault.patient_id]


def test_the_command_says_what_there_is_and_what_will_go(vault: Vault, heartwire_process: StartHeartwire) -> None:
    def run(*words: str) -> str:
        process = heartwire_process("storage", "--database", vault.database, *words)
        assert process.wait() == 0, process.log
        return process.log

    _two_days(vault)
    run("policy", "set", "ecg", "--days", "7", "--grace-hours", "0", "--by", "Ada")
    run("hold", str(vault.patient_id), "--why", "a claim", "--by", "Eve")
    said = run()
    for words in (
        "240 frames, 60,000 samples",
        "0 raw frames wait for analytics",
        "default: kept for 7 days (by Ada); 1 patients have some that is due; the oldest is of 2026-03-01 14:00 UTC",
        "beats         kept for ever",
        f"held: patient {vault.patient_id}",
        "free on its disk",
    ):
        assert words in said, said
    run("release", str(vault.patient_id))
    run("policy", "set", "ecg")
    assert "ecg           kept for ever" in run("policy", "show")


def test_the_compactor_keeps_to_the_policies(vault: Vault, heartwire_process: StartHeartwire) -> None:
    _two_days(vault)
    vault.leases.leave(vault.connection)
    _policy(vault, "ecg", 1)
    env = {"HEARTWIRE_COMPACTOR_DATABASE": vault.database, "HEARTWIRE_COMPACTOR_RETENTION_EVERY_S": "0.1"}
    process: Process = heartwire_process("compact", env=env)
    wait_until(lambda: vault.count("ecg_blocks") == 0, "the blocks to be dropped", timeout_s=30)
    assert vault.count("storage_looks") == 1  # what room there is was noted before, and not again within the hour
    process.stop()
    assert "4 rows are dropped" in process.log
