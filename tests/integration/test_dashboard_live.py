"""What screens are told, and when: the ward, alarms and who took them on, waves, beats, faults."""

import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import httpx
import msgspec
import psutil
import pytest

from heartwire.frames import encode
from heartwire.topics import Stream, Topic
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Patient, Person, Screen, Stack, now_us, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import wait_until
from tests.wire import Device, ecg_frame


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


def _hear_state(stack: Stack, patient: Patient) -> None:
    stack.execute(
        "INSERT INTO signal_states"
        " (device_id, tenant_id, patient_id, hr_bpm, quality, analysed_until, updated_at, engine)"
        " VALUES (%s, 1, %s, 71.5, 'good', now(), now(), 'test')",
        patient.device,
        patient.patient_id,
    )
    stack.execute(
        "INSERT INTO service_heartbeats VALUES ('ingest', 'a', now(), '{}'),"
        " ('analytics', 'a', now() - interval '1 min', '{}')"
    )


@on_one_pair
def test_the_ward_as_it_is(stack: Stack) -> None:
    patient = stack.add_patient("Ada")
    silent = stack.add_patient("Bo")
    _hear_state(stack, patient)
    with stack.person() as nurse, nurse.screen() as screen:
        wait_until(lambda: len(screen.wards) >= 3, "three pictures")
        ward = screen.wards[0]
        assert ward["kind"] == "ward"
        assert abs(ward["now_us"] - now_us()) < 30e6
        assert [row["id"] for row in ward["patients"]] == [patient.patient_id, silent.patient_id]
        first, second = ward["patients"]
        assert (first["name"], first["ward"], first["hr_bpm"], first["quality"]) == ("Ada", "B", 71.5, "good")
        assert (second["hr_bpm"], second["quality"], second["last_sample_us"]) == (None, "unknown", None)
        assert ward["services"]["ingest"]["live"]
        assert ward["services"]["broker"]["live"]
        assert not ward["services"]["analytics"]["live"]
        assert nurse.http.get("/api/ward").json()["patients"][0]["name"] == "Ada"
    # A minute later that rate is the past.
    stack.execute("UPDATE signal_states SET updated_at = now() - interval '1 min'")
    with stack.person() as nurse:
        stale = nurse.http.get("/api/ward").json()["patients"][0]
        assert (stale["hr_bpm"], stale["quality"]) == (None, "unknown")
        # The battery is that of a device that is in use.
        stack.execute(
            "INSERT INTO device_status VALUES (%s, 1, 1, now(), true, 77, '', '', NULL, 0, 0, now())", patient.device
        )
        assert nurse.http.get("/api/ward").json()["patients"][0]["battery_percent"] == 77
        stack.execute("UPDATE devices SET revoked_at = now() WHERE device_id = %s", patient.device)
        assert nurse.http.get("/api/ward").json()["patients"][0]["battery_percent"] is None


@on_one_pair
def test_an_alarm_and_who_took_it_on_reach_every_screen_at_once(stack: Stack) -> None:
    patient = stack.add_patient()
    with ExitStack() as opened:
        nurse, doctor = (opened.enter_context(stack.person(login)) for login in ("nurse", "doctor"))
        screens = [opened.enter_context(person.screen()) for person in (nurse, doctor)]
        wait_until(lambda: all(screen.wards for screen in screens), "the first pictures")

        def wait_for(state: str | None, by: str | None) -> None:
            wanted = [] if state is None else [(alarm_id, state, by)]
            begin_s = time.monotonic()
            wait_until(
                lambda: all(
                    [
                        (row["id"], row["state"], row["acknowledged"] and row["acknowledged"]["name"])
                        for row in screen.ward["alarms"]
                    ]
                    == wanted
                    for screen in screens
                ),
                f"{state} by {by} on both screens",
            )
            assert time.monotonic() - begin_s < 5

        alarm_id = stack.raise_alarm(patient)
        wait_for("pending", None)
        path = f"/api/alarms/{alarm_id}/acknowledgement"
        answer = nurse.http.post(path).json()
        assert (answer["state"], answer["acknowledged"]["name"]) == ("acknowledged", "Nora Nurse")
        wait_for("acknowledged", "Nora Nurse")
        assert doctor.http.post(path).json()["acknowledged"]["name"] == "Nora Nurse", "the first hand keeps it"
        assert doctor.http.delete(path).json()["state"] == "pending"
        wait_for("pending", None)
        stack.add_event(alarm_id, "ended")
        wait_for("latched", None)
        assert doctor.http.post(path).json()["acknowledged"]["name"] == "Dr. Day"
        wait_for(None, None)
        assert nurse.http.delete(path).json()["state"] == "latched"
        wait_for("latched", None)
    kinds = [kind for (kind,) in stack.execute("SELECT kind FROM alarm_events ORDER BY event_id")]
    undone = "acknowledgement_undone"
    assert kinds == ["raised", "acknowledged", undone, "ended", "acknowledged", undone]


