"""What administrators see and decide of what is stored."""

from typing import Any

import pytest

from heartwire.storage.pool import connect
from heartwire.storage.room import measure_room, note_room
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    stack = Stack(heartwire_process, database, broker)
    stack.execute("UPDATE users SET role = 'admin' WHERE login = 'doctor'")
    return stack


def _storage(admin: Person) -> dict[str, Any]:
    answer = admin.http.get("/api/storage")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_room_that_is_left_and_how_fast_it_goes(stack: Stack) -> None:
    with stack.person("doctor") as admin:
        assert _storage(admin)["room"] is None
        with connect(stack.database, "test", autocommit=True) as connection:
            room = measure_room(connection)
            note_room(connection, room)
            note_room(connection, room._replace(n_bytes=1))  # within the hour: it is known already
        found = _storage(admin)["room"]
        assert found["bytes"] == room.n_bytes > 1_000_000
        assert found["growth_bytes_day"] is found["days_left"] is None
        assert {part["name"] for part in found["parts"]} >= {"raw ECG", "ECG in blocks", "beats", "alarms"}
        sizes = [part["bytes"] for part in found["parts"]]
        assert sizes == sorted(sizes, reverse=True)
        # Two days ago it was two gigabytes less, and ten are left: that is ten days.
        stack.execute(
            "UPDATE storage_looks SET n_bytes = 3e9, free_bytes = 1e10;"
            "INSERT INTO storage_looks SELECT at - interval '2 days', 1e9, 1.2e10, '{}' FROM storage_looks;"
            "INSERT INTO storage_looks SELECT max(at) - interval '8 days', 0, 9e10, '{}' FROM storage_looks"
        )
        found = _storage(admin)["room"]
        assert (found["growth_bytes_day"], found["free_bytes"]) == (1_000_000_000, 10_000_000_000)
        assert found["days_left"] == pytest.approx(10)


def test_how_long_what_is_kept(stack: Stack) -> None:
    stack.raise_alarm(stack.add_patient())
    with stack.person("doctor") as admin:
        before = {policy["kind"]: policy for policy in _storage(admin)["policies"]}
        assert [before[kind]["keep_days"] for kind in ("ecg", "beats", "alarms", "dead_letters")] == [None] * 3 + [90]
        assert before["alarms"]["oldest_us"] is not None
        assert admin.http.put("/api/retention/ecg", json={"keep_days": 30}).status_code == 204
        after = {policy["kind"]: policy for policy in _storage(admin)["policies"]}["ecg"]
        assert (after["keep_days"], after["set_by"]) == (30, "Dr. Day")
        ((grace_s,),) = stack.execute(
            "SELECT extract(epoch FROM effective_at - set_at)::float8 FROM retention_policies WHERE kind = 'ecg'"
        )
        assert grace_s == pytest.approx(24 * 3600, abs=5)
        assert admin.http.put("/api/retention/ecg", json={"keep_days": None}).status_code == 204
        assert _storage(admin)["policies"] == list(before.values())
        for kind, days in (("ecg", 0), ("ecg", 36_501), ("dead_letters", 5), ("others", 5)):
            assert admin.http.put(f"/api/retention/{kind}", json={"keep_days": days}).status_code == 422, (kind, days)
        assert (
            stack.execute("SELECT action FROM audit_events WHERE action = 'set_retention'") == [("set_retention",)] * 2
        )


def test_of_whom_nothing_is_dropped(stack: Stack) -> None:
    patient = stack.add_patient()
    hold = f"/api/patients/{patient.patient_id}/hold"
    with stack.person("doctor") as admin, stack.person("nurse") as nurse:
        assert nurse.http.post(hold, json={"why": "x"}).status_code == 403
        assert nurse.http.get("/api/storage").status_code == 403
        assert admin.http.post(hold, json={"why": " "}).status_code == 422
        for _ in range(2):
            assert admin.http.post(hold, json={"why": "A lawsuit"}).status_code == 204
        (held,) = _storage(admin)["holds"]
        assert (held["patient_id"], held["name"], held["why"], held["by"]) == (
            *patient[:1],
            "Ada Example",
            "A lawsuit",
            "Dr. Day",
        )
        # By the command line it may be somebody who does not sign in.
        stack.execute("UPDATE legal_holds SET placed_by = 'ops@host'")
        assert _storage(admin)["holds"][0]["by"] == "ops@host"
        assert stack.execute("SELECT is_held(%s)", patient.patient_id) == [(True,)]
        assert admin.http.delete(hold).status_code == 204
        assert admin.http.delete(hold).status_code == 404
        assert _storage(admin)["holds"] == []
        assert admin.http.post("/api/patients/999999/hold", json={"why": "x"}).status_code == 404
