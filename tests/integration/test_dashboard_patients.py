"""What is stored of one patient, as the pages get it: facts, rate, coverage, ECG, beats, alarms; on both databases."""

import struct
from typing import NamedTuple

import pytest

from heartwire.calls import CALLS
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Stack
from tests.integration.ingest_stack import on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until

pytestmark = on_both_pairs

#: A round moment, so that buckets are easily read: UTC microseconds.
T0_US = 1_790_000_000_000_000
S_US = 1_000_000


class Record(NamedTuple):
    """One ECG record as a page reads it."""

    t0_us: float
    patient_id: int
    fs_mhz: int
    lead: bytes
    samples: bytes


_OUT_OF_BOUNDS = [
    ("/hr?to_us=5&bucket_s=1", "invalid", {"field": "from_us"}),
    ("/hr?from_us=5&to_us=5&bucket_s=1", "invalid", {"field": "to_us"}),
    ("/hr?from_us=-1&to_us=5&bucket_s=1", "invalid", {"field": "from_us"}),
    ("/hr?from_us=0&to_us=5&bucket_s=0", "invalid", {"field": "bucket_s"}),
    ("/hr?from_us=0&to_us=5&bucket_s=nan", "invalid", {"field": "bucket_s"}),
    ("/hr?from_us=0&to_us=9999999999999999&bucket_s=1", "invalid", {"field": "to_us"}),
    ("/hr?from_us=0&to_us=5001000000&bucket_s=1", "too_long", {"limit_s": 5000}),
    ("/stored?from_us=0&to_us=5001000000&bucket_s=1", "too_long", {"limit_s": 5000}),
    ("/ecg?from_us=0&to_us=300000001", "too_long", {"limit_s": 300}),
    ("/outline?from_us=0&to_us=5&bucket_s=0.009", "invalid", {"field": "bucket_s"}),
    ("/outline?from_us=0&to_us=172800000001&bucket_s=0.5", "too_long", {"limit_s": 172800}),
    ("/outline?from_us=0&to_us=7200000001&bucket_s=0.499", "too_long", {"limit_s": 7200}),
    ("/beats?from_us=0&to_us=3600000001", "too_long", {"limit_s": 3600}),
    ("/hrv?from_us=0&to_us=34560000000001", "too_long", {"limit_s": 34560000}),
    ("/rhythms?from_us=0&to_us=86400000001", "too_long", {"limit_s": 86400}),
    ("/alarms?limit=0", "invalid", {"field": "limit"}),
    ("/alarms?limit=501", "invalid", {"field": "limit"}),
    ("x", "invalid", {"field": "patient_id"}),
]


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _store(stack: Stack, patient: Patient, t_s: float, *, seconds: float = 1.0, lead: str = "II", seq: int = 0) -> None:
    ((stream_id,),) = stack.execute(
        "INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard) VALUES (1, %s, %s, 'ecg', 1, 0)"
        " ON CONFLICT (device_id, stream, boot_id) DO UPDATE SET stream = excluded.stream RETURNING stream_id",
        *patient,
    )
    stack.execute(
        "INSERT INTO ecg_frames (stream_id, seq, t0, tenant_id, patient_id, device_id, shard, fs_mhz, lead, gain,"
        " baseline, flags, samples, received_at)"
        " VALUES (%s, %s, to_timestamp(%s), 1, %s, %s, 0, 250000, %s, 200, 0, 0, %s, now())",
        stream_id,
        seq,
        T0_US / 1e6 + t_s,
        *patient,
        lead,
        struct.pack("<h", seq) * round(seconds * 250),
    )


def _beat(stack: Stack, patient: Patient, t_s: float, rr_s: float | None, label: str = "N") -> None:
    stack.execute(
        "INSERT INTO beats VALUES (%s, 1, %s, to_timestamp(%s), %s, 1.1, %s, 'test')",
        *patient,
        T0_US / 1e6 + t_s,
        rr_s,
        label,
    )


def _between(begin_s: float, end_s: float) -> str:
    return f"from_us={T0_US + round(begin_s * S_US)}&to_us={T0_US + round(end_s * S_US)}"


