"""What people did and saw, and where they are signed in: read by administrators, and by each of himself."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import psycopg

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import time_of, us_of
from dashboard.errors import ApiError, Code
from dashboard.patients import patient_name
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "trail.sql")


class Entry(msgspec.Struct, frozen=True):
    """Something that somebody, or a patient's own device, did or saw."""

    id: int
    at_us: int
    user_id: int | None
    name: str | None
    role: str | None
    action: str
    patient_id: int | None
    patient: str | None
    device: str | None
    detail: dict[str, Any]


class Trail(msgspec.Struct, frozen=True):
    """The newest first, and whether there is more: the next page is that `before` the last id."""

    entries: list[Entry]
    more: bool


class Wanted(NamedTuple):
    """Which part of the trail; ``None`` for all."""

    before: int | None
    user_id: int | None
    patient_id: int | None
    action: str | None
    from_us: int | None
    to_us: int | None
    limit: int


class OpenSession(msgspec.Struct, frozen=True):
    """Where somebody is signed in, since when, by what; `is_this` is the one that asks."""

    id: int
    user_id: int
    name: str
    login: str
    role: str
    begun_us: int
    seen_us: int
    expires_us: int
    address: str
    agent: str
    method: str
    is_this: bool


class OpenSessions(msgspec.Struct, frozen=True):
    """The last used first."""

    sessions: list[OpenSession]


async def read_trail(connection: psycopg.AsyncConnection[Any], viewer: Viewer, wanted: Wanted) -> Trail:
    """Return a page of the trail; that it was read is in it, too."""
    given = wanted._asdict() | {"tenant_id": viewer.tenant_id}
    given |= {"from": _time_or_none(wanted.from_us), "to": _time_or_none(wanted.to_us)}
    rows = await (await connection.execute(_QUERIES["trail"], given)).fetchall()
    if wanted.patient_id is not None:
        await patient_name(connection, viewer, wanted.patient_id)
    await audit(connection, viewer, Action.SAW_TRAIL, wanted.patient_id)
    return Trail([Entry(id_, us_of(at), *rest) for id_, at, *rest in rows[: wanted.limit]], len(rows) > wanted.limit)


async def open_sessions(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, user_id: int | None, idle_s: float
) -> OpenSessions:
    """Return where one user, or everybody of the tenant, is signed in."""
    given = {"tenant_id": viewer.tenant_id, "user_id": user_id, "idle_s": idle_s}
    rows = await (await connection.execute(_QUERIES["sessions"], given)).fetchall()
    return OpenSessions([_session(row, viewer) for row in rows])


async def revoke_session(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, session_id: int, *, of_anybody: bool
) -> None:
    """End a session; its live connections end within three seconds.

    Raises
    ------
    ApiError
        `NOT_FOUND`, also for another's where only the own may be ended.
    """
    user_id = None if of_anybody else viewer.user_id
    given = {"session_id": session_id, "tenant_id": viewer.tenant_id, "user_id": user_id}
    row = await (await connection.execute(_QUERIES["revoke"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    await audit(connection, viewer, Action.REVOKED_SESSION, detail={"of": row[0]})


def _session(row: tuple[Any, ...], viewer: Viewer) -> OpenSession:
    id_, user_id, name, login, role, *times, address, agent, method = row
    begun, seen, expires = map(us_of, times)
    is_this = id_ == viewer.session_id
    return OpenSession(id_, user_id, name, login, role, begun, seen, expires, address, agent, method, is_this)


def _time_or_none(us: int | None) -> datetime | None:
    return None if us is None else time_of(us)