@on_one_pair
def test_alarms_of_the_system_belong_to_people_too(stack: Stack) -> None:
    alarm_id = stack.raise_alarm(None, "ingest_silent")
    with stack.person() as nurse:
        alarm = nurse.http.get("/api/ward").json()["alarms"][0]
        assert (alarm["patient_id"], alarm["family"], alarm["state"]) == (None, "technical", "pending")
        assert nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement").json()["state"] == "acknowledged"
        stack.add_event(alarm_id, "ended")
        assert nurse.http.get("/api/ward").json()["alarms"] == []


@on_one_pair
def test_what_is_over_or_hidden_cannot_be_acknowledged(stack: Stack) -> None:
    patient = stack.add_patient()
    over, hidden = (stack.raise_alarm(patient, call, "medium") for call in ("tachycardia", "bradycardia"))
    stack.add_event(over, "ended")
    stack.add_event(hidden, "suppressed")
    with stack.person() as nurse:
        assert nurse.http.get("/api/ward").json()["alarms"] == []
        for alarm_id in (over, hidden):
            answer = nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_open")
            assert nurse.http.delete(f"/api/alarms/{alarm_id}/acknowledgement").status_code == 200
        assert nurse.http.post("/api/alarms/999999/acknowledgement").status_code == 404


@pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto"), ("timescaledb", "amqtt")], indirect=True
)
def test_waves_come_of_watched_patients_only(stack: Stack, broker: BrokerServer) -> None:
    watched, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    with (
        Device(broker.host, broker.port, watched.device) as device,
        Device(broker.host, broker.port, other.device) as quiet,
        stack.person() as nurse,
        nurse.screen() as screen,
    ):
        screen.watch(watched.patient_id)

        def send(seq: int) -> bool:
            quiet.send(ecg_frame(seq, salt=1))
            device.send(ecg_frame(seq))
            return bool(screen.ecg)

        numbers = iter(range(1000))
        wait_until(lambda: send(next(numbers)), "a wave")
        begun = screen.ecg[0]
        assert begun[0] == watched.patient_id
        assert begun[1] in {ecg_frame(seq).samples for seq in range(1000)}
        # Garbage does not end the waves.
        device.send_bytes(str(Topic(watched.device, Stream.ECG)), b"garbage")
        device.send_bytes(str(Topic(watched.device, Stream.ECG)), encode(ecg_frame(0))[:-7])
        count = len(screen.ecg)
        wait_until(lambda: send(next(numbers)) and len(screen.ecg) > count, "a wave after garbage")
        screen.watch(other.patient_id)
        wait_until(lambda: send(next(numbers)) and screen.ecg[-1][0] == other.patient_id, "the other's wave")
        broker.kill()
        wait_until(
            lambda: not httpx.get(stack.url + "/api/health", verify=PLAIN).json()["broker"]["live"],
            "the loss to be seen",
        )
        broker.start()
    with (
        Device(broker.host, broker.port, other.device) as device,
        stack.person() as nurse,
        nurse.screen() as screen,
    ):
        screen.watch(other.patient_id)
        wait_until(lambda: send_and_look(device, screen), "a wave after the broker's return")


def send_and_look(device: Device, screen: Screen) -> bool:
    device.send(ecg_frame(0))
    return bool(screen.ecg)


@on_one_pair
def test_new_beats_of_watched_patients_come_once(stack: Stack) -> None:
    patient, other = stack.add_patient("Ada"), stack.add_patient("Bo")
    with stack.person() as nurse, nurse.screen() as screen:
        screen.watch(patient.patient_id)
        for ago_s in (2.0, 1.0, 0.0):
            for whose in (patient, other):
                stack.execute(
                    "INSERT INTO beats VALUES (%s, 1, %s, now() - make_interval(secs => %s), 1.0, 1.1, 'N', 'test')",
                    whose.patient_id,
                    whose.device,
                    ago_s,
                )
        wait_until(lambda: sum(len(beats["t_us"]) for beats in screen.beats) >= 3, "three beats")
        pictures = len(screen.wards)
        wait_until(lambda: len(screen.wards) > pictures + 1, "two more pictures")
        assert {beats["patient_id"] for beats in screen.beats} == {patient.patient_id}
        assert "".join(beats["label"] for beats in screen.beats) == "NNN"


