"""Reports of the running server: made in the background, of what is stored, for who may, and written down."""

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pypdf
import pytest

from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.dashboard_stack import Patient, Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until

_S: Final = 1_000_000
_BEGIN: Final = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
_BEGIN_US: Final = round(_BEGIN.timestamp() * 1e6)
_HOUR_US: Final = 3600 * _S
_FRAME: Final = """
    INSERT INTO ecg_frames (stream_id, seq, t0, tenant_id, patient_id, device_id, shard, fs_mhz, lead, gain, baseline,
        flags, samples, received_at)
    SELECT s.stream_id, %s, timestamptz 'epoch' + %s * interval '1 microsecond', 1, s.patient_id, s.device_id, s.shard,
        %s, %s, %s, %s, %s, %s, now()
    FROM streams AS s WHERE s.device_id = %s
"""


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def nurse(stack: Stack) -> Iterator[Person]:
    with stack.person() as person:
        yield person


@pytest.fixture
def patient(stack: Stack) -> Patient:
    """A patient with a minute of ECG, two hours of beats, an hour of fibrillation, alarms and a symptom."""
    patient = stack.add_patient("Zoë Müller")
    stack.execute("UPDATE wards SET zone = 'Europe/Paris'")
    stack.execute(
        "INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard)"
        " SELECT tenant_id, patient_id, device_id, 'ecg', 1, shard FROM devices WHERE device_id = %s",
        patient.device,
    )
    for frame in cut_into_frames(draw_ecg(regular_beats(0.4, 60, 75), 60), _BEGIN_US):
        stack.execute(
            _FRAME, frame.seq, frame.t0, frame.fs_mhz, frame.lead, frame.gain, frame.baseline, frame.flags,
            frame.samples, patient.device,
        )  # fmt: skip
    stack.execute(
        "INSERT INTO ecg_minutes SELECT %s, m, %s, 'II', 60000000, 1"
        " FROM generate_series(%s::timestamptz, %s::timestamptz, interval '1 minute') AS m",
        *patient, _BEGIN, _BEGIN + timedelta(minutes=119),
    )  # fmt: skip
    # 75 a minute, but in one minute 50 and in one 150; two ventricular beats a minute.
    stack.execute(
        "INSERT INTO beat_minutes (patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us,"
        " rr_max_us, beats_n, beats_s, beats_v, beats_f, beats_q)"
        " SELECT %s, %s::timestamptz + n * interval '1 minute', %s, 'test-7', rr_us * 50, 1, 50, rr_us, rr_us,"
        " 48, 0, 2, 0, 0"
        " FROM (SELECT n, CASE n WHEN 30 THEN 1200000 WHEN 90 THEN 400000 ELSE 800000 END AS rr_us"
        " FROM generate_series(0, 119) AS n) AS minutes",
        patient.patient_id, _BEGIN, patient.device,
    )  # fmt: skip
    stack.execute(
        "INSERT INTO beats SELECT %s, 1, %s, %s::timestamptz + n * interval '800 ms', 0.8, 1, 'N', 'test-7'"
        " FROM generate_series(0, 70) AS n",
        *patient, _BEGIN + timedelta(milliseconds=400),
    )  # fmt: skip
    for call, priority, onset_s, end_s in (
        ("ventricular_tachycardia", "high", 10, 16), ("bradycardia", "medium", 20, 40),
        ("atrial_fibrillation", "medium", 1800, 5400), ("bradycardia", "medium", 3000, 3010),
    ):  # fmt: skip
        _raise(stack, patient, call, priority, onset_s, end_s)
    stack.execute(
        "INSERT INTO symptoms (tenant_id, patient_id, device_id, press, pressed_at, received_at, late, chips, note)"
        " VALUES (1, %s, %s, 'p', %s, now(), false, '{dizzy}', 'on the stairs')",
        *patient, _BEGIN + timedelta(seconds=30),
    )  # fmt: skip
    return patient


def _raise(stack: Stack, patient: Patient, call: str, priority: str, onset_s: float, end_s: float) -> None:  # noqa: PLR0917
    onset, end = (_BEGIN + timedelta(seconds=seconds) for seconds in (onset_s, end_s))
    stack.execute(
        "INSERT INTO episodes (tenant_id, patient_id, device_id, call, onset_at, ended_at, engine)"
        " VALUES (1, %s, %s, %s, %s, %s, 'test-7')",
        *patient, call, onset, end,
    )  # fmt: skip
    ((alarm_id,),) = stack.execute(
        "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine, confidence)"
        " VALUES (1, %s, %s, %s, %s, %s, %s, 'test-7', 0.9) RETURNING alarm_id",
        *patient, call, priority, onset, onset + timedelta(seconds=2),
    )  # fmt: skip
    stack.add_event(alarm_id, "raised")


def _ask(person: Person, patient: Patient, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    body = {"from_us": _BEGIN_US, "to_us": _BEGIN_US + 4 * _HOUR_US, "language": "en"} | more
    answer = person.http.post(f"/api/patients/{patient.patient_id}/reports", json=body)
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["state"], job["failed"]) == ("making", None)
    return dict(job)


def _wait(person: Person, patient: Patient, job: dict[str, Any]) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        return dict(person.http.get(f"/api/patients/{patient.patient_id}/reports/{job['id']}").json())

    wait_until(lambda: ask()["state"] != "making", "the report to be made")
    return ask()


