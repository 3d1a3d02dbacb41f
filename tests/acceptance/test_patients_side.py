"""The patient's side, whole: what he says reaches people and he is told so; his device sees his own data alone."""

import json
import struct
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from pydantic import SecretStr

from heartwire.broker_orders import renew_roles
from heartwire.care import CareWord, decode_word
from heartwire.frames import EventFrame, encode
from heartwire.settings import BrokerSettings
from heartwire.topics import Stream
from tests.acceptance.paired import Client, Ward
from tests.acceptance.test_access import on_both
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Stack
from tests.servers.plain_http import PLAIN
from tests.servers.secured import SecuredBroker
from tests.servers.waiting import wait_until
from tests.wire import ecg_frame, now_us

_MINE: Final = ("", "/trend", "/events", "/access", "/messages", "/ecg?from_us=0&to_us=1000000")
_FORM: Final = {"title": "Today", "fields": [{"id": "dizzy", "kind": "yes_no", "label": "Are you dizzy?"}]}


class Phone:
    """A patient's phone: its credential, its connection over websockets, its own numbers."""

    def __init__(self, ward: Ward, credential: dict[str, Any]) -> None:
        self.ward = ward
        self.credential = credential
        self.mqtt: Client = ward.connect_device(credential, ws=True)
        assert self.mqtt.may_hear(f"{credential['topic_prefix']}/message")
        self.seq = 0

    def say(self, kind: str, said: object, *, age_s: float = 0.0) -> None:
        """Send an event and wait until it is stored."""
        text = said if isinstance(said, str) else json.dumps(said)
        frame = EventFrame(1, self.seq, now_us() - round(age_s * 1e6), kind, text)
        self.seq += 1
        self.mqtt.send(f"{self.credential['topic_prefix']}/{Stream.EVENT}", encode(frame))
        query = "SELECT count(*) FROM patient_events JOIN streams USING (stream_id) WHERE device_id = %s"
        wait_until(
            lambda: self.ward.stack.execute(query, self.credential["device"]) == [(self.seq,)], f"{kind} to be stored"
        )

    def heard(self) -> list[CareWord]:
        """Return the words of the care team that came."""
        return [word for payload in self.mqtt.payloads if (word := decode_word(payload)) is not None]

    def wait_for_word(self, code: str, id_: str) -> CareWord:
        """Wait for a word, and return it."""
        wait_until(lambda: any((word.code, word.id) == (code, id_) for word in self.heard()), f"{code} {id_}")
        return next(word for word in self.heard() if (word.code, word.id) == (code, id_))

    def get(self, path: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        """Ask for the patient's own data."""
        auth = (self.credential["username"], self.credential["password"])
        return httpx.get(f"{self.ward.stack.url}/api/my{path}", auth=auth, timeout=10, headers=headers, verify=PLAIN)


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str, secured_broker: SecuredBroker) -> Iterator[Ward]:
    env = secured_broker.env("dashboard") | secured_broker.provisioner_env()
    ward = Ward(Stack(heartwire_process, database, secured_broker, env), secured_broker)
    ward.start_ingest(heartwire_process)
    yield ward
    ward.close()


