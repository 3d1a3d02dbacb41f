"""How much is stored, what room remains, how long what is kept, and of whom nothing may be dropped."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Viewer
from dashboard.alarms import us_of, us_or_none
from dashboard.errors import ApiError, Code
from heartwire.storage.queries import load_queries
from heartwire.storage.room import QUERIES as ROOM

_QUERIES: Final = load_queries("dashboard", "storage.sql")
#: What a tenant decides of itself, in the order of the page.
Kind = Literal["ecg", "beats", "alarms"]
_KINDS: Final[tuple[Kind, ...]] = ("ecg", "beats", "alarms")
#: A mistake can be taken back for so long.
GRACE_HOURS: Final = 24


class NewPolicy(msgspec.Struct, forbid_unknown_fields=True):
    """For how many days it is kept; ``None``: for ever."""

    keep_days: Annotated[int, Meta(ge=1, le=36_500)] | None


class NewHold(msgspec.Struct, forbid_unknown_fields=True):
    """Why nothing of a patient may be dropped."""

    why: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]


class Part(msgspec.Struct, frozen=True):
    """What one kind of data takes on the disk."""

    name: str
    bytes: int


class RoomNow(msgspec.Struct, frozen=True):
    """The last look at the disk, UTC microseconds, and what it says.

    `free_bytes` is ``None`` where the database is on another machine; `growth_bytes_day` until there is a quarter of
    a day to go by; `days_left` where it does not grow, too.
    """

    at_us: int
    bytes: int
    free_bytes: int | None
    growth_bytes_day: int | None
    days_left: float | None
    parts: list[Part]


class Policy(msgspec.Struct, frozen=True):
    """How long a kind of data is kept: `keep_days`, ``None`` for ever; of dead letters the newest `keep_rows`.

    `oldest_us` is the oldest that there is, where it is the tenant's.
    """

    kind: Literal["ecg", "beats", "alarms", "dead_letters"]
    keep_days: int | None
    keep_rows: int | None
    effective_us: int | None
    set_by: str | None
    oldest_us: int | None


class Hold(msgspec.Struct, frozen=True):
    """A patient of whom nothing is dropped."""

    patient_id: int
    name: str
    why: str
    by: str
    at_us: int


class StorageNow(msgspec.Struct, frozen=True):
    """What is stored, and for how long. `room` is ``None`` until the compactor has looked."""

    room: RoomNow | None
    policies: list[Policy]
    holds: list[Hold]
    grace_hours: int


async def read_room(connection: psycopg.AsyncConnection[Any]) -> RoomNow | None:
    """Return the last look at the disk, of the whole installation."""
    row = await (await connection.execute(ROOM["newest"])).fetchone()
    if row is None:
        return None
    at, n_bytes, free_bytes, parts = row
    grown = await (await connection.execute(ROOM["growth"])).fetchone()
    growth = None if grown is None else round(grown[0])
    days_left = free_bytes / growth if free_bytes is not None and growth is not None and growth > 0 else None
    listed = [Part(name, taken) for name, taken in sorted(parts.items(), key=lambda part: -part[1])]
    return RoomNow(us_of(at), n_bytes, free_bytes, growth, days_left, listed)


async def read_policies(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> list[Policy]:
    """Return how long each kind of a tenant's data is kept, and dead letters."""
    given = {"tenant_id": tenant_id}
    set_for = {row[0]: row[1:] async for row in await connection.execute(_QUERIES["policies"], given)}
    oldest = await (await connection.execute(_QUERIES["oldest"], given)).fetchone()
    assert oldest is not None
    oldest_of: dict[str, datetime | None] = dict(zip(_KINDS, oldest, strict=True))
    found = []
    kinds: tuple[Literal["ecg", "beats", "alarms", "dead_letters"], ...] = (*_KINDS, "dead_letters")
    for kind in kinds:
        keep_days, keep_rows, effective_at, set_by = set_for.get(kind, (None, None, None, None))
        found.append(
            Policy(kind, keep_days, keep_rows, us_or_none(effective_at), set_by, us_or_none(oldest_of.get(kind)))
        )
    return found


async def read_holds(connection: psycopg.AsyncConnection[Any], tenant_id: int) -> list[Hold]:
    """Return who is held."""
    rows = await (await connection.execute(_QUERIES["holds"], {"tenant_id": tenant_id})).fetchall()
    return [Hold(patient_id, name, why, by, us_of(at)) for patient_id, name, why, by, at in rows]


async def set_policy(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, kind: Kind, keep_days: int | None
) -> None:
    """Say how long a kind of data is kept; what makes it shorter takes effect after the time of grace."""
    given = {
        "tenant_id": viewer.tenant_id,
        "kind": kind,
        "keep_days": keep_days,
        "grace_hours": GRACE_HOURS,
        "by": viewer.login,
    }
    await connection.execute(_QUERIES["keep_for_ever" if keep_days is None else "set_policy"], given)


async def place_hold(connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int, why: str) -> None:
    """Keep everything of a patient; a second time changes nothing."""
    given = {"tenant_id": viewer.tenant_id, "patient_id": patient_id, "why": why.strip(), "by": viewer.login}
    await connection.execute(_QUERIES["place_hold"], given)


async def release_hold(connection: psycopg.AsyncConnection[Any], viewer: Viewer, patient_id: int) -> None:
    """Let the policies hold for a patient again.

    Raises
    ------
    ApiError
        `NOT_FOUND`: he is not held.
    """
    given = {"tenant_id": viewer.tenant_id, "patient_id": patient_id, "by": viewer.login}
    if await (await connection.execute(_QUERIES["release_hold"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
