"""How many alarms there were, whose, when, and how many of them meant something: read and counted."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import psycopg

from dashboard.access import Viewer
from dashboard.alarms import us_of
from dashboard.statistics.numbers import (
    CallNumbers,
    LimitNumbers,
    Named,
    PatientNumbers,
    ShiftNumbers,
    Told,
    by_call,
    by_shift,
    limit_numbers,
    patient_numbers,
    worst_limits,
    worst_patients,
)
from dashboard.statistics.suggestion import DIRECTIONS, Reach, Ring, extreme, suggest
from heartwire.calls import CALLS
from heartwire.storage.queries import load_queries
from heartwire.zones import days_before

_QUERIES: Final = load_queries("dashboard.statistics", "statistics.sql")


class AlarmNumbers(msgspec.Struct, frozen=True):
    """Alarms of some days: those that a person was told, without those that a greater one hid.

    The days are those of `zone`, the ward's or the hospital's; each alarm's shift is by the clock of its own ward.
    """

    from_us: int
    to_us: int
    zone: str
    wards: list[str]
    n: int
    calls: list[CallNumbers]
    patients: list[PatientNumbers]
    shifts: list[ShiftNumbers]
    limits: list[LimitNumbers]


async def read_numbers(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, *, days: int, ward: str | None
) -> AlarmNumbers:
    """Return the numbers of the last days, of one ward or of all that the viewer sees."""
    given: dict[str, Any] = {"tenant_id": viewer.tenant_id, "ward": ward}
    ((zone,),) = await _rows(connection, "zone", given)
    end = datetime.now(UTC)
    given |= {"from": days_before(end, days, zone), "to": end, "zone": zone}
    told = [Told(*row) for row in await _rows(connection, "told", given)]
    patients, limits = worst_patients(told), worst_limits(told)
    given["patients"] = list({patient_id for patient_id, *_ in (*patients, *limits)})
    names = {patient_id: Named(*named) for patient_id, *named in await _rows(connection, "names", given)}
    own = {
        (patient_id, call, name): value for patient_id, call, name, value in await _rows(connection, "limits", given)
    }
    worst = []
    for patient_id, call, alike in limits:
        value = own.get((patient_id, call, DIRECTIONS[call].name))
        rows = await _rows(connection, "rings", given | {"patient_id": patient_id, "call": call})
        rings = [Ring(extreme(call, Reach(*far)), verdict) for verdict, *far in rows]
        now = CALLS[call].limits[DIRECTIONS[call].name].default if value is None else value
        named = names[patient_id]
        worst.append(limit_numbers(patient_id, named, call, value, alike, suggestion=suggest(call, now, rings)))
    return AlarmNumbers(
        from_us=us_of(given["from"]),
        to_us=us_of(end),
        zone=zone,
        wards=[name for (name,) in await _rows(connection, "wards", given)],
        n=sum(each.n for each in told),
        calls=by_call(told),
        patients=[patient_numbers(patient_id, names[patient_id], alike) for patient_id, alike in patients],
        shifts=by_shift(told),
        limits=worst,
    )


async def _rows(connection: psycopg.AsyncConnection[Any], query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_QUERIES[query], given)).fetchall()
