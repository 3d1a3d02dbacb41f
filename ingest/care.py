"""What patients say, told to people: symptoms and messages in the transaction that stores their events, with alarms."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from heartwire.calls import PATIENT_MESSAGE, SYMPTOM, get_call
from heartwire.care import (
    Answer,
    PatientMessage,
    PatientWord,
    ReadMark,
    Symptom,
    Told,
    add_details,
    misfit,
    read_word,
)
from heartwire.frames import EventFrame, Reason
from heartwire.storage.queries import load_queries
from ingest.decode import LATE_US, DeadLetter, DecodedFrame
from ingest.registry import KnownStream

_QUERIES: Final = load_queries("ingest", "care.sql")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: What these alarms bear as their engine.
_ENGINE: Final = "patient-1"
_Given = dict[str, Any]


def word_of(frame: EventFrame) -> PatientWord | None:
    """Return what an event says, ``None`` if it is of a kind that is not understood.

    Raises
    ------
    CareError
        If its text is not what its kind says.
    """
    return read_word(frame.kind, frame.text, f"{frame.boot_id}-{frame.seq}")


def keep_words(
    connection: psycopg.Connection[TupleRow], fresh: Iterable[tuple[KnownStream, DecodedFrame]]
) -> Iterator[DeadLetter]:
    """Keep what new events say, each with its alarm; yield a dead letter for what speaks of nothing that there is.

    Parameters
    ----------
    connection : psycopg.Connection
        Within the transaction that stores the events: all or nothing.
    fresh : iterable of (KnownStream, DecodedFrame)
        New frames; those that are no events are passed over.
    """
    said = [
        (stream, item, word)
        for stream, item in fresh
        if type(item.frame) is EventFrame and (word := word_of(item.frame)) is not None
    ]
    if said:
        connection.execute(
            _QUERIES["lock_patients"], {"patients": sorted({stream.patient_id for stream, _, _ in said})}
        )
    for stream, item, word in said:
        problem = _Keeper(connection, stream, item).keep(word)
        if problem is not None:
            yield DeadLetter(Reason.INVALID, problem, item.received)


class _Keeper:
    """Keeps one event of one patient."""

    def __init__(self, connection: psycopg.Connection[TupleRow], stream: KnownStream, item: DecodedFrame) -> None:
        self._connection: Final = connection
        self._at: Final = _EPOCH + item.frame.t0 * _MICROSECOND
        self._given: Final[_Given] = {
            "tenant_id": stream.tenant_id,
            "patient_id": stream.patient_id,
            "device": item.key.device,
            "t0": self._at,
            "received_at": _EPOCH + item.received.at_us * _MICROSECOND,
        }
        self._given["late"] = self._one("is_late", late_us=LATE_US)[0]

    def keep(self, word: PatientWord) -> str | None:
        """Keep it, or return why it cannot be."""
        if isinstance(word, Symptom):
            self._keep_symptom(word)
        elif isinstance(word, PatientMessage):
            self._keep_message("message", word.id, text=word.text)
        elif isinstance(word, ReadMark):
            if self._find("said_to", message_id=int(word.id)) is None:
                return f"read: no message {word.id} to this patient"
            self._do("was_read", message_id=int(word.id))
        else:
            return self._keep_answer(word)
        return None

    def _keep_symptom(self, said: Symptom) -> None:
        known = self._find("lock_symptom", press=said.press)
        if known is None:
            told = add_details(Told((), ""), said)
            alarm_id = self._raise(SYMPTOM, _detail(said.press, told))
            self._do("add_symptom", press=said.press, chips=list(told.chips), note=told.note, alarm_id=alarm_id)
            return
        symptom_id, chips, note, alarm_id, is_unread = known
        before = Told(tuple(chips), note)
        told = add_details(before, said)
        if told == before:
            return
        detail = _detail(said.press, told)
        if self._still_asks(alarm_id) and is_unread:
            self._do("add", alarm_id=alarm_id, detail=Jsonb(detail))
            self._do("detail", alarm_id=alarm_id, detail=Jsonb(detail))
        else:
            # A person has taken it on, or read it, without these words: it is asked for again.
            self._do("end", alarm_id=alarm_id)
            alarm_id = self._raise(SYMPTOM, detail)
        self._do("add_details", symptom_id=symptom_id, chips=list(told.chips), note=told.note, alarm_id=alarm_id)

    def _keep_answer(self, said: Answer) -> str | None:
        question_id = int(said.question_id)
        question = self._find("said_to", message_id=question_id)
        if question is None or question[0] != "question":
            return f"answer: no question {said.question_id} to this patient"
        problem = misfit(question[1], said.answers)
        if problem is not None:
            return f"answer: {problem}"
        self._do("was_read", message_id=question_id)
        body = Jsonb(msgspec.to_builtins(said.answers))
        self._keep_message("answer", _answer_id(said), body=body, reply_to=question_id)
        return None

    def _keep_message(
        self, kind: str, said_id: str, *, text: str = "", body: Jsonb | None = None, reply_to: int | None = None
    ) -> None:
        row = self._find("add_message", kind=kind, said_id=said_id, text=text, body=body, reply_to=reply_to)
        if row is None:
            return
        about = {"message_id": row[0]}
        before, is_late = self._find("message_alarm", call=PATIENT_MESSAGE) or (None, False)
        if self._still_asks(before) and (self._given["late"] or not is_late):
            alarm_id = before
            self._do("add", alarm_id=alarm_id, detail=Jsonb(about))
        else:
            # None, one that a person has taken on without these words, or one of late ones, which sounds nowhere.
            self._do("end", alarm_id=before)
            alarm_id = self._raise(PATIENT_MESSAGE, {}, about)
            self._do("hand_over", alarm_id=alarm_id, before=before)
        self._do("ask_to_read", message_id=row[0], alarm_id=alarm_id)
        self._do("count_messages", alarm_id=alarm_id)

    def _still_asks(self, alarm_id: int | None) -> bool:
        """Return whether nobody has taken an alarm on, and keep it so until the end of the transaction."""
        self._do("lock_alarm", alarm_id=alarm_id)
        row = self._find("asks", alarm_id=alarm_id)
        return row is not None and bool(row[0])

    def _raise(self, call: str, detail: _Given, about: _Given | None = None) -> int:
        """Return a new alarm whose first event says what it is `about`.

        Of two in one microsecond the second is a microsecond later.
        """
        onset = self._at
        while True:
            row = self._find(
                "raise",
                call=call,
                priority=str(get_call(call).priority),
                onset=onset,
                detail=Jsonb(detail),
                about=Jsonb(about or {}),
                engine=_ENGINE,
            )
            if row is not None:
                return int(row[0])
            onset += _MICROSECOND

    def _find(self, query: str, **more: object) -> TupleRow | None:
        return self._connection.execute(_QUERIES[query], self._given | more).fetchone()

    def _one(self, query: str, **more: object) -> TupleRow:
        row = self._find(query, **more)
        assert row is not None
        return row

    def _do(self, query: str, **more: object) -> None:
        self._connection.execute(_QUERIES[query], self._given | more)


def _answer_id(said: Answer) -> str:
    """Return what tells answers apart: the same said again, by a phone that was not told it was heard, is one."""
    told = msgspec.json.encode([said.question_id, sorted(said.answers.items())])
    return f"answer-{hashlib.sha256(told).hexdigest()[:32]}"


def _detail(press: str, told: Told) -> _Given:
    """Return what an alarm says of a symptom: not the patient's own words, which are with the symptom."""
    return {"press": press, "chips": list(told.chips)}
