"""Contacts, rosters, delays, and the links in messages, at the pages' server; one test with the notifier itself."""

import hashlib
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, now_us, on_one_pair
from tests.integration.notifier_stack import Receiver
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.waiting import wait_until

pytestmark = on_one_pair
_HOUR_US = 3_600_000_000


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    stack = Stack(heartwire_process, database, broker)
    stack.execute(
        "INSERT INTO users (tenant_id, login, name, password_hash, role)"
        " SELECT 1, 'boss', 'Bea Boss', password_hash, 'admin' FROM users WHERE login = 'nurse'"
    )
    return stack


@pytest.fixture
def boss(stack: Stack) -> Iterator[Person]:
    with stack.person("boss") as boss:
        yield boss


@pytest.fixture
def nurse(stack: Stack) -> Iterator[Person]:
    with stack.person() as nurse:
        yield nurse


def _id(stack: Stack, login: str) -> int:
    return int(stack.execute("SELECT user_id FROM users WHERE login = %s", login)[0][0])


def _notice(stack: Stack, *alarms: int, login: str = "nurse", hours: int = 24, step: int = 1) -> str:
    """Make what the notifier makes with a message; return the link's token."""
    token = secrets.token_urlsafe(32)
    user_id = _id(stack, login)
    ((contact_id,),) = stack.execute(
        "INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)"
        " VALUES (1, %s, 'canary', 'x', 'canary', %s, %s) RETURNING contact_id",
        user_id, token, user_id,
    )  # fmt: skip
    ((notice_id,),) = stack.execute(
        "INSERT INTO notices (tenant_id, contact_id, user_id, token_hash, expires_at)"
        " VALUES (1, %s, %s, %s, now() + %s * interval '1 hour') RETURNING notice_id",
        contact_id, user_id, hashlib.sha256(token.encode()).digest(), hours,
    )  # fmt: skip
    for alarm_id in alarms:
        stack.execute(
            "INSERT INTO notifications (tenant_id, alarm_id, contact_id, user_id, step, state, notice_id)"
            " VALUES (1, %s, %s, %s, %s, 'delivered', %s)",
            alarm_id, contact_id, user_id, step, notice_id,
        )  # fmt: skip
        stack.execute(
            "INSERT INTO escalations (alarm_id, tenant_id, step) VALUES (%s, 1, 1) ON CONFLICT DO NOTHING", alarm_id
        )
    return token


def _code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


def test_contacts_are_shown_without_their_secrets(stack: Stack, boss: Person, nurse: Person) -> None:
    nora, day = _id(stack, "nurse"), _id(stack, "doctor")
    secret = "s3cretpassword"  # noqa: S105
    new = {
        "label": "Nora's mail",
        "user_id": nora,
        "address": f"mailto://nora:{secret}@example.com?to=nora@example.com",
    }
    answer = boss.http.post("/api/contacts", json=new)
    assert answer.status_code == 201
    assert (answer.json()["scheme"], answer.json()["name"]) == ("mailto", "Nora Nurse")
    assert boss.http.post("/api/contacts", json=new).json()["id"] == answer.json()["id"], "the same twice is one"
    boss.http.post("/api/contacts", json={"label": "Day", "user_id": day, "address": "json://example.com/day"})
    assert _code(nurse.http.post("/api/contacts", json=new)) == "forbidden"
    for address in ("nonsense", "nonsense://x", "syslog://", "file:///etc/passwd", "mailto://"):
        refused = boss.http.post("/api/contacts", json={**new, "address": address})
        assert _code(refused) == "bad_address", address
        assert refused.json()["error"]["params"]["reason"]
    keys = {"p256dh": "B" * 87, "auth": "A" * 22}
    subscription = {"endpoint": "https://push.example/abc", "expirationTime": None, "keys": keys}
    browser = nurse.http.post("/api/contacts", json={"label": "Phone", "subscription": subscription})
    assert (browser.status_code, browser.json()["kind"], browser.json()["user_id"]) == (201, "web_push", nora)
    assert _code(boss.http.post("/api/contacts", json={"label": "x", "subscription": subscription})) == "forbidden"
    assert len(nurse.http.get("/api/push-key").json()["key"]) == 87
    assert nurse.http.get("/api/push-key").json() == boss.http.get("/api/push-key").json()
    mine, all_of_them = nurse.http.get("/api/contacts"), boss.http.get("/api/contacts")
    assert [one["label"] for one in mine.json()["contacts"]] == ["Nora's mail", "Phone"]
    assert [one["label"] for one in all_of_them.json()["contacts"]] == ["Day", "Nora's mail", "Phone"]
    for said in (secret, "push.example", keys["auth"]):
        assert said not in mine.text + all_of_them.text + answer.text + browser.text
    days = all_of_them.json()["contacts"][0]["id"]
    assert nurse.http.delete(f"/api/contacts/{days}").status_code == 404
    assert nurse.http.post(f"/api/contacts/{days}/test").status_code == 404
    assert nurse.http.delete(f"/api/contacts/{browser.json()['id']}").status_code == 204
    assert boss.http.delete(f"/api/contacts/{days}").status_code == 204
    assert [one["label"] for one in boss.http.get("/api/contacts").json()["contacts"]] == ["Nora's mail"]


