"""Breaking the glass: somebody of another ward sees a patient for hours, says why, and the patient's team is told."""

from typing import Any, Final

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from dashboard.access import Action, Viewer, audit
from dashboard.alarms import Alarm, us_of
from dashboard.errors import ApiError, Code
from dashboard.patients import PatientName, patient_name
from heartwire.calls import GLASS_BROKEN, get_call
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "glass.sql")
_Connection = psycopg.AsyncConnection[Any]
#: How long it lasts, seconds.
GLASS_S: Final = 4 * 3600


class Elsewhere(msgspec.Struct, frozen=True):
    """Patients of all wards whose names hold what was asked for; ten at most."""

    patients: list[PatientName]


class Glass(msgspec.Struct, frozen=True):
    """Whom one sees from now on, and until when."""

    patient: PatientName
    until_us: int


class OpenGlass(msgspec.Struct, frozen=True):
    """Until when one sees a patient of another ward, and the reason one gave; ``None`` where one sees him anyway."""

    until_us: int | None
    reason: str | None


async def find_elsewhere(connection: _Connection, viewer: Viewer, name: str) -> Elsewhere:
    """Return patients of all wards by a part of their names.

    Parameters
    ----------
    connection : connection
        Of the whole tenant.
    """
    rows = await (await connection.execute(_QUERIES["elsewhere"], _of(viewer) | {"name": name})).fetchall()
    await audit(connection, viewer, Action.SEARCHED_ELSEWHERE, detail={"name": name})
    return Elsewhere([PatientName(*row) for row in rows])


async def break_glass(connection: _Connection, viewer: Viewer, patient_id: int, reason: str) -> Glass:
    """Let somebody see a patient of another ward, and tell the patient's team.

    Parameters
    ----------
    connection : connection
        Of the whole tenant.

    Raises
    ------
    ApiError
        `NOT_FOUND`; `NOT_NEEDED` for who sees all wards.
    """
    if viewer.wards is None:
        raise ApiError(Code.NOT_NEEDED)
    given: dict[str, Any] = _of(viewer) | {"patient_id": patient_id, "reason": reason, "seconds": GLASS_S}
    row = await (await connection.execute(_QUERIES["patient"], given)).fetchone()
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    begun = await (await connection.execute(_QUERIES["break"], given)).fetchone()
    assert begun is not None
    until_us = us_of(begun[0])
    call = get_call(GLASS_BROKEN)
    detail = Jsonb({"by": viewer.name, "role": viewer.role, "reason": reason, "until_us": until_us})
    told = {"call": call.code, "priority": call.priority.value, "detail": detail}
    await connection.execute(_QUERIES["tell"], given | told)
    await audit(connection, viewer, Action.BROKE_GLASS, patient_id, detail={"reason": reason, "until_us": until_us})
    return Glass(PatientName(*row), until_us)


async def open_glass(connection: _Connection, viewer: Viewer, patient_id: int) -> OpenGlass:
    """Return by what glass somebody sees a patient, if by any.

    Parameters
    ----------
    connection : connection
        That shows what the viewer may see.

    Raises
    ------
    ApiError
        `NOT_FOUND`.
    """
    await patient_name(connection, viewer, patient_id)
    row = await _now(connection, viewer, patient_id)
    return OpenGlass(None, None) if row is None else OpenGlass(us_of(row[0]), row[1])


async def refuse_own_word(connection: _Connection, viewer: Viewer, alarm: Alarm) -> None:
    """Leave it to the patient's team to answer that somebody of another ward looks.

    Raises
    ------
    ApiError
        `FOR_THE_TEAM` for who sees the patient by glass alone.
    """
    if alarm.call != GLASS_BROKEN or alarm.patient_id is None:
        return
    if await _now(connection, viewer, alarm.patient_id) is not None:
        raise ApiError(Code.FOR_THE_TEAM)


async def end_glass(connection: _Connection, tenant_id: int) -> None:
    """End the alarms of glass that holds no more."""
    await connection.execute(_QUERIES["end"], {"tenant_id": tenant_id, "call": GLASS_BROKEN})


async def _now(connection: _Connection, viewer: Viewer, patient_id: int) -> tuple[Any, ...] | None:
    given = _of(viewer) | {"patient_id": patient_id, "wards": None if viewer.wards is None else list(viewer.wards)}
    return await (await connection.execute(_QUERIES["now"], given)).fetchone()


def _of(viewer: Viewer) -> dict[str, Any]:
    return {"tenant_id": viewer.tenant_id, "user_id": viewer.user_id}
