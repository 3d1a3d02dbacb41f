"""What a patient says becomes a symptom, a message, an alarm, once each, in the transaction that stores the event."""

import json
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from heartwire.care import Field, FieldKind, Form, form_json
from heartwire.frames import EventFrame
from heartwire.storage.retention import drop_due, set_policy
from heartwire.topics import Stream
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.wire import Device, now_us

_FORM: Final = Form("Today", (Field("dizzy", FieldKind.YES_NO, "Are you dizzy?"),))


class Talk:
    """A patient who says something, event by event."""

    def __init__(self, stack: Stack, device: Device) -> None:
        self.stack = stack
        self.device = device
        self.seq = 0

    def say(self, kind: str, said: object, *, t0_us: int | None = None) -> EventFrame:
        """Send one event and wait until it is confirmed."""
        frame = EventFrame(1, self.seq, t0_us or now_us(), kind, said if isinstance(said, str) else json.dumps(said))
        self.device.send(frame, stream=Stream.EVENT)
        self.device.wait_for_ack(self.seq, stream=Stream.EVENT)
        self.seq += 1
        return frame

    def alarms(self) -> list[tuple[Any, ...]]:
        """Return call, priority, whether late, detail, and the kinds of events of each alarm."""
        return self.stack.rows(
            "SELECT a.call, a.priority, a.late, a.detail, array_agg(e.kind ORDER BY e.event_id)"
            " FROM alarms AS a JOIN alarm_events AS e USING (alarm_id) GROUP BY a.alarm_id ORDER BY a.alarm_id"
        )

    def tell(self, kind: str, text: str = "", form: Form | None = None) -> int:
        """Say something to the patient, as the dashboard does, and return its number."""
        self.stack.execute(
            "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'Nora', '', 'nurse')"
            " ON CONFLICT DO NOTHING"
        )
        with psycopg.connect(self.stack.database) as connection:
            row = connection.execute(
                "INSERT INTO care_messages (tenant_id, patient_id, kind, said_by, said_at, received_at, text, body)"
                " SELECT 1, patient_id, %s, user_id, now(), now(), %s, %s FROM users, devices RETURNING message_id",
                [kind, text, None if form is None else form_json(form)],
            ).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def talk(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Iterator[Talk]:
    stack = Stack(heartwire_process, database, broker)
    stack.start_ingest()
    with stack.device() as device:
        yield Talk(stack, device)


@on_both_pairs
def test_a_press_and_its_details_are_one_symptom_and_one_alarm(talk: Talk) -> None:
    press = talk.say("symptom", {"press": "p1", "chips": [], "note": ""})
    talk.say("symptom", {"press": "p1", "chips": ["chest_pain"]})
    details = talk.say("symptom", {"press": "p1", "chips": ["dizzy"], "note": "on the stairs"})
    talk.device.send(press, details, stream=Stream.EVENT)
    talk.say("something", "is kept as it is")
    assert talk.alarms() == [
        ("symptom", "medium", False, {"press": "p1", "chips": ["chest_pain", "dizzy"]}, ["raised"])
    ]
    query = "SELECT press, chips, note, late, read_at, (extract(epoch FROM pressed_at) * 1000000)::bigint FROM symptoms"
    assert talk.stack.rows(query) == [("p1", ["chest_pain", "dizzy"], "on the stairs", False, None, press.t0)]
    assert talk.stack.rows("SELECT count(*) FROM patient_events") == [(4,)]
    assert talk.stack.reasons() == []


@on_both_pairs
def test_details_after_it_was_answered_ask_again(talk: Talk) -> None:
    talk.say("symptom", {"press": "p1"})
    talk.tell("message", "hello")
    talk.stack.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
        " SELECT alarm_id, 1, 'acknowledged', user_id FROM alarms, users;"
        " UPDATE symptoms SET read_at = now(), read_by = user_id FROM users"
    )
    talk.say("symptom", {"press": "p1"})
    assert len(talk.alarms()) == 1, "nothing was added"
    talk.say("symptom", {"press": "p1", "chips": ["chest_pain"]})
    assert [(call, kinds) for call, _, _, _, kinds in talk.alarms()] == [
        ("symptom", ["raised", "acknowledged", "ended"]),
        ("symptom", ["raised"]),
    ]
    query = "SELECT s.read_at, s.alarm_id = (SELECT max(alarm_id) FROM alarms) FROM symptoms AS s"
    assert talk.stack.rows(query) == [(None, True)]


