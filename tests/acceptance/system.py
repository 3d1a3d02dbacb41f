"""A whole system, as acceptance tests run and break it: database, broker, ingest, analytics and an edge."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
import wfdb
from numpy.typing import NDArray

from analytics.engine import Engine, Segment
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from simulators.beat import make_shape
from simulators.patient import GAIN, render
from simulators.scripts import Rhythm
from simulators.scripts import Segment as ScriptSegment
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import is_ready
from tests.servers.fixtures import BrokerServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

FS_HZ: Final = 250
#: Sinus rhythm, nine seconds without a beat, and sinus rhythm again.
SCRIPT: Final = (
    ScriptSegment(Rhythm.NORMAL, 40, 72),
    ScriptSegment(Rhythm.ASYSTOLE, 9),
    ScriptSegment(Rhythm.NORMAL, 31, 66),
)


def write_scripted_record(directory: Path, seed: int = 5, *, more_s: int = 0) -> Path:
    """Write the script, and sinus rhythm after it, as a WFDB record; return its path, without extension."""
    script = (*SCRIPT, ScriptSegment(Rhythm.NORMAL, more_s, 66)) if more_s else SCRIPT
    rendered = render(script, seed, FS_HZ, make_shape(seed))
    samples = np.concatenate([stretch.samples for stretch in rendered])
    wfdb.wrsamp(
        "scripted",
        fs=FS_HZ,
        units=["mV"],
        sig_name=["II"],
        d_signal=samples[:, np.newaxis].astype(np.int64),
        fmt=["16"],
        adc_gain=[GAIN],
        baseline=[0],
        write_dir=str(directory),
    )
    return directory / "scripted"


class System:
    """Processes of heartwire around a database and a broker.

    Parameters
    ----------
    start : callable
        The fixture `heartwire_process`.
    database : str
        libpq URL of a migrated database.
    broker : BrokerServer
        Running.
    device : str, optional
        Registered already; a new one with a patient when not given.
    """

    def __init__(self, start: StartHeartwire, database: str, broker: BrokerServer, device: str | None = None) -> None:
        self.database: Final = database
        self.broker: Final = broker
        self.device: Final = device or new_device()
        self._start: Final = start
        if device is None:
            with psycopg.connect(database) as connection:
                add_patient(connection, "Ada Example", ward="B", device=self.device)

    def on(self, database: str) -> "System":
        """Return the same system on another database, in which its device is registered already."""
        return System(self._start, database, self.broker, self.device)

    def broker_env(self, service: str) -> dict[str, str]:
        """Return the variables by which a service finds the broker."""
        return {
            f"HEARTWIRE_{service}_BROKER_HOST": self.broker.host,
            f"HEARTWIRE_{service}_BROKER_PORT": str(self.broker.port),
        }

    def start_ingest(self) -> Process:
        """Start ingest; return when it is subscribed and has the database."""
        env = {"HEARTWIRE_INGEST_DATABASE": self.database, "HEARTWIRE_INGEST_RETRY_LONGEST_S": "0.5"}
        return self._start("ingest", env=env | self.broker_env("INGEST"), is_ready=is_ready)

    def start_compactor(self) -> Process:
        """Start a compactor that takes every minute as soon as it is over and analysed; return when it is alive."""
        env = {
            "HEARTWIRE_COMPACTOR_DATABASE": self.database,
            "HEARTWIRE_COMPACTOR_AFTER_S": "0",
            "HEARTWIRE_COMPACTOR_STRETCH_S": "60",
            "HEARTWIRE_COMPACTOR_POLL_S": "0.05",
            "HEARTWIRE_COMPACTOR_LEASE_TTL_S": "1",
            "HEARTWIRE_COMPACTOR_RETRY_LONGEST_S": "0.5",
        }
        alive = "SELECT 1 FROM service_heartbeats WHERE service = 'compactor'"
        return self._start("compact", env=env, is_ready=lambda _: bool(self.rows(alive)))

    def start_analytics(self) -> Process:
        """Start analytics; return when it has given a sign of life."""
        env = {
            "HEARTWIRE_ANALYTICS_DATABASE": self.database,
            "HEARTWIRE_ANALYTICS_RETRY_LONGEST_S": "0.5",
            "HEARTWIRE_ANALYTICS_CHECKPOINT_EVERY_S": "2",
        }
        alive = "SELECT 1 FROM service_heartbeats WHERE service = 'analytics'"
        return self._start("analytics", env=env, is_ready=lambda _: bool(self.rows(alive)))

    def start_edge(self, record: Path, speed: str, env: Mapping[str, str] | None = None, *more: str) -> Process:
        """Start an edge that streams a record; it ends when the database has all of it."""
        arguments = ("edge", "run", "--record", str(record), "--speed", speed, "--device", self.device, *more)
        return self._start(*arguments, env=self.broker_env("EDGE") | dict(env or {}))

    def outbox(self, directory: Path) -> Path:
        """Return the folder of its outbox; `directory` is the test's own."""
        return directory / "heartwire" / "edge" / self.device

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, parameters).fetchall()

    def count(self, table: str) -> int:
        """Return how many rows a table has; 0 while the database is away."""
        try:
            return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 # a test's own words
        except psycopg.OperationalError:
            return 0

    def frames(self) -> list[tuple[Any, ...]]:
        """Return the stored frames in the device's order: seq, t0 in UTC us, fs_mhz, gain, baseline, flags, samples."""
        return self.rows(
            "SELECT f.seq, (extract(epoch FROM f.t0) * 1000000)::bigint, f.fs_mhz, f.gain, f.baseline, f.flags,"
            " f.samples FROM ecg_frames f JOIN streams s USING (stream_id)"
            " WHERE f.device_id = %s ORDER BY s.boot_id, f.seq",
            self.device,
        )

    def stored_samples(self) -> NDArray[np.int16]:
        """Return what the database has of the device, joined; fails when a seq is missing or there twice."""
        frames = self.frames()
        assert [seq for seq, *_ in frames] == list(range(len(frames))), "a frame is missing, or there twice"
        return np.concatenate([np.frombuffer(frame[-1], "<i2") for frame in frames])

    def wait_until_analysed(self, *, timeout_s: float = 60.0) -> None:
        """Wait until analytics has seen all that is stored."""
        query = (
            "SELECT s.analysed_until >= (SELECT max(last_sample_at) FROM streams WHERE device_id = s.device_id)"
            " - interval '0.5 s' FROM signal_states s WHERE device_id = %s"
        )
        wait_until(
            lambda: self.rows(query, self.device) == [(True,)],
            f"all of it to be analysed; frames: {self.count('ecg_frames')}, beats: {self.count('beats')}",
            timeout_s=timeout_s,
        )

    def beats_us(self) -> list[int]:
        """Return the times of the stored beats."""
        query = "SELECT (extract(epoch FROM t) * 1000000)::bigint FROM beats WHERE device_id = %s ORDER BY t"
        return [t_us for (t_us,) in self.rows(query, self.device)]

    def expected_beats_us(self) -> list[int]:
        """Return the times of the beats that the engine finds in the stored signal, left alone."""
        engine = Engine()
        row = engine.open()
        found: list[int] = []
        for _, t0_us, fs_mhz, gain, baseline, flags, samples in self.frames():
            segment = Segment(row, t0_us, fs_mhz, gain, baseline, flags, np.frombuffer(samples, "<i2"))
            found += engine.tick([segment]).beats.t_us.tolist()
        return found

    def alarm_events(self, call: str) -> list[str]:
        """Return what happened to the alarms of a call, in order."""
        query = (
            "SELECT kind FROM alarm_events JOIN alarms USING (alarm_id) WHERE call = %s AND device_id = %s"
            " ORDER BY event_id"
        )
        return [kind for (kind,) in self.rows(query, call, self.device)]
