"""What the link in a message opens: the alarms that it is about, to acknowledge or to pass on, without signing in.

Whoever has the link acts in the name of who was told; it opens this message's alarms only, names no patient, and
expires.
"""

import hashlib
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Viewer
from dashboard.alarm_acts import acknowledge
from dashboard.alarms import Acknowledgement, AlarmState, one_alarm, us_of
from dashboard.database import Database
from dashboard.errors import ApiError, Code
from dashboard.permissions import Permission
from dashboard.whence import Hand
from heartwire.calls import CALLS
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "notices.sql")
_WAITS: Final = frozenset(
    {AlarmState.PENDING, AlarmState.ACTIVE, AlarmState.SILENCED, AlarmState.PAUSED, AlarmState.LATCHED}
)
_Connection = psycopg.AsyncConnection[Any]


class NoticeAlarm(msgspec.Struct, frozen=True):
    """One of the alarms; `waits`: nobody has answered it. `passed`: this link passed it on."""

    id: int
    names: dict[str, str]
    priority: str
    ward: str
    zone: str
    onset_us: int
    ended_us: int | None
    state: AlarmState
    waits: bool
    acknowledged: Acknowledgement | None
    passed: bool
    additions: int


class Notice(msgspec.Struct, frozen=True):
    """A message: to whom it was sent, until when its link opens, and what it is about."""

    name: str
    language: str
    expires_us: int
    alarms: list[NoticeAlarm]


class Link(NamedTuple):
    """A link that opens."""

    notice_id: int
    expires_at: datetime
    viewer: Viewer


async def open_link(database: Database, token: str) -> Link:
    """Return what a link opens, and in whose name.

    Raises
    ------
    ApiError
        `NOT_FOUND` where there is no such link; `EXPIRED_LINK`; `FORBIDDEN` where the person may not act any more.
    """
    given = {"token_hash": hashlib.sha256(token.encode()).digest()}
    async with database.connection() as connection:
        row = await (await connection.execute(_QUERIES["find"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    notice_id, expires_at, is_over, user_id, login, name, role, language, tenant_id = row
    if is_over:
        raise ApiError(Code.EXPIRED_LINK)
    viewer = Viewer(user_id, login, name, role, language, tenant_id, csrf="", token_hash=b"")
    if not viewer.may(Permission.ACT_ON_ALARMS):
        raise ApiError(Code.FORBIDDEN)
    return Link(notice_id, expires_at, viewer)


async def read_notice(connection: _Connection, link: Link) -> Notice:
    """Return what a link opens; this changes nothing."""
    alarms = []
    for alarm_id, ward, zone, passed in await _alarms(connection, link):
        alarm = await one_alarm(connection, link.viewer.tenant_id, alarm_id)
        call = CALLS.get(alarm.call)
        alarms.append(
            NoticeAlarm(
                id=alarm.id,
                names=dict(call.names) if call else {"en": alarm.call},
                priority=alarm.priority,
                ward=ward,
                zone=zone,
                onset_us=alarm.onset_us,
                ended_us=alarm.ended_us,
                state=alarm.state,
                waits=alarm.state in _WAITS,
                acknowledged=alarm.acknowledged,
                passed=passed,
                additions=alarm.additions,
            )
        )
    return Notice(link.viewer.name, link.viewer.language, us_of(link.expires_at), alarms)


async def acknowledge_by_link(hand: Hand, link: Link, alarm_id: int) -> Notice:
    """Take an alarm of the message on, in the name of who was told.

    Raises
    ------
    ApiError
        `NOT_FOUND` where the message is not about it; `NOT_OPEN`.
    """
    if alarm_id not in {known for known, *_ in await _alarms(hand.connection, link)}:
        raise ApiError(Code.NOT_FOUND)
    additions = (await one_alarm(hand.connection, link.viewer.tenant_id, alarm_id)).additions
    await acknowledge(hand, alarm_id, additions)
    return await read_notice(hand.connection, link)


async def pass_on(hand: Hand, link: Link) -> Notice:
    """Say that who was told cannot: the next is told at once of all that nobody answered; a second time, nothing."""
    found = await _alarms(hand.connection, link)
    await hand.connection.execute(_QUERIES["lock"], {"alarms": [alarm_id for alarm_id, *_ in found]})
    alarms = [
        alarm_id
        for alarm_id, _, _, passed in found
        if not passed and (await one_alarm(hand.connection, link.viewer.tenant_id, alarm_id)).state in _WAITS
    ]
    given = {
        "alarms": alarms,
        "notice_id": link.notice_id,
        "user_id": link.viewer.user_id,
        "detail": Jsonb(hand.detail(notice_id=link.notice_id)),
    }
    await hand.connection.execute(_QUERIES["passed_on"], given)
    await hand.connection.execute(_QUERIES["pass_on"], given)
    return await read_notice(hand.connection, link)


async def _alarms(connection: _Connection, link: Link) -> list[tuple[int, str, str, bool]]:
    given = {"notice_id": link.notice_id, "tenant_id": link.viewer.tenant_id}
    return await (await connection.execute(_QUERIES["alarms"], given)).fetchall()
