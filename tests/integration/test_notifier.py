"""The notifier as a process, with a real mail server and a real HTTP receiver: who is told, when, and once."""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from heartwire.push_key import public_bytes
from heartwire.storage.queries import load_queries
from tests.conftest import StartHeartwire
from tests.integration.notifier_stack import Mailbox, OnCall, Receiver, hanging_server
from tests.servers.waiting import wait_until

pytest_plugins = ("tests.integration.notifier_fixtures",)
on_one: pytest.MarkDecorator = pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
pytestmark = on_one


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str) -> Iterator[OnCall]:
    ward = OnCall(heartwire_process, database)
    yield ward
    ward.close()


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    mailbox.start()
    yield mailbox
    mailbox.stop()


def test_nobody_answers_and_one_after_the_other_is_told(ward: OnCall, mailbox: Mailbox, receiver: Receiver) -> None:
    mailbox.mails.clear()
    nora, otto, dora = (ward.person(name, step + 1) for step, name in enumerate(("nora", "otto", "dora")))
    mail = ward.contact(nora, mailbox.address("nora"))
    for user_id, name in ((otto, "otto"), (dora, "dora")):
        ward.contact(user_id, receiver.address(name))
    ward.chain(1, 1, 1)
    ward.notifier(HEARTWIRE_NOTIFIER_PAGES_URL="https://ward.example")
    (alarm_id,) = ward.alarm()
    wait_until(lambda: bool(ward.open_alarms("nobody_answers")), "all to be told, and nobody to answer")
    assert ward.steps(alarm_id) == [(1, "Nora"), (2, "Otto"), (3, "Dora")]
    ((to, subject, text),) = mailbox.mails
    assert (to, subject) == (["nora@ward.example"], "heartwire HIGH: Asystole, ward B")
    assert re.search(r"https://ward\.example/n/[\w-]{43}\b", text)
    assert "Ada" not in text
    assert [len(receiver.to(name)) for name in ("otto", "dora")] == [1, 1]
    times = [at for (at,) in ward.rows("SELECT at FROM alarm_events WHERE kind IN ('raised', 'escalated') ORDER BY at")]
    gaps = [(after - before).total_seconds() for before, after in pairwise(times)][:3]
    assert all(0.9 < gap < 2.5 for gap in gaps), gaps
    assert ward.open_alarms("nobody_answers") == [{"alarms": 1, "alarm_ids": [alarm_id], "wards": ["B"]}]
    told = ward.rows(
        "SELECT user_id, detail ->> 'channel' FROM alarm_events WHERE alarm_id = %s AND kind = 'notified'", alarm_id
    )
    assert told == [(nora, "x"), (otto, "x"), (dora, "x")]
    attempts = ward.rows("SELECT contact_id, outcome FROM notification_attempts ORDER BY attempt_id")
    assert (attempts[0], len(attempts)) == ((mail, "delivered"), 3)
    ward.event(alarm_id, "acknowledged", otto)
    wait_until(lambda: not ward.open_alarms("nobody_answers"), "an answer to end it")


def test_nobodys_name_is_markup_in_a_mail(ward: OnCall, mailbox: Mailbox) -> None:
    mailbox.mails.clear()
    evil = "<img src=x onerror=alert(1)>"
    ward.rows("UPDATE patients SET name = %s, ward = %s WHERE patient_id = %s", evil, f"B{evil}", ward.patient_id)
    ward.contact(ward.person("nora", 1), f"{mailbox.address('nora')}&format=html")
    ward.chain(0)
    ward.notifier(HEARTWIRE_NOTIFIER_NAMES_IN_MESSAGES="true")
    ward.alarm()
    wait_until(lambda: bool(mailbox.mails), "the mail")
    ((_, subject, text),) = mailbox.mails
    assert subject == f"heartwire HIGH: Asystole, ward B{evil}"
    assert text.startswith(f"HIGH: Asystole, {evil}, ward B{evil}, since ")
    (page,) = mailbox.pages
    assert "&lt;img" in page
    assert "<img" not in page