@on_one_pair
def test_another_tenants_patients_are_not_there(stack: Stack, broker: BrokerServer) -> None:
    stack.execute("INSERT INTO tenants (name) VALUES ('other')")
    foreign = stack.add_patient("Eve", tenant="other")
    own = stack.add_patient("Ada")
    between = f"from_us={now_us() - 1_000_000}&to_us={now_us()}"
    with (
        stack.person() as nurse,
        nurse.screen() as screen,
        Device(broker.host, broker.port, foreign.device) as device,
        Device(broker.host, broker.port, own.device) as own_device,
    ):
        for part in ("", f"/hr?{between}&bucket_s=1", f"/stored?{between}&bucket_s=1", f"/ecg?{between}",
                     f"/beats?{between}", "/alarms"):  # fmt: skip
            assert nurse.http.get(f"/api/patients/{foreign.patient_id}{part}").status_code == 404, part
            assert nurse.http.get(f"/api/patients/{own.patient_id}{part}").status_code == 200, part
        alarm_id = stack.raise_alarm(foreign)
        stack.execute("UPDATE alarms SET tenant_id = (SELECT tenant_id FROM tenants WHERE name = 'other')")
        assert nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement").status_code == 404
        assert [row["name"] for row in nurse.http.get("/api/ward").json()["patients"]] == ["Ada"]
        assert nurse.http.get("/api/ward").json()["alarms"] == []
        screen.watch(foreign.patient_id, own.patient_id)

        def send() -> bool:
            device.send(ecg_frame(0))
            own_device.send(ecg_frame(0))
            return len(screen.ecg) >= 3

        wait_until(send, "own waves")
        assert {patient_id for patient_id, _ in screen.ecg} == {own.patient_id}


#: Messages that may wait for a screen, here.
_AT_ONCE = 64


