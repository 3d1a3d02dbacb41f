"""What the tests of storage share: a database with frames as ingest stores them, and compaction of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray

from heartwire.frames import EcgFrame
from heartwire.storage.leases import Leases
from heartwire.storage.registry import add_patient
from heartwire.storage.stored import read_frames
from heartwire.topics import SHARDS, new_device
from ingest.compactor.compaction import Compaction
from tests.integration.analytics_stack import store

#: When stored signals begin: the beginning of an hour of the past, UTC microseconds.
HOUR_US: Final = 3_600_000_000
BEGIN_US: Final = round(datetime(2026, 3, 1, 14, 0, tzinfo=UTC).timestamp() * 1e6)
_EVER: Final = (0, 4_000_000_000_000_000)
#: Device, boot, seq, t0, rate, lead, gain, baseline, flags, samples.
Row: TypeAlias = tuple[str, int, int, int, int, str, float, int, int, bytes]


class Vault:
    """A database, a connection to it, and one patient."""

    def __init__(self, database: str) -> None:
        self.database: Final = database
        self.connection: Final = psycopg.connect(database, autocommit=True, options="-c timezone=UTC")
        self.leases: Final = Leases("compactor", "test", 600.0)
        self.patient_id, self.device = self.add_patient()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def add_patient(self) -> tuple[int, str]:
        """Register another patient; return him and his device."""
        device = new_device()
        return add_patient(self.connection, "Ada Example", device=device), device

    def put(self, frames: Sequence[EcgFrame], *, device: str | None = None, received_us: int | None = None) -> None:
        """Store frames; without `received_us` each arrived 0.15 s after its end."""
        boots = defaultdict(list)
        for frame in frames:
            boots[frame.boot_id].append(frame)
        with self.connection.transaction():
            for of_boot in boots.values():
                store(self.connection, device or self.device, of_boot, received_us=received_us)

    def analyse(self) -> None:
        """Let all that is stored be analysed, and no more needed after a restart."""
        self.connection.execute("UPDATE analytics_cursors SET next_xid = log_horizon(), replay_xid = log_horizon()")

    def compaction(self) -> Compaction:
        """Return compaction as a worker of its own."""
        return Compaction(self.connection, self.leases.tick(self.connection).worker_id)

    def compact(self, *, before_us: int | None = None) -> int:
        """Compact all that may be, drop what is empty then; return how many frames were taken."""
        before = at(before_us) if before_us is not None else datetime.now(UTC)
        compaction = self.compaction()
        frames = 0
        for hour in compaction.hours(before):
            for unit in compaction.units(hour, range(SHARDS), before):
                frames += compaction.compact(unit, range(SHARDS)).frames
            if hour.end <= before:
                compaction.drop(hour)
        return frames

    def frames(self, patient_id: int | None = None) -> list[Row]:
        """Return every frame of a patient as the one reader gives it."""
        found = read_frames(self.connection, patient_id or self.patient_id, *_EVER)
        return [
            (item.device_id, item.boot_id, frame.seq, frame.t0_us, *item.scale, frame.flags, frame.samples)
            for item in found
            for frame in (item.frame,)
        ]

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int(self.value(f"SELECT count(*) FROM {table}"))  # noqa: S608 # a test's own words

    def value(self, query: str, *given: object) -> Any:  # noqa: ANN401 # the driver's value
        """Return the only value of a query."""
        row = self.connection.execute(query, given).fetchone()
        assert row is not None
        return row[0]


def rows_of(device: str, frames: Iterable[EcgFrame]) -> list[Row]:
    """Return frames as `Vault.frames` does, in its order for frames of one boot."""
    rows: list[Row] = [
        (device, one.boot_id, one.seq, one.t0, one.fs_mhz, one.lead, one.gain, one.baseline, one.flags, one.samples)
        for one in frames
    ]
    return sorted(rows, key=lambda row: (row[5], row[3], row[1], row[2]))


def at(utc_us: int) -> datetime:
    """Return an instant as the database's driver takes it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=utc_us)


def noise(n: int, seed: int) -> NDArray[np.int16]:
    """Return samples of which no two stretches are alike."""
    return np.random.default_rng(seed).integers(-2000, 2000, n, dtype=np.int16)
