"""The life of an alarm in people's hands: shown, silenced, reviewed, paused; whose a patient is, and handing over."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Final

import pytest

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Person, Stack, now_us, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until

pytestmark = on_one_pair


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def patient(stack: Stack) -> Patient:
    return stack.add_patient()


@pytest.fixture
def nurse(stack: Stack) -> Iterator[Person]:
    with stack.person() as nurse:
        yield nurse


@pytest.fixture
def doctor(stack: Stack) -> Iterator[Person]:
    with stack.person("doctor") as doctor:
        yield doctor


def _events(stack: Stack, alarm_id: int) -> list[tuple[str, str | None]]:
    return stack.execute(
        "SELECT e.kind, u.name FROM alarm_events AS e LEFT JOIN users AS u USING (user_id)"
        " WHERE alarm_id = %s ORDER BY event_id",
        alarm_id,
    )


def _alarm(person: Person, alarm_id: int) -> dict[str, Any]:
    answer = person.http.get(f"/api/alarms/{alarm_id}")
    assert answer.status_code == 200
    return dict(answer.json())


def _id(stack: Stack, login: str) -> int:
    return int(stack.execute("SELECT user_id FROM users WHERE login = %s", login)[0][0])


def test_an_alarm_is_pending_until_a_screen_has_painted_it(
    stack: Stack, patient: Patient, nurse: Person, doctor: Person
) -> None:
    alarm_id = stack.raise_alarm(patient)
    assert (_alarm(nurse, alarm_id)["state"], _alarm(nurse, alarm_id)["shown_us"]) == ("pending", None)
    other = stack.execute("INSERT INTO tenants (name) VALUES ('other') RETURNING tenant_id")[0][0]
    foreign = stack.execute(
        "INSERT INTO alarms (tenant_id, call, priority, onset_at, signal_at, engine)"
        " VALUES (%s, 'ingest_silent', 'high', now(), now(), 'test') RETURNING alarm_id",
        other,
    )[0][0]
    stack.execute("INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, %s, 'raised')", foreign, other)
    with nurse.screen() as first, doctor.screen() as second:
        for screen in (first, second):
            screen.connection.send(json.dumps({"watch": [], "shown": [alarm_id, foreign, -1, 2**70 % 2**63]}))
        wait_until(
            lambda: all(screen.wards and screen.ward["alarms"][0]["state"] == "active" for screen in (first, second)),
            "both screens to hear that it was shown",
        )
        assert abs(first.ward["alarms"][0]["shown_us"] - now_us()) < 30e6
        # The connection goes on, and the second who says so adds nothing.
        second.connection.send(json.dumps({"shown": [alarm_id]}))
        silence = stack.raise_alarm(patient, "pause", "medium")
        second.connection.send(json.dumps({"shown": [silence]}))
        wait_until(lambda: _alarm(nurse, silence)["state"] == "active", "the other to be shown")
    assert [kind for kind, _ in _events(stack, alarm_id)] == ["raised", "shown"]
    assert [kind for kind, _ in _events(stack, foreign)] == ["raised"]
    detail = stack.execute("SELECT detail FROM alarm_events WHERE kind = 'shown' LIMIT 1")[0][0]
    assert detail["from"]["address"] == "127.0.0.1"


def test_a_silence_ends_by_itself_or_by_hand_and_says_whose_it_is(
    stack: Stack, patient: Patient, nurse: Person, doctor: Person
) -> None:
    alarm_id = stack.raise_alarm(patient)
    path = f"/api/alarms/{alarm_id}/silence"
    silenced = nurse.http.post(path).json()
    assert (silenced["state"], silenced["silenced"]["name"]) == ("silenced", "Nora Nurse")
    assert silenced["silenced"]["until_us"] - silenced["silenced"]["at_us"] == 120_000_000
    assert doctor.http.delete(path).json()["silenced"] is None
    assert doctor.http.delete(path).json()["state"] == "pending"
    assert [nurse.http.post(path, json={"seconds": s}).status_code for s in (29, 601)] == [422, 422]
    assert nurse.http.post(path, json={"seconds": 600}).json()["state"] == "silenced"
    assert [kind for kind, _ in _events(stack, alarm_id)] == ["raised", "silenced", "silence_undone", "silenced"]
    kinds = {"raised": "Nora Nurse", "silenced": "Nora Nurse", "silence_undone": "Dr. Day"}
    assert all(name in (None, kinds[kind]) for kind, name in _events(stack, alarm_id))
    # What was silenced ten minutes ago is not silent any more, nor what will be silenced in an hour (a clock set back).
    for at in ("-601 s", "1 hour"):
        stack.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, at, kind, user_id, detail)"
            " VALUES (%s, 1, now() + %s::interval, 'silenced', %s, '{\"seconds\": 600}')",
            alarm_id,
            at,
            _id(stack, "nurse"),
        )
        assert (_alarm(nurse, alarm_id)["state"], _alarm(nurse, alarm_id)["silenced"]) == ("pending", None)
    assert nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement").json()["state"] == "acknowledged"
    assert nurse.http.post(path).json()["state"] == "acknowledged", "it is silent already"
    stack.add_event(alarm_id, "ended")
    assert nurse.http.post(path).json()["error"]["code"] == "not_open"


def test_a_review_is_the_last_word_and_can_be_undone(
    stack: Stack, patient: Patient, nurse: Person, doctor: Person
) -> None:
    alarm_id = stack.raise_alarm(patient, "pause", "medium")
    stack.add_event(alarm_id, "ended")
    path = f"/api/alarms/{alarm_id}/review"
    assert _alarm(nurse, alarm_id)["reviewed"] is None
    reviewed = nurse.http.post(path, json={"verdict": "false", "note": "<b>moved</b>"}).json()["reviewed"]
    assert {**reviewed, "at_us": 0} == {
        "name": "Nora Nurse", "at_us": 0, "verdict": "false", "note": "<b>moved</b>",
    }  # fmt: skip
    nurse.http.post(path, json={"verdict": "false", "note": "<b>moved</b>"})
    assert doctor.http.post(path, json={"verdict": "true"}).json()["reviewed"]["name"] == "Dr. Day"
    assert nurse.http.delete(path).json()["reviewed"] is None
    assert nurse.http.delete(path).status_code == 200
    assert [kind for kind, _ in _events(stack, alarm_id)[2:]] == ["reviewed", "reviewed", "review_undone"]
    for body in ({"verdict": "maybe"}, {}, {"verdict": "true", "note": "x" * 1001}):
        assert nurse.http.post(path, json=body).status_code == 422
    listed = nurse.http.get(f"/api/patients/{patient.patient_id}/alarms").json()["alarms"]
    assert [(alarm["id"], alarm["reviewed"]) for alarm in listed] == [(alarm_id, None)]


def test_what_is_raised_while_alarms_are_paused_is_marked_and_told_once_the_pause_is_over(
    stack: Stack, patient: Patient, nurse: Person, doctor: Person
) -> None:
    other = stack.add_patient("Bo")
    before = stack.raise_alarm(patient, "tachycardia", "medium")
    wish = {"kind": "alarms_paused", "patient_id": patient.patient_id, "seconds": 600, "reason": "washing"}
    with doctor.screen() as screen:
        wait_until(lambda: bool(screen.wards), "the first picture")
        answer = nurse.http.post("/api/pauses", json=wish)
        assert answer.status_code == 201
        pause = answer.json()
        wait_until(lambda: bool(screen.ward["pauses"]), "the doctor to see the pause")
        (seen,) = screen.ward["pauses"]
    assert (seen["name"], seen["kind"], seen["reason"]) == ("Nora Nurse", "alarms_paused", "washing")
    assert seen["until_us"] - seen["at_us"] == pytest.approx(600e6, abs=1e6)
    during, others = stack.raise_alarm(patient), stack.raise_alarm(other)
    over = stack.raise_alarm(patient, "ventricular_tachycardia")
    stack.add_event(over, "ended")
    states = {alarm_id: _alarm(nurse, alarm_id) for alarm_id in (before, during, others, over)}
    assert [alarm["state"] for alarm in states.values()] == ["paused", "paused", "pending", "latched"]
    assert [alarm["paused_us"] is not None for alarm in states.values()] == [False, True, False, True]
    assert doctor.http.delete(f"/api/pauses/{pause['id']}").json()["ended_us"] is not None
    assert nurse.http.delete(f"/api/pauses/{pause['id']}").status_code == 200
    assert nurse.http.get("/api/ward").json()["pauses"] == []
    assert [_alarm(nurse, alarm_id)["state"] for alarm_id in (before, during, over)] == [
        "pending",
        "pending",
        "latched",
    ]
    # Of a ward, and of one patient altogether; one that ran out holds nothing back.
    nurse.http.post("/api/pauses", json={"kind": "alarms_paused", "ward": "B", "seconds": 60})
    assert _alarm(nurse, others)["state"] == "paused"
    stack.execute("UPDATE pauses SET begun_at = now() - interval '2 min', until_at = now() - interval '1 min'")
    assert _alarm(nurse, others)["state"] == "pending"
    off = {"kind": "alarms_off", "patient_id": other.patient_id, "seconds": 7200, "reason": "palliative"}
    assert doctor.http.post("/api/pauses", json=off).status_code == 201
    assert _alarm(nurse, others)["state"] == "paused"
    # Sound alone: everything else goes on.
    stack.execute("UPDATE pauses SET ended_at = now(), ended_by = user_id WHERE ended_at IS NULL")
    nurse.http.post("/api/pauses", json={"kind": "audio_paused", "seconds": 120})
    assert _alarm(nurse, others)["state"] == "pending"
    assert [pause["kind"] for pause in nurse.http.get("/api/ward").json()["pauses"]] == ["audio_paused"]


_REFUSED: Final[tuple[tuple[str, dict[str, object], str], ...]] = (
    ("nurse", {"kind": "audio_paused", "seconds": 29}, "invalid"),
    ("nurse", {"kind": "audio_paused", "seconds": 601}, "invalid"),
    ("nurse", {"kind": "alarms_paused", "seconds": 600}, "invalid"),
    ("nurse", {"kind": "alarms_paused", "seconds": 1801, "ward": "B"}, "invalid"),
    ("nurse", {"kind": "alarms_paused", "seconds": 600, "ward": "no such"}, "not_found"),
    ("nurse", {"kind": "alarms_paused", "seconds": 600, "patient_id": 999_999}, "not_found"),
    ("nurse", {"kind": "alarms_paused", "seconds": 600, "patient_id": 1, "ward": "B"}, "invalid"),
    ("nurse", {"kind": "alarms_off", "seconds": 3600, "patient_id": 1, "reason": "x"}, "forbidden"),
    ("doctor", {"kind": "alarms_off", "seconds": 3600, "patient_id": 1, "reason": " "}, "invalid"),
    ("doctor", {"kind": "alarms_off", "seconds": 3600, "ward": "B", "reason": "x"}, "invalid"),
    ("doctor", {"kind": "alarms_off", "seconds": 86_401, "patient_id": 1, "reason": "x"}, "invalid"),
    ("doctor", {"kind": "alarms_off_for_ever", "seconds": 3600, "patient_id": 1, "reason": "x"}, "invalid"),
)


def test_pauses_have_bounds(stack: Stack, patient: Patient, nurse: Person, doctor: Person) -> None:
    people = {"nurse": nurse, "doctor": doctor}
    for login, wish, code in _REFUSED:
        given = {**wish, **({"patient_id": patient.patient_id} if wish.get("patient_id") == 1 else {})}
        answer = people[login].http.post("/api/pauses", json=given)
        assert answer.json()["error"]["code"] == code, wish
    assert stack.execute("SELECT count(*) FROM pauses") == [(0,)]


def test_a_pause_that_ran_out_or_has_not_begun_holds_for_nobody(stack: Stack, patient: Patient, nurse: Person) -> None:
    def paused() -> list[int]:
        return [pause["id"] for pause in nurse.http.get("/api/ward").json()["pauses"]]

    wish = {"kind": "audio_paused", "seconds": 600, "patient_id": patient.patient_id}
    pause_id = nurse.http.post("/api/pauses", json=wish).json()["id"]
    wait_until(lambda: paused() == [pause_id], "the pause to be seen")
    # Ten minutes later, and by a clock that was set back by an hour.
    for moved in ("-601 s", "1 hour"):
        stack.execute(
            "UPDATE pauses SET begun_at = now() + %s::interval, until_at = now() + %s::interval + interval '600 s'",
            *(moved, moved),
        )
        wait_until(lambda: paused() == [], "the pause to be over")
        assert nurse.http.delete(f"/api/pauses/{pause_id}").json()["ended_us"] is None, "it ended by itself"
    stack.execute("UPDATE pauses SET begun_at = now(), until_at = now() + interval '600 s'")
    wait_until(lambda: paused() == [pause_id], "it holds")


def test_who_sees_one_ward_pauses_the_sound_of_no_other(stack: Stack, patient: Patient, nurse: Person) -> None:
    stack.execute(
        "WITH bound AS (UPDATE users SET all_wards = false WHERE login = 'nurse' RETURNING user_id, tenant_id)"
        " INSERT INTO ward_members (user_id, ward_id, tenant_id)"
        " SELECT b.user_id, p.ward_id, b.tenant_id FROM bound AS b, patients AS p WHERE p.patient_id = %s",
        patient.patient_id,
    )
    wish = {"kind": "audio_paused", "seconds": 60}
    answer = nurse.http.post("/api/pauses", json=wish).json()["error"]
    assert (answer["code"], answer["params"]["field"]) == ("invalid", "ward")
    stack.execute("UPDATE patients SET ward = 'C' WHERE patient_id = %s", stack.add_patient("Cleo").patient_id)
    assert nurse.http.post("/api/pauses", json={**wish, "ward": "C"}).status_code == 404
    assert nurse.http.post("/api/pauses", json={**wish, "ward": "B"}).status_code == 201
    assert stack.execute("SELECT ward FROM pauses") == [("B",)]


def test_a_shift_is_handed_over_to_who_accepts(stack: Stack, nurse: Person, doctor: Person) -> None:
    mine, kept, never = (stack.add_patient(name) for name in ("Ada", "Bo", "Cy"))
    nora, day = _id(stack, "nurse"), _id(stack, "doctor")
    people = nurse.http.get("/api/colleagues").json()["colleagues"]
    assert [(one["name"], one["role"], one["login"]) for one in people] == [
        ("Dr. Day", "physician", "doctor"),
        ("Nora Nurse", "nurse", "nurse"),
    ]
    assert nurse.http.post("/api/hand-overs", json={"to_user_id": day}).json()["error"]["code"] == "no_patients"
    for patient in (mine, kept):
        given = nurse.http.put(f"/api/patients/{patient.patient_id}/nurse", json={"user_id": nora})
        assert given.json()["nurse"]["name"] == "Nora Nurse"
    alarm_id = stack.raise_alarm(mine)
    nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
    offer = nurse.http.post("/api/hand-overs", json={"to_user_id": day}).json()
    assert (offer["from"]["name"], offer["to"]["id"]) == ("Nora Nurse", day)
    assert (offer["n_patients"], offer["n_alarms"]) == (2, 1)
    again = nurse.http.post("/api/hand-overs", json={"to_user_id": day, "ward": "B"}).json()
    ward = doctor.http.get("/api/ward").json()
    assert [one["id"] for one in ward["hand_overs"]] == [again["id"]], "an offer replaces the one before"
    assert {row["name"]: row["nurse"] and row["nurse"]["id"] for row in ward["patients"]} == {
        "Ada": nora, "Bo": nora, "Cy": None,
    }  # fmt: skip
    assert doctor.http.post(f"/api/hand-overs/{offer['id']}/acceptance").json()["error"]["code"] == "withdrawn"
    assert nurse.http.post(f"/api/hand-overs/{again['id']}/acceptance").json()["error"]["code"] == "forbidden"
    # Meanwhile one of them is given to nobody.
    nurse.http.put(f"/api/patients/{kept.patient_id}/nurse", json={"user_id": None})
    for _ in range(2):
        assert doctor.http.post(f"/api/hand-overs/{again['id']}/acceptance").json()["accepted_us"] is not None
    assert nurse.http.delete(f"/api/hand-overs/{again['id']}").json()["error"]["code"] == "accepted"
    ward = doctor.http.get("/api/ward").json()
    nurses = {row["name"]: row["nurse"] and row["nurse"]["name"] for row in ward["patients"]}
    assert (nurses, ward["hand_overs"]) == ({"Ada": "Dr. Day", "Bo": None, "Cy": None}, [])
    assert _events(stack, alarm_id)[1:] == [("acknowledged", "Nora Nurse"), ("handed_over", "Dr. Day")]
    assert _alarm(nurse, alarm_id)["acknowledged"]["name"] == "Nora Nurse", "who took it on stays known"
    # The other way round, declined.
    back = doctor.http.post("/api/hand-overs", json={"to_user_id": nora}).json()
    assert nurse.http.delete(f"/api/hand-overs/{back['id']}").json()["withdrawn_us"] is not None
    assert nurse.http.get("/api/ward").json()["hand_overs"] == []
    for body in ({"to_user_id": day}, {"to_user_id": 999_999}):
        assert doctor.http.post("/api/hand-overs", json=body).status_code == 422
    assert nurse.http.put(f"/api/patients/{never.patient_id}/nurse", json={"user_id": 999_999}).status_code == 422
    assert nurse.http.put("/api/patients/999999/nurse", json={"user_id": None}).status_code == 404


def test_acts_are_kept_with_who_and_from_where(stack: Stack, patient: Patient) -> None:
    alarm_id = stack.raise_alarm(patient)
    with ExitStack() as opened:
        nurse = opened.enter_context(stack.person())
        nurse.http.headers["user-agent"] = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0"
        for path in ("silence", "acknowledgement"):
            nurse.http.post(f"/api/alarms/{alarm_id}/{path}")
            nurse.http.delete(f"/api/alarms/{alarm_id}/{path}")
        nurse.http.post(f"/api/alarms/{alarm_id}/review", json={"verdict": "unsure"})
    rows = stack.execute(
        "SELECT kind, detail -> 'from' ->> 'address', detail -> 'from' ->> 'agent' FROM alarm_events"
        " WHERE user_id IS NOT NULL ORDER BY event_id"
    )
    kinds = ["silenced", "silence_undone", "acknowledged", "acknowledgement_undone", "reviewed"]
    assert rows == [(kind, "127.0.0.1", "Firefox on Android") for kind in kinds]
    actions = stack.execute(
        "SELECT action FROM audit_events WHERE patient_id = %s ORDER BY audit_id", patient.patient_id
    )
    assert [action for (action,) in actions] == [
        "silenced", "undid_silence", "acknowledged", "undid_acknowledgement", "reviewed",
    ]  # fmt: skip
