"""Sound, or alarms, paused for a bounded time: seen by everybody, ended by anybody, over by itself.

While only the sound is paused, an alarm that nobody answers is escalated all the same. While a patient's alarms are
paused, or off, what is found of him is raised, marked (`paused`), neither sounded nor sent to anybody, and listed.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

import msgspec
import psycopg
from msgspec import Meta
from psycopg.types.json import Jsonb

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import us_of, us_or_none
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission
from dashboard.whence import Hand
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "pauses.sql")
_Connection = psycopg.AsyncConnection[Any]


class PauseKind(StrEnum):
    """What is paused."""

    AUDIO_PAUSED = "audio_paused"
    """The sound: of a patient, of a ward, or of all."""
    ALARMS_PAUSED = "alarms_paused"
    """All signs of alarms, of a patient or a ward."""
    ALARMS_OFF = "alarms_off"
    """Likewise for longer, of one patient, by a physician with a reason."""


class Bounds(NamedTuple):
    """The least and the longest time of a kind of pause, seconds."""

    least_s: int
    longest_s: int


BOUNDS: Final = {
    PauseKind.AUDIO_PAUSED: Bounds(30, 600),
    PauseKind.ALARMS_PAUSED: Bounds(60, 1_800),
    PauseKind.ALARMS_OFF: Bounds(300, 86_400),
}


class Pausing(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be paused, of a patient, a ward, or (sound only; neither) of all, for how long and why.

    `audio_paused`: 30 s to 10 min. `alarms_paused`: 1 to 30 min. `alarms_off`: 5 min to 24 h, of one patient, by a
    physician, with a reason.
    """

    kind: PauseKind
    seconds: Annotated[int, Meta(ge=30, le=86_400)]
    patient_id: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    ward: Annotated[str, Meta(max_length=200)] | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""


class Pause(msgspec.Struct, frozen=True):
    """A pause: of a patient, of a ward, or (neither) of all; who began it and when, and until when it holds."""

    id: int
    kind: PauseKind
    patient_id: int | None
    ward: str | None
    name: str
    at_us: int
    until_us: int
    reason: str
    ended_us: int | None


async def pauses_in_force(connection: _Connection, tenant_id: int) -> list[Pause]:
    """Return what is paused now."""
    return [_pause(row) async for row in await connection.execute(_QUERIES["in_force"], {"tenant_id": tenant_id})]


async def begin_pause(hand: Hand, wish: Pausing) -> Pause:
    """Pause from now on.

    Raises
    ------
    ApiError
        `NOT_FOUND` where there is no such patient or ward; `INVALID` with the field that is not as its kind wants it;
        `FORBIDDEN` where only a physician may.
    """
    connection, viewer, _ = hand
    _check(viewer, wish)
    given = {
        "tenant_id": viewer.tenant_id,
        "user_id": viewer.user_id,
        "name": viewer.name,
        "kind": wish.kind,
        "patient_id": wish.patient_id,
        "ward": wish.ward,
        "seconds": wish.seconds,
        "reason": wish.reason.strip(),
        "detail": Jsonb(hand.detail()),
    }
    async with connection.transaction():
        for of in [name for name in ("patient_id", "ward") if given[name] is not None]:
            if await (await connection.execute(_QUERIES[f"find_{of}"], given)).fetchone() is None:
                raise ApiError(Code.NOT_FOUND)
        row = await (await connection.execute(_QUERIES["begin"], given)).fetchone()
        assert row is not None
        await audit(connection, viewer, Action.PAUSED, wish.patient_id)
    return _pause(row)


async def end_pause(connection: _Connection, viewer: Viewer, pause_id: int) -> Pause:
    """End a pause before its time, whoever began it; one that is over stays as it is.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = {"pause_id": pause_id, "tenant_id": viewer.tenant_id, "user_id": viewer.user_id}
    async with connection.transaction():
        ended = await (await connection.execute(_QUERIES["end"], given)).fetchone()
        if ended is not None:
            await audit(connection, viewer, Action.ENDED_PAUSE, ended[0])
        row = await (await connection.execute(_QUERIES["one"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return _pause(row)


def _check(viewer: Viewer, wish: Pausing) -> None:
    if wish.patient_id is not None and wish.ward is not None:
        raise ApiError(Code.INVALID, field="ward")
    if wish.patient_id is None and wish.ward is None and viewer.wards is not None:
        raise ApiError(Code.INVALID, field="ward")  # all wards are not his to silence
    if wish.kind is PauseKind.ALARMS_PAUSED and wish.patient_id is None and wish.ward is None:
        raise ApiError(Code.INVALID, field="patient_id")
    if not BOUNDS[wish.kind].least_s <= wish.seconds <= BOUNDS[wish.kind].longest_s:
        raise ApiError(Code.INVALID, field="seconds")
    if wish.kind is PauseKind.ALARMS_OFF:
        if not viewer.may(Permission.TURN_ALARMS_OFF):
            raise ApiError(Code.FORBIDDEN)
        if wish.patient_id is None:
            raise ApiError(Code.INVALID, field="patient_id")
        if not wish.reason.strip():
            raise ApiError(Code.INVALID, field="reason")


def _pause(row: tuple[Any, ...]) -> Pause:
    pause_id, kind, patient_id, ward, name, begun, until, reason, ended = row
    return Pause(
        pause_id, PauseKind(kind), patient_id, ward, name, us_of(begun), us_of(until), reason, us_or_none(ended)
    )
