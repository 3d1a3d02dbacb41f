"""Who did and saw what, where people are signed in, and how somebody sees a patient of another ward."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from dashboard.access import LOOK_S
from dashboard.permissions import Role
from heartwire.storage.queries import load_queries
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, now_us, on_one_pair
from tests.integration.tenants import Tenants, fill, login_of
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until
from tests.wire import Device, ecg_frame

pytestmark = on_one_pair
_LOOKS = load_queries("dashboard", "access.sql")
_WAITING = """
    SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
"""
_REASON = "called to a resuscitation on ward B"


@pytest.fixture
def tenants(database: str) -> Tenants:
    return fill(database)


@pytest.fixture
def stack(tenants: Tenants, heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    assert tenants
    return Stack(heartwire_process, database, broker)


def _trail(person: Person, **wanted: str | int) -> list[dict[str, Any]]:
    answer = person.http.get("/api/audit", params=wanted)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


def test_the_trail_says_who_saw_what_and_is_read_in_pages(stack: Stack, tenants: Tenants) -> None:
    nurse, admin = login_of(Role.NURSE, "ward_a"), login_of(Role.ADMIN, "all")
    with stack.person(nurse) as person:
        user_id = person.http.get("/api/session").json()["user"]["id"]
        for _ in range(3):  # a page that stays open is one look
            assert person.http.get(f"/api/patients/{tenants.a.patient_id}").status_code == 200
        # One that opens asks for much at once: who is second waits until the first has written it down.
        person.http.get(f"/api/patients/{tenants.a.patient_id}/notes")
        given = {"tenant_id": 1, "user_id": user_id, "patient_id": tenants.a.patient_id, "action": "saw_symptoms"}
        with psycopg.connect(stack.database) as first, ThreadPoolExecutor(1) as second:
            for query in ("one_look_at_a_time", "audit_look"):
                first.execute(_LOOKS[query], given | {"look_s": LOOK_S})
            asked = second.submit(person.http.get, f"/api/patients/{tenants.a.patient_id}/symptoms")
            wait_until(lambda: stack.execute(_WAITING) == [(1,)], "the second to wait")
            first.commit()
            assert asked.result().status_code == 200
    with stack.person(admin) as person:
        seen = _trail(person, user_id=user_id)
        assert [entry["action"] for entry in seen] == ["saw_symptoms", "saw_patient", "signed_in"]
        look = seen[1]
        assert (look["name"], look["role"], look["patient"]) == ("nurse of ward_a", "nurse", "Marked-Aaa Patient")
        assert _trail(person, user_id=user_id, action="saw_patient") == [look]
        assert _trail(person, user_id=user_id, from_us=look["at_us"] + 1) == seen[:1]
        assert _trail(person, user_id=user_id, to_us=look["at_us"]) == seen[2:]
        # Page by page it is the whole, and what is written meanwhile moves nothing.
        whole = [entry["id"] for entry in _trail(person, limit=500)]
        pages: list[int] = []
        before = {"before": whole[0] + 1}
        while True:
            answer = person.http.get("/api/audit", params={"limit": 2, **before}).json()
            pages += [entry["id"] for entry in answer["entries"]]
            if not answer["more"]:
                break
            before = {"before": pages[-1]}
        assert pages == whole
        assert _trail(person, action="saw_trail"), "that the trail was read is in the trail"


def test_whose_waves_a_screen_shows_is_in_the_trail_once(stack: Stack, tenants: Tenants, broker: BrokerServer) -> None:
    with (
        stack.person(login_of(Role.NURSE, "ward_a")) as nurse,
        stack.person(login_of(Role.ADMIN, "all")) as admin,
        nurse.screen() as screen,
        Device(broker.host, broker.port, tenants.a.device) as device,
    ):
        screen.watch(tenants.a.patient_id, tenants.b.patient_id)

        def wave_comes() -> bool:
            device.send(ecg_frame(len(screen.ecg)))
            return bool(screen.ecg)

        wait_until(wave_comes, "the wave")
        wait_until(lambda: bool(_trail(admin, action="watched_live")), "the look")
        screen.watch()
        screen.watch(tenants.a.patient_id)
        n_waves = len(screen.ecg)
        wait_until(lambda: wave_comes() and len(screen.ecg) > n_waves, "the wave again")
        watched = _trail(admin, action="watched_live")
        assert [entry["patient_id"] for entry in watched] == [tenants.a.patient_id]


def test_sessions_are_seen_and_ended_and_their_screens_close(stack: Stack) -> None:
    login = login_of(Role.TECHNICIAN, "all")
    with stack.person(login) as here, stack.person(login) as there, there.screen() as screen:
        sessions = here.http.get("/api/sessions").json()["sessions"]
        assert sorted(one["is_this"] for one in sessions) == [False, True]
        assert {(one["address"], one["method"]) for one in sessions} == {("127.0.0.1", "password")}
        # Another's is not theirs to end, or to see.
        with stack.person(login_of(Role.NURSE, "ward_a")) as colleague:
            assert len(colleague.http.get("/api/sessions", params={"everybody": True}).json()["sessions"]) == 1
            for one in sessions:
                assert colleague.http.delete(f"/api/sessions/{one['id']}").status_code == 404
        other = next(one["id"] for one in sessions if not one["is_this"])
        assert here.http.delete(f"/api/sessions/{other}").status_code == 204
        assert screen.wait_for_close() == 4401
        assert there.http.get("/api/session").status_code == 401
        assert here.http.delete(f"/api/sessions/{other}").status_code == 404
        # Who looks after people ends anybody's of the own hospital.
        with stack.person(login_of(Role.ADMIN, "other")) as stranger:
            own = next(one["id"] for one in sessions if one["is_this"])
            assert stranger.http.delete(f"/api/sessions/{own}").status_code == 404
        with stack.person(login_of(Role.ADMIN, "all")) as admin:
            every = admin.http.get("/api/sessions", params={"everybody": True}).json()["sessions"]
            assert own in {one["id"] for one in every}
            assert admin.http.delete(f"/api/sessions/{own}").status_code == 204
            assert here.http.get("/api/session").status_code == 401
            ended = _trail(admin, action="revoked_session")
            assert [entry["name"] for entry in ended] == ["admin of all", "technician of all"]


def test_broken_glass_shows_a_patient_for_hours_and_tells_the_team(stack: Stack, tenants: Tenants) -> None:
    patient = f"/api/patients/{tenants.b.patient_id}"
    with (
        stack.person(login_of(Role.PHYSICIAN, "ward_a")) as doctor,
        stack.person(login_of(Role.NURSE, "all")) as team,
        team.screen() as screen,
    ):
        assert doctor.http.get(patient).status_code == 404
        found = doctor.http.get("/api/glass/patients", params={"name": "marked-"}).json()["patients"]
        assert [one["id"] for one in found] == [tenants.a.patient_id, tenants.b.patient_id], "of the own hospital alone"
        assert doctor.http.post(f"{patient}/glass", json={"reason": "short"}).status_code == 422
        begun_us = now_us()
        answer = doctor.http.post(f"{patient}/glass", json={"reason": _REASON})
        assert answer.status_code == 201, answer.text
        assert doctor.http.get(patient).status_code == 200
        until_us = answer.json()["until_us"]
        assert until_us - begun_us == pytest.approx(4 * 3600e6, abs=60e6)
        stack.execute(  # a colleague's, later and for something else
            "INSERT INTO glass_breaks (tenant_id, patient_id, user_id, reason, until_at)"
            " SELECT tenant_id, patient_id, (SELECT user_id FROM users WHERE login = %s), 'another reason', until_at"
            " + interval '1 h' FROM glass_breaks",
            login_of(Role.NURSE, "all"),
        )
        assert doctor.http.get(f"{patient}/glass").json() == {"until_us": until_us, "reason": _REASON}
        own = f"/api/patients/{tenants.a.patient_id}/glass"
        assert doctor.http.get(own).json() == team.http.get(own).json() == {"until_us": None, "reason": None}
        assert tenants.b.mark in doctor.http.get("/api/ward").text

        def told() -> list[dict[str, Any]]:
            return [one for one in screen.ward["alarms"] if one["call"] == "glass_broken"] if screen.wards else []

        wait_until(lambda: bool(told()), "the team's alarm")
        alarm = told()[0]
        assert (alarm["priority"], alarm["family"], alarm["patient_id"]) == ("low", "technical", tenants.b.patient_id)
        assert (alarm["detail"]["by"], alarm["detail"]["reason"]) == ("physician of ward_a", _REASON)
        # It is for the team to answer: who looks is neither called by it nor answers it.
        assert "glass_broken" not in doctor.http.get("/api/ward").text
        answers = f"/api/alarms/{alarm['id']}"
        for act, body in (("acknowledgement", {"additions": 0}), ("silence", {"seconds": 60})):
            refused = doctor.http.post(f"{answers}/{act}", json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "for_the_team"), act
        assert team.http.post(f"{answers}/acknowledgement", json={"additions": 0}).status_code == 200
        # Nobody else sees more; and it is over by itself.
        with stack.person(login_of(Role.NURSE, "ward_a")) as colleague:
            assert colleague.http.get(patient).status_code == 404
        stack.execute("ALTER TABLE glass_breaks DISABLE TRIGGER glass_breaks_append_only")
        stack.execute("UPDATE glass_breaks SET until_at = now() - interval '1 s'")
        stack.execute("UPDATE alarms SET detail = detail || '{\"until_us\": 1}' WHERE call = 'glass_broken'")
        wait_until(lambda: not told(), "the alarm's end")
        assert doctor.http.get(patient).status_code == 404
        assert team.http.post(f"{patient}/glass", json={"reason": _REASON}).json()["error"]["code"] == "not_needed"
        foreign = f"/api/patients/{tenants.other.patient_id}/glass"
        assert doctor.http.post(foreign, json={"reason": _REASON}).status_code == 404
    with stack.person(login_of(Role.ADMIN, "all")) as admin:
        broke = _trail(admin, action="broke_glass")
        assert [(entry["name"], entry["detail"]["reason"]) for entry in broke] == [("physician of ward_a", _REASON)]
        assert _trail(admin, action="searched_elsewhere")[0]["detail"] == {"name": "marked-"}