@on_both_pairs
def test_messages_answers_and_read_marks_arrive_once(talk: Talk) -> None:
    told, asked = talk.tell("message", "How are you?"), talk.tell("question", form=_FORM)
    talk.say("message", {"id": "m1", "text": "Better"}, t0_us=now_us() - 3_600_000_000)
    talk.say("message", {"id": "m1", "text": "Better"})
    talk.say("read", str(told))
    talk.say("answer", {"question_id": str(asked), "answers": {"dizzy": True}})
    assert talk.stack.rows(
        "SELECT kind, said_id IS NOT NULL, text, body, reply_to, late, read_at IS NOT NULL"
        " FROM care_messages ORDER BY message_id"
    ) == [
        ("message", False, "How are you?", None, None, False, True),
        ("question", False, "", json.loads(form_json(_FORM)), None, False, True),
        ("message", True, "Better", None, None, True, False),
        ("answer", True, "", {"dizzy": True}, asked, False, False),
    ]
    found = [(call, priority, late, detail["kind"], kinds) for call, priority, late, detail, kinds in talk.alarms()]
    assert found == [
        ("patient_message", "low", True, "message", ["raised"]),
        ("patient_message", "low", False, "answer", ["raised"]),
    ]


@on_both_pairs
def test_what_is_nonsense_or_of_nobody_is_a_dead_letter_and_confirmed(talk: Talk) -> None:
    asked = talk.tell("question", form=_FORM)
    talk.say("symptom", {"press": "p 1"})
    talk.say("message", "{")
    talk.say("answer", {"question_id": str(asked), "answers": {"dizzy": "perhaps"}})
    talk.say("answer", {"question_id": "999999", "answers": {"dizzy": True}})
    talk.say("read", "999999")
    assert talk.stack.reasons() == ["invalid"] * 5
    assert talk.alarms() == []
    talk.say("symptom", "a note of an older device")
    assert [call for call, *_ in talk.alarms()] == ["symptom"]
    assert talk.stack.rows("SELECT note, read_at FROM symptoms") == [("a note of an older device", None)]


@on_both_pairs
def test_retention_drops_no_alarm_of_what_nobody_has_read(talk: Talk) -> None:
    long_ago_us = now_us() - 100 * 86_400_000_000
    for press in ("read", "unread"):
        talk.say("symptom", {"press": press}, t0_us=long_ago_us)
    talk.say("message", {"id": "m1", "text": "unread"}, t0_us=long_ago_us)
    talk.tell("message", "hello")
    # Every alarm is over and long past; one symptom was read.
    talk.stack.execute(
        "ALTER TABLE alarm_events DISABLE TRIGGER alarm_events_append_only;"
        " UPDATE alarm_events SET at = now() - interval '90 days';"
        " INSERT INTO alarm_events (alarm_id, tenant_id, kind, at)"
        " SELECT alarm_id, 1, 'ended', now() - interval '90 days' FROM alarms;"
        " UPDATE symptoms SET read_at = now(), read_by = user_id FROM users WHERE press = 'read'"
    )
    with psycopg.connect(talk.stack.database, autocommit=True) as connection:
        set_policy(connection, "alarms", 30, by="test", grace_hours=0)
        assert sum(drop_due(connection, "test", lambda: None)) >= 1
    assert talk.stack.rows("SELECT call, detail ->> 'press' FROM alarms ORDER BY alarm_id") == [
        ("symptom", "unread"),
        ("patient_message", None),
    ]
    assert talk.stack.rows("SELECT press, alarm_id IS NULL FROM symptoms ORDER BY symptom_id") == [
        ("read", True),
        ("unread", False),
    ]