@on_both
def test_a_symptom_reaches_the_ward_and_the_patient_sees_that_it_was_read(ward: Ward) -> None:
    phone, nurse = Phone(ward, ward.paired()), ward.nurse.http
    phone.say("symptom", {"press": "p1"})
    phone.say("symptom", {"press": "p1", "chips": ["chest_pain"], "note": "on the stairs"})
    (symptom,) = nurse.get(f"/api/patients/{ward.patient_id}/symptoms").json()["symptoms"]
    assert (symptom["press"], symptom["chips"], symptom["note"]) == ("p1", ["chest_pain"], "on the stairs")
    assert (symptom["additions"], symptom["late"], symptom["read"]) == (1, False, None)
    (alarm,) = nurse.get("/api/ward").json()["alarms"]
    assert (alarm["id"], alarm["call"], alarm["priority"]) == (symptom["alarm_id"], "symptom", "medium")
    changed = nurse.post(f"/api/symptoms/{symptom['id']}/read", json={"additions": 0})
    assert (changed.status_code, changed.json()["error"]["code"]) == (409, "changed"), "not all of it was read"
    read = nurse.post(f"/api/symptoms/{symptom['id']}/read", json={"additions": 1}).json()["read"]
    seen = phone.wait_for_word("seen", "p1")
    assert (seen.by, seen.t, read["name"]) == ("Nora Nurse", read["at_us"], "Nora Nurse")
    assert nurse.get("/api/ward").json()["alarms"] == []
    (event,) = phone.get("/events").json()["events"]
    assert (event["id"], event["read_by"], event["read_us"]) == ("p1", "Nora Nurse", read["at_us"])
    again = nurse.post(f"/api/symptoms/{symptom['id']}/read", json={"additions": 1}).json()
    assert again["read"] == read
    kinds = "SELECT array_agg(kind ORDER BY event_id) FROM alarm_events"
    assert ward.stack.execute(kinds) == [(["raised", "added", "acknowledged", "ended"],)]
    # Afterwards he says more: it is asked for again.
    phone.say("symptom", {"press": "p1", "note": "it is worse"})
    assert nurse.get(f"/api/patients/{ward.patient_id}/symptoms").json()["symptoms"][0]["read"] is None
    (alarm,) = nurse.get("/api/ward").json()["alarms"]
    # While the nurse takes on what her page shows, he says still more: she has not seen it, and is told so.
    phone.say("symptom", {"press": "p1", "chips": ["dizzy"]})
    acknowledge = f"/api/alarms/{alarm['id']}/acknowledgement"
    assert alarm["additions"] == 0
    for shown in (b'{"additions": 0}', b""):
        refused = nurse.post(acknowledge, content=shown)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "changed")
    (alarm,) = nurse.get("/api/ward").json()["alarms"]
    assert (alarm["state"], alarm["detail"]["chips"], alarm["additions"]) == ("pending", ["chest_pain", "dizzy"], 1)
    assert nurse.post(acknowledge, json={"additions": -1}).status_code == 422
    assert nurse.post(acknowledge, json={"additions": 1}).json()["state"] == "acknowledged"
    # To take it on is not to have read it: it stays on the screen, and the patient is told nothing yet.
    (symptom,) = nurse.get(f"/api/patients/{ward.patient_id}/symptoms").json()["symptoms"]
    assert symptom["read"] is None
    assert [one["read_us"] for one in phone.get("/events").json()["events"]] == [None]
    assert nurse.post(f"/api/symptoms/{symptom['id']}/read", json={"additions": 3}).status_code == 200
    assert nurse.get("/api/ward").json()["alarms"] == []
    wait_until(lambda: len([word for word in phone.heard() if word.code == "seen"]) == 2, "the second receipt")
    phone.say("symptom", {"press": "p2"}, age_s=3600)
    late = nurse.get("/api/ward").json()["alarms"][-1]
    assert (late["call"], late["late"]) == ("symptom", True), "never as if it were now (P3)"


