"""Who is on call when, and after what delays the next is told of an alarm that nobody answers."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
import psycopg
from msgspec import Meta

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import time_of, us_of
from dashboard.contacts import ROLES
from dashboard.errors import ApiError, Code
from heartwire.calls import Priority
from heartwire.escalation import DELAY_LEAST_S, DELAY_MOST_S, DELAYS_S, STEPS_MOST
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "rosters.sql")
#: The longest duty, microseconds.
_DUTY_MOST_US: Final = 31 * 86_400 * 1_000_000
_EVER_US: Final = 4_000_000_000_000_000
_Connection = psycopg.AsyncConnection[Any]
_Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Us = Annotated[int, Meta(ge=0, le=_EVER_US)]
_Ward = Annotated[str, Meta(max_length=200)]


class Duty(msgspec.Struct, frozen=True):
    """Somebody on call, as whom: 1 is told first. `can_be_reached`: there is a contact."""

    id: int
    user_id: int
    name: str
    step: int
    ward: str | None
    from_us: int
    to_us: int
    can_be_reached: bool


class NewDuty(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be on call, when, as whom, for one ward or all."""

    user_id: _Id
    step: Annotated[int, Meta(ge=1, le=STEPS_MOST)]
    from_us: _Us
    to_us: _Us
    ward: _Ward | None = None


class Chain(msgspec.Struct, frozen=True):
    """After how many seconds each step is taken, counted from the one before; of a ward or of all.

    `is_default`: nobody has set it.
    """

    ward: str | None
    priority: Priority
    delays_s: list[int]
    is_default: bool


class NewChain(msgspec.Struct, forbid_unknown_fields=True):
    """The delays of a ward or of all; an empty list tells nobody, null takes back what was set."""

    priority: Literal["high", "medium", "low"]
    delays_s: (
        Annotated[list[Annotated[int, Meta(ge=DELAY_LEAST_S, le=DELAY_MOST_S)]], Meta(max_length=STEPS_MOST)] | None
    )
    ward: _Ward | None = None


async def duties(connection: _Connection, viewer: Viewer, from_us: int, to_us: int) -> list[Duty]:
    """Return who is on call within a stretch of time."""
    return await _duties(connection, viewer, time_of(from_us), time_of(to_us))


async def add_duty(connection: _Connection, viewer: Viewer, duty: NewDuty) -> Duty:
    """Put somebody on call.

    Raises
    ------
    ApiError
        `INVALID` with the field that is wrong.
    """
    if not 0 < duty.to_us - duty.from_us <= _DUTY_MOST_US:
        raise ApiError(Code.INVALID, field="to_us")
    begin, end = time_of(duty.from_us), time_of(duty.to_us)
    given: dict[str, object] = {
        "tenant_id": viewer.tenant_id,
        "user_id": duty.user_id,
        "step": duty.step,
        "ward": duty.ward,
        "from": begin,
        "to": end,
        "by": viewer.user_id,
        "roles": ROLES,
    }
    await _check(connection, given, "person", "user_id")
    if duty.ward is not None:
        await _check(connection, given, "ward", "ward")
    row = await (await connection.execute(_QUERIES["add"], given)).fetchone()
    assert row is not None
    await audit(connection, viewer, Action.CHANGED_ROSTER)
    (added,) = await _duties(connection, viewer, begin, end, on_call_id=row[0])
    return added


async def remove_duty(connection: _Connection, viewer: Viewer, on_call_id: int) -> None:
    """Take somebody off call.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    given = {"on_call_id": on_call_id, "tenant_id": viewer.tenant_id, "by": viewer.user_id}
    if await (await connection.execute(_QUERIES["remove"], given)).fetchone() is None:
        raise ApiError(Code.NOT_FOUND)
    await audit(connection, viewer, Action.CHANGED_ROSTER)


async def chains(connection: _Connection, viewer: Viewer) -> list[Chain]:
    """Return the delays: those of all wards for each priority, and those that wards have of their own."""
    given = {"tenant_id": viewer.tenant_id}
    found = [
        Chain(ward, Priority(priority), delays_s, is_default=False)
        async for ward, priority, delays_s in await connection.execute(_QUERIES["chains"], given)
    ]
    known = {chain.priority for chain in found if chain.ward is None}
    defaults = [
        Chain(None, Priority(priority), list(delays_s), is_default=True)
        for priority, delays_s in DELAYS_S.items()
        if priority not in known
    ]
    return sorted([*found, *defaults], key=lambda chain: (chain.ward or "", list(DELAYS_S).index(chain.priority)))


async def set_chain(connection: _Connection, viewer: Viewer, chain: NewChain) -> list[Chain]:
    """Set or take back delays; return all that hold.

    Raises
    ------
    ApiError
        `INVALID` where there is no such ward.
    """
    given: dict[str, object] = {
        "tenant_id": viewer.tenant_id,
        "ward": chain.ward,
        "priority": chain.priority,
        "delays_s": chain.delays_s,
        "by": viewer.user_id,
    }
    if chain.ward is not None and chain.delays_s is not None:
        await _check(connection, given, "ward", "ward")
    await connection.execute(_QUERIES["drop_chain" if chain.delays_s is None else "set_chain"], given)
    await audit(connection, viewer, Action.CHANGED_ROSTER)
    return await chains(connection, viewer)


async def _check(connection: _Connection, given: dict[str, Any], query: str, field: str) -> None:
    if await (await connection.execute(_QUERIES[query], given)).fetchone() is None:
        raise ApiError(Code.INVALID, field=field)


async def _duties(
    connection: _Connection, viewer: Viewer, begin: datetime, end: datetime, *, on_call_id: int | None = None
) -> list[Duty]:
    given = {"tenant_id": viewer.tenant_id, "from": begin, "to": end, "on_call_id": on_call_id}
    found = []
    async for id_, user_id, name, step, ward, from_at, to_at, reached in await connection.execute(
        _QUERIES["on_call"], given
    ):
        found.append(Duty(id_, user_id, name, step, ward, us_of(from_at), us_of(to_at), reached))
    return found