def _open_and_sleep(person: Person, patient: Patient) -> socket.socket:
    """Open a live connection that watches a patient and never reads: the system's own buffers fill, then its queue."""
    url = person.http.base_url
    connection = socket.create_connection((url.host, url.port or 80), timeout=10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    request = (
        f"GET /api/live HTTP/1.1\r\nHost: {url.netloc.decode()}\r\nOrigin: {str(url).rstrip('/')}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Cookie: heartwire_session={person.http.cookies['heartwire_session']}\r\n\r\n"
    )
    connection.sendall(request.encode())
    assert connection.recv(12) == b"HTTP/1.1 101"
    said = json.dumps({"watch": [patient.patient_id]}).encode()
    # A text frame, masked as a client's must be, with a mask of zeros.
    connection.sendall(bytes((0x81, 0x80 | len(said))) + bytes(4) + said)
    return connection


@on_one_pair
def test_a_screen_that_cannot_follow_is_disconnected_and_harms_no_other(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, database, broker, {"HEARTWIRE_DASHBOARD_CLIENT_QUEUE_MESSAGES": str(_AT_ONCE)})
    patient = stack.add_patient()
    with (
        stack.person() as nurse,
        closing(_open_and_sleep(nurse, patient)) as asleep,
        nurse.screen() as awake,
        Device(broker.host, broker.port, patient.device) as device,
    ):
        awake.watch(patient.patient_id)
        frame = msgspec.structs.replace(ecg_frame(0, samples=bytes(20_000)), fs_mhz=1_000_000)
        wait_until(lambda: send_and_look(device, awake), "the first wave")
        closed = "a screen could not follow"

        def flood() -> bool:
            # No more at a time than a screen that reads can take.
            wanted = len(awake.ecg) + _AT_ONCE // 2
            device.send(*[frame] * (_AT_ONCE // 2))
            wait_until(lambda: len(awake.ecg) >= wanted, "the screen that is awake to get all")
            return closed in stack.server.log

        wait_until(flood, "the sleeping screen to be disconnected", timeout_s=60)
        assert awake.connection.close_code is None
        # When it wakes up, the last that it hears is why: a close frame with code 4408.
        asleep.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
        heard = b""
        while not heard.endswith(b"\x88\x02\x11\x38"):
            piece = asleep.recv(65_536)
            assert piece, "the connection ended without a word"
            heard = (heard + piece)[-4:]


@pytest.mark.parametrize(("killable_database_server", "broker"), [("embedded-postgresql", "mosquitto")], indirect=True)
def test_without_its_database_the_ward_says_so_and_heals(
    heartwire_process: StartHeartwire, killable_database_server: PostgresServer, broker: BrokerServer
) -> None:
    server = killable_database_server
    stack = Stack(heartwire_process, server.dsn("heartwire"), broker)
    patient = stack.add_patient("Ada")
    _hear_state(stack, patient)
    with stack.person() as nurse, nurse.screen() as screen:
        wait_until(lambda: bool(screen.wards) and screen.ward["database_live"], "a picture")
        server.kill()
        wait_until(lambda: not screen.ward["database_live"], "the picture to say it")
        assert [row["name"] for row in screen.ward["patients"]] == ["Ada"]
        assert screen.ward["patients"][0]["hr_bpm"] is None
        services = {name: service and service["live"] for name, service in screen.ward["services"].items()}
        assert services == {"ingest": False, "analytics": False, "broker": True, "notifier": None}
        answer = nurse.http.get(f"/api/patients/{patient.patient_id}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
        assert nurse.http.get("/api/health").status_code == 503
        server.start()
        wait_until(lambda: screen.ward["database_live"], "the picture to heal")
        alarm_id = stack.raise_alarm(patient)
        wait_until(lambda: [row["id"] for row in screen.ward["alarms"]] == [alarm_id], "alarms to be heard again")
        assert screen.connection.close_code is None, "the screen had to come back"


@pytest.mark.parametrize(("killable_database_server", "broker"), [("embedded-postgresql", "mosquitto")], indirect=True)
def test_a_database_that_only_falls_silent_holds_nobody(
    heartwire_process: StartHeartwire, killable_database_server: PostgresServer, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, killable_database_server.dsn("heartwire"), broker)
    patient = stack.add_patient("Ada")
    frozen: list[psutil.Process] = []

    def freeze() -> None:
        # Twice: a backend may have been born meanwhile; the postmaster first, it bears no more then. One that ends
        # meanwhile need not be frozen.
        postmaster = psutil.Process(killable_database_server.process.pid)
        for _ in range(2):
            for process in (postmaster, *postmaster.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
                    frozen.append(process)

    def thaw() -> None:
        while frozen:
            with contextlib.suppress(psutil.NoSuchProcess):
                frozen.pop().resume()

    with stack.person() as nurse, nurse.screen() as screen:
        wait_until(lambda: bool(screen.wards) and screen.ward["database_live"], "a picture")
        try:
            # Connections that were good a moment ago are there to be taken.
            for _ in range(2):
                with ThreadPoolExecutor(8) as several:
                    answers = several.map(lambda _: nurse.http.get("/api/session").status_code, range(8))
                    assert set(answers) == {200}
            freeze()
            wait_until(lambda: not screen.ward["database_live"], "the picture to say it")
            begin_s = time.monotonic()
            answer = nurse.http.get(f"/api/patients/{patient.patient_id}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
            assert time.monotonic() - begin_s < 9
            count = len(screen.wards)
            wait_until(lambda: len(screen.wards) > count + 1, "the pictures to go on")
        finally:
            thaw()
        wait_until(lambda: screen.ward["database_live"], "the picture to heal")
        assert nurse.http.get(f"/api/patients/{patient.patient_id}").status_code == 200
        try:
            freeze()
            wait_until(lambda: not screen.ward["database_live"], "the picture to say it again")
            begin_s = time.monotonic()
            assert stack.server.stop() == 0
            assert time.monotonic() - begin_s < 5
        finally:
            thaw()
        assert screen.wait_for_close() == 1012


@on_one_pair
def test_a_stop_tells_the_screens(stack: Stack) -> None:
    with stack.person() as nurse, nurse.screen() as screen:
        wait_until(lambda: bool(screen.wards), "a picture")
        begin_s = time.monotonic()
        assert stack.server.stop() == 0
        assert time.monotonic() - begin_s < 3
        assert screen.wait_for_close() == 1012


@on_one_pair
def test_nonsense_from_a_screen_ends_its_connection_only(stack: Stack) -> None:
    with stack.person() as nurse, nurse.screen() as good:
        for said in (
            "nonsense",
            "{}",
            '{"shown": [1.5]}',
            json.dumps({"shown": list(range(1001))}),
            '{"watch": ["x"]}',
            json.dumps({"watch": list(range(65))}),
            b"\x01",
        ):
            with nurse.screen() as bad:
                bad.connection.send(said)
                assert bad.wait_for_close() == 1003, said
        count = len(good.wards)
        wait_until(lambda: len(good.wards) > count, "the other screen to go on")
