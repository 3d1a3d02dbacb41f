"""Limits are rehearsed on stored signal, by a process that analytics starts, and nothing of the record changes."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
import pytest
from psycopg.types.json import Jsonb

from analytics.rehearsal.work import work_off
from heartwire.storage.pool import connect
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database
from tests.servers.waiting import wait_until

pytestmark = on_one_database
_S: Final = 1_000_000
_BEGIN: Final = datetime.fromtimestamp(BEGIN_US / 1e6, UTC)
#: 45 a minute twice, and 36 once.
_BEATS: Final = [
    *regular_beats(0.4, 60, 75), *regular_beats(60.5, 120, 45), *regular_beats(120.5, 180, 75),
    *regular_beats(180.5, 240, 45), *regular_beats(240.5, 300, 75), *regular_beats(300.5, 360, 36),
    *regular_beats(360.5, 420, 75),
]  # fmt: skip
_KEPT: Final = ("alarms", "alarm_events", "beats", "episodes", "rhythms", "beat_minutes", "analytics_cursors", "reruns")


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture
def watched(stack: Stack) -> Iterator[Stack]:
    """A patient with stored, analysed signal, and analytics running."""
    device = stack.add_device()
    process = stack.start()
    stack.store(device, cut_into_frames(draw_ecg(_BEATS, 420), BEGIN_US))
    stack.wait_until_analysed()
    rang = Counter(row.call for row in stack.alarms(device) if row.events[0] == "raised")
    assert (rang["bradycardia"], rang["extreme_bradycardia"]) == (3, 1), rang
    yield stack
    assert process.stop() == 0


def _ask(stack: Stack, limits: dict[str, dict[str, float]], patient: int | None = None) -> int:
    with psycopg.connect(stack.database) as connection:
        connection.execute(
            "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'Nora', '', 'nurse')"
            " ON CONFLICT DO NOTHING"
        )
        row = connection.execute(
            "INSERT INTO rehearsals (tenant_id, patient_id, asked_by, from_at, to_at, limits)"
            " SELECT 1, coalesce(%s, (SELECT min(patient_id) FROM patients)), user_id, %s, %s, %s FROM users"
            " RETURNING rehearsal_id",
            (patient, _BEGIN, _BEGIN + timedelta(seconds=420), Jsonb(limits)),
        ).fetchone()
        assert row is not None
        return int(row[0])


def _review(stack: Stack, call: str, verdict: str) -> None:
    stack.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail)"
        " SELECT (SELECT min(alarm_id) FROM alarms WHERE call = %s AND onset_at > %s), 1, 'reviewed', user_id,"
        " jsonb_build_object('verdict', %s::text, 'note', 'seen') FROM users",
        call, _BEGIN + timedelta(seconds=170), verdict,
    )  # fmt: skip


def _state(stack: Stack, rehearsal_id: int) -> tuple[Any, ...]:
    return stack.rows(
        "SELECT ended_at IS NOT NULL, failed, result, done_until = to_at, attempts FROM rehearsals"
        " WHERE rehearsal_id = %s",
        rehearsal_id,
    )[0]


def test_analytics_runs_it_beside_the_live_analysis_and_says_what_would_change(watched: Stack) -> None:
    stack = watched
    _ask(stack, {})
    _review(stack, "bradycardia", "true")
    stack.execute("UPDATE rehearsals SET cancelled_at = now()")
    before = {table: stack.rows(f"SELECT * FROM {table} AS x ORDER BY x::text") for table in _KEPT}  # noqa: S608
    rehearsal_id = _ask(stack, {"bradycardia": {"bpm": 40.0}, "extreme_bradycardia": {"bpm": 5.0}})
    wait_until(lambda: _state(stack, rehearsal_id)[0], "the rehearsal to end", timeout_s=60)
    _, failed, result, is_whole, attempts = _state(stack, rehearsal_id)
    assert (failed, is_whole, attempts) == (None, True, 1)
    counts = {each["call"]: each for each in result["calls"]}
    brady = counts["bradycardia"]
    # The limit of 5 is none that the catalogue allows: there its own holds, and what is extreme still rings.
    assert (brady["rang"], brady["now"], brady["tried"], brady["saved"], brady["added"]) == (3, 3, 0, 3, 0)
    assert (brady["saved_true"], brady["lost"], brady["not_repeated"]) == (1, 1, 0)
    extreme = counts["extreme_bradycardia"]
    assert (extreme["rang"], extreme["now"], extreme["tried"], extreme["saved"]) == (1, 1, 1, 0)
    first, second, third = result["saved"]
    assert (first["verdict"], first["note"], first["reviewer"], first["still"]) == ("true", "seen", "Nora", None)
    assert (second["verdict"], second["still"]) == (None, None)
    assert third["still"] == "extreme_bradycardia", "it rang as that one ended"
    assert {each["alarm_id"] for each in result["saved"]} <= {
        row[0] for row in stack.rows("SELECT alarm_id FROM alarms")
    }
    assert result["signal_us"] == 420 * _S
    assert {table: stack.rows(f"SELECT * FROM {table} AS x ORDER BY x::text") for table in _KEPT} == before  # noqa: S608


def test_what_is_cancelled_under_way_ends_and_the_next_is_done(stack: Stack) -> None:
    device = stack.add_device()
    stack.store(device, cut_into_frames(draw_ecg(_BEATS, 420), BEGIN_US))
    stack.execute("INSERT INTO patient_limits SELECT patient_id, 1, 'bradycardia', 'bpm', 40 FROM patients")
    cancelled, wanted = _ask(stack, {}), _ask(stack, {"bradycardia": {"bpm": 50.0}})
    hidden = _ask(stack, {}, patient=_nobody(stack))
    asked = 0

    def is_wanted() -> bool:
        nonlocal asked
        asked += 1
        if asked == 2:  # its first part is about to be done
            stack.execute("UPDATE rehearsals SET cancelled_at = now() WHERE rehearsal_id = %s", cancelled)
        return True

    with connect(stack.database, "test", autocommit=True) as connection:
        assert work_off(connection, is_wanted) == 2
        assert work_off(connection) == 0
    assert _state(stack, cancelled)[:3] == (False, None, None)
    has_ended, _, result, *_ = _state(stack, wanted)
    assert has_ended
    (brady,) = (each for each in result["calls"] if each["call"] == "bradycardia")
    assert (brady["now"], brady["tried"], brady["added"]) == (0, 3, 3), "against the patient's own limit"
    assert _state(stack, hidden)[:2] == (True, "no_signal")


def _nobody(stack: Stack) -> int:
    """Another patient, of whom nothing is stored."""
    device = stack.add_device()
    return int(stack.rows("SELECT patient_id FROM devices WHERE device_id = %s", device)[0][0])


def test_one_process_is_at_it_and_one_that_dies_leaves_it_to_another(stack: Stack) -> None:
    device = stack.add_device()
    stack.store(device, cut_into_frames(draw_ecg(_BEATS, 420), BEGIN_US))
    rehearsal_id = _ask(stack, {"bradycardia": {"bpm": 40.0}})
    is_there, may_die = threading.Event(), threading.Event()

    def die() -> bool:
        is_there.set()
        assert may_die.wait(30)
        return False

    def begin_and_die() -> None:
        with connect(stack.database, "test-dying", autocommit=True) as connection:
            asked = 0

            def is_wanted() -> bool:
                nonlocal asked
                asked += 1
                return True if asked == 1 else die()

            work_off(connection, is_wanted)

    dying = threading.Thread(target=begin_and_die)
    dying.start()
    assert is_there.wait(30)
    with connect(stack.database, "test", autocommit=True) as connection:
        assert work_off(connection) == 0, "somebody is at it"
        may_die.set()
        dying.join(30)
        assert _state(stack, rehearsal_id)[0] is False
        assert work_off(connection) == 1
    assert _state(stack, rehearsal_id)[1:2] + _state(stack, rehearsal_id)[4:] == (None, 2)
    # One that ends its process again and again is given up.
    stack.execute("UPDATE rehearsals SET ended_at = NULL, result = NULL, attempts = 3")
    with connect(stack.database, "test", autocommit=True) as connection:
        assert work_off(connection) == 0
    assert _state(stack, rehearsal_id)[:2] == (True, "gave_up")