def _records(content: bytes) -> list[Record]:
    found, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        record = content[at + 4 : at + 4 + length]
        kind, version, _, patient_id, t0_us, fs_mhz, gain, baseline, n, name = struct.unpack_from("<BBHIdIfhHH", record)
        assert (kind, version, gain, baseline) == (2, 1, 200.0, 0)
        samples = record[30 + name + name % 2 :]
        assert len(samples) == 2 * n
        found.append(Record(t0_us, patient_id, fs_mhz, record[30 : 30 + name], samples))
        at += 4 + length
    return found


def test_facts_say_who_with_which_devices_and_what_is_stored(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}"
        facts = nurse.http.get(path).json()
        assert facts["patient"] == {"id": patient.patient_id, "name": "Ada", "ward": "B"}
        assert [(device["id"], device["online"]) for device in facts["devices"]] == [(patient.device, None)]
        assert (facts["limits"], facts["stored"]) == ({}, None)
        stack.execute("INSERT INTO patient_limits VALUES (%s, 1, 'tachycardia', 'bpm', 130)", patient.patient_id)
        stack.execute(
            "INSERT INTO device_status VALUES (%s, 1, 1, to_timestamp(%s), true, 77, '1.2', 'H10', -60, 5, 900, now())",
            patient.device,
            T0_US / 1e6,
        )
        for seq, t_s in enumerate((0.0, 5.0)):
            _store(stack, patient, t_s, seq=seq)
        facts = nurse.http.get(path).json()
        assert facts["limits"] == {"tachycardia": {"bpm": 130.0}}
        assert facts["stored"] == {"first_us": T0_US, "last_us": T0_US + 5 * S_US}
        assert facts["devices"] == [
            {
                "id": patient.device,
                "description": "",
                "online": True,
                "battery_percent": 77,
                "wearable": "H10",
                "firmware": "1.2",
                "outbox_frames": 5,
                "outbox_bytes_left": 900,
                "status_us": T0_US,
                "signal_us": None,
                "revoked_us": None,
                "link": None,
            }
        ]
    with stack.person("doctor") as doctor:
        doctor.http.get(path)
    # A page that stays open asks every few seconds, and is one look.
    seen = "SELECT patient_id, u.login FROM audit_events JOIN users AS u USING (user_id) WHERE action = 'saw_patient'"
    assert stack.execute(f"{seen} ORDER BY audit_id") == [(patient.patient_id, "nurse"), (patient.patient_id, "doctor")]