@on_one_pair
def test_a_report_says_what_is_stored_and_who_reviewed_and_is_written_down(
    stack: Stack, nurse: Person, patient: Patient
) -> None:
    verdicts = {"ventricular_tachycardia": "true", "bradycardia": "false"}
    for alarm_id, call in stack.execute("SELECT alarm_id, call FROM alarms ORDER BY alarm_id"):
        if call in verdicts:
            body = {"verdict": verdicts.pop(call), "note": "as I saw it"}
            assert nurse.http.post(f"/api/alarms/{alarm_id}/review", json=body).status_code == 200
    stack.execute(
        "INSERT INTO beat_corrections (tenant_id, patient_id, t, kind, label, was, user_id)"
        " SELECT 1, %s, %s::timestamptz + n * interval '800 ms', 'relabelled', 'V', 'N', user_id"
        " FROM generate_series(14, 17) AS n, (SELECT min(user_id) AS user_id FROM users) AS u",
        patient.patient_id, _BEGIN + timedelta(milliseconds=400),
    )  # fmt: skip
    done = _wait(nurse, patient, _ask(nurse, patient))
    assert (done["state"], done["progress"], done["by"]) == ("made", 1, "Nora Nurse")
    answer = nurse.http.get(f"/api/patients/{patient.patient_id}/reports/{done['id']}/file")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert f"heartwire-ecg-{patient.patient_id}-20260301T1400Z" in answer.headers["content-disposition"]
    text = _text(answer.content)
    for words in (
        "Zoë Müller", "2 h of 4 h (50.0 %)", "Of 50.0 % of the period there is no ECG",
        "Slowest minute 50 bpm 2026-03-01 15:30", "Fastest minute 150 bpm 2026-03-01 16:30",
        "Ventricular beats (V) 244 (4.1 % of all)", "Beats corrected by people, counted so 4",
        "50.0 % of the recorded time (60 min)",
        "2 of 4 alarms are not reviewed", "Nora Nurse (nurse): 2", "dizzy", "on the stairs", "test-7",
        "Ventricular tachycardia, 2026-03-01 15:00:10", "reviewed: true, by Nora Nurse", "as I saw it",
        "Bradycardia, 2026-03-01 15:50:00", "No ECG is stored of this time.", "not reviewed",
    ):  # fmt: skip
        assert words in text, words
    assert "Bradycardia, 2026-03-01 15:00:20" not in text, "what was judged false is no finding"
    assert stack.execute("SELECT sha256 FROM reports") == [(hashlib.sha256(answer.content).digest(),)]
    seen = stack.execute(
        "SELECT action FROM audit_events WHERE action IN ('made_report', 'took_report') ORDER BY audit_id"
    )
    assert seen == [("made_report",), ("took_report",)]
    listed = nurse.http.get(f"/api/patients/{patient.patient_id}/reports").json()["reports"]
    assert [one["id"] for one in listed] == [done["id"]]


@on_one_pair
def test_what_cannot_be_made_says_why_and_what_nobody_makes_is_not_waited_for(
    stack: Stack, nurse: Person, patient: Patient
) -> None:
    url = f"/api/patients/{patient.patient_id}/reports"
    for wrong, field in (
        ({"language": "xx"}, "language"), ({"zone": "Europe/Paris"}, "body"), ({"to_us": _BEGIN_US}, "to_us"),
        ({"colour": "red"}, "body"),
    ):  # fmt: skip
        body = {"from_us": _BEGIN_US, "to_us": _BEGIN_US + _HOUR_US} | wrong
        answer = nurse.http.post(url, json=body)
        assert (answer.status_code, answer.json()["error"]["params"]) == (422, {"field": field})
    answer = nurse.http.post(url, json={"from_us": 0, "to_us": _BEGIN_US})
    assert answer.json()["error"]["code"] == "too_long"
    assert nurse.http.post("/api/patients/99999/reports", json={"from_us": 0, "to_us": _S}).status_code == 404
    assert stack.execute("SELECT count(*) FROM reports") == [(0,)]
    stack.execute("UPDATE patients SET name = chr(983040)")
    done = _wait(nurse, patient, _ask(nurse, patient))
    assert (done["state"], done["failed"]) == ("failed", "letters")
    assert nurse.http.get(f"{url}/{done['id']}/file").status_code == 404
    # Of a server that died in the midst of it.
    stack.execute("UPDATE reports SET failed = NULL, seen_at = now() - interval '1 minute'")
    interrupted = nurse.http.get(f"{url}/{done['id']}").json()
    assert (interrupted["state"], interrupted["failed"]) == ("failed", "interrupted")
    # Three that are being made are enough for one.
    stack.execute(
        "INSERT INTO reports (tenant_id, patient_id, asked_by, from_at, to_at, language, zone)"
        " SELECT tenant_id, patient_id, asked_by, from_at, to_at, language, zone FROM reports, generate_series(1, 3)"
    )
    answer = nurse.http.post(url, json={"from_us": _BEGIN_US, "to_us": _BEGIN_US + _HOUR_US})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "busy")


@on_one_pair
def test_a_file_is_not_kept_for_ever(stack: Stack, nurse: Person, patient: Patient) -> None:
    done = _wait(nurse, patient, _ask(nurse, patient, language="de"))
    stack.execute("UPDATE reports SET made_at = now() - interval '8 days'")
    _wait(nurse, patient, _ask(nurse, patient, language="fr"))
    url = f"/api/patients/{patient.patient_id}/reports/{done['id']}"
    assert nurse.http.get(url).json()["state"] == "forgotten"
    assert nurse.http.get(url + "/file").status_code == 404


def _text(pdf: bytes) -> str:
    words = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(words.replace("\u202f", " ").split())
