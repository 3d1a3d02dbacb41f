"""The ward's picture: every patient of a tenant, every open alarm, and whether the services live."""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import psycopg

from dashboard.alarms import Alarm, open_alarms, us_of, us_or_none
from dashboard.canary import NO_RUNS, CanaryFacts, CanaryNow, canary_now, read_canary
from dashboard.database import Sight
from dashboard.hand_overs import HandOver, Named, open_hand_overs
from dashboard.pauses import Pause, pauses_in_force
from heartwire.calls import GLASS_BROKEN
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("dashboard", "ward.sql")
#: A service that gave no sign of life for this time is not live, microseconds.
_SILENT_US: Final = 10_000_000


Quality = Literal["good", "noise", "flat", "railed", "lead_off", "unknown"]


class PatientNow(msgspec.Struct, frozen=True):
    """One tile of the ward; times are UTC microseconds by the server's clock, `last_sample_us` by the device's."""

    id: int
    name: str
    ward: str
    hr_bpm: float | None
    quality: Quality
    last_sample_us: int | None
    last_received_us: int | None
    analysed_until_us: int | None
    battery_percent: int | None
    online: bool | None
    nurse: Named | None
    ward_id: int | None


class ServiceState(msgspec.Struct, frozen=True):
    """Whether a service lives, and its last sign of life."""

    live: bool
    at_us: int | None


class Services(msgspec.Struct, frozen=True):
    """What stands between the patients and this page; `notifier` stands between it and people elsewhere.

    A hospital may have no notifier: one of which there never was a sign is ``None``.
    """

    ingest: ServiceState
    analytics: ServiceState
    broker: ServiceState
    notifier: ServiceState | None


class Ward(msgspec.Struct, frozen=True, tag_field="kind", tag="ward"):
    """All that the ward's page shows but the waves; `zones` of wards by name, the hospital's under the empty one."""

    now_us: int
    database_live: bool
    services: Services
    patients: list[PatientNow]
    alarms: list[Alarm]
    pauses: list[Pause]
    hand_overs: list[HandOver]
    canary: CanaryNow
    zones: dict[str, str]


class WardFacts(msgspec.Struct, frozen=True):
    """What the database said last."""

    read_us: int
    heartbeats: dict[str, int]
    patients: list[PatientNow]
    alarms: list[Alarm]
    pauses: list[Pause]
    hand_overs: list[HandOver]
    canary: CanaryFacts
    zones: dict[str, str]


NOTHING_YET: Final = WardFacts(0, {}, [], [], [], [], NO_RUNS, {})


async def read_ward(connection: psycopg.AsyncConnection[Any], tenant_id: int, now_us: int) -> WardFacts:
    """Read a tenant's ward; `now_us` is kept as the time of reading."""
    given = {"tenant_id": tenant_id}
    patients = [_patient(row) async for row in await connection.execute(_QUERIES["patients"], given)]
    services = await (await connection.execute(_QUERIES["services"])).fetchall()
    return WardFacts(
        read_us=now_us,
        heartbeats={service: us_of(at) for service, at in services},
        patients=patients,
        alarms=await open_alarms(connection, tenant_id),
        pauses=await pauses_in_force(connection, tenant_id),
        hand_overs=await open_hand_overs(connection, tenant_id),
        canary=await read_canary(connection),
        zones=dict(await (await connection.execute(_QUERIES["zones"], given)).fetchall()),
    )


def picture(facts: WardFacts, now_us: int, *, database_live: bool, broker: ServiceState) -> Ward:
    """Make of what the database said last what the page shows now.  Pure.

    Without a database neither ingest nor analytics is known to live, and no heart rate is shown as if it were of now.
    The broker is as this server itself finds it: one that is away is not blamed on ingest, nor the other way round.
    """

    def service(name: str) -> ServiceState:
        at_us = facts.heartbeats.get(name)
        live = database_live and at_us is not None and now_us - at_us < _SILENT_US
        return ServiceState(live, at_us)

    patients = facts.patients
    if not database_live:
        patients = [msgspec.structs.replace(patient, hr_bpm=None, quality="unknown") for patient in patients]
    notifier = service("notifier") if "notifier" in facts.heartbeats else None
    services = Services(service("ingest"), service("analytics"), broker, notifier)
    return Ward(
        now_us,
        database_live,
        services,
        patients,
        facts.alarms,
        facts.pauses,
        facts.hand_overs,
        canary_now(facts.canary, now_us),
        facts.zones,
    )


def seen_by(ward: Ward, sight: Sight) -> Ward:
    """Leave of a tenant's picture what somebody may see, as row-level security would.  Pure."""
    if sight.wards is None:
        return ward
    patients = [one for one in ward.patients if one.ward_id in sight.wards or one.id in sight.patients]
    ids = {one.id for one in patients}
    # That one looks oneself is told to the others.
    by_glass = {one.id for one in patients if one.ward_id not in sight.wards}
    names = {one.ward for one in patients}
    return msgspec.structs.replace(
        ward,
        patients=patients,
        alarms=[
            one
            for one in ward.alarms
            if one.patient_id is None
            or (one.patient_id in ids and not (one.call == GLASS_BROKEN and one.patient_id in by_glass))
        ],
        pauses=[
            one
            for one in ward.pauses
            if (one.patient_id is None or one.patient_id in ids) and (one.ward is None or one.ward in names)
        ],
        hand_overs=[one for one in ward.hand_overs if one.ward is None or one.ward in names],
    )


async def devices_of(
    connection: psycopg.AsyncConnection[Any], tenant_id: int, patients: list[int]
) -> list[tuple[str, int]]:
    """Return the devices of those of the patients that are the tenant's, with whose they are."""
    given = {"patients": patients, "tenant_id": tenant_id}
    return await (await connection.execute(_QUERIES["watched_devices"], given)).fetchall()


class NewBeats(msgspec.Struct):
    """Beats of one patient that were found since the last look; a letter each in `label`."""

    patient_id: int
    t_us: list[int]
    label: str


async def new_beats(connection: psycopg.AsyncConnection[Any], patients: list[int], since: datetime) -> list[NewBeats]:
    """Return the beats of patients after a moment."""
    found: dict[int, NewBeats] = {}
    async for patient_id, t, label in await connection.execute(
        _QUERIES["new_beats"], {"patients": patients, "since": since}
    ):
        beats = found.setdefault(patient_id, NewBeats(patient_id, [], ""))
        beats.t_us.append(us_of(t))
        beats.label += label
    return list(found.values())


def _patient(row: tuple[Any, ...]) -> PatientNow:
    patient_id, name, ward, hr_bpm, quality, sample, received, analysed, battery, online, *more = row
    nurse_id, nurse, ward_id = more
    times = (us_or_none(sample), us_or_none(received), us_or_none(analysed))
    named = None if nurse_id is None else Named(nurse_id, nurse)
    return PatientNow(patient_id, name, ward, hr_bpm, quality, *times, battery, online, named, ward_id)