def test_facts_say_how_the_link_of_a_device_does(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    stack.execute(
        "INSERT INTO device_links (device_id, tenant_id, patient_id, last_contact_at, boot_id, clock_offset_us,"
        " clock_drift_ppm, clock_drift_error_ppm, clock_jump_us, clock_jumped_at, longest_silence_us,"
        " longest_silence_ended_at, state)"
        " SELECT device_id, 1, patient_id, t, 2, 86400000000, 12.5, 0.5, -3000000, t, 43000000, t, ''"
        " FROM devices, to_timestamp(%s) AS t WHERE device_id = %s",
        T0_US / 1e6,
        patient.device,
    )
    for boot_id, received in ((1, "{[0,50)}"), (2, "{[0,90),[95,100)}")):
        stack.execute(
            "INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard, received, created_at)"
            " VALUES (1, %s, %s, 'ecg', %s, 0, %s, to_timestamp(%s))",
            *(patient.patient_id, patient.device, boot_id, received, boot_id),
        )
    # The last hour by the server's clock is a day before by the device's.
    stack.execute(
        "INSERT INTO ecg_minutes SELECT %s, date_trunc('minute', now() - interval '1 day') - n * interval '1 min', %s,"
        " 'II', 60000000, 1 FROM generate_series(1, 45) AS n",
        *patient,
    )
    with stack.person() as nurse:
        (device,) = nurse.http.get(f"/api/patients/{patient.patient_id}").json()["devices"]
    share = device["link"].pop("hour_share")
    assert share in {0.75, 44 / 60}  # a minute may have begun meanwhile
    assert device["link"] == {
        "last_contact_us": T0_US,
        "clock_offset_us": 86_400 * S_US,
        "clock_drift_ppm": 12.5,
        "clock_drift_error_ppm": 0.5,
        "clock_jump_us": -3 * S_US,
        "clock_jumped_us": T0_US,
        "longest_silence_us": 43 * S_US,
        "longest_silence_ended_us": T0_US,
        "frames_expected": 100,
        "frames_received": 95,
    }


def test_the_catalogue_says_what_hides_what_and_the_limits_that_hold_by_default(stack: Stack) -> None:
    with stack.person() as nurse:
        answer = nurse.http.get("/api/calls").json()
    assert {call["code"]: tuple(call["implies"]) for call in answer} == {c.code: c.implies for c in CALLS.values()}
    told = {call["code"]: call["limits"] for call in answer}
    assert told["tachycardia"] == {"bpm": {"default": 120.0, "low": 60.0, "high": 220.0, "unit": "1/min"}}
    assert told["asystole"]["seconds"]["unit"] == "s"
    assert told["noise"] == {}


def test_an_alarm_says_how_sure_the_engine_was(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    sure, unsaid = (stack.raise_alarm(patient, call) for call in ("asystole", "ventricular_fibrillation"))
    stack.execute("UPDATE alarms SET confidence = 0.7 WHERE alarm_id = %s", sure)
    with stack.person() as nurse:
        alarms = nurse.http.get(f"/api/patients/{patient.patient_id}/alarms").json()["alarms"]
    assert {alarm["id"]: alarm["confidence"] for alarm in alarms} == {sure: 0.7, unsaid: None}


def test_variability_by_hour_is_of_whoever_knows_most_of_it(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    hours = (
        (patient, 0, "old", 400, 0.5, 51.5, 30.25, 900.0, 450.0),
        (patient, 0, "new", 300, 0.4, 1, 1, 1, 1),
        (patient, 1, "new", 9, 0.125, None, None, None, None),
        (patient, 2, "new", 400, 0.5, 1, 1, 1, 1),
        (other, 0, "new", 4000, 1, 2, 2, 2, 2),
    )
    for of, number, engine, nn, coverage, *values in hours:
        stack.execute(
            "INSERT INTO hrv_hours VALUES (%s, to_timestamp(%s), %s, %s, 1, %s, %s, %s, %s, %s, %s, %s, 12)",
            *(of.patient_id, T0_US / 1e6 + 3600 * number, of.device, engine, nn, nn, coverage, *values),
        )
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/hrv?"
        assert nurse.http.get(path + _between(0, 7200)).json() == {
            "hour_us": [T0_US, T0_US + 3600 * S_US],
            "sdnn_ms": [51.5, None],
            "rmssd_ms": [30.25, None],
            "lf_ms2": [900.0, None],
            "hf_ms2": [450.0, None],
            "coverage": [0.5, 0.125],
            "nn": [400, 9],
        }
        assert nurse.http.get(path + _between(-9, 0)).json()["hour_us"] == []


def test_rhythms_of_a_stretch_begin_with_the_one_that_holds(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    _store(stack, patient, 0.0)
    changes = ((0, "N", False), (30, "AFIB", False), (40, "N", True), (70, "VT", False), (80, "N", False))
    for of, t_s, rhythm, late in [*((patient, *change) for change in changes), (other, 60, "B", False)]:
        stack.execute(
            "INSERT INTO rhythms VALUES (%s, 1, %s, to_timestamp(%s), %s, %s, 'test')",
            *(*of, T0_US / 1e6 + t_s, rhythm, late),
        )
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/rhythms?"
        assert nurse.http.get(path + _between(60, 80)).json() == {
            "t_us": [T0_US + 30 * S_US, T0_US + 70 * S_US],
            "rhythm": ["AFIB", "VT"],
            "late": [False, False],
        }
        assert nurse.http.get(path + _between(30, 41)).json()["late"] == [False, False, True]
        assert nurse.http.get(path + _between(-9, 0)).json() == {"t_us": [], "rhythm": [], "late": []}


def test_what_a_rerun_found_is_shown_only_to_who_asks_for_it(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    _store(stack, patient, 0.0)
    for second in range(60):
        _beat(stack, patient, second, 1.0)
    stack.execute("INSERT INTO rhythms VALUES (%s, 1, %s, to_timestamp(%s), 'N', false, 'test')", *patient, T0_US / 1e6)
    with stack.person() as nurse, nurse.screen() as screen:
        path = f"/api/patients/{patient.patient_id}"
        asks = [f"{path}/hr?{_between(0, 60)}&bucket_s=10", f"{path}/hr?{_between(0, 60)}&bucket_s=60",
                f"{path}/beats?{_between(0, 60)}", f"{path}/rhythms?{_between(0, 60)}",
                f"{path}/rhythms?{_between(50, 60)}"]  # fmt: skip
        before = [nurse.http.get(ask).json() for ask in asks]
        # Twice as many beats and another rhythm, by another version, and two beats of just now for the live wave.
        stack.execute(
            "INSERT INTO beats SELECT patient_id, tenant_id, device_id, t + n * interval '0.4 s', 0.5, 1, 'V', 'new',"
            " true FROM beats, generate_series(0, 1) AS n"
        )
        stack.execute(
            "INSERT INTO rhythms SELECT patient_id, tenant_id, device_id, t + n * interval '10 s', 'VT', false, 'new',"
            " true FROM rhythms, generate_series(0, 1) AS n"
        )
        assert [nurse.http.get(ask).json() for ask in asks] == before
        assert nurse.http.get(f"{asks[2]}&engine=new").json()["label"] == "V" * 120
        assert nurse.http.get(f"{asks[2]}&engine=test").json() == before[2]
        assert nurse.http.get(f"{asks[2]}&engine=%20").status_code == 422
        screen.watch(patient.patient_id)
        now = "SELECT %s, 1, %s, now() - %s * interval '1 s', 1, 1, 'N', %s, %s"
        stack.execute(f"INSERT INTO beats {now}", *patient, 1, "new", True)
        stack.execute(f"INSERT INTO beats {now}", *patient, 0.5, "test", False)
        wait_until(lambda: len(screen.beats) > 0, "the beat of the live wave")
        assert [beats["label"] for beats in screen.beats] == ["N"]


def test_heart_rate_in_buckets(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    beats = ((0.0, 1.0), (1.0, 0.5), (9.999999, 1.0), (20.0, 0.75), (21.0, None), (22.0, float("nan")), (30.0, 0.25))
    for t_s, rr_s in beats:
        _beat(stack, patient, t_s, rr_s)
    _beat(stack, other, 10.0, 0.3)
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/hr?{_between(0, 30)}&bucket_s=10"
        assert nurse.http.get(path).json() == {
            "from_us": T0_US,
            "bucket_s": 10.0,
            "mean": [72.0, None, 80.0],
            "min": [60.0, None, 80.0],
            "max": [120.0, None, 80.0],
        }


def test_a_month_is_read_from_minutes_and_the_answer_says_which(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    day_s, minute_us = 86_400, 60 * S_US
    begin_us = T0_US // minute_us * minute_us
    for who, rr_us in ((patient, 800_000), (other, 400_000)):
        stack.execute(
            "INSERT INTO beat_minutes (patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us,"
            " rr_max_us, beats_n, beats_s, beats_v, beats_f, beats_q)"
            " SELECT %s, to_timestamp(%s + n * 60), %s, 'test', 75 * %s, 1, 75, 500000 + n %% 60, 1000000,"
            " 75, 0, 0, 0, 0 FROM generate_series(0, 43199) AS n WHERE n NOT BETWEEN 120 AND 179",
            who.patient_id,
            begin_us / 1e6,
            who.device,
            rr_us,
        )
        stack.execute(
            "INSERT INTO ecg_minutes SELECT %s, to_timestamp(%s + n * 60), %s, lead, share * 60000000, 1"
            " FROM generate_series(0, 43199) AS n, (VALUES ('II', 0.75), ('V1', 0.5)) AS l (lead, share)"
            " WHERE n NOT BETWEEN 120 AND 179",
            who.patient_id,
            begin_us / 1e6,
            who.device,
        )
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}"
        # Neither the beginning nor the bucket is of whole minutes.
        stretch = f"from_us={begin_us + 7 * S_US}&to_us={begin_us + 30 * day_s * S_US}"
        rate = nurse.http.get(f"{path}/hr?{stretch}&bucket_s=3599.5").json()
        assert (rate["from_us"], rate["bucket_s"], len(rate["mean"])) == (begin_us, 3600.0, 720)
        assert (rate["mean"][:4], set(rate["mean"][3:])) == ([75.0, 75.0, None, 75.0], {75.0})
        assert (rate["min"][0], rate["max"][0]) == (60.0, 120.0)
        stored = nurse.http.get(f"{path}/stored?{stretch}&bucket_s=7200").json()
        assert (stored["coverage"][:3], len(stored["coverage"])) == ([0.75, 0.375, 0.75], 360)


def test_coverage_counts_samples_where_they_are(stack: Stack) -> None:
    patient = stack.add_patient()
    # Each frame lies across a border: half of it belongs to the next second, and there is no gap.
    for seq in range(6):
        _store(stack, patient, seq + 0.5, seq=seq)
    # A second lead adds nothing; a long frame reaches over several buckets, one that began before the stretch into it.
    _store(stack, patient, 1.0, lead="V1", seq=10)
    _store(stack, patient, 8.0, seconds=3.0, seq=11)
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/stored?bucket_s=1"
        answer = nurse.http.get(f"{path}&{_between(0, 12)}").json()
        assert answer["coverage"] == [0.5, 1, 1, 1, 1, 1, 0.5, 0, 1, 1, 1, 0]
        assert nurse.http.get(f"{path}&{_between(9, 12)}").json()["coverage"] == [1, 1, 0]
        # The last bucket is as long as the others, though the stretch ends within it.
        assert nurse.http.get(f"{path}&{_between(5, 7.5)}").json()["coverage"] == [1, 0.5, 0]


def test_ecg_of_a_stretch_comes_whole_and_in_order(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    for seq, t_s in ((3, 3.0), (1, 1.0), (0, 0.0), (2, 2.0)):
        _store(stack, patient, t_s, seq=seq)
    _store(stack, patient, 1.0, lead="V1", seq=7)
    _store(stack, other, 1.0, seq=9)
    with stack.person() as nurse:
        answer = nurse.http.get(f"/api/patients/{patient.patient_id}/ecg?{_between(1.5, 3)}")
        assert answer.headers["content-type"] == "application/octet-stream"
        records = _records(answer.content)
        assert [(record.t0_us, record.lead) for record in records] == [
            (T0_US + S_US, b"II"),
            (T0_US + 2 * S_US, b"II"),
            (T0_US + S_US, b"V1"),
        ]
        assert {record.patient_id for record in records} == {patient.patient_id}
        assert records[0].samples == struct.pack("<h", 1) * 250
        assert nurse.http.get(f"/api/patients/{patient.patient_id}/ecg?{_between(50, 60)}").content == b""
        answer = nurse.http.get(f"/api/patients/{other.patient_id}/ecg?{_between(1.5, 3)}")
        assert {record.patient_id for record in _records(answer.content)} == {other.patient_id}
    seen = "SELECT patient_id FROM audit_events WHERE action = 'saw_ecg' ORDER BY audit_id"
    assert stack.execute(seen) == [(patient.patient_id,), (other.patient_id,)]


def test_the_outline_of_a_stretch_is_what_its_samples_are(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    for seq, t_s in ((1, 1.0), (40, 2.0), (9, 5.0)):
        _store(stack, patient, t_s, seq=seq)
    _store(stack, patient, 2.0, lead="V1", seq=7)
    with stack.person() as nurse:
        path = f"/api/patients/{patient.patient_id}/outline"
        answer = nurse.http.get(f"{path}?{_between(0, 6)}&bucket_s=0.9")
        kind, version, n_names, n, from_us, bucket_us, unit_mv = struct.unpack_from("<BBHIddf4x", answer.content)
        assert (kind, version, n, from_us, bucket_us) == (4, 1, 6, T0_US, S_US)
        assert answer.content[32 : 32 + n_names] == b"II\nV1\n"
        low = struct.unpack_from("<6h", answer.content, 32 + n_names)
        high = struct.unpack_from("<6h", answer.content, 32 + n_names + 12)
        # Each second is even; 200 units are a millivolt.
        assert low == high
        told = [None if value == -0x8000 else round(value * unit_mv * 200, 2) for value in low]
        assert told == [None, 1.0, 40.0, None, None, 9.0]
        other = nurse.http.get(f"{path}?{_between(0, 6)}&bucket_s=0.04&lead=V1").content
        assert struct.unpack_from("<BBHI", other) == (4, 1, 6, 150)
        assert other[32:38] == b"V1\nII\n"
        nothing = nurse.http.get(f"{path}?{_between(50, 60)}&bucket_s=1").content
        assert struct.unpack_from("<BBHI", nothing) == (4, 1, 0, 10)
    seen = "SELECT patient_id FROM audit_events WHERE action = 'saw_ecg'"
    assert stack.execute(seen) == [(patient.patient_id,)]


def test_beats_of_a_stretch(stack: Stack) -> None:
    patient = stack.add_patient()
    for t_s, rr_s, label in ((2.0, 0.75, "V"), (0.0, None, "N"), (1.0, 1.0, "S"), (3.0, 1.0, "N")):
        _beat(stack, patient, t_s, rr_s, label)
    with stack.person() as nurse:
        assert nurse.http.get(f"/api/patients/{patient.patient_id}/beats?{_between(0, 3)}").json() == {
            "t_us": [T0_US, T0_US + S_US, T0_US + 2 * S_US],
            "rr_s": [None, 1.0, 0.75],
            "label": "NSV",
            "corrections": [],
        }


def test_alarms_come_page_by_page_and_none_is_left_out(stack: Stack) -> None:
    patient = stack.add_patient()
    calls = ("asystole", "pause", "tachycardia", "bradycardia", "couplet")
    ids = [stack.raise_alarm(patient, call, "medium") for call in calls]
    # Two of them began in the same microsecond, just where a page ends.
    for alarm_id, ago_s in zip(ids, (0, 1, 2, 2, 3), strict=True):
        stack.execute(
            "UPDATE alarms SET onset_at = to_timestamp(%s) WHERE alarm_id = %s", T0_US / 1e6 - ago_s, alarm_id
        )
    with stack.person() as nurse:
        pages, before = [], ""
        for _ in range(len(calls)):
            path = f"/api/patients/{patient.patient_id}/alarms?limit=2{before}"
            page = nurse.http.get(path).json()
            pages.append([alarm["call"] for alarm in page["alarms"]])
            if not page["more"]:
                break
            before = f"&before_us={page['alarms'][-1]['onset_us']}"
        assert pages[0] == ["asystole", "pause"]
        assert [sorted(page) for page in pages[1:]] == [["bradycardia", "tachycardia"], ["couplet"]]
        last = nurse.http.get(f"/api/patients/{patient.patient_id}/alarms?before_us=0").json()
        assert last == {"alarms": [], "more": False}


def test_what_is_out_of_bounds_is_refused(stack: Stack) -> None:
    patient = stack.add_patient()
    with stack.person() as nurse:
        for query, code, params in _OUT_OF_BOUNDS:
            answer = nurse.http.get(f"/api/patients/{patient.patient_id}{query}")
            assert (answer.status_code, answer.json()["error"]) == (422, {"code": code, "params": params}), query
        longest = f"/api/patients/{patient.patient_id}/hr?from_us=0&to_us=5000000000&bucket_s=1"
        assert len(nurse.http.get(longest).json()["mean"]) == 5000
        huge = 10**30
        assert nurse.http.get(f"/api/patients/{huge}").status_code in {404, 422}
        assert nurse.http.post(f"/api/alarms/{huge}/acknowledgement").status_code in {404, 422}
