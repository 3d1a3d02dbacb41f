"""What a patient says becomes a symptom, a message, an alarm, once each, in the transaction that stores the event."""

import json
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from heartwire.care import Field, FieldKind, Form, form_json
from heartwire.frames import EventFrame
from heartwire.storage.retention import drop_due, set_policy
from heartwire.topics import Stream, shard_of
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until
from tests.wire import Device, now_us

_FORM: Final = Form("Today", (Field("dizzy", FieldKind.YES_NO, "Are you dizzy?"),))


class Talk:
    """A patient who says something, event by event."""

    def __init__(self, stack: Stack, device: Device) -> None:
        self.stack = stack
        self.device = device
        self.seq = 0

    def say(self, kind: str, said: object, *, t0_us: int | None = None, waits: bool = True) -> EventFrame:
        """Send one event, and wait until it is confirmed."""
        frame = EventFrame(1, self.seq, t0_us or now_us(), kind, said if isinstance(said, str) else json.dumps(said))
        self.device.send(frame, stream=Stream.EVENT)
        self.seq += 1
        if waits:
            self.wait()
        return frame

    def wait(self) -> None:
        """Wait until all that was said is confirmed."""
        self.device.wait_for_ack(self.seq - 1, stream=Stream.EVENT)

    def write(self, *texts: str, t0_us: int | None = None) -> None:
        """Write messages, each with its text as its id."""
        for text in texts:
            self.say("message", {"id": text, "text": text}, t0_us=t0_us, waits=False)
        self.wait()

    def hand(self, kind: str) -> None:
        """Let the nurse do something to the newest alarm."""
        with psycopg.connect(self.stack.database) as connection:
            connection.execute(
                "INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'n', 'Nora', '', 'nurse')"
                " ON CONFLICT DO NOTHING"
            )
            connection.execute(
                "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
                " SELECT max(alarm_id), 1, %s, max(user_id) FROM alarms, users",
                [kind],
            )

    def ledger(self) -> list[list[str]]:
        """Return of each alarm what happened to it: the kind of the event, and which message it is about."""
        rows = self.stack.rows(
            "SELECT array_agg(concat_ws(' ', e.kind, m.said_id) ORDER BY e.event_id)"
            " FROM alarm_events AS e LEFT JOIN care_messages AS m ON m.message_id = (e.detail ->> 'message_id')::bigint"
            " GROUP BY e.alarm_id ORDER BY e.alarm_id"
        )
        return [events for (events,) in rows]

    def asked_by(self) -> list[tuple[Any, ...]]:
        """Return each alarm with how many messages it says to stand for, and which ones it stands for."""
        return self.stack.rows(
            "SELECT a.late, (a.detail ->> 'messages')::int, (a.detail ->> 'unread')::int,"
            " coalesce(array_agg(m.said_id ORDER BY m.message_id) FILTER (WHERE m.said_id IS NOT NULL), '{}')"
            " FROM alarms AS a LEFT JOIN care_messages AS m USING (alarm_id)"
            " GROUP BY a.alarm_id ORDER BY a.alarm_id"
        )

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
        ("symptom", "medium", False, {"press": "p1", "chips": ["chest_pain", "dizzy"]}, ["raised", "added", "added"])
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
    talk.say("symptom", {"press": "p1", "note": "worse"})
    assert talk.alarms()[1][4] == ["raised", "added"]
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
    found = [(call, priority, late, kinds) for call, priority, late, _, kinds in talk.alarms()]
    # The second stands for both: that of a late one alone would not be heard.
    assert found == [
        ("patient_message", "low", True, ["raised", "ended"]),
        ("patient_message", "low", False, ["raised"]),
    ]


@on_both_pairs
def test_one_alarm_stands_for_all_that_was_written_and_not_read(talk: Talk) -> None:
    texts = [f"m{n}" for n in range(20)]
    talk.write(*texts)
    newest = talk.say("message", {"id": "m20", "text": "the newest"})
    assert talk.asked_by() == [(False, 21, 21, [*texts, "m20"])]
    assert talk.ledger() == [["raised m0", *[f"added m{n}" for n in range(1, 21)]]]
    assert talk.stack.rows("SELECT (detail ->> 'newest_us')::bigint, late FROM alarms") == [(newest.t0, False)]
    talk.write("late", t0_us=now_us() - 3_600_000_000)
    assert talk.asked_by() == [(False, 22, 22, [*texts, "m20", "late"])], "a late one joins those of now"
    # Taken on, and taken back: it still asks.
    talk.hand("acknowledged")
    talk.hand("acknowledgement_undone")
    talk.write("more")
    assert [count for _, count, _, _ in talk.asked_by()] == [23]