def test_an_answer_a_silence_and_a_pause_stop_or_hold_the_chain(ward: OnCall, receiver: Receiver) -> None:
    nora = ward.person("nora", 1)
    ward.contact(nora, receiver.address("nora"))
    ward.chain(1)
    names = ("answered", "over", "hidden", "silenced", "undone")
    alarms = dict(zip(names, (ward.alarm("pause", "medium")[0] for _ in names), strict=True))
    ward.event(alarms["answered"], "acknowledged", nora)
    ward.event(alarms["over"], "ended")
    ward.event(alarms["hidden"], "suppressed", detail='{"by": "asystole"}')
    ward.event(alarms["silenced"], "silenced", nora, '{"seconds": 600}')
    ward.event(alarms["undone"], "acknowledged", nora)
    ward.event(alarms["undone"], "acknowledgement_undone", nora)
    # One that is over and latches still asks; what was raised and over during a pause does not, nor what is late.
    (latched,) = ward.alarm("ventricular_tachycardia")
    ward.event(latched, "ended")
    ward.rows(
        "INSERT INTO pauses (tenant_id, kind, patient_id, until_at, user_id)"
        " VALUES (1, 'alarms_paused', %s, now() + interval '1 hour', %s)",
        ward.patient_id,
        nora,
    )
    raised_paused = ward.alarm("asystole")[0]
    over_paused = ward.alarm("asystole")[0]
    ward.event(over_paused, "ended")
    late = ward.alarm("asystole")[0]
    ward.rows("UPDATE alarms SET late = true WHERE alarm_id = %s", late)
    ward.notifier()
    beats = ward.rows("SELECT counted_at FROM escalation_clock")
    wait_until(
        lambda: ward.rows("SELECT counted_at > %s + interval '2 s' FROM escalation_clock", beats[0][0]) == [(True,)],
        "time to be counted while all is held",
    )
    assert ward.rows("SELECT count(*) FROM alarm_events WHERE kind = 'escalated'") == [(0,)]
    ward.rows("UPDATE pauses SET ended_at = now(), ended_by = user_id")
    wait_until(lambda: ward.steps(raised_paused) != [], "what still lasts after the pause to be told")
    ward.event(alarms["silenced"], "silence_undone", nora)
    wait_until(lambda: ward.steps(alarms["silenced"]) != [], "what is not silenced any more to be told")
    told = {alarm_id for (alarm_id,) in ward.rows("SELECT alarm_id FROM alarm_events WHERE kind = 'escalated'")}
    assert told == {alarms["silenced"], alarms["undone"], latched, raised_paused}


def test_a_kill_in_the_middle_goes_on_once(ward: OnCall, receiver: Receiver) -> None:
    for step, name in enumerate(("nora", "otto", "dora")):
        ward.contact(ward.person(name, step + 1), receiver.address(name))
    ward.chain(1, 2, 2)
    first, second = ward.notifier(), ward.notifier()
    alarms = ward.alarm(n=3)

    def all_noted(step: int) -> bool:
        # A process that dies between sending and noting it sends again, as it must.
        states = ward.rows("SELECT state FROM notifications WHERE step = %s", step)
        return len(states) == len(alarms) and set(states) == {("delivered",)}

    wait_until(lambda: all_noted(1), "the first step")
    first.kill()
    wait_until(lambda: all_noted(2), "the second step, by the other process")
    second.kill()
    ward.notifier()
    wait_until(lambda: all_noted(3), "the third step, by a new one")
    for alarm_id in alarms:
        assert ward.steps(alarm_id) == [(1, "Nora"), (2, "Otto"), (3, "Dora")]
    wait_until(lambda: bool(ward.open_alarms("nobody_answers")), "the end of the chain")
    assert ward.rows("SELECT DISTINCT state FROM notifications") == [("delivered",)]
    # Alarms whose time comes together are one message; none was sent twice.
    sent = ward.rows("SELECT count(DISTINCT notice_id)::integer FROM notifications GROUP BY step ORDER BY step")
    assert [(len(receiver.to(name)),) for name in ("nora", "otto", "dora")] == sent