@on_both
def test_messages_and_questions_go_both_ways_and_both_know_what_was_read(ward: Ward) -> None:
    phone, nurse = Phone(ward, ward.paired()), ward.nurse.http
    url = f"/api/patients/{ward.patient_id}"
    told = nurse.post(f"{url}/messages", json={"text": "How are you?"}).json()
    asked = nurse.post(f"{url}/questions", json=_FORM).json()
    word = phone.wait_for_word("message", str(told["id"]))
    assert (word.text, word.by, word.t) == ("How are you?", "Nora Nurse", told["said_us"])
    assert json.loads(phone.wait_for_word("question", str(asked["id"])).text) == _FORM
    phone.say("read", str(told["id"]))
    for _ in range(2):  # a phone whose page was closed does not know that it was heard: what it says again is said once
        phone.say("answer", {"question_id": str(asked["id"]), "answers": {"dizzy": True}})
        phone.say("message", {"id": "m1", "text": "Better, thank you"})
    found = {message["kind"]: message for message in nurse.get(f"{url}/messages").json()["messages"][:2]}
    assert (found["answer"]["answers"], found["answer"]["reply_to"]) == ({"dizzy": True}, asked["id"])
    assert found["message"]["text"] == "Better, thank you"
    first = nurse.get(f"{url}/messages").json()["messages"][-1]
    assert (first["id"], first["read"]["name"]) == (told["id"], None), "the patient has read it"
    for message in found.values():
        assert nurse.post(f"/api/messages/{message['id']}/read").json()["read"]["name"] == "Nora Nurse"
    phone.wait_for_word("seen", "m1")
    assert nurse.post(f"/api/messages/{told['id']}/read").status_code == 404, "the team's own is the patient's to read"
    assert nurse.get("/api/ward").json()["alarms"] == []
    mine = phone.get("/messages").json()
    assert [(one["from"], one["kind"], one["id"]) for one in mine["messages"]][::-1] == [
        ("team", "message", str(told["id"])),
        ("team", "question", str(asked["id"])),
        ("patient", "answer", found["answer"]["said_id"]),
        ("patient", "message", "m1"),
    ]
    assert mine["messages"][2]["form"] == _FORM
    assert {one["id"] for one in mine["seen"]} == {"m1", found["answer"]["said_id"]}
    for wrong in ({"text": ""}, {"text": "x" * 801}, {"text": "a\0b"}, {}):
        assert nurse.post(f"{url}/messages", json=wrong).status_code == 422
    for fields in ([], [{"id": "a", "kind": "choice", "label": "?"}], [{"id": "a", "kind": "x", "label": "?"}]):
        assert nurse.post(f"{url}/questions", json={"title": "T", "fields": fields}).status_code == 422
    assert nurse.post("/api/patients/99/messages", json={"text": "x"}).status_code == 404


@on_both
def test_one_alarm_of_all_messages_lasts_until_all_are_read(ward: Ward) -> None:
    phone, nurse = Phone(ward, ward.paired()), ward.nurse.http
    url = f"/api/patients/{ward.patient_id}/messages"
    for n in range(4):
        phone.say("message", {"id": f"m{n}", "text": f"message {n}"})
    asked = nurse.get(url).json()["messages"]
    ids = [message["id"] for message in asked]
    (alarm,) = nurse.get("/api/ward").json()["alarms"]
    counts = {"messages": 4, "unread": 4, "newest_us": asked[0]["said_us"]}
    assert (alarm["call"], alarm["detail"], alarm["additions"]) == ("patient_message", counts, 3)
    assert {message["alarm_id"] for message in asked} == {alarm["id"]}
    told = nurse.post(url, json={"text": "One moment."}).json()
    for wrong in ([*ids, told["id"]], [*ids, 10**6]):
        assert nurse.post(f"{url}/read", json={"messages": wrong}).status_code == 404
    for invalid in ([], [-1], [2**63], ["1"], list(range(201))):
        assert nurse.post(f"{url}/read", json={"messages": invalid}).status_code == 422
    assert nurse.post("/api/patients/99/messages/read", json={"messages": ids}).status_code == 404
    assert nurse.get("/api/ward").json()["alarms"][0]["detail"] == counts, "all or none"
    assert nurse.post(f"/api/messages/{ids[0]}/read").status_code == 200
    (left,) = nurse.get("/api/ward").json()["alarms"]
    assert (left["state"], left["detail"]) == ("pending", counts | {"unread": 3}), "no screen has shown it"
    # Somebody takes it on; what is written then asks anew, for all that nobody has read.
    assert nurse.post(f"/api/alarms/{alarm['id']}/acknowledgement", json={"additions": 3}).status_code == 200
    phone.say("message", {"id": "m4", "text": "Is anybody there?"})
    (again,) = nurse.get("/api/ward").json()["alarms"]
    assert (again["state"], again["detail"]["unread"], again["id"] > alarm["id"]) == ("pending", 4, True)
    ids = [message["id"] for message in nurse.get(url).json()["messages"] if message["device"] and not message["read"]]
    read = nurse.post(f"{url}/read", json={"messages": ids}).json()["messages"]
    assert [message["read"]["name"] for message in read] == ["Nora Nurse"] * 4
    assert nurse.get("/api/ward").json()["alarms"] == []
    wait_until(
        lambda: {word.id for word in phone.heard() if word.code == "seen"} == {"m0", "m1", "m2", "m3", "m4"},
        "a receipt of each",
    )
    kinds = "SELECT array_agg(kind ORDER BY event_id) FROM alarm_events GROUP BY alarm_id ORDER BY alarm_id"
    assert ward.stack.execute(kinds) == [
        (["raised", "added", "added", "added", "acknowledged", "ended"],),
        (["raised", "acknowledged", "ended"],),
    ]


