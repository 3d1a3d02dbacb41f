"""What people add to a patient's record: each with its author, none overwritten; and the trends that count it."""

import psycopg
import pytest

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

pytestmark = on_one_pair

#: The beginning of a minute, UTC microseconds.
T0_US = 1_790_000_040_000_000
S_US = 1_000_000
MINUTE = f"from_us={T0_US}&to_us={T0_US + 60 * S_US}"


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _store_beats(stack: Stack, patient: Patient, labels: str) -> None:
    """Store a beat a second, and their minute."""
    for n, label in enumerate(labels):
        stack.execute(
            "INSERT INTO beats VALUES (%s, 1, %s, to_timestamp(%s), 1, 1.1, %s, 'test')",
            *patient,
            T0_US / 1e6 + n,
            label,
        )
    stack.execute(
        "INSERT INTO beat_minutes (patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us,"
        " rr_max_us, beats_n, beats_s, beats_v, beats_f, beats_q)"
        " VALUES (%s, to_timestamp(%s), %s, 'test', 1, 1, 1, 1, 1, %s, %s, %s, 0, 0)",
        patient.patient_id,
        T0_US / 1e6,
        patient.device,
        *(labels.count(label) for label in "NSV"),
    )


def test_beats_are_corrected_beside_what_the_engine_found_and_counted_so(stack: Stack) -> None:
    patient = stack.add_patient()
    _store_beats(stack, patient, "NNVVS")
    with stack.person() as nurse, stack.person("doctor") as doctor:
        path = f"/api/patients/{patient.patient_id}"

        def correct(t_s: float, kind: str, label: str | None = None, *, status: int = 200) -> int:
            body = {"t_us": T0_US + round(t_s * S_US), "kind": kind, "label": label}
            answer = nurse.http.post(f"{path}/beat-corrections", json=body)
            assert answer.status_code == status, answer.text
            return int(answer.json().get("id", 0))

        def standing() -> list[tuple[float, str, str | None, str]]:
            told = nurse.http.get(f"{path}/beats?{MINUTE}").json()
            assert told["label"] == "NNVVS", "the engine's own stay as they are"
            return [
                ((one["t_us"] - T0_US) / S_US, one["kind"], one["label"], one["name"]) for one in told["corrections"]
            ]

        def counted() -> tuple[list[int], int]:
            told = doctor.http.get(f"{path}/trends?{MINUTE}&bucket_s=60").json()
            return [told[name][0] for name in ("beats", "supraventricular", "ventricular")], told["corrected"]

        assert counted() == ([5, 1, 2], 0)
        correct(2, "relabelled", "N")
        correct(2, "relabelled", "S")
        deleted = correct(3, "deleted")
        added = correct(7.5, "added", "V")
        assert standing() == [
            (2.0, "relabelled", "S", "Nora Nurse"),
            (3.0, "deleted", None, "Nora Nurse"),
            (7.5, "added", "V", "Nora Nurse"),
        ]
        assert counted() == ([5, 2, 1], 3)
        # A colleague takes two of them back, once.
        for correction in (deleted, added):
            answers = [doctor.http.delete(f"{path}/beat-corrections/{correction}").status_code for _ in range(2)]
            assert answers == [204, 404]
        assert standing() == [(2.0, "relabelled", "S", "Nora Nurse")]
        assert counted() == ([5, 2, 1], 1)
        # Neither where the engine has no beat, nor on one that it has; a label where there is one, and only there.
        correct(9, "deleted", status=404)
        correct(9, "relabelled", "V", status=404)
        correct(1.05, "added", "V", status=422)
        correct(1, "relabelled", status=422)
        correct(1, "deleted", "V", status=422)
        correct(1, "relabelled", "X", status=422)
        correct(1, "undone", status=422)
    done = "SELECT action FROM audit_events WHERE action LIKE '%%correct%%' ORDER BY audit_id"
    assert [action for (action,) in stack.execute(done)] == ["corrected_beat"] * 4 + ["undid_correction"] * 2
    for change in ("UPDATE beat_corrections SET label = 'N'", "DELETE FROM beat_corrections"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            stack.execute(change)


def test_a_note_is_corrected_and_taken_back_and_what_it_said_stays(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    with stack.person() as nurse, stack.person("doctor") as doctor:
        path = f"/api/patients/{patient.patient_id}/notes"
        assert nurse.http.get(path).json() == {"notes": []}
        nurse.http.post(path, json={"text": "Sleeps <b>badly</b>.", "about_us": T0_US})
        (note,) = nurse.http.post(path, json={"text": "Pacemaker: no."}).json()["notes"][1:]
        assert (note["text"], note["about_us"], note["name"]) == ("Sleeps <b>badly</b>.", T0_US, "Nora Nurse")
        told = doctor.http.post(f"{path}/{note['id']}/correction", json={"text": "Sleeps well."}).json()["notes"]
        assert [one["text"] for one in told] == ["Sleeps well.", "Pacemaker: no."]
        assert (told[0]["about_us"], told[0]["name"]) == (T0_US, "Dr. Day")
        assert [(old["text"], old["name"]) for old in told[0]["earlier"]] == [("Sleeps <b>badly</b>.", "Nora Nurse")]
        # What was corrected meanwhile is to be read first.
        again = nurse.http.post(f"{path}/{note['id']}/correction", json={"text": "Sleeps."})
        assert (again.status_code, again.json()["error"]["code"]) == (409, "changed")
        taken = nurse.http.post(f"{path}/{told[0]['id']}/correction", json={"text": "  "}).json()["notes"][0]
        assert (taken["text"], len(taken["earlier"])) == ("", 2)
        of_another = nurse.http.post(
            f"/api/patients/{other.patient_id}/notes/{taken['id']}/correction", json={"text": "x"}
        )
        assert of_another.status_code == 409
        for body in ({"text": ""}, {"text": " \n"}, {"text": "x" * 1501}, {"text": "x", "about_us": -1}, {}):
            assert nurse.http.post(path, json=body).status_code == 422, body


def test_limits_are_set_within_their_bounds_by_somebody_all_or_none(stack: Stack) -> None:
    patient = stack.add_patient()
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/limits"

        def put(limits: dict[str, dict[str, float | None]]) -> object:
            answer = nurse.http.put(path, json={"limits": limits})
            assert answer.status_code == 200, answer.text
            return answer.json()["limits"]

        assert put({"tachycardia": {"bpm": 130}, "bradycardia": {"bpm": 45}}) == {
            "tachycardia": {"bpm": 130.0},
            "bradycardia": {"bpm": 45.0},
        }
        assert put({"tachycardia": {"bpm": None}}) == {"bradycardia": {"bpm": 45.0}}
        for call, name, value in (("tachycardia", "bpm", 221), ("tachycardia", "beats", 3), ("hiccup", "bpm", 50)):
            answer = nurse.http.put(path, json={"limits": {"bradycardia": {"bpm": 40}, call: {name: value}}})
            assert answer.status_code == 422
            assert answer.json()["error"] == {"code": "invalid", "params": {"field": f"{call}.{name}"}}
        assert nurse.http.put(path, json={"limits": {"bradycardia": {"bpm": "x"}}}).status_code == 422
        told = nurse.http.get(path).json()
        assert told["limits"] == {"bradycardia": {"bpm": 45.0}}
        assert [(one["call"], one["value"], one["was"], one["by"]) for one in told["changes"]] == [
            ("tachycardia", None, 130.0, "Nora Nurse"),
            ("bradycardia", 45.0, None, "Nora Nurse"),
            ("tachycardia", 130.0, None, "Nora Nurse"),
        ]
    assert stack.execute("SELECT count(*) FROM audit_events WHERE action = 'set_limit'") == [(3,)]


def test_trends_say_how_long_atrial_fibrillation_lasted_and_how_the_battery_was(stack: Stack) -> None:
    patient = stack.add_patient()
    at = T0_US / 1e6
    for call, begin, end in (("atrial_fibrillation", 30, 150), ("tachycardia", 0, 300)):
        stack.execute(
            "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, engine)"
            " VALUES (1, %s, %s, %s, to_timestamp(%s), to_timestamp(%s), 'test')",
            *patient,
            call,
            at + begin,
            at + end,
        )
    for seconds, percent in ((0, 80), (60, 80), (70, 79)):
        stack.execute(
            "INSERT INTO device_status VALUES (%s, 1, 1, to_timestamp(%s), true, %s, '1', 'H10', -60, 0, 0, now())"
            " ON CONFLICT (device_id) DO UPDATE SET t = excluded.t, battery_percent = excluded.battery_percent",
            patient.device,
            at + seconds,
            percent,
        )
    assert stack.execute("SELECT percent FROM battery_levels ORDER BY t") == [(80,), (79,)]
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}"
        span = f"from_us={T0_US - 60 * S_US}&to_us={T0_US + 240 * S_US}"
        told = nurse.http.get(f"{path}/trends?{span}&bucket_s=60").json()
        assert told["af_share"] == [0.0, 0.5, 1.0, 0.5, 0.0]
        assert told["battery_percent"] == [None, 80, 79, 79, 79]
        assert told["beats"] == [None] * 5
        episodes = nurse.http.get(f"{path}/episodes?{span}").json()
        assert [(one["call"], one["ended_us"]) for one in episodes["episodes"]] == [
            ("atrial_fibrillation", T0_US + 150 * S_US),
            ("tachycardia", T0_US + 300 * S_US),
        ]
        assert episodes["more"] is False
        first = nurse.http.get(f"{path}/episodes?{span}&limit=1").json()
        assert (len(first["episodes"]), first["more"]) == (1, True)
        only = nurse.http.get(f"{path}/episodes?{span}&call=tachycardia").json()["episodes"]
        assert [one["call"] for one in only] == ["tachycardia"]