def test_a_channel_that_hangs_delays_nobody_and_is_an_alarm(ward: OnCall, receiver: Receiver) -> None:
    with ExitStack() as opened:
        port = opened.enter_context(hanging_server())
        nora, otto, dora = ward.person("nora", 1), ward.person("otto", 1), ward.person("dora", 2)
        hanging = ward.contact(nora, f"json://127.0.0.1:{port}/nora")
        also_hanging = ward.contact(nora, f"mailto://127.0.0.1:{port}?from=a@ward.example&to=n@ward.example")
        ward.contact(otto, receiver.address("otto"))
        ward.contact(dora, receiver.address("dora"))
        ward.chain(0, 600)
        ward.notifier(HEARTWIRE_NOTIFIER_SEND_TIMEOUT_S="1")
        begin_s = time.monotonic()
        (alarm_id,) = ward.alarm()
        wait_until(lambda: bool(receiver.to("otto")), "who can be reached to be told")
        assert time.monotonic() - begin_s < 1.0, "before the other's time was over"
        wait_until(lambda: len(ward.open_alarms("channel_failing")) == 2, "what hangs to be an alarm")
        told = ward.open_alarms("channel_failing")
        assert sorted(detail["contact_id"] for detail in told) == [hanging, also_hanging]
        assert {detail["name"] for detail in told} == {"Nora"}
        assert str(port) not in str(told)
        assert ward.steps(alarm_id) == [(1, "Nora, Otto")], "since one of them was reached"
        outcomes = {
            outcome
            for (outcome,) in ward.rows(
                "SELECT outcome FROM notification_attempts WHERE contact_id = ANY(%s)", [hanging, also_hanging]
            )
        }
        assert outcomes == {"timeout"}
    # A message that arrives ends it.
    ward.rows("UPDATE contacts SET address = %s WHERE contact_id = %s", receiver.address("nora"), hanging)
    ward.rows("UPDATE contacts SET removed_at = now() WHERE contact_id = %s", also_hanging)
    wait_until(lambda: bool(receiver.to("nora")), "a later attempt to arrive")
    wait_until(lambda: not ward.open_alarms("channel_failing"), "the alarms to end")


def test_when_nobody_of_a_step_is_reached_or_there_the_next_is_told_at_once(ward: OnCall, receiver: Receiver) -> None:
    receiver.status = 500
    ward.contact(ward.person("nora", 1), receiver.address("nora"))
    with ExitStack() as opened:
        working = Receiver()
        working.start()
        opened.callback(working.stop)
        ward.contact(ward.person("dora", 3), working.address("dora"))
        ward.chain(0, 600, 600)
        ward.notifier()
        (alarm_id,) = ward.alarm()
        wait_until(lambda: bool(working.to("dora")), "the third to be told")
        assert ward.steps(alarm_id) == [(1, "Nora"), (2, None), (3, "Dora")]
        problems = {p for (p,) in ward.rows("SELECT problem FROM notification_attempts WHERE outcome = 'failed'")}
        assert all("500" in problem and str(receiver.port) not in problem for problem in problems), problems


def test_five_hundred_at_once_are_one_message_a_person_and_a_heart_does_not_wait(
    ward: OnCall, receiver: Receiver
) -> None:
    ward.contact(ward.person("nora", 1, language="de"), receiver.address("nora"))
    ward.contact(ward.person("otto", 1), receiver.address("otto"))
    ward.chain(0, 600)
    ward.notifier()
    quiet = ward.alarm("gone_quiet", "medium", n=250) + ward.alarm("gone_quiet", "medium", n=250)
    (heart,) = ward.alarm("asystole")
    wait_until(
        lambda: ward.rows("SELECT count(*) FROM notifications WHERE state = 'delivered'") == [(1002,)],
        "all to be told",
    )
    for name, many in (("nora", "Kein Signal empfangen: 500 Patienten"), ("otto", "No signal received: 500 patients")):
        first, second = receiver.to(name)
        assert "syst" in first["title"]
        assert many in second["title"]
    told = ward.rows("SELECT alarm_id, count(*) FROM alarm_events WHERE kind = 'notified' GROUP BY 1")
    assert dict(told) == dict.fromkeys([*quiet, heart], 2)
    assert ward.rows("SELECT count(DISTINCT notice_id) FROM notifications") == [(4,)]


