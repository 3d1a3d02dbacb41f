"""Between a patient and the care team: symptoms, messages, questions, and who has read what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import time_of, us_of
from dashboard.errors import ApiError, Code
from heartwire.care import CareWord, Chip, Form, Value, WordCode, form_json
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "care.sql")
#: What is to be sent to which device once it is committed.
Words: TypeAlias = list[tuple[str, CareWord]]
_Connection: TypeAlias = psycopg.AsyncConnection[Any]


class Reading(msgspec.Struct, frozen=True):
    """Who has read it, and when; the patient himself has no name here."""

    name: str | None
    at_us: int


class Symptom(msgspec.Struct, frozen=True):
    """What a patient felt; `additions` counts what he added since he pressed. Times are UTC microseconds."""

    id: int
    press: str
    device: str
    pressed_us: int
    received_us: int
    late: bool
    chips: list[Chip]
    note: str
    additions: int
    alarm_id: int | None
    read: Reading | None


class Message(msgspec.Struct, frozen=True):
    """What was said: a `message`, a `question` (with its `form`) or an `answer` (with `answers`, to `reply_to`).

    `device` and `said_id` are the patient's own, `by` names who of the care team said it.
    """

    id: int
    kind: Literal["message", "question", "answer"]
    device: str | None
    said_id: str | None
    by: str | None
    said_us: int
    received_us: int
    late: bool
    text: str
    form: Form | None
    answers: dict[str, Value] | None
    reply_to: int | None
    alarm_id: int | None
    read: Reading | None


async def symptoms(
    connection: _Connection, tenant_id: int, patient_id: int, before_us: int | None, limit: int
) -> tuple[list[Symptom], bool]:
    """Return a patient's symptoms, the newest first, and whether there are older ones."""
    rows = await _rows(connection, "symptoms", tenant_id, patient_id, limit=limit, before_us=before_us, symptom_id=None)
    return [_symptom(row) for row in rows[:limit]], len(rows) > limit


async def messages(
    connection: _Connection, tenant_id: int, patient_id: int, before_us: int | None, limit: int
) -> tuple[list[Message], bool]:
    """Return what was said between a patient and the care team, the newest first, and whether there is older."""
    rows = await _rows(connection, "messages", tenant_id, patient_id, limit=limit, before_us=before_us, message_id=None)
    return [_message(row) for row in rows[:limit]], len(rows) > limit


async def read_symptom(
    connection: _Connection, viewer: Viewer, symptom_id: int, additions: int
) -> tuple[Symptom, Words]:
    """Mark a symptom as read in the name of who is signed in, and end its alarm; a second time changes nothing.

    Parameters
    ----------
    additions : int
        As the reader saw it.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `CHANGED` when the patient has added something that the reader did not see.
    """
    given: dict[str, Any] = _by(viewer) | {"symptom_id": symptom_id}
    async with connection.transaction():
        row = await _one(connection, "lock_symptom", given)
        if row is None:
            raise ApiError(Code.NOT_FOUND)
        patient_id, now_additions, alarm_id = row
        if now_additions != additions:
            raise ApiError(Code.CHANGED)
        read = await _one(connection, "read_symptom", given)
        await _answer_alarm(connection, viewer, alarm_id)
        if read is not None:
            await audit(connection, viewer, Action.READ_SYMPTOM, patient_id)
        rows = await _rows(connection, "symptoms", viewer.tenant_id, patient_id, limit=1, symptom_id=symptom_id)
    return _symptom(rows[0]), [] if read is None else [_seen(viewer, *read)]


async def read_messages(
    connection: _Connection, viewer: Viewer, patient_id: int, message_ids: Sequence[int]
) -> tuple[list[Message], Words]:
    """Mark messages and answers of a patient as read, all or none; a second time changes nothing.

    Their alarm is over when nothing that it stands for waits to be read.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also for what the care team said.
    """
    given: dict[str, Any] = _by(viewer) | {"patient_id": patient_id, "messages": list(message_ids)}
    async with connection.transaction():
        await connection.execute(_QUERIES["lock_patient"], given)
        asked = await _all(connection, "messages_to_read", given)
        if {message_id for message_id, _ in asked} != set(message_ids):
            raise ApiError(Code.NOT_FOUND)
        read = await _all(connection, "read_messages", given)
        for alarm_id in sorted({alarm_id for _, alarm_id in asked if alarm_id is not None}):
            await _answer_alarm(connection, viewer, alarm_id)
        if read:
            await audit(connection, viewer, Action.READ_MESSAGE, patient_id)
        shown = [await _reread(connection, viewer, patient_id, message_id) for message_id, _ in asked]
    return shown, [_seen(viewer, *row) for row in read]


