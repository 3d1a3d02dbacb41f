"""What the tests of analytics share: frames stored as ingest stores them, analytics as a process, what it found."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from analytics.checkpoints import decode_waits
from analytics.worker import Worker
from heartwire.frames import EcgFrame
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device, shard_of
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames
from tests.servers.process import Process
from tests.servers.waiting import wait_until

#: For what does not depend on the kind of database, and takes long.
on_one_database: Final = pytest.mark.parametrize("database_server", ["embedded-postgresql"], indirect=True)
#: When scripted signals begin: a moment of the past, the same in every run, at which they also arrive.
BEGIN_US: Final = round(datetime(2026, 3, 1, 14, 0, tzinfo=UTC).timestamp() * 1e6)
_TRANSIT_US: Final = 150_000

_STREAM: Final = """
    INSERT INTO streams (tenant_id, patient_id, device_id, stream, boot_id, shard)
    SELECT tenant_id, patient_id, device_id, 'ecg', %(boot_id)s, shard FROM devices WHERE device_id = %(device)s
    ON CONFLICT (device_id, stream, boot_id) DO UPDATE SET stream = excluded.stream
    RETURNING stream_id, tenant_id, patient_id
"""
_FRAME: Final = """
    INSERT INTO ecg_frames (stream_id, seq, t0, tenant_id, patient_id, device_id, shard, fs_mhz, lead, gain, baseline,
        flags, samples, received_at)
    VALUES (%s, %s, timestamptz 'epoch' + %s * interval '1 microsecond', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
        timestamptz 'epoch' + %s * interval '1 microsecond')
"""
_RECEIVED: Final = """
    UPDATE streams SET
        last_sample_at = greatest(last_sample_at, timestamptz 'epoch' + %s * interval '1 microsecond'),
        last_received_at = greatest(last_received_at, timestamptz 'epoch' + %s * interval '1 microsecond')
    WHERE stream_id = %s
"""
_US: Final = "(extract(epoch FROM {}) * 1000000)::bigint"


class AlarmRow(NamedTuple):
    """An alarm, and the kinds of its events in order, a hidden one's greater call behind a colon."""

    call: str
    onset_us: int
    signal_us: int
    late: bool
    events: list[str]


