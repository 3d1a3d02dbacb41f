"""All devices of a hospital: whose each is, whether it is heard, how its battery and its clock are."""

from typing import Any, Final, Literal

import msgspec
import psycopg

from dashboard.access import Viewer
from dashboard.pairing_answers import N_PAIRED, PairedDevice, fields_of
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "fleet.sql")

Order = Literal["patient", "heard", "battery", "clock"]
"""By patient's name; longest unheard, emptiest battery or most wrong clock first."""


class FleetDevice(PairedDevice, frozen=True):
    """A device and its patient; `clock_offset_us` is the server's clock less the device's."""

    patient_id: int
    patient: str
    ward: str
    battery_percent: int | None
    clock_offset_us: int | None


class Fleet(msgspec.Struct, frozen=True):
    """The first of `n` devices that match."""

    n: int
    devices: list[FleetDevice]


async def read_fleet(
    connection: psycopg.AsyncConnection[Any], viewer: Viewer, find: str, order: Order, *, revoked: bool, most: int
) -> Fleet:
    """Return the devices that the viewer may see, at most `most`.

    Parameters
    ----------
    find : str
        Part of the patient's name, of the device's, or of what it called itself; empty: all.
    revoked : bool
        Those that were shut out, instead of those that may send.
    """
    given = {"tenant_id": viewer.tenant_id, "find": find, "order": order, "revoked": revoked, "most": most}
    rows = await (await connection.execute(_QUERIES["devices"], given)).fetchall()
    devices = [FleetDevice(*fields_of(row), *row[N_PAIRED:-1]) for row in rows]
    return Fleet(rows[0][-1] if rows else 0, devices)
