"""Other systems: they ask by a token, follow the stream of alarms, and are told by webhooks."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

import httpx
import psycopg
import pytest

from analytics.ledger.sealer import seal_due
from analytics.webhooks.workers import Webhooks
from dashboard.access import CSRF_HEADER
from heartwire.alarm_feed import KINDS
from heartwire.storage.pool import connect
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.waiting import wait_until

pytestmark = on_one_pair
_POLL_S: Final = 0.05


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    stack = Stack(heartwire_process, database, broker)
    stack.execute("UPDATE users SET role = 'admin' WHERE login = 'doctor'")
    return stack


def _seal(stack: Stack) -> None:
    with connect(stack.database, "test", autocommit=True) as connection:
        seal_due(connection)


def _make_token(stack: Stack, *scopes: str) -> tuple[int, str]:
    with stack.person("doctor") as admin:
        made = admin.http.post("/api/tokens", json={"name": "Hospital system", "scopes": scopes})
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["secret"]


def _system(stack: Stack, secret: str) -> httpx.Client:
    return httpx.Client(base_url=stack.url, timeout=10, verify=PLAIN, headers={"authorization": f"Bearer {secret}"})


def test_a_token_may_what_its_scopes_name_until_it_is_revoked(stack: Stack) -> None:
    patient = stack.add_patient()
    alarm_id = stack.raise_alarm(patient)
    token_id, secret = _make_token(stack, "see_ward")
    with _system(stack, secret) as system, stack.person("doctor") as admin:
        assert [one["id"] for one in system.get("/api/ward").json()["patients"]] == [patient.patient_id]
        refused = system.get(f"/api/patients/{patient.patient_id}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "forbidden")
        assert system.post(f"/api/alarms/{alarm_id}/acknowledgement").status_code == 403
        assert system.get("/api/tokens").status_code == 403
        (shown,) = admin.http.get("/api/tokens").json()["tokens"]
        assert (shown["name"], shown["scopes"], shown["revoked_us"]) == ("Hospital system", ["see_ward"], None)
        assert shown["used_us"] is not None
        assert secret not in json.dumps(shown)
        assert admin.http.delete(f"/api/tokens/{token_id}").status_code == 204
        assert system.get("/api/ward").status_code == 401
        assert admin.http.delete(f"/api/tokens/{token_id}").status_code == 404


def test_a_token_that_is_old_or_invented_is_nobody(stack: Stack) -> None:
    _, secret = _make_token(stack, "see_ward")
    stack.execute("UPDATE api_tokens SET expires_at = now() - interval '1 s'")
    for one in (secret, secret + "x", "x", "hwt_"):
        with _system(stack, one) as system:
            assert system.get("/api/ward").status_code == 401, one


def test_a_token_sees_its_wards_has_no_account_and_ends_with_its_holder(stack: Stack) -> None:
    patient = stack.add_patient()
    _, secret = _make_token(stack, "see_ward", "see_patient")
    path = f"/api/patients/{patient.patient_id}"
    with _system(stack, secret) as system:
        assert system.get(path).status_code == 200
        assert system.get("/api/account").status_code == system.delete("/api/sessions").status_code == 403
        stack.execute("UPDATE users SET all_wards = false WHERE role = 'system'")
        assert system.get(path).status_code == 404
        assert system.get("/api/ward").json()["patients"] == []
        stack.execute("UPDATE users SET disabled_at = now() WHERE role = 'system'")
        assert system.get("/api/ward").status_code == 401


def test_nobody_signs_in_as_a_token(stack: Stack) -> None:
    _, secret = _make_token(stack, "see_ward")
    ((login,),) = stack.execute("SELECT login FROM users WHERE role = 'system'")
    with stack.person(None) as stranger:
        for password in ("", secret):
            assert stranger.sign_in(login, password).status_code == 401


def test_only_an_administrator_makes_tokens_and_none_that_act(stack: Stack) -> None:
    asked: dict[str, Any] = {"name": "x", "scopes": ["see_ward"]}
    with stack.person("nurse") as nurse, stack.person("doctor") as admin:
        assert nurse.http.post("/api/tokens", json=asked).status_code == 403
        assert nurse.http.get("/api/webhooks").status_code == 403
        wrongs: list[dict[str, Any]] = [
            {"scopes": ["act_on_alarms"]}, {"scopes": []}, {"name": " "}, {"days": 367}, {"more": 1}
        ]  # fmt: skip
        for wrong in wrongs:
            answer = admin.http.post("/api/tokens", json=asked | wrong)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid"), wrong
        # A cookie alone changes nothing: pages of other sites have that too.
        del admin.http.headers[CSRF_HEADER]
        assert admin.http.post("/api/tokens", json=asked).status_code == 403
    assert stack.execute("SELECT count(*) FROM api_tokens") == [(0,)]


class _Stream:
    """A reader of the stream of alarms, on a thread of its own."""

    def __init__(self, system: httpx.Client, after: int | None = None) -> None:
        self.entries: Final[list[dict[str, Any]]] = []
        self._system: Final = system
        self._headers: Final = {} if after is None else {"last-event-id": str(after)}
        self.opened: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.opened.wait(10)

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def _read(self) -> None:
        with self._system.stream("GET", "/api/alarms/stream", headers=self._headers, timeout=30) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            number = 0
            for line in answer.iter_lines():
                self.opened.set()  # the first line is a comment
                if line.startswith("id: "):
                    number = int(line[4:])
                elif line.startswith("data: "):
                    entry = json.loads(line[6:])
                    assert entry["seq"] == number
                    self.entries.append(entry)


def test_the_stream_says_what_happens_and_goes_on_where_it_was(stack: Stack) -> None:
    patient = stack.add_patient()
    before = stack.raise_alarm(patient, "pause", "medium")
    _seal(stack)
    token_id, secret = _make_token(stack, "see_ward")
    with _system(stack, secret) as system, stack.person() as nurse, stack.person("doctor") as admin:
        stream = _Stream(system)
        alarm_id = stack.raise_alarm(patient)
        nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
        _seal(stack)
        wait_until(lambda: len(stream.entries) >= 2, "both events")
        raised, acknowledged = stream.entries
        assert (raised["kind"], raised["by"]) == ("raised", None)
        assert raised["alarm"] == acknowledged["alarm"]
        assert raised["alarm"] | {"onset_us": 0, "signal_us": 0} == {
            "id": alarm_id,
            "patient_id": patient.patient_id,
            "call": "asystole",
            "priority": "high",
            "family": "clinical",
            "late": False,
            "onset_us": 0,
            "signal_us": 0,
        }
        assert (acknowledged["kind"], acknowledged["by"]["name"]) == ("acknowledged", "Nora Nurse")
        assert "Ada" not in json.dumps(stream.entries)
        # From the beginning, and from behind the first of the new ones.
        whole = _Stream(system, after=0)
        wait_until(lambda: len(whole.entries) >= 3, "all events")
        assert [entry["alarm"]["id"] for entry in whole.entries] == [before, alarm_id, alarm_id]
        rest = _Stream(system, after=raised["seq"])
        wait_until(lambda: rest.entries == [acknowledged], "what came after")
        admin.http.delete(f"/api/tokens/{token_id}")
        wait_until(lambda: stream.has_ended and whole.has_ended, "the streams of a revoked token to end")


def test_streams_are_bounded_and_a_closed_one_makes_room(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    stack = Stack(heartwire_process, database, broker, {"HEARTWIRE_DASHBOARD_STREAMS_MOST": "1"})
    stack.execute("UPDATE users SET role = 'admin' WHERE login = 'doctor'")
    _, secret = _make_token(stack, "see_ward")
    with _system(stack, secret) as system:
        first = _system(stack, secret)
        with first.stream("GET", "/api/alarms/stream") as answer:
            lines = answer.iter_lines()  # kept: the stream is closed with it
            next(lines)
            refused = system.get("/api/alarms/stream")
            assert (refused.status_code, refused.json()["error"]) == (
                429,
                {"code": "too_many", "params": {"most": 1}},
            )
        first.close()

        def is_open() -> bool:
            with system.stream("GET", "/api/alarms/stream") as again:
                return again.status_code == 200

        wait_until(is_open, "the place to be free")


class Receiver:
    """Another system's server; it answers as it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: Final[list[tuple[dict[str, str], bytes]]] = []
        self.hanging: Final = threading.Event()
        self._hold = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                if receiver._hold:
                    receiver.hanging.wait(60)
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server: Final = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url: Final = f"http://127.0.0.1:{self._server.server_port}/alarms"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hang(self) -> None:
        """Take requests and answer none."""
        self._hold = True

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What came, each once, in its order."""
        found = {headers["webhook-id"]: json.loads(body) for headers, body in self.requests}
        return list(found.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hanging.set()
        self._server.shutdown()
        self._server.server_close()


def test_a_webhook_that_fails_is_an_alarm_of_the_ward_until_it_is_well(
    stack: Stack, heartwire_process: StartHeartwire
) -> None:
    heartwire_process(
        "notifier",
        env={
            "HEARTWIRE_NOTIFIER_DATABASE": stack.database,
            "HEARTWIRE_NOTIFIER_LOCAL_WEBHOOKS": "true",
            "HEARTWIRE_NOTIFIER_WEBHOOKS_POLL_S": str(_POLL_S),
        },
        is_ready=lambda process: "the database is there" in process.log,
    )
    patient = stack.add_patient()
    with stack.person("doctor") as admin, stack.person() as nurse, Receiver() as receiver:
        receiver.status = 503
        _add_webhook(admin, receiver)
        stack.raise_alarm(patient)
        _seal(stack)

        def failing() -> list[dict[str, Any]]:
            alarms = nurse.http.get("/api/ward").json()["alarms"]
            return [alarm["detail"] for alarm in alarms if alarm["call"] == "channel_failing"]

        wait_until(lambda: bool(failing()), "the alarm")
        assert [(detail["contact"], detail["scheme"]) for detail in failing()] == [("Wards", "webhook")]
        receiver.status = 200
        wait_until(lambda: not failing(), "its end")
        assert receiver.entries[0]["alarm"]["call"] == "asystole"


def test_every_kind_of_event_that_there_is_can_be_asked_for(stack: Stack) -> None:
    ((rule,),) = stack.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'alarm_events_kind_check'"
    )
    assert set(re.findall(r"'(\w+)'", rule)) == set(KINDS)


@pytest.fixture
def webhooks(stack: Stack) -> Iterator[Webhooks]:
    webhooks = Webhooks(stack.database, poll_s=_POLL_S, local_too=True)
    webhooks.start()
    yield webhooks
    webhooks.stop()


def _add_webhook(admin: Person, receiver: Receiver, **more: object) -> bytes:
    made = admin.http.post("/api/webhooks", json={"name": "Wards", "url": receiver.url, **more})
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    return base64.b64decode(secret[6:])


def test_a_webhook_is_told_in_order_and_signed(stack: Stack, webhooks: Webhooks) -> None:
    patient = stack.add_patient()
    stack.raise_alarm(patient, "pause", "medium")
    _seal(stack)
    with stack.person("doctor") as admin, stack.person() as nurse, Receiver() as receiver:
        secret = _add_webhook(admin, receiver)
        alarm_id = stack.raise_alarm(patient)
        nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
        nurse.http.delete(f"/api/alarms/{alarm_id}/acknowledgement")
        _seal(stack)
        wait_until(lambda: len(receiver.entries) == 3, "three messages")
        assert [one["kind"] for one in receiver.entries] == ["raised", "acknowledged", "acknowledgement_undone"]
        for headers, body in receiver.requests:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{digest}"
            assert headers["content-type"] == "application/json"
        wait_until(lambda: admin.http.get("/api/webhooks").json()["webhooks"][0]["behind"] == 0, "all to be told")
        (shown,) = admin.http.get("/api/webhooks").json()["webhooks"]
        assert (shown["failures"], shown["problem"], "secret" in shown) == (0, "", False)
        assert admin.http.delete(f"/api/webhooks/{shown['id']}").status_code == 204
        stack.raise_alarm(patient, "couplet", "low")
        _seal(stack)
        assert admin.http.get("/api/webhooks").json() == {"webhooks": []}
        webhooks.stop()
        assert len(receiver.requests) == 3


def test_a_webhook_gets_what_it_asked_for(stack: Stack, webhooks: Webhooks) -> None:
    patient = stack.add_patient()
    with stack.person("doctor") as admin, stack.person() as nurse, Receiver() as receiver:
        _add_webhook(admin, receiver, kinds=["acknowledged"], priorities=["high"])
        for call, priority in (("pause", "medium"), ("asystole", "high")):
            alarm_id = stack.raise_alarm(patient, call, priority)
            nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
        _seal(stack)
        wait_until(lambda: admin.http.get("/api/webhooks").json()["webhooks"][0]["behind"] == 0, "all to be looked at")
        assert [(one["kind"], one["alarm"]["call"]) for one in receiver.entries] == [("acknowledged", "asystole")]


def test_a_receiver_that_fails_gets_all_of_it_later_and_one_that_hangs_delays_nobody(
    stack: Stack, webhooks: Webhooks
) -> None:
    patient = stack.add_patient()
    with stack.person("doctor") as admin, Receiver() as failing, Receiver() as hanging, Receiver() as well:
        failing.status = 500
        hanging.hang()
        for receiver in (hanging, failing, well):
            _add_webhook(admin, receiver)
        for call in ("asystole", "pause", "couplet"):
            stack.raise_alarm(patient, call)
        _seal(stack)
        wait_until(lambda: len(well.entries) == 3, "the one that is well")
        wait_until(lambda: len(failing.requests) > 1, "a second attempt")

        def shown() -> dict[str, Any]:
            found: dict[str, Any] = admin.http.get("/api/webhooks").json()["webhooks"][1]
            return found

        wait_until(lambda: shown()["failures"] > 1, "the failures to be shown")
        assert shown()["problem"] == "answered 500"
        assert shown()["behind"] == 3
        assert len(failing.entries) == len(hanging.entries) == 1
        failing.status = 204
        # As a clock that is set back leaves it: no pause becomes longer by that.
        stack.execute("UPDATE webhooks SET try_again_at = now() + interval '1 hour' WHERE failures > 0")
        wait_until(lambda: len(failing.entries) == 3, "everything", timeout_s=30)
        assert [one["alarm"]["call"] for one in failing.entries] == ["asystole", "pause", "couplet"]
        wait_until(lambda: shown()["failing_us"] is None, "the end of the failure")


def test_two_processes_tell_each_thing_once(stack: Stack, webhooks: Webhooks) -> None:
    other = Webhooks(stack.database, poll_s=_POLL_S, local_too=True)
    other.start()
    patient = stack.add_patient()
    try:
        with stack.person("doctor") as admin, Receiver() as receiver:
            _add_webhook(admin, receiver)
            for number in range(20):
                stack.raise_alarm(patient, "couplet", "low")
                if number == 10:
                    _seal(stack)
                    wait_until(lambda: len(receiver.entries) > 3, "some messages")
                    webhooks.stop()
            _seal(stack)
            wait_until(lambda: len(receiver.entries) == 20, "all messages")
            # What was under way when the first one ended may come again, by its number.
            assert len(receiver.requests) <= 21
    finally:
        other.stop()


def test_a_webhook_does_not_lead_to_the_machine_itself(stack: Stack) -> None:
    webhooks = Webhooks(stack.database, poll_s=_POLL_S, local_too=False)
    webhooks.start()
    patient = stack.add_patient()
    try:
        with stack.person("doctor") as admin, Receiver() as receiver:
            for url in (receiver.url, receiver.url.replace("http:", "https:")):
                assert admin.http.post("/api/webhooks", json={"name": "x", "url": url}).status_code == 201
            stack.raise_alarm(patient)
            _seal(stack)

            def problems() -> list[str]:
                return [one["problem"] for one in admin.http.get("/api/webhooks").json()["webhooks"]]

            wait_until(lambda: all(problems()), "both to be refused")
            assert all("leads to this machine" in problem for problem in problems())
            assert receiver.requests == []
    finally:
        webhooks.stop()


def test_the_unsent_is_bounded_by_what_there_is_not_by_memory(stack: Stack) -> None:
    with stack.person("doctor") as admin:
        for number in range(16):
            asked = {"name": str(number), "url": "https://receiver.example/"}
            assert admin.http.post("/api/webhooks", json=asked).status_code == 201
        refused = admin.http.post("/api/webhooks", json={"name": "x", "url": "https://receiver.example/"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many")
        for url in ("https://a:b@host/", "https://host/#x", "ftp://host/", "https://", "http://host/"):
            assert admin.http.post("/api/webhooks", json={"name": "x", "url": url}).status_code == 422
    with psycopg.connect(stack.database) as connection:
        assert connection.execute("SELECT count(*) FROM webhooks").fetchone() == (16,)