def test_a_browser_gets_it_encrypted_and_one_that_is_gone_is_forgotten(ward: OnCall, receiver: Receiver) -> None:
    browser = ec.generate_private_key(ec.SECP256R1())
    auth = b"0123456789abcdef"

    def subscription(name: str) -> str:
        keys = {
            "p256dh": base64.urlsafe_b64encode(public_bytes(browser)).decode(),
            "auth": base64.b64encode(auth).decode(),
        }
        return json.dumps(
            {"endpoint": f"http://127.0.0.1:{receiver.port}/{name}", "expirationTime": None, "keys": keys}
        )

    nora = ward.person("nora", 1)
    contact = ward.contact(nora, subscription("nora"), "web_push")
    ward.chain(0)
    ward.notifier(HEARTWIRE_NOTIFIER_LOCAL_PUSH="true", HEARTWIRE_NOTIFIER_PAGES_URL="https://ward.example/")
    ward.alarm()
    wait_until(lambda: bool(receiver.posts), "the push")
    _, headers, body = receiver.posts[0]
    assert (headers["content-encoding"], headers["urgency"]) == ("aes128gcm", "high")
    assert headers["authorization"].startswith("vapid t=")
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), body[21:86])
    info = b"WebPush: info\x00" + public_bytes(browser) + body[21:86]
    material = HKDF(SHA256(), 32, auth, info).derive(browser.exchange(ec.ECDH(), sender))
    key = HKDF(SHA256(), 16, body[:16], b"Content-Encoding: aes128gcm\x00").derive(material)
    nonce = HKDF(SHA256(), 12, body[:16], b"Content-Encoding: nonce\x00").derive(material)
    said = json.loads(AESGCM(key).decrypt(nonce, body[86:], None).rstrip(b"\x02"))
    assert said["title"] == "heartwire HIGH: Asystole, ward B"
    assert re.fullmatch(r"https://ward\.example/n/[\w-]{43}", said["link"])
    receiver.status = 410
    ward.alarm("ventricular_tachycardia")
    wait_until(
        lambda: ward.rows("SELECT removed_at IS NOT NULL FROM contacts WHERE contact_id = %s", contact) == [(True,)],
        "a browser that is gone to be forgotten",
    )
    assert ward.rows("SELECT outcome FROM notification_attempts ORDER BY attempt_id") == [("delivered",), ("refused",)]


def test_what_waits_is_not_said_once_it_is_answered_over_or_held(ward: OnCall, receiver: Receiver) -> None:
    receiver.status = 500
    nora = ward.person("nora", 1)
    broken = ward.contact(nora, receiver.address("nora"))
    ward.chain(0, 600)
    names = ("answered", "over", "silenced", "asks")
    alarms = dict(zip(names, (ward.alarm("pause", "medium")[0] for _ in names), strict=True))
    ward.notifier()
    wait_until(lambda: len(ward.open_alarms("channel_failing")) == 1, "three attempts that did not arrive")
    of_itself = (
        "SELECT n.state FROM notifications AS n JOIN alarms AS a USING (alarm_id)"
        " WHERE a.call = 'channel_failing' AND n.contact_id = %s"
    )
    wait_until(lambda: ward.rows(of_itself, broken) == [("moot",)], "a contact not to be told of itself")
    ward.event(alarms["answered"], "acknowledged", nora)
    ward.event(alarms["over"], "ended")
    ward.event(alarms["silenced"], "silenced", nora, '{"seconds": 600}')
    n_before = len(receiver.posts)
    receiver.status = 200

    def states() -> list[str]:
        found = dict(ward.rows("SELECT alarm_id, state FROM notifications WHERE contact_id = %s", broken))
        return [found[alarms[name]] for name in names]

    wait_until(lambda: states()[-1] == "delivered", "what still asks to be said")
    assert states() == ["moot", "moot", "waiting", "delivered"]
    said = [json.loads(body)["message"] for _, _, body in receiver.posts[n_before:]]
    assert [one.count("Pause") for one in said][-1] == 1
    ward.event(alarms["silenced"], "silence_undone", nora)
    wait_until(lambda: states()[2] == "delivered", "what may be said again")