def test_rosters_and_delays_are_the_managers(stack: Stack, boss: Person, nurse: Person) -> None:
    stack.add_patient()
    nora, now = _id(stack, "nurse"), now_us()
    duty = {"user_id": nora, "step": 1, "from_us": now, "to_us": now + 8 * _HOUR_US, "ward": "B"}
    added = boss.http.post("/api/on-call", json=duty)
    assert (added.status_code, added.json()["name"], added.json()["can_be_reached"]) == (201, "Nora Nurse", False)
    assert _code(nurse.http.post("/api/on-call", json=duty)) == "forbidden"
    for wrong in (
        {"user_id": 999_999}, {"user_id": _id(stack, "boss")}, {"step": 0}, {"step": 10}, {"ward": "no such"},
        {"to_us": now}, {"to_us": now + 32 * 24 * _HOUR_US},
    ):  # fmt: skip
        assert boss.http.post("/api/on-call", json={**duty, **wrong}).status_code == 422, wrong

    def seen(from_us: int, to_us: int) -> list[int]:
        asked = nurse.http.get("/api/on-call", params={"from_us": from_us, "to_us": to_us})
        return [one["id"] for one in asked.json()["on_call"]]

    assert seen(now + _HOUR_US, now + 2 * _HOUR_US) == [added.json()["id"]]
    assert seen(now + 9 * _HOUR_US, now + 10 * _HOUR_US) == []
    assert boss.http.delete(f"/api/on-call/{added.json()['id']}").status_code == 204
    assert boss.http.delete(f"/api/on-call/{added.json()['id']}").status_code == 404
    assert seen(now, now + _HOUR_US) == []

    def chains(answer: httpx.Response) -> list[tuple[Any, ...]]:
        return [(c["ward"], c["priority"], c["delays_s"], c["is_default"]) for c in answer.json()["chains"]]

    default = [(None, "high", [20, 60, 60], True), (None, "medium", [20, 60, 60], True), (None, "low", [], True)]
    assert chains(nurse.http.get("/api/escalation-chains")) == default
    own = {"priority": "high", "delays_s": [10, 30], "ward": "B"}
    assert chains(boss.http.put("/api/escalation-chains", json=own)) == [*default, ("B", "high", [10, 30], False)]
    assert chains(boss.http.put("/api/escalation-chains", json={**own, "delays_s": None})) == default
    assert _code(nurse.http.put("/api/escalation-chains", json=own)) == "forbidden"
    for wrong_chain in ({"delays_s": [-1]}, {"delays_s": [3601]}, {"delays_s": [1] * 10}, {"ward": "no such"}):
        assert boss.http.put("/api/escalation-chains", json={**own, **wrong_chain}).status_code == 422, wrong_chain


