"""The hub: what every connected screen is told, and when.

Once a second, and at once when an alarm changes, each screen gets the whole picture of its ward; in between the waves
and beats of the patients that it shows. One read of the database serves all screens of a tenant. When the
database is away the picture goes on, and says so.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import psycopg

from dashboard.access import LOOK_S, Viewer, audit_watching
from dashboard.alarms import time_of
from dashboard.clients import Client
from dashboard.counters import Counters
from dashboard.database import Database, Sight
from dashboard.glass import end_glass
from dashboard.live import LiveEcg
from dashboard.permissions import Permission
from dashboard.records import BEATS_MESSAGE, JSON_MESSAGE, pack_ecg, pack_json
from dashboard.settings import DashboardSettings
from dashboard.ward import NOTHING_YET, Ward, WardFacts, devices_of, new_beats, picture, read_ward, seen_by
from heartwire.care import CareWord, encode_word
from heartwire.errors import HeartwireError
from heartwire.frames import EcgFrame
from heartwire.observe import Round
from heartwire.storage.errors import translated

_logger: Final = logging.getLogger(__name__)
_PICTURE_S: Final = 1.0
_BEATS_S: Final = 0.5
_DEVICES_S: Final = 5.0
#: Alarm events so close together are told at once, seconds.
_TOGETHER_S: Final = 0.03
#: What the database said is the present for this time, microseconds.
_FRESH_US: Final = 3_500_000
#: A picture so young is good enough for a screen that comes; it gets the next one within a second, microseconds.
_SHARED_US: Final = 1_000_000
#: A wave that begins to be watched shows beats of this time, microseconds.
_BEATS_BACK_US: Final = 10_000_000
_LISTEN_PAUSE_S: Final = 1.0
PATIENTS_MOST: Final = 64


class Hub:
    """Knows all connected screens and what to tell them."""

    def __init__(self, database: Database, settings: DashboardSettings, counters: Counters) -> None:
        self._database: Final = database
        self._settings: Final = settings
        self._counters: Final = counters
        #: Of the loop that sends the picture.
        self.round: Final = Round()
        self._live: Final = LiveEcg(settings, self._hear)
        self._clients: Final[set[Client]] = set()
        self._facts: Final[dict[int, WardFacts]] = {}
        self._patient_of: dict[str, int] = {}
        self._known_devices: Final[defaultdict[int, dict[str, int]]] = defaultdict(dict)
        self._wishes_changed: Final = asyncio.Event()
        self._beats_until_us: Final[dict[int, int]] = {}
        self._alarm_changed: Final = asyncio.Event()

    async def run(self) -> None:
        """Serve for ever; ends only by a defect or by being cancelled."""
        self._live.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._read, self._tell, self._listen, self._tell_beats, self._follow_devices):
                    tasks.create_task(work())
        finally:
            self._live.stop()

    @property
    def broker_is_connected(self) -> bool:
        """Whether live waves can come."""
        return self._live.is_connected

    def say(self, words: Iterable[tuple[str, CareWord]]) -> None:
        """Send devices what the care team says; one that is away asks for it later (`GET /api/my/messages`)."""
        for device, word in words:
            if not self._live.say(device, encode_word(word)):
                self._counters.words_unsent += 1

    @property
    def n_screens(self) -> int:
        """Screens that are connected."""
        return len(self._clients)

    @property
    def n_waves(self) -> int:
        """Devices whose waves are shown."""
        return len(self._patient_of)

    @property
    def frames_dropped(self) -> int:
        """Frames of waves that were too many for this process."""
        return self._live.frames_dropped

    @property
    def is_full(self) -> bool:
        """Whether no more screens may connect."""
        return len(self._clients) >= self._settings.clients_most

    async def join(self, viewer: Viewer) -> Client:
        """Add a screen; the first message that waits for it is the whole picture."""
        client = Client(viewer, self._settings.client_queue_messages, self._settings.client_queue_bytes)
        # After a restart all screens come at once: they share one read.
        if _now_us() - self._facts.get(viewer.tenant_id, NOTHING_YET).read_us > _SHARED_US:
            await self._read_tenant(viewer.tenant_id)
        client.offer(pack_json(JSON_MESSAGE, seen_by(self._picture(viewer.tenant_id), viewer.sight)))
        self._clients.add(client)
        self._counters.screens += 1
        return client

    def leave(self, client: Client) -> None:
        """Forget a screen."""
        self._clients.discard(client)
        self._wishes_changed.set()

    def now_is(self, client: Client, viewer: Viewer) -> None:
        """Let a screen show what its viewer may see by now."""
        client.viewer = viewer
        self._hear_known_devices()
        self._wishes_changed.set()

    def watch(self, client: Client, patients: frozenset[int]) -> None:
        """Send a screen the waves and beats of these patients, and of no others."""
        client.wanted = patients
        client.watched &= patients
        self._wishes_changed.set()

    async def ward(self, sight: Sight) -> Ward:
        """Return the picture of now as somebody may see it, read from the database if it answers."""
        await self._read_tenant(sight.tenant_id)
        return seen_by(self._picture(sight.tenant_id), sight)

    def _picture(self, tenant_id: int) -> Ward:
        now_us = _now_us()
        facts = self._facts.get(tenant_id, NOTHING_YET)
        database_live = now_us - facts.read_us < _FRESH_US
        return picture(facts, now_us, database_live=database_live, broker=self._live.state(now_us))

    def _hear(self, device: str, frame: EcgFrame) -> None:
        patient_id = self._patient_of.get(device)
        if patient_id is None:
            return
        record = pack_ecg(
            patient_id,
            flags=frame.flags,
            t0_us=frame.t0,
            fs_mhz=frame.fs_mhz,
            gain=frame.gain,
            baseline=frame.baseline,
            lead=frame.lead,
            samples=frame.samples,
        )
        for client in self._clients:
            if patient_id in client.watched:
                client.offer(record)

    async def _read(self) -> None:
        """Read each tenant's ward once a second, and at once after an alarm event."""
        while True:
            at_once = await _is_set_within(self._alarm_changed, _PICTURE_S)
            if at_once:
                await asyncio.sleep(_TOGETHER_S)
                self._alarm_changed.clear()
            for tenant_id in self._tenants():
                if await self._read_tenant(tenant_id) and at_once:
                    self._tell_tenant(tenant_id)

    async def _tell(self) -> None:
        while True:
            self.round.come_by()
            await asyncio.sleep(_PICTURE_S)
            for tenant_id in self._tenants():
                self._tell_tenant(tenant_id)

    def _tell_tenant(self, tenant_id: int) -> None:
        ward = self._picture(tenant_id)
        messages: dict[tuple[object, ...], bytes] = {}
        for client in self._clients:
            sight = client.viewer.sight
            if sight.tenant_id == tenant_id:
                # Packed once for all who see the same.
                same = (sight.wards, sight.patients)
                if same not in messages:
                    messages[same] = pack_json(JSON_MESSAGE, seen_by(ward, sight))
                client.offer(messages[same])

    async def _read_tenant(self, tenant_id: int) -> bool:
        begin_s = time.monotonic()
        try:
            async with self._database.connection_of(tenant_id) as connection:
                await end_glass(connection, tenant_id)
                facts = await read_ward(connection, tenant_id, _now_us())
        except HeartwireError as error:
            self._counters.read_failures += 1
            if self._picture(tenant_id).database_live:
                _logger.warning("the ward cannot be read: %s", error)
            return False
        self._counters.reads_s.add(time.monotonic() - begin_s)
        # Two may read at once: who began later knows more, and an alarm must not vanish again for a second.
        if facts.read_us >= self._facts.get(tenant_id, NOTHING_YET).read_us:
            self._facts[tenant_id] = facts
        return True

    def _tenants(self) -> set[int]:
        return {client.viewer.tenant_id for client in self._clients}

    async def _listen(self) -> None:
        """Hear of alarm events; after a break look at once, for what was said meanwhile."""
        while True:
            try:
                with translated():
                    connection = await psycopg.AsyncConnection.connect(
                        self._settings.database.get_secret_value(),
                        autocommit=True,
                        application_name="heartwire-dashboard-listen",
                        connect_timeout=5,
                        keepalives_idle=5,
                        keepalives_interval=2,
                        keepalives_count=3,
                    )
                    async with connection:
                        await connection.execute("LISTEN heartwire_alarm")
                        self._alarm_changed.set()
                        async for _ in connection.notifies():
                            self._alarm_changed.set()
            except HeartwireError as error:
                _logger.warning("alarm events are not heard (looking once a second instead): %s", error)
            await asyncio.sleep(_LISTEN_PAUSE_S)

    async def _tell_beats(self) -> None:
        while True:
            await asyncio.sleep(_BEATS_S)
            watched: defaultdict[int, set[int]] = defaultdict(set)
            for client in self._clients:
                watched[client.viewer.tenant_id] |= client.watched
            for gone in self._beats_until_us.keys() - set[int]().union(*watched.values()):
                del self._beats_until_us[gone]
            for tenant_id, patients in watched.items():
                if patients:
                    await self._tell_beats_of(tenant_id, sorted(patients))

    async def _tell_beats_of(self, tenant_id: int, patients: list[int]) -> None:
        back_us = _now_us() - _BEATS_BACK_US
        until_us = {patient: self._beats_until_us.get(patient, back_us) for patient in patients}
        try:
            async with self._database.connection_of(tenant_id) as connection:
                found = await new_beats(connection, patients, time_of(min(until_us.values())))
        except HeartwireError:
            return  # the picture says that the database is away
        for beats in found:
            new = [(t_us, label) for t_us, label in zip(beats.t_us, beats.label, strict=True)
                   if t_us > until_us[beats.patient_id]]  # fmt: skip
            if not new:
                continue
            beats.t_us = [t_us for t_us, _ in new]
            beats.label = "".join(label for _, label in new)
            self._beats_until_us[beats.patient_id] = beats.t_us[-1]
            message = pack_json(BEATS_MESSAGE, beats)
            for client in self._clients:
                if beats.patient_id in client.watched:
                    client.offer(message)

    async def _follow_devices(self) -> None:
        """Hear the devices of all wanted patients; look now and then whether one has another device by now."""
        while True:
            await _is_set_within(self._wishes_changed, _DEVICES_S)
            self._wishes_changed.clear()
            await self._set_devices()
            for client in list(self._clients):
                await self._audit_watching(client)

    async def _set_devices(self) -> None:
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        for client in self._clients:
            wanted[client.viewer.tenant_id] |= client.wanted
        for tenant_id, patients in wanted.items():
            if not patients:
                continue
            try:
                async with self._database.connection_of(tenant_id) as connection:
                    found = await devices_of(connection, tenant_id, sorted(patients))
            except HeartwireError:
                break  # goes on with those it knows; tried again in seconds
            known = self._known_devices[tenant_id]
            for device in [device for device, patient in known.items() if patient in patients]:
                del known[device]
            known.update(found)
        self._hear_known_devices()

    async def _audit_watching(self, client: Client) -> None:
        """Write down whose waves a screen shows: in the trail once in ten minutes."""
        now_s = time.monotonic()
        due = {patient for patient in client.watched if now_s - client.audited_s.get(patient, -LOOK_S) >= LOOK_S}
        if not due:
            return
        try:
            async with self._database.connection_as(client.viewer) as connection:
                await audit_watching(connection, client.viewer, due)
        except HeartwireError:
            return  # said when the database is back
        client.audited_s = {one: at_s for one, at_s in client.audited_s.items() if now_s - at_s < LOOK_S}
        client.audited_s |= dict.fromkeys(due, now_s)

    def _hear_known_devices(self) -> None:
        """Subscribe to what is wanted and known; each screen gets only what its viewer may see."""
        patient_of: dict[str, int] = {}
        for client in self._clients:
            known = self._known_devices[client.viewer.tenant_id]
            wanted = client.wanted & self._visible(client.viewer, client.wanted)
            heard = {device: patient for device, patient in known.items() if patient in wanted}
            client.watched = frozenset(heard.values())
            patient_of |= heard
        self._patient_of = patient_of
        self._live.watch(frozenset(patient_of))

    def _visible(self, viewer: Viewer, patients: frozenset[int]) -> frozenset[int]:
        """Return those of a tenant's patients whose waves somebody may see; a role may show tiles and no records."""
        if not viewer.may(Permission.SEE_PATIENT):
            return frozenset()
        if viewer.wards is None:
            return patients
        facts = self._facts.get(viewer.tenant_id, NOTHING_YET)
        return frozenset(one.id for one in facts.patients if one.ward_id in viewer.wards or one.id in viewer.glass)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _now_us() -> int:
    return time.time_ns() // 1000
