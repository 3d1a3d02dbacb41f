"""What a patient's own device is shown: his own data, and who looked at it."""

from typing import Any, Final

import msgspec
import psycopg

from dashboard.alarms import time_of, us_of, us_or_none
from dashboard.care import Message, messages
from dashboard.device_access import Holder
from heartwire.calls import CALLS, PATIENT_MESSAGE, SYMPTOM, Family
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "my.sql")
#: Alarms that speak of the patient's heart; what he said himself is shown as what it is.
_OF_THE_HEART: Final = [
    call.code
    for call in CALLS.values()
    if call.family is Family.CLINICAL and call.code not in {SYMPTOM, PATIENT_MESSAGE}
]


class Me(msgspec.Struct, frozen=True):
    """Who the patient is, as it is shown on a device that others may see, and whom to call.

    `zone` is the ward's: the care team tells times in it.
    """

    patient: str
    ward: str
    language: str
    emergency_number: str
    device: str
    now_us: int
    zone: str


class OwnEvent(msgspec.Struct, frozen=True):
    """A symptom (`id` is the press) or an alarm of the heart; `code` is a call of the catalogue, `names` its names."""

    kind: str
    id: str
    code: str
    names: dict[str, str]
    onset_us: int
    ended_us: int | None
    late: bool
    chips: list[str]
    note: str
    read_us: int | None
    read_by: str | None


class OwnEvents(msgspec.Struct, frozen=True):
    """The newest first, and whether there are older ones."""

    events: list[OwnEvent]
    more: bool


class Look(msgspec.Struct, frozen=True):
    """What one person of the care team did on one day: the first time, the last, and how often."""

    name: str
    role: str
    action: str
    first_us: int
    last_us: int
    times: int


class Looks(msgspec.Struct, frozen=True):
    """Who looked in the last 90 days, the newest first."""

    access: list[Look]


class OwnMessage(msgspec.Struct, frozen=True):
    """What was said, from the patient's side: `from` is `patient` or `team`; his own have the device's `id`."""

    id: str
    kind: str
    from_: str = msgspec.field(name="from")
    t_us: int
    text: str
    form: Any
    answers: Any
    reply_to: str | None
    by: str | None
    read_us: int | None
    read_by: str | None


class Seen(msgspec.Struct, frozen=True):
    """A person has read what the patient said under this id."""

    id: str
    by: str
    t_us: int


class OwnMessages(msgspec.Struct, frozen=True):
    """The newest first, whether there are older ones, and the newest receipts of what was read."""

    messages: list[OwnMessage]
    more: bool
    seen: list[Seen]


async def own_zone(connection: psycopg.AsyncConnection[Any], holder: Holder) -> str:
    """Return the zone in which the patient's care team tells times."""
    row = await (await connection.execute(_QUERIES["zone"], {"patient_id": holder.patient.id})).fetchone()
    assert row is not None
    return str(row[0])


async def own_events(
    connection: psycopg.AsyncConnection[Any], holder: Holder, before_us: int | None, limit: int
) -> OwnEvents:
    """Return what the patient felt and what was told of his heart."""
    given = {
        "patient_id": holder.patient.id,
        "before": None if before_us is None else time_of(before_us),
        "limit": limit,
        "calls": _OF_THE_HEART,
    }
    rows = await (await connection.execute(_QUERIES["events"], given)).fetchall()
    return OwnEvents([_event(row) for row in rows[:limit]], len(rows) > limit)


async def looks(connection: psycopg.AsyncConnection[Any], holder: Holder) -> Looks:
    """Return who of the care team looked at the patient's data, or changed something."""
    given = {"patient_id": holder.patient.id, "zone": await own_zone(connection, holder)}
    rows = await (await connection.execute(_QUERIES["access"], given)).fetchall()
    return Looks(
        [Look(name, role, action, us_of(first), us_of(last), n) for name, role, action, first, last, n in rows]
    )


async def own_messages(
    connection: psycopg.AsyncConnection[Any], holder: Holder, before_us: int | None, limit: int
) -> OwnMessages:
    """Return what was said between the patient and the care team."""
    found, more = await messages(connection, holder.tenant_id, holder.patient.id, before_us, limit)
    rows = await (await connection.execute(_QUERIES["seen"], {"patient_id": holder.patient.id})).fetchall()
    seen = [Seen(id_, name, us_of(read_at)) for id_, name, read_at in rows]
    return OwnMessages([_own(message) for message in found], more, seen)


def _event(row: Any) -> OwnEvent:  # noqa: ANN401 # of `events`
    kind, id_, code, at, ended_at, late, chips, note, read_at, name = row
    call = CALLS.get(code)
    names = dict.fromkeys(("en", "fr", "de"), code) if call is None else dict(call.names)
    times = (us_of(at), us_or_none(ended_at))
    return OwnEvent(kind, id_, code, names, *times, late, chips, note, us_or_none(read_at), name)


def _own(message: Message) -> OwnMessage:
    return OwnMessage(
        message.said_id or str(message.id),
        message.kind,
        "patient" if message.device is not None else "team",
        message.said_us,
        message.text,
        message.form,
        message.answers,
        None if message.reply_to is None else str(message.reply_to),
        message.by,
        None if message.read is None else message.read.at_us,
        None if message.read is None else message.read.name,
    )
