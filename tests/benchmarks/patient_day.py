"""A patient with a day of ECG behind him, stored as ingest and the compactor leave it, and the pages that show it."""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import psycopg
import wfdb
from numpy.typing import NDArray

from dashboard.users import add_user
from heartwire.frames import EcgFrame
from heartwire.storage.leases import Leases
from heartwire.storage.migrate import migrate
from heartwire.topics import Stream
from ingest.decode import DecodedFrame, StreamKey
from ingest.packets import Received
from ingest.registry import Registry
from ingest.writer import Writer
from tests.integration.storage_stack import Vault
from tests.servers.plain_http import answers
from tests.servers.postgres import TimescaleServer
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

FS_HZ: Final = 250
_FRAME: Final = 200
_BATCH: Final = 2_000
#: So much is not in blocks yet.
_RAW_S: Final = 7_200
PASSWORD: Final = "correct horse battery"  # noqa: S105 # of a test's own user
_BEATS: Final = """
    INSERT INTO beats (patient_id, tenant_id, device_id, t, rr_s, amplitude_mv, label, engine)
    SELECT %(patient)s, 1, %(device)s, to_timestamp(%(from_s)s + n * 0.86), 0.86, 1,
        (CASE WHEN n %% 37 = 0 THEN 'V' WHEN n %% 101 = 0 THEN 'S' ELSE 'N' END)::"char", 'bench'
    FROM generate_series(0, (%(seconds)s / 0.86)::int) AS n
"""


class PatientDay:
    """A database on TimescaleDB, a day in it, and the pages' server."""

    def __init__(self, records: list[Path], seconds: int = 86_400) -> None:
        self._directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-day-"))
        self._postgres: Final = TimescaleServer()
        self._records: Final = records
        self._seconds: Final = seconds
        self.end_us: Final = time.time_ns() // 1_000_000_000 * 1_000_000
        self.begin_us: Final = self.end_us - seconds * 1_000_000
        self.port: Final = find_free_port()
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self.patient_id = 0
        self.database = ""
        self._server: Process | None = None

    def __enter__(self) -> Self:
        """Store the day and serve the pages."""
        try:
            self._postgres.start()
            self.database = self._postgres.create_database("day")
            migrate(self.database)
            self._store()
            self._serve()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """End everything and delete its data."""
        self.close()

    def close(self) -> None:
        """End everything and delete its data."""
        if self._server is not None:
            self._server.kill()
        self._postgres.remove()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _store(self) -> None:
        vault = Vault(self.database)
        self.patient_id = vault.patient_id
        standing = Leases("ingest", "bench", 6000.0).tick(vault.connection)
        writer = Writer(self.database, Registry(1000, admits_everyone=False), lambda: standing)
        key, batch = StreamKey(vault.device, Stream.ECG, 1), list[Any]()
        for frame in self._frames():
            arrival = Received(b"", b"", 0, frame.t_end, retained=False, connection=0, mid=0)
            batch.append(DecodedFrame(key, frame, arrival))
            if len(batch) == _BATCH:
                writer.write(batch)
                batch.clear()
        if batch:
            writer.write(batch)
        writer.close()
        vault.analyse()
        vault.compact(before_us=self.end_us - _RAW_S * 1_000_000)
        given = {"patient": vault.patient_id, "device": vault.device, "from_s": self.begin_us / 1e6}
        vault.connection.execute(_BEATS, given | {"seconds": self._seconds})
        vault.connection.execute("ANALYZE")
        vault.close()

    def _frames(self) -> Iterator[EcgFrame]:
        """Yield the records, one after the other and again, as one lead of 250 Hz in frames of 0.8 s."""
        leads = [_lead(record) for record in self._records]
        signal = np.resize(np.concatenate(leads), self._seconds * FS_HZ)
        for seq, at in enumerate(range(0, signal.size, _FRAME)):
            samples = signal[at : at + _FRAME].tobytes()
            yield EcgFrame(1, seq, self.begin_us + at * 4_000, FS_HZ * 1000, "II", 200.0, 0, 0, samples)

    def _serve(self) -> None:
        with psycopg.connect(self.database) as connection:
            add_user(connection, "nurse", name="Nora Nurse", role="physician", password=PASSWORD, language="en")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
        mine = {
            "HEARTWIRE_HOME": str(self._directory),
            "HEARTWIRE_DASHBOARD_DATABASE": self.database,
            # Nobody is live here: there is no broker.
            "HEARTWIRE_DASHBOARD_BROKER_PORT": str(find_free_port()),
        }
        self._server = Process(
            "dashboard",
            [sys.executable, "-m", "heartwire", "dashboard", "serve", "--port", str(self.port)],
            self._directory / "dashboard.log",
            env={**inherited, "PYTHONUNBUFFERED": "1", **mine},
        )
        self._server.start(lambda: answers(f"{self.url}/api/health"))


def _lead(record: Path) -> NDArray[np.int16]:
    """Return a record's first lead, in its own digital values about zero."""
    read = wfdb.rdrecord(str(record), physical=False, channels=[0])
    column: NDArray[np.int16] = read.d_signal[:, 0].astype(np.int16) - np.int16(read.baseline[0])
    return column