@on_both_pairs
def test_what_is_written_after_it_was_taken_on_asks_again_with_all_that_is_unread(talk: Talk) -> None:
    hour_us = 3_600_000_000
    talk.write("m1", "m2", t0_us=now_us() - hour_us)
    talk.write("m3")
    assert talk.asked_by() == [(True, 2, 2, []), (False, 3, 3, ["m1", "m2", "m3"])], "what is late alone sounds nowhere"
    talk.hand("acknowledged")
    talk.stack.execute("UPDATE care_messages SET read_at = now(), read_by = user_id FROM users WHERE said_id = 'm1'")
    talk.write("m4", t0_us=now_us() - hour_us)
    assert talk.asked_by()[1:] == [(False, 3, 3, ["m1"]), (True, 3, 3, ["m2", "m3", "m4"])]
    assert talk.ledger() == [
        ["raised m1", "added m2", "ended"],
        ["raised m3", "acknowledged", "ended"],
        ["raised m4"],
    ]
    # Who takes back what is over changes nothing of what is asked now.
    talk.stack.execute(
        "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
        " SELECT a.alarm_id, 1, 'acknowledgement_undone', user_id FROM users,"
        " (SELECT alarm_id FROM alarms ORDER BY alarm_id OFFSET 1 LIMIT 1) AS a"
    )
    talk.write("m5")
    assert talk.asked_by()[-1] == (False, 4, 4, ["m2", "m3", "m4", "m5"])
    open_ones = "SELECT count(*) FROM alarm_states WHERE ended_at IS NULL"
    assert talk.stack.rows(open_ones) == [(1,)]


@on_both_pairs
def test_two_devices_stored_by_two_ingests_at_once_make_one_alarm(talk: Talk) -> None:
    talk.stack.start_ingest()
    split = (
        "SELECT array_agg(shard::int) FROM shard_leases"
        " WHERE service = 'ingest' AND worker_id IS NOT NULL GROUP BY worker_id"
    )
    wait_until(lambda: len(talk.stack.rows(split)) == 2, "each ingest to have shards")
    own = shard_of(talk.device.name)
    (others,) = (shards for (shards,) in talk.stack.rows(split) if own not in shards)
    with talk.stack.device(others) as second:
        talk.stack.execute("UPDATE devices SET patient_id = (SELECT min(patient_id) FROM patients)")
        other = Talk(talk.stack, second)
        with psycopg.connect(talk.stack.database) as connection:
            # Nobody may raise an alarm for a while: both come as far as they can.
            connection.execute("LOCK TABLE alarms IN SHARE MODE")
            talk.say("message", {"id": "a", "text": "a"}, waits=False)
            other.say("message", {"id": "b", "text": "b"}, waits=False)
            waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
            wait_until(lambda: talk.stack.rows(waiting) == [(2,)], "both ingests to wait")
        talk.wait()
        other.wait()
        ((late, count, unread, said),) = talk.asked_by()
        assert (late, count, unread, sorted(said)) == (False, 2, 2, ["a", "b"])
        for n in range(20):
            talk.say("message", {"id": f"a{n}", "text": "a"}, waits=False)
            other.say("message", {"id": f"b{n}", "text": "b"}, waits=False)
        talk.wait()
        other.wait()
        assert [(count, unread) for _, count, unread, _ in talk.asked_by()] == [(42, 42)]


@on_both_pairs
@pytest.mark.parametrize(
    "said", [("symptom", {"press": "p1", "chips": ["chest_pain"]}), ("message", {"id": "m2", "text": "help"})]
)
def test_what_arrives_while_the_alarm_is_taken_on_is_not_taken_on_with_it(talk: Talk, said: tuple[str, object]) -> None:
    talk.say("symptom", {"press": "p1"})
    talk.write("m1")
    kind, _ = said
    call = "symptom" if kind == "symptom" else "patient_message"
    talk.tell("message", "hello")
    with psycopg.connect(talk.stack.database) as connection:
        # As the dashboard does it, held open in the middle.
        row = connection.execute("SELECT alarm_id FROM alarms WHERE call = %s FOR UPDATE", [call]).fetchone()
        assert row is not None
        connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
            " SELECT %s, 1, 'acknowledged', user_id FROM users",
            row,
        )
        talk.say(*said, waits=False)
        waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: talk.stack.rows(waiting) == [(1,)], "ingest to wait")
    talk.wait()
    assert [kinds for name, _, _, _, kinds in talk.alarms() if name == call] == [
        ["raised", "acknowledged", "ended"],
        ["raised"],
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