async def read_message(connection: _Connection, viewer: Viewer, message_id: int) -> tuple[Message, Words]:
    """Mark one message as read; as `read_messages`."""
    row = await _one(connection, "patient_of_message", _by(viewer) | {"message_id": message_id})
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    (message,), words = await read_messages(connection, viewer, row[0], [message_id])
    return message, words


async def send_message(connection: _Connection, viewer: Viewer, patient_id: int, text: str) -> tuple[Message, Words]:
    """Say something to a patient of the viewer's tenant; the caller has looked whether he is."""
    async with connection.transaction():
        message = await _say(connection, viewer, patient_id, "message", text=text)
        await audit(connection, viewer, Action.SENT_MESSAGE, patient_id)
        return message, await _to_all(connection, viewer, patient_id, WordCode.MESSAGE, message, text=text)


async def ask(connection: _Connection, viewer: Viewer, patient_id: int, form: Form) -> tuple[Message, Words]:
    """Ask a patient of the viewer's tenant to answer a short form."""
    async with connection.transaction():
        body = Jsonb(msgspec.to_builtins(form))
        message = await _say(connection, viewer, patient_id, "question", text=form.title, body=body)
        await audit(connection, viewer, Action.ASKED_QUESTION, patient_id)
        return message, await _to_all(connection, viewer, patient_id, WordCode.QUESTION, message, text=form_json(form))


async def _say(
    connection: _Connection, viewer: Viewer, patient_id: int, kind: str, *, text: str, body: Jsonb | None = None
) -> Message:
    given = _by(viewer) | {"patient_id": patient_id, "kind": kind, "text": text, "body": body}
    row = await _one(connection, "say", given)
    assert row is not None
    return await _reread(connection, viewer, patient_id, row[0])


async def _to_all(
    connection: _Connection, viewer: Viewer, patient_id: int, code: WordCode, message: Message, *, text: str
) -> Words:
    rows = await _all(connection, "devices", {"patient_id": patient_id})
    word = CareWord(code, str(message.id), message.said_us, text, viewer.name)
    return [(device, word) for (device,) in rows]


async def _reread(connection: _Connection, viewer: Viewer, patient_id: int, message_id: int) -> Message:
    rows = await _rows(connection, "messages", viewer.tenant_id, patient_id, limit=1, message_id=message_id)
    return _message(rows[0])


async def _answer_alarm(connection: _Connection, viewer: Viewer, alarm_id: int | None) -> None:
    if alarm_id is not None:
        given = _by(viewer) | {"alarm_id": alarm_id}
        for query in ("lock_alarm", "count_messages", "answer_alarm"):
            await connection.execute(_QUERIES[query], given)


def _by(viewer: Viewer) -> dict[str, Any]:
    return {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id}


def _seen(viewer: Viewer, device: str, id_: str, read_at: datetime) -> tuple[str, CareWord]:
    return device, CareWord(WordCode.SEEN, id_, us_of(read_at), "", viewer.name)


async def _one(connection: _Connection, query: str, given: dict[str, Any]) -> Any:  # noqa: ANN401
    return await (await connection.execute(_QUERIES[query], given)).fetchone()


async def _all(connection: _Connection, query: str, given: dict[str, Any]) -> list[Any]:
    return await (await connection.execute(_QUERIES[query], given)).fetchall()


async def _rows(
    connection: _Connection,
    query: str,
    tenant_id: int,
    patient_id: int,
    *,
    limit: int,
    before_us: int | None = None,
    **more: int | None,
) -> list[Any]:
    given = {
        "tenant_id": tenant_id,
        "patient_id": patient_id,
        "before": None if before_us is None else time_of(before_us),
        "limit": limit,
    }
    return await _all(connection, query, given | more)


def _reading(read_at: datetime | None, name: str | None) -> Reading | None:
    return None if read_at is None else Reading(name, us_of(read_at))


def _symptom(row: Any) -> Symptom:  # noqa: ANN401 # of `symptoms`
    id_, press, device, pressed, received, late, chips, note, additions, alarm_id, read_at, name = row
    times = (us_of(pressed), us_of(received))
    return Symptom(id_, press, device, *times, late, chips, note, additions, alarm_id, _reading(read_at, name))


def _message(row: Any) -> Message:  # noqa: ANN401 # of `messages`
    id_, kind, device, said_id, said, received, late, text, body, reply_to, alarm_id, by, read_at, reader = row
    return Message(
        id_,
        kind,
        device,
        said_id,
        by,
        us_of(said),
        us_of(received),
        late,
        text,
        msgspec.convert(body, Form) if kind == "question" else None,
        body if kind == "answer" else None,
        reply_to,
        alarm_id,
        _reading(read_at, reader),
    )
