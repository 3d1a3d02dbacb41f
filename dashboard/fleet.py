"""All devices of a hospital: whose each is, whether it is heard, how its battery and its clock are."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import psycopg

from dashboard.access import Viewer
from dashboard.alarms import us_of, us_or_none
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "fleet.sql")

Order = Literal["patient", "heard", "battery", "clock"]
"""By patient's name; longest unheard, emptiest battery or most wrong clock first."""


class FleetDevice(msgspec.Struct, frozen=True):
    """A device and its patient; times are UTC microseconds.

    `heard_us` is when it was last heard at all, `signal_us` when any signal of it came, by the server's clock;
    `clock_offset_us` is the server's clock less the device's.
    """

    device: str
    description: str
    patient_id: int
    patient: str
    ward: str
    paired_us: int
    revoked_us: int | None
    revoked_by: str | None
    revoked_why: str
    online: bool | None
    wearable: str | None
    battery_percent: int | None
    clock_offset_us: int | None
    heard_us: int | None
    signal_us: int | None


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
    return Fleet(rows[0][-1] if rows else 0, [_device(row) for row in rows])


def _device(row: Sequence[Any]) -> FleetDevice:
    device, description, patient_id, patient, ward, *more = row
    paired, revoked, by, why, online, wearable, battery, offset_us, heard, signal, _n = more
    return FleetDevice(
        device,
        description,
        patient_id,
        patient,
        ward,
        us_of(paired),
        us_or_none(revoked),
        by,
        why,
        online,
        wearable,
        battery,
        offset_us,
        us_or_none(heard),
        us_or_none(signal),
    )