def test_a_link_acts_in_the_name_of_who_was_told_and_on_its_own_alarms_only(stack: Stack) -> None:
    patient = stack.add_patient("Ada Secret")
    mine, second, other = (stack.raise_alarm(patient, call) for call in ("asystole", "pause", "bradycardia"))
    token = _notice(stack, mine, second)
    path = f"/api/notices/{token}"
    with httpx.Client(base_url=stack.url, verify=PLAIN) as anybody:
        for _ in range(2):  # as a mail scanner does
            answer = anybody.get(path)
        assert "Ada" not in answer.text
        assert answer.json()["name"] == "Nora Nurse"
        told = [(one["id"], one["names"]["en"], one["ward"], one["waits"]) for one in answer.json()["alarms"]]
        assert told == [(mine, "Asystole", "B", True), (second, "Pause", "B", True)]
        assert stack.execute("SELECT count(*) FROM alarm_events WHERE kind <> 'raised'") == [(0,)]
        assert _code(anybody.post(f"{path}/acknowledgement", json={"alarm_id": other})) == "not_found"
        foreign = anybody.post(f"{path}/passing", headers={"origin": "https://elsewhere.example"})
        assert _code(foreign) == "bad_origin"
        taken = anybody.post(f"{path}/acknowledgement", json={"alarm_id": mine}).json()["alarms"]
        assert [(one["state"], one["waits"]) for one in taken] == [("acknowledged", False), ("pending", True)]
        passed = [anybody.post(f"{path}/passing").json()["alarms"] for _ in range(2)][-1]
        assert [(one["passed"], one["waits"]) for one in passed] == [(False, False), (True, True)]
        over = _notice(stack, mine, hours=-1)
        assert (anybody.get(f"/api/notices/{over}").status_code, _code(anybody.get(f"/api/notices/{over}"))) == (
            410, "expired_link",
        )  # fmt: skip
        assert anybody.get(f"/api/notices/{'x' * 43}").status_code == 404
        assert anybody.get("/api/notices/short").status_code == 422
        assert anybody.get("/n/" + token).status_code == 200
        gone = _notice(stack, second, login="doctor")
        stack.execute("UPDATE users SET disabled_at = now() WHERE login = 'doctor'")
        assert anybody.get(f"/api/notices/{gone}").status_code == 404
        stack.execute("UPDATE users SET disabled_at = NULL, role = 'tester' WHERE login = 'doctor'")
        assert _code(anybody.get(f"/api/notices/{gone}")) == "forbidden", "who may not act any more"
    events = stack.execute(
        "SELECT e.alarm_id, e.kind, u.name, e.detail -> 'from' ->> 'agent' FROM alarm_events AS e"
        " JOIN users AS u USING (user_id) ORDER BY event_id"
    )
    assert [row[:3] for row in events] == [
        (mine, "acknowledged", "Nora Nurse"), (second, "passed_on", "Nora Nurse"),
    ]  # fmt: skip
    assert all(agent.startswith("link, ") for *_, agent in events)
    assert stack.execute("SELECT alarm_id FROM escalations WHERE hurries") == [(second,)]


def test_who_passes_on_late_hurries_nobody(stack: Stack) -> None:
    alarm_id = stack.raise_alarm(stack.add_patient())
    token = _notice(stack, alarm_id)
    stack.execute("UPDATE escalations SET step = 2")
    httpx.post(f"{stack.url}/api/notices/{token}/passing", verify=PLAIN)
    assert stack.execute("SELECT hurries FROM escalations") == [(False,)]


def test_from_an_alarm_over_a_message_and_its_link_to_the_next_one(
    stack: Stack, boss: Person, heartwire_process: StartHeartwire, database: str
) -> None:
    receiver = Receiver()
    receiver.start()
    now = now_us()
    for step, login in enumerate(("nurse", "doctor"), 1):
        user_id = _id(stack, login)
        new = {"label": login, "user_id": user_id, "address": receiver.address(login)}
        contact = boss.http.post("/api/contacts", json=new).json()
        duty = {"user_id": user_id, "step": step, "from_us": now - _HOUR_US, "to_us": now + _HOUR_US}
        assert boss.http.post("/api/on-call", json=duty).json()["can_be_reached"]
    boss.http.put("/api/escalation-chains", json={"priority": "high", "delays_s": [1, 600]})
    heartwire_process(
        "notifier",
        env={"HEARTWIRE_NOTIFIER_DATABASE": database, "HEARTWIRE_NOTIFIER_PAGES_URL": stack.url},
        is_ready=lambda process: "the database is there" in process.log,
    )
    assert boss.http.post(f"/api/contacts/{contact['id']}/test").json()["is_testing"]

    def last() -> Any:  # noqa: ANN401 # of the answer
        return boss.http.get("/api/contacts").json()["contacts"][0]["last"]

    wait_until(lambda: last() is not None, "the test to be sent")
    assert (last()["outcome"], last()["is_test"], receiver.to("doctor")[0]["title"]) == (
        "delivered", True, "heartwire: Message d'essai",
    )  # fmt: skip
    alarm_id = stack.raise_alarm(stack.add_patient())
    wait_until(lambda: bool(receiver.to("nurse")), "the nurse to be told")
    link = receiver.to("nurse")[0]["message"].split()[-1]
    token = link.removeprefix(f"{stack.url}/n/")
    httpx.post(f"{stack.url}/api/notices/{token}/passing", verify=PLAIN)
    wait_until(lambda: len(receiver.to("doctor")) == 2, "the next one to be told at once, not in ten minutes")
    with stack.person() as nurse:
        escalation = nurse.http.get(f"/api/alarms/{alarm_id}").json()["escalation"]
        assert (escalation["step"], escalation["to"], escalation["next_us"]) == (2, "Dr. Day", None)
    token = receiver.to("doctor")[1]["message"].split()[-1].removeprefix(f"{stack.url}/n/")
    said = httpx.post(f"{stack.url}/api/notices/{token}/acknowledgement", json={"alarm_id": alarm_id}, verify=PLAIN)
    assert said.json()["alarms"][0]["acknowledged"]["name"] == "Dr. Day"
    receiver.stop()
