"""Rehearsals of limits at the running server: asked for by who may, bounded, followed, cancelled."""

from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair
_RESULT = {
    "engine": "test-7",
    "signal_us": 1,
    "calls": [
        {"call": "bradycardia", "rang": 1, "now": 1, "tried": 0, "saved": 1, "added": 0, "saved_true": 1,
         "saved_false": 0, "saved_unsure": 0, "lost": 1, "not_repeated": 0}
    ],
    "saved": [
        {"call": "bradycardia", "device_id": "d", "onset_us": 1, "end_us": None, "alarm_id": 1, "verdict": "true",
         "note": "", "reviewer": "Nora", "still": None}
    ],
    "added": [],
}  # fmt: skip


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def nurse(stack: Stack) -> Iterator[Person]:
    with stack.person() as person:
        yield person


def test_a_rehearsal_is_asked_for_followed_and_cancelled(stack: Stack, nurse: Person) -> None:
    patient = stack.add_patient()
    stack.execute("INSERT INTO patient_limits VALUES (%s, 1, 'tachycardia', 'bpm', 130)", patient.patient_id)
    url = f"/api/patients/{patient.patient_id}/rehearsals"
    asked = nurse.http.post(url, json={"limits": {"bradycardia": {"bpm": 44}, "tachycardia": {"bpm": None}}, "days": 1})
    assert asked.status_code == 202
    job = asked.json()
    assert (job["state"], job["progress"], job["limits"]) == ("waiting", 0, {"bradycardia": {"bpm": 44}})
    assert job["to_us"] - job["from_us"] == 86_400_000_000
    stack.execute("UPDATE rehearsals SET attempts = 1, done_until = from_at + interval '6 hours'")
    followed = nurse.http.get(f"{url}/{job['id']}").json()
    assert (followed["state"], followed["progress"]) == ("running", 0.25)
    assert nurse.http.delete(f"{url}/{job['id']}").json()["state"] == "cancelled"
    stack.execute("UPDATE rehearsals SET cancelled_at = NULL, ended_at = now(), result = %s", Jsonb(_RESULT))
    done = nurse.http.get(f"{url}/{job['id']}").json()
    assert (done["state"], done["result"]) == ("done", _RESULT)
    assert nurse.http.delete(f"{url}/{job['id']}").json()["state"] == "done", "what is done stays"
    stack.execute("UPDATE rehearsals SET result = NULL, failed = 'no_signal'")
    failed = nurse.http.get(f"{url}/{job['id']}").json()
    assert (failed["state"], failed["failed"]) == ("failed", "no_signal")
    assert stack.execute("SELECT count(*) FROM audit_events WHERE action = 'rehearsed_limits'") == [(1,)]
    assert stack.execute("SELECT call, value FROM patient_limits") == [("tachycardia", 130)], "nothing is set by it"


def test_what_is_no_limit_is_refused_and_two_are_enough_for_one(stack: Stack, nurse: Person) -> None:
    patient = stack.add_patient()
    url = f"/api/patients/{patient.patient_id}/rehearsals"
    for limits, days, field in (
        ({"bradycardia": {"bpm": 5}}, 1, "bradycardia.bpm"),
        ({"bradycardia": {"seconds": 5}}, 1, "bradycardia.seconds"),
        ({"heartache": {"bpm": 50}}, 1, "heartache.bpm"),
        ({"heartache": {"bpm": None}}, 1, "heartache.bpm"),
        ({"bradycardia": {"bpm": 45}}, 8, "body"),
    ):
        answer = nurse.http.post(url, json={"limits": limits, "days": days})
        assert (answer.status_code, answer.json()["error"]["params"]) == (422, {"field": field})
    assert nurse.http.post("/api/patients/9999/rehearsals", json={"limits": {}}).status_code == 404
    assert stack.execute("SELECT count(*) FROM rehearsals") == [(0,)]
    for expected in (202, 202, 429):
        assert nurse.http.post(url, json={"limits": {}}).status_code == expected
    other = stack.add_patient()
    (first, *_) = stack.execute("SELECT rehearsal_id FROM rehearsals ORDER BY 1")[0]
    assert nurse.http.get(f"/api/patients/{other.patient_id}/rehearsals/{first}").status_code == 404
    stack.execute("UPDATE users SET role = 'tester' WHERE login = 'nurse'")
    answer = nurse.http.post(url, json={"limits": {}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
