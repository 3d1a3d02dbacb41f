"""The review queue of the running server: who waits, judging many at once or none, and taking it back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def nurse(stack: Stack) -> Iterator[Person]:
    with stack.person() as person:
        yield person


def _raise(stack: Stack, patient: Patient, call: str, priority: str, ago_s: float, rr_s: float = 1.4) -> int:  # noqa: PLR0917
    """Raise an alarm with ten beats after its onset."""
    onset = datetime.now(UTC) - timedelta(seconds=ago_s)
    ((alarm_id,),) = stack.execute(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (1, %s, %s, %s, %s, %s, %s, 'test') RETURNING alarm_id",
        *patient, call, priority, onset, onset + timedelta(seconds=5),
    )  # fmt: skip
    stack.execute(
        "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, engine)"
        " VALUES (1, %s, %s, %s, %s, %s, 'test')",
        *patient, call, onset, onset + timedelta(seconds=20),
    )  # fmt: skip
    stack.execute(
        "INSERT INTO beats SELECT %s, 1, %s, %s::timestamptz + n * %s * interval '1 s', %s, 1, 'N', 'test'"
        " FROM generate_series(0, 6) AS n",
        *patient, onset, rr_s, rr_s,
    )  # fmt: skip
    stack.add_event(alarm_id, "raised")
    return int(alarm_id)


def _queue(person: Person, **more: Any) -> tuple[list[tuple[int, int]], int]:  # noqa: ANN401
    """Return alarm and group of each that waits, and how many wait."""
    answer = person.http.get("/api/review", params=more)
    assert answer.status_code == 200, answer.text
    queue = answer.json()
    return [(each["alarm_id"], each["group"]) for each in queue["waiting"]], queue["n"]


def test_what_waits_is_told_gravest_first_and_like_beside_like(stack: Stack, nurse: Person) -> None:
    ada, ben = stack.add_patient("Ada"), stack.add_patient("Ben")
    slow = _raise(stack, ada, "bradycardia", "medium", 3600)
    fast = _raise(stack, ada, "bradycardia", "medium", 1800, rr_s=0.6)
    slow_again = _raise(stack, ada, "bradycardia", "medium", 900, rr_s=1.45)
    grave = _raise(stack, ben, "ventricular_tachycardia", "high", 7200)
    _raise(stack, ben, "pause", "medium", 9 * 86_400)  # too long ago
    hidden = _raise(stack, ben, "bradycardia", "medium", 600)
    stack.add_event(hidden, "suppressed")
    technical = stack.raise_alarm(ben, "lead_off", "medium")
    # A rerun by another engine found the same, and other beats: it is shown to nobody who does not ask.
    stack.execute(
        "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, engine, is_rerun)"
        " SELECT tenant_id, patient_id, device_id, call, onset_at, 'another', true FROM episodes"
    )
    stack.execute(
        "INSERT INTO beats SELECT patient_id, tenant_id, device_id, t, rr_s / 2, 2, label, 'another', true FROM beats"
    )
    waiting, n = _queue(nurse)
    assert waiting == [(grave, grave), (slow_again, slow_again), (slow, slow_again), (fast, fast)]
    assert n == 4
    assert technical not in {alarm_id for alarm_id, _ in waiting}
    first = nurse.http.get("/api/review").json()["waiting"][1]
    assert (first["name"], first["call"], round(first["bpm"]), first["amplitude_mv"]) == ("Ada", "bradycardia", 41, 1)
    assert first["end_us"] - first["onset_us"] == 20_000_000
    assert _queue(nurse, limit=1) == ([(grave, grave)], 4)
    assert _queue(nurse, patient_id=ben.patient_id) == ([(grave, grave)], 1)
    assert _queue(nurse, days=31)[1] == 5


def test_many_are_judged_at_once_or_none_and_it_is_taken_back(stack: Stack, nurse: Person) -> None:
    ada = stack.add_patient("Ada")
    alarms = [_raise(stack, ada, "bradycardia", "medium", 60 * number) for number in range(1, 4)]
    body = {"alarm_ids": [alarms[0], alarms[1], 99_999], "verdict": "false"}
    assert nurse.http.post("/api/review", json=body).status_code == 404
    assert _queue(nurse)[1] == 3, "all or none"
    body = {"alarm_ids": alarms[:2], "verdict": "false", "note": "chest hair"}
    assert nurse.http.post("/api/review", json=body).json() == {"alarm_ids": sorted(alarms[:2])}
    assert _queue(nurse) == ([(alarms[2], alarms[2])], 1)
    one = nurse.http.get(f"/api/alarms/{alarms[0]}").json()["reviewed"]
    assert (one["name"], one["verdict"], one["note"]) == ("Nora Nurse", "false", "chest hair")
    assert nurse.http.post("/api/review/undo", json={"alarm_ids": alarms[:2]}).status_code == 200
    assert _queue(nurse)[1] == 3
    kinds = stack.execute("SELECT kind FROM alarm_events WHERE alarm_id = %s ORDER BY event_id", alarms[0])
    assert [kind for (kind,) in kinds] == ["raised", "reviewed", "review_undone"]
    wrong_ones: list[dict[str, Any]] = [
        {"alarm_ids": []},
        {"alarm_ids": [1] * 101},
        {"alarm_ids": [1], "verdict": "maybe"},
    ]
    for wrong in wrong_ones:
        answer = nurse.http.post("/api/review", json={"verdict": "true"} | wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_who_may_not_review_sees_no_queue(stack: Stack, nurse: Person) -> None:
    stack.execute("UPDATE users SET role = 'tester' WHERE login = 'nurse'")
    for answer in (
        nurse.http.get("/api/review"),
        nurse.http.post("/api/review", json={"alarm_ids": [1], "verdict": "true"}),
        nurse.http.post("/api/review/undo", json={"alarm_ids": [1]}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