def test_who_is_on_call_is_who_is_there_now_for_this_ward(ward: OnCall) -> None:
    people = {
        name: ward.person(name)
        for name in ("now", "own", "before", "later", "removed", "elsewhere", "disabled", "gone")
    }
    for name, user_id in people.items():
        ward.contact(user_id, f"json://127.0.0.1/{name}")
    ward.rows("UPDATE users SET disabled_at = now() WHERE login = 'disabled'")
    ward.rows("UPDATE contacts SET removed_at = now() WHERE user_id = %s", people["gone"])
    ask = load_queries("analytics.notifier", "clerk.sql")["on_call"]

    def duty(name: str, begin_h: int = -1, end_h: int = 1, of_ward: str | None = None) -> None:
        ward.rows(
            "INSERT INTO on_call (tenant_id, user_id, step, ward, from_at, to_at, created_by, removed_at, removed_by)"
            " VALUES (1, %s, 1, %s, now() + %s * interval '1 h', now() + %s * interval '1 h', 1,"
            " CASE WHEN %s THEN now() END, CASE WHEN %s THEN 1 END)",
            *(people[name], of_ward, begin_h, end_h, name == "removed", name == "removed"),
        )

    def called() -> list[str]:
        given = {"tenant_id": 1, "ward": "B", "step": 1}
        return [name.lower() for _, name, _ in ward.connection.execute(ask, given).fetchall()]

    duty("before", -8, 0)
    duty("later", 1, 9)
    duty("elsewhere", of_ward="C")
    for name in ("removed", "disabled", "gone"):
        duty(name)
    assert called() == []
    duty("now")
    assert called() == ["now"]
    duty("own", of_ward="B")
    assert called() == ["own"], "of the ward itself, before who is there for all"


def test_that_somebody_cannot_is_not_forgotten_by_who_counts(ward: OnCall) -> None:
    (alarm_id,) = ward.alarm()
    save = load_queries("analytics.notifier", "clerk.sql")["save"]

    def saved(step: int, *, hurries: bool) -> tuple[int, bool]:
        given = {"alarms": [alarm_id], "steps": [step], "waited_us": [1], "hurries": [hurries]}
        ward.connection.execute(save, given)
        ((step, hurries),) = ward.rows("SELECT step, hurries FROM escalations")
        return step, hurries

    assert saved(1, hurries=False) == (1, False)
    ward.rows("UPDATE escalations SET hurries = true")  # by the link, while a turn is under way
    assert saved(1, hurries=False) == (1, True)
    assert saved(2, hurries=False) == (2, False), "the next one has his whole time"
    assert saved(1, hurries=False) == (2, False), "a turn that comes late takes nothing back"


def test_who_has_set_nothing_is_told_by_the_screens_alone(ward: OnCall) -> None:
    ward.notifier()
    ward.alarm()
    beat = ward.rows("SELECT counted_at FROM escalation_clock")[0][0]
    wait_until(
        lambda: ward.rows("SELECT counted_at > %s + interval '1 s' FROM escalation_clock", beat) == [(True,)],
        "the notifier to have looked",
    )
    assert ward.rows("SELECT count(*) FROM escalations") == [(0,)]
    assert ward.open_alarms("nobody_answers") == []
