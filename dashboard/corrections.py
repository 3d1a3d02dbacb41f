"""What people said of beats, beside what the engine found."""

from enum import StrEnum
from typing import Any, Final

import msgspec
import psycopg

from dashboard.alarms import time_of, us_of
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "record.sql")


class CorrectionKind(StrEnum):
    """What is said of a beat."""

    RELABELLED = "relabelled"
    DELETED = "deleted"
    ADDED = "added"


class BeatCorrection(msgspec.Struct, frozen=True):
    """What a person said of a beat that stands: another label, that it is none, or that there is one."""

    id: int
    t_us: int
    kind: CorrectionKind
    label: str | None
    name: str
    at_us: int


async def corrections(
    connection: psycopg.AsyncConnection[Any], patient_id: int, from_us: int, to_us: int
) -> list[BeatCorrection]:
    """Return what stands of what people said of a stretch's beats."""
    given = {"patient_id": patient_id, "from": time_of(from_us), "to": time_of(to_us)}
    rows = await (await connection.execute(_QUERIES["corrections"], given)).fetchall()
    return [
        BeatCorrection(number, us_of(t), CorrectionKind(kind), label, name, us_of(at))
        for number, t, kind, label, name, at in rows
    ]