class Stack:
    """A database and as many analytics processes as a test starts."""

    def __init__(self, start: StartHeartwire, database: str) -> None:
        self.database: Final = database
        self._start: Final = start
        self._count = 0

    def start(self, *, waits: bool = True, env: Mapping[str, str] | None = None) -> Process:
        """Start a process; return when it has taken the analysis up, unless `waits` is off."""
        self._count += 1
        return self._start(
            "analytics",
            env={
                "HEARTWIRE_ANALYTICS_DATABASE": self.database,
                "HEARTWIRE_ANALYTICS_INSTANCE": f"test-{self._count}",
                "HEARTWIRE_ANALYTICS_RETRY_LONGEST_S": "0.5",
                **(env or {}),
            },
            is_ready=is_ready if waits else None,
        )

    def connect(self) -> psycopg.Connection[Any]:
        """Open a connection of the test's own."""
        return psycopg.connect(self.database)

    def add_device(self, *, beside: Iterable[str] = ()) -> str:
        """Register a patient with a device, of another shard than these, and return the device's name."""
        taken = {shard_of(device) for device in beside}
        device = next(name for name in iter(new_device, "") if shard_of(name) not in taken)
        with self.connect() as connection:
            add_patient(connection, "Ada Example", device=device)
        return device

    def add_devices(self, count: int) -> list[str]:
        """Register so many patients with devices, each of a shard of its own."""
        devices: list[str] = []
        while len(devices) < count:
            devices.append(self.add_device(beside=devices))
        return devices

    def step_through(self, *workers: Worker) -> None:
        """Let workers analyse all that is stored; the server itself may hold some of it back."""
        wait_until(
            lambda: sum(worker.step() for worker in workers) == 0 and self.n_waiting == 0,
            "every frame to be analysed",
        )

    def store(self, device: str, frames: Sequence[EcgFrame], *, received_us: int | None = None) -> None:
        """Commit frames as ingest does; without `received_us` each arrived 0.15 s after its end."""
        with self.connect() as connection:
            store(connection, device, frames, received_us=received_us)

    def store_ecg(self, device: str, ecg: NDArray[np.int16], t0_us: int = BEGIN_US, **cut: Any) -> None:  # noqa: ANN401
        """Commit a whole signal, in frames of a second."""
        self.store(device, cut_into_frames(ecg, t0_us, **cut))

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def execute(self, statement: str, *parameters: object) -> None:
        """Run a statement and commit."""
        with self.connect() as connection:
            connection.execute(statement, parameters)

    def beats(self, device: str) -> list[tuple[Any, ...]]:
        """Return every beat of a device: time (UTC microseconds), RR interval, amplitude, label."""
        query = (
            f"SELECT {_US.format('t')}, rr_s, amplitude_mv, label FROM beats WHERE device_id = %s ORDER BY t, engine"  # noqa: S608
        )
        return self.rows(query, device)

    def assert_minutes_are_true(self, device: str) -> None:
        """Count the device's minutes from its beats and frames, and find the same in the database."""
        beats: dict[int, list[tuple[int | None, str]]] = {}
        for t_us, rr_s, _, label in self.beats(device):
            rr_us = None if rr_s is None else round(float(np.float32(rr_s)) * 1e6)  # as it is stored, all its digits
            beats.setdefault(t_us // 60_000_000 * 60, []).append((rr_us, label))
        expected = []
        for minute_s, found in sorted(beats.items()):
            known_us = [rr_us for rr_us, _ in found if rr_us is not None]
            classes = [sum(label == wanted for _, label in found) for wanted in "NSVF"]
            rates = (sum(known_us), len(known_us), min(known_us, default=None), max(known_us, default=None))
            expected.append((minute_s, *rates, *classes, len(found) - sum(classes)))
        query = (
            "SELECT extract(epoch FROM minute)::bigint, rr_sum_us, rr_n, rr_min_us, rr_max_us,"
            " beats_n, beats_s, beats_v, beats_f, beats_q FROM beat_minutes WHERE device_id = %s ORDER BY minute"
        )
        assert self.rows(query, device) == expected
        lengths: dict[tuple[str, int], int] = {}
        frames = (
            "SELECT lead, (extract(epoch FROM t0) * 1000000)::bigint, octet_length(samples), fs_mhz FROM ecg_frames"
        )
        for lead, t0_us, size, fs_mhz in self.rows(f"{frames} WHERE device_id = %s", device):
            end_us = t0_us + round(size * 500_000_000 / fs_mhz)
            for minute_s in range(t0_us // 60_000_000 * 60, -(-end_us // 1_000_000), 60):
                inside_us = min(end_us, (minute_s + 60) * 1_000_000) - max(t0_us, minute_s * 1_000_000)
                lengths[lead, minute_s] = lengths.get((lead, minute_s), 0) + inside_us
        query = "SELECT lead, extract(epoch FROM minute)::bigint, ecg_us FROM ecg_minutes WHERE device_id = %s"
        assert {(lead, minute_s): us for lead, minute_s, us in self.rows(query, device)} == lengths

    def alarms(self, device: str | None, *calls: str) -> list[AlarmRow]:
        """Return a device's alarms (``None``: the system's), of these calls, or all but those of freshness."""
        rows = self.rows(
            f"SELECT a.call, {_US.format('a.onset_at')}, {_US.format('a.signal_at')}, a.late,"  # noqa: S608
            " array_agg(e.kind || coalesce(':' || (e.detail ->> 'by'), '') ORDER BY e.event_id)"
            " FROM alarms AS a JOIN alarm_events AS e USING (alarm_id)"
            " WHERE a.device_id IS NOT DISTINCT FROM %s AND (a.call = ANY(%s) OR %s AND a.call <> 'gone_quiet')"
            " GROUP BY a.alarm_id ORDER BY a.onset_at, a.call, a.alarm_id",
            device,
            list(calls),
            not calls,
        )
        return [AlarmRow(*row) for row in rows]

    def heartbeat(self, instance: str = "test-1") -> dict[str, Any]:
        """Return the detail of a process's heartbeat, empty before the first."""
        rows = self.rows(
            "SELECT detail FROM service_heartbeats WHERE service = 'analytics' AND instance = %s", instance
        )
        return dict(rows[0][0]) if rows else {}

    @property
    def n_waiting(self) -> int:
        """Committed frames that are not analysed; of late ones that wait for their turn, devices."""
        query = (
            "SELECT count(*) FROM ecg_frames f JOIN analytics_cursors c ON c.shard = f.shard WHERE f.xid >= c.next_xid"
        )
        unread = int(self.rows(query)[0][0])
        # After the frames: what was read meanwhile is in the checkpoints.
        states = self.rows("SELECT state FROM analysis_checkpoints")
        return unread + sum(decode_waits(state) is not None for (state,) in states)

    def wait_until_analysed(self, *, timeout_s: float = 20.0) -> None:
        """Wait until every committed frame is analysed."""
        wait_until(lambda: self.n_waiting == 0, "every frame to be analysed", timeout_s=timeout_s)

    def wait_for_alarm(self, device: str | None, call: str, *, events: Iterable[str], timeout_s: float = 20.0) -> None:
        """Wait until some alarm of a call has exactly these events."""
        wanted = list(events)
        wait_until(
            lambda: any(alarm.events == wanted for alarm in self.alarms(device, call)),
            f"an alarm {call} with the events {wanted}",
            timeout_s=timeout_s,
        )

    def speak_for_ingest(self, *, broker_connected: bool = True) -> None:
        """Write the heartbeat that a living ingest writes."""
        self.execute(
            "INSERT INTO service_heartbeats (service, instance, at, detail)"
            " VALUES ('ingest', 'test', clock_timestamp(), jsonb_build_object('broker_connected', %s::boolean))"
            " ON CONFLICT (service, instance) DO UPDATE SET at = excluded.at, detail = excluded.detail",
            broker_connected,
        )


def store(
    connection: psycopg.Connection[Any], device: str, frames: Sequence[EcgFrame], *, received_us: int | None = None
) -> None:
    """Write frames of one boot as ingest does, without the commit."""
    key = {"device": device, "boot_id": frames[0].boot_id}
    row = connection.execute(_STREAM, key).fetchone()
    assert row is not None
    stream_id, tenant_id, patient_id = row
    arrivals = [frame.t_end + _TRANSIT_US if received_us is None else received_us for frame in frames]
    with connection.cursor() as cursor:
        cursor.executemany(
            _FRAME,
            [
                (
                    *(stream_id, frame.seq, frame.t0, tenant_id, patient_id, device, shard_of(device)),
                    *(frame.fs_mhz, frame.lead, frame.gain, frame.baseline, frame.flags, frame.samples, arrival),
                )
                for frame, arrival in zip(frames, arrivals, strict=True)
            ],
        )
    connection.execute(_RECEIVED, (max(frame.t_end for frame in frames), max(arrivals), stream_id))
    connection.execute("NOTIFY heartwire_frames")


def now_us() -> int:
    """Return the clock, UTC microseconds."""
    return time.time_ns() // 1000


def is_ready(process: Process) -> bool:
    """Whether the last start of analytics has taken the analysis up."""
    last_start = process.log.rfind(" starts, engine")
    return "devices taken up" in process.log[max(last_start, 0) :]
