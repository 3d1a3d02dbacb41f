"""What happened to an alarm is told with each step's place in the ledger, which is counted anew on demand."""

from typing import Any

import psycopg
import pytest

from analytics.ledger.sealer import seal_due
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg
from tests.integration.analytics_stack import store
from tests.integration.dashboard_stack import Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _seal(stack: Stack) -> None:
    with psycopg.connect(stack.database, autocommit=True) as connection:
        seal_due(connection)


def _story(person: Person, alarm_id: int) -> dict[str, Any]:
    answer = person.http.get(f"/api/alarms/{alarm_id}/story")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@on_one_pair
def test_the_story_of_an_alarm_and_the_check_of_the_ledger(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    alarm_id = stack.raise_alarm(patient)
    (signal_us,) = stack.execute(
        "SELECT (extract(epoch FROM signal_at) * 1000000)::bigint FROM alarms WHERE alarm_id = %s", alarm_id
    )[0]
    with psycopg.connect(stack.database) as connection:
        frames = cut_into_frames(draw_ecg([], 3.0), signal_us - 1_500_000)
        store(connection, patient.device, frames, received_us=signal_us + 1)
    with stack.person() as nurse:
        assert nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement").status_code == 200
        before = _story(nurse, alarm_id)
        assert {step["seal"] for step in before["steps"]} == {None}
        assert nurse.http.get("/api/ledger").json()["due"] == 2
        _seal(stack)
        told = _story(nurse, alarm_id)
        assert told["patient"] == "Ada"
        kinds = [step["kind"] for step in told["steps"]]
        assert kinds == ["onset", "met", "received", "raised", "acknowledged"]
        onset, met, received, raised, acknowledged = told["steps"]
        assert (met["at_us"], received["at_us"]) == (signal_us, signal_us + 1)
        assert [step["seal"] and step["seal"]["seq"] for step in told["steps"]] == [None, None, None, 1, 2]
        assert len(raised["seal"]["hash"]) == 64
        assert onset["at_us"] < met["at_us"]
        assert acknowledged["name"] == "Nora Nurse"
        assert acknowledged["detail"]["from"]["address"] == "127.0.0.1"

        now = nurse.http.get("/api/ledger").json()
        assert (now["entries"], now["due"], now["checks"]) == (2, 0, [])
        assert now["head_hash"] == acknowledged["seal"]["hash"]

        def check() -> dict[str, Any]:
            answer = nurse.http.post("/api/ledger/checks")
            assert answer.status_code == 202, answer.text
            wait_until(
                lambda: nurse.http.get("/api/ledger").json()["checks"][0]["state"] == "done", "the check to be done"
            )
            return dict(nurse.http.get("/api/ledger").json()["checks"][0])

        whole = check()
        assert (whole["name"], whole["entries"], whole["report"]["wrong"]) == ("Nora Nurse", 2, 0)
        with psycopg.connect(stack.database) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("UPDATE alarm_events SET at = at - interval '1 min' WHERE kind = 'acknowledged'")
        broken = check()
        (finding,) = broken["report"]["findings"]
        assert (finding["wrong"], finding["seq"], finding["alarm_id"]) == ("changed", 2, alarm_id)
    assert stack.execute("SELECT count(*) FROM audit_events WHERE action = 'saw_patient'") == [(1,)]


@on_one_pair
def test_a_frame_that_comes_after_the_alarm_is_no_step_to_it(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    alarm_id = stack.raise_alarm(patient, "symptom", "medium")
    (signal_us,) = stack.execute(
        "SELECT (extract(epoch FROM signal_at) * 1000000)::bigint FROM alarms WHERE alarm_id = %s", alarm_id
    )[0]
    with psycopg.connect(stack.database) as connection:
        frames = cut_into_frames(draw_ecg([], 3.0), signal_us - 1_500_000)
        store(connection, patient.device, frames, received_us=signal_us + 60_000_000)
    with stack.person() as nurse:
        assert [step["kind"] for step in _story(nurse, alarm_id)["steps"]] == ["onset", "met", "raised"]


@on_one_pair
def test_another_hospitals_alarm_has_no_story_and_its_ledger_is_its_own(stack: Stack) -> None:
    stack.execute("INSERT INTO tenants (name) VALUES ('other')")
    other = stack.add_patient("Bo", tenant="other")
    (alarm_id,) = stack.execute(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (2, %s, %s, 'asystole', 'high', now(), now(), 'test') RETURNING alarm_id",
        *other,
    )[0]
    stack.execute("INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 2, 'raised')", alarm_id)
    _seal(stack)
    with stack.person() as nurse:
        assert nurse.http.get(f"/api/alarms/{alarm_id}/story").status_code == 404
        assert nurse.http.get("/api/alarms/999999/story").status_code == 404
        assert nurse.http.get("/api/ledger").json()["entries"] == 0
    with stack.person(login=None) as stranger:
        assert stranger.http.get("/api/ledger").status_code == 401
        assert stranger.http.get(f"/api/alarms/{alarm_id}/story").status_code == 401
