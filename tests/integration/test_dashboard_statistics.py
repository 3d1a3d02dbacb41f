"""Numbers of alarms of the running server: by call, patient and shift; and limits that ring for nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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


def _ring(stack: Stack, patient: Patient, call: str, onset: datetime, bpm: float, verdict: str | None = None) -> None:  # noqa: PLR0917
    """Let an alarm of twenty seconds have rung, with beats of that rate, acknowledged after half a minute if judged."""
    ((alarm_id,),) = stack.execute(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (1, %s, %s, %s, 'medium', %s, %s, 'test') RETURNING alarm_id",
        *patient, call, onset, onset + timedelta(seconds=10),
    )  # fmt: skip
    stack.execute(
        "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, engine)"
        " VALUES (1, %s, %s, %s, %s, %s, 'test')",
        *patient, call, onset, onset + timedelta(seconds=20),
    )  # fmt: skip
    stack.execute(
        "INSERT INTO beats SELECT %s, 1, %s, %s::timestamptz + n * %s::float8 * interval '1 s', %s, 1, 'N', 'test'"
        " FROM generate_series(0, %s) AS n",
        *patient, onset, 60 / bpm, 60 / bpm, int(20 * bpm / 60),
    )  # fmt: skip
    event = "INSERT INTO alarm_events (alarm_id, tenant_id, kind, at, user_id, detail) SELECT %s, 1, %s, %s, {}, {}"
    stack.execute(event.format("NULL", "'{}'"), alarm_id, "raised", onset + timedelta(seconds=10))
    if verdict is not None:
        nobody = "(SELECT min(user_id) FROM users)"
        stack.execute(event.format(nobody, "'{}'"), alarm_id, "acknowledged", onset + timedelta(seconds=40))
        detail = f'\'{{"verdict": "{verdict}"}}\''
        stack.execute(event.format(nobody, detail), alarm_id, "reviewed", onset + timedelta(seconds=90))


def test_who_rings_how_often_and_for_what_is_counted(stack: Stack, nurse: Person) -> None:
    ada, ben = stack.add_patient("Ada"), stack.add_patient("Ben")
    stack.execute("UPDATE patients SET ward = 'C' WHERE name = 'Ben'")
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    # In Dubai these hours are four later: the last and the first of each shift. In Tokyo 9 h is late.
    stack.execute("UPDATE wards SET zone = CASE name WHEN 'B' THEN 'Asia/Dubai' ELSE 'Asia/Tokyo' END")
    for hour in (1, 2, 9, 10, 17, 18):
        _ring(stack, ada, "bradycardia", day + timedelta(hours=hour), 47.3, "false")
    _ring(stack, ada, "bradycardia", day + timedelta(hours=11), 43, "true")
    _ring(stack, ben, "pause", day + timedelta(hours=9), 30)
    _ring(stack, ben, "pause", day - timedelta(days=30), 30)
    # What a greater one hid says nothing of its own.
    _ring(stack, ben, "bradycardia", day + timedelta(hours=11), 45)
    stack.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT max(alarm_id), 1, 'suppressed' FROM alarms"
    )
    found = nurse.http.get("/api/statistics/alarms", params={"days": 7}).json()
    assert (found["n"], found["wards"]) == (8, ["B", "C"])
    calls = {each["call"]: each for each in found["calls"]}
    brady = calls["bradycardia"]
    assert (brady["n"], brady["n_true"], brady["n_false"], brady["n_acknowledged"]) == (7, 1, 6, 7)
    assert (brady["median_s"], calls["pause"]["median_s"]) == (30, None)
    assert [(each["name"], each["n"], each["most"]) for each in found["patients"]] == [
        ("Ada", 7, "bradycardia"), ("Ben", 1, "pause"),
    ]  # fmt: skip
    shifts = {each["shift"]: each["medium"] for each in found["shifts"]}
    assert shifts == {"early": 2, "late": 4, "night": 2}
    assert found["zone"] == "UTC", "of all wards: the hospital's"
    (limit,) = found["limits"]
    assert (limit["patient"], limit["call"], limit["value"], limit["is_own"], limit["n"]) == (
        "Ada",
        "bradycardia",
        50,
        False,
        7,
    )
    # Those at 47.3 fall silent at 47; the true one at 43 still rings.
    assert limit["suggestion"] == {"value": 47, "silences": 6, "of": 7, "still_true": 1}
    stack.execute("INSERT INTO patient_limits VALUES (%s, 1, 'bradycardia', 'bpm', 48)", ada.patient_id)
    (limit,) = nurse.http.get("/api/statistics/alarms").json()["limits"]
    assert (limit["value"], limit["is_own"]) == (48, True)
    of_ward = nurse.http.get("/api/statistics/alarms", params={"ward": "C"}).json()
    assert of_ward["zone"] == "Asia/Tokyo"
    assert (of_ward["n"], [each["name"] for each in of_ward["patients"]], of_ward["limits"]) == (1, ["Ben"], [])
    answer = nurse.http.get("/api/statistics/alarms", params={"days": 32})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_limits_of_duration_and_of_count_are_suggested_too(stack: Stack, nurse: Person) -> None:
    ada = stack.add_patient("Ada")
    day = datetime.now(UTC) - timedelta(days=2)
    for hour in range(6):
        _ring(stack, ada, "frequent_pvcs", day + timedelta(hours=hour), 70, "false")
        # Twelve a minute around the onset, half of them before it.
        onset = day + timedelta(hours=hour)
        stack.execute(
            "INSERT INTO beats SELECT %s, 1, %s, %s::timestamptz + (3.9 * n - 24) * interval '1 s', 0.8, 1, 'V', 'test'"
            " FROM generate_series(0, 11) AS n",
            *ada, onset,
        )  # fmt: skip
        _ring(stack, ada, "atrial_fibrillation", onset + timedelta(minutes=20), 90, "false")
    stack.execute("UPDATE episodes SET ended_at = onset_at + interval '36 s' WHERE call = 'atrial_fibrillation'")
    limits = {each["call"]: each for each in nurse.http.get("/api/statistics/alarms").json()["limits"]}
    pvcs, fibrillation = limits["frequent_pvcs"], limits["atrial_fibrillation"]
    assert (pvcs["name"], pvcs["suggestion"]) == ("count", {"value": 12, "silences": 6, "of": 6, "still_true": 0})
    assert (fibrillation["name"], fibrillation["value"]) == ("seconds", 30)
    assert fibrillation["suggestion"] == {"value": 40, "silences": 6, "of": 6, "still_true": 0}