@on_both
def test_a_device_sees_its_own_patient_and_no_other(ward: Ward) -> None:
    phone, nurse = Phone(ward, ward.paired()), ward.nurse.http
    added = nurse.post("/api/patients", json={"name": " Béa Autre ", "ward": "C", "language": "fr"})
    assert added.status_code == 201
    other = added.json()
    assert other["name"] == "Béa Autre"
    for wrong in ({"name": ""}, {"name": " "}, {"name": "a\nb"}, {"name": "x", "language": "de"}):
        assert nurse.post("/api/patients", json=wrong).status_code == 422
    mine, ward.patient_id = ward.patient_id, other["id"]
    stranger = Phone(ward, ward.paired())
    ward.patient_id = mine
    me = phone.get().json()
    assert (me["patient"], me["ward"], me["language"], me["emergency_number"]) == ("Ada E.", "B", "en", "112")
    assert me["zone"] == "UTC"
    assert stranger.get().json()["patient"] == "Béa A."
    phone.say("symptom", {"press": "p1", "note": "secret"})
    phone.say("message", {"id": "m1", "text": "secret"})
    told = nurse.post(f"/api/patients/{mine}/messages", json={"text": "secret"}).json()
    frame = ecg_frame(0, t0_us=now_us() - 2_000_000)
    phone.mqtt.send(f"{phone.credential['topic_prefix']}/ecg", encode(frame))
    wait_until(lambda: ward.stack.execute("SELECT count(*) FROM ecg_frames") == [(1,)], "its ECG")
    stretch = f"/ecg?from_us={frame.t0 - 1_000_000}&to_us={frame.t0 + 3_000_000}"
    body = phone.get(stretch).content
    assert struct.unpack_from("<I", body)[0] == len(body) - 4
    assert body.endswith(frame.samples)
    assert stranger.get(stretch).content == b""
    nurse.get(f"/api/patients/{mine}")
    looks = phone.get("/access").json()["access"]
    assert {(one["name"], one["action"]) for one in looks} >= {
        ("Nora Nurse", "saw_patient"),
        ("Nora Nurse", "sent_message"),
    }
    assert "secret" in phone.get("/events").text
    assert len(phone.get("/trend?hours=1").json()["mean"]) >= 60
    # What a stranger says of somebody else's messages changes nothing.
    stranger.say("read", str(told["id"]))
    assert ward.stack.execute("SELECT read_at FROM care_messages WHERE message_id = %s", told["id"]) == [(None,)]
    for path in _MINE:
        answer = stranger.get(path)
        assert answer.status_code == 200, path
        assert "secret" not in answer.text, path
        assert phone.credential["device"] not in answer.text, path
    assert {one["action"] for one in stranger.get("/access").json()["access"]} <= {
        "added_patient",
        "made_pairing_code",
        "paired_device",
    }


@on_both
def test_only_a_device_that_may_is_answered(ward: Ward) -> None:
    phone = Phone(ward, ward.paired())
    other = ward.paired()
    url, name, secret = ward.stack.url, phone.credential["username"], phone.credential["password"]
    for path in _MINE:
        for auth in (None, (name, secret[:-1]), (name, other["password"]), ("nobody", secret), ("0" * 16, secret)):
            answer = httpx.get(f"{url}/api/my{path}", auth=auth, timeout=10, verify=PLAIN)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "wrong_credentials"), (path, auth)
            assert "www-authenticate" not in answer.headers, "a browser would ask for a password"
        for header in ("Basic", "Basic !", "Basic YQ==", f"Bearer {secret}", "Basic /////w=="):
            assert httpx.get(f"{url}/api/my{path}", headers={"authorization": header}, verify=PLAIN).status_code == 401
        assert phone.get(path, headers={"origin": "https://elsewhere.example"}).status_code == 403
        assert ward.nurse.http.get(f"/api/my{path}").status_code == 401, "a session opens nothing here"
    ward.nurse.http.post(f"/api/devices/{phone.credential['device']}/revoke", json={})
    for path in _MINE:
        answer = phone.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "device_revoked")
    trail = ward.stack.execute(
        "SELECT action, user_id FROM audit_events WHERE device_id = %s AND action LIKE 'device_saw%%'", name
    )
    assert trail == [], "who was refused has seen nothing"


@on_both
def test_a_broker_whose_file_is_of_before_lets_the_team_speak(
    heartwire_process: StartHeartwire, database: str, secured_broker: SecuredBroker
) -> None:
    secured_broker.stop()
    document = json.loads(secured_broker.document.read_text())
    (role,) = (role for role in document["roles"] if role["rolename"] == "dashboard")
    role["acls"] = [acl for acl in role["acls"] if acl["acltype"] != "publishClientSend"]
    secured_broker.document.write_text(json.dumps(document))
    secured_broker.start()
    env = secured_broker.env("dashboard") | secured_broker.provisioner_env()
    ward = Ward(Stack(heartwire_process, database, secured_broker, env), secured_broker)
    renewed = "the broker's file was of an earlier version: dashboard may do all that it needs now"
    wait_until(lambda: renewed in ward.stack.server.log, "the role to be renewed")
    phone = Phone(ward, ward.paired())
    # The broker ended the connection whose role it changed: until it is back, a word is for who asks.
    texts = [f"How are you? {n}" for n in range(100)]

    def is_heard() -> bool:
        ward.nurse.http.post(f"/api/patients/{ward.patient_id}/messages", json={"text": texts.pop()})
        return any(word.code == "message" for word in phone.heard())

    wait_until(is_heard, "a word to be heard")
    # Another dashboard finds all as it should be, and touches nothing: nobody is cut off.
    settings = BrokerSettings(
        broker_host=secured_broker.host,
        broker_port=secured_broker.port,
        broker_ca_file=secured_broker.ca_file,
        broker_username="provisioner",
        broker_password=SecretStr(secured_broker.secrets["provisioner"]),
    )
    assert renew_roles(settings) == []
    for client in ward.clients:
        client.close()
    ward.nurse.http.close()


@pytest.mark.parametrize(("database_server", "secured_broker"), [("embedded-postgresql", "amqtt")], indirect=True)
def test_a_device_that_asks_too_often_waits_and_its_looks_are_in_the_trail(
    heartwire_process: StartHeartwire, database: str, secured_broker: SecuredBroker
) -> None:
    env = secured_broker.env("dashboard") | secured_broker.provisioner_env()
    env["HEARTWIRE_DASHBOARD_MY_REQUESTS_DEVICE"] = "5"
    ward = Ward(Stack(heartwire_process, database, secured_broker, env), secured_broker)
    first, second = ward.paired(), ward.paired()
    begin_s = time.monotonic()

    def ask(credential: dict[str, Any]) -> httpx.Response:
        return httpx.get(
            f"{ward.stack.url}/api/my", auth=(credential["username"], credential["password"]), timeout=10, verify=PLAIN
        )

    assert [ask(first).status_code for _ in range(5)] == [200] * 5
    refused = ask(first)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_attempts")
    assert 60 - (time.monotonic() - begin_s) - 2 <= int(refused.headers["retry-after"]) <= 60
    assert ask(second).status_code == 200, "one device does not lock out another"
    query = "SELECT count(*), max(user_id) FROM audit_events WHERE device_id = %s AND action = 'device_saw_own'"
    assert ward.stack.execute(query, first["device"]) == [(1, None)]
    ward.nurse.http.close()
