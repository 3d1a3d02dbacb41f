"""What the tests of the edge share: a registered device, `heartwire edge run` as a process, a small WFDB record."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
import wfdb

from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack
from tests.servers.fixtures import BrokerServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

FS_HZ: Final = 250


class EdgeStack(Stack):
    """A database, a broker, ingest, and one registered device with an edge."""

    def __init__(self, start: StartHeartwire, database: str, broker: BrokerServer) -> None:
        super().__init__(start, database, broker)
        self.device_name: Final = new_device()
        with psycopg.connect(database) as connection:
            add_patient(connection, "Ada Example", device=self.device_name)

    def start_edge(
        self, *args: str, env: Mapping[str, str] | None = None, is_ready: str = "", prefix: Sequence[str] = ()
    ) -> Process:
        """Start ``heartwire edge run <args>``; return when its log says `is_ready`, at once when that is empty."""
        return self._start(
            "edge",
            "run",
            *args,
            env={
                "HEARTWIRE_EDGE_DEVICE": self.device_name,
                "HEARTWIRE_EDGE_BROKER_HOST": self.broker.host,
                "HEARTWIRE_EDGE_BROKER_PORT": str(self.broker.port),
                "HEARTWIRE_EDGE_RETRY_LONGEST_S": "0.5",
                "HEARTWIRE_EDGE_RESEND_AFTER_S": "2",
                "HEARTWIRE_EDGE_REPORT_EVERY_S": "0.5",
                **(env or {}),
            },
            is_ready=(lambda process: is_ready in process.log) if is_ready else None,
            prefix=prefix,
        )

    def edge_status(self) -> str:
        """Return what ``heartwire edge status`` says."""
        process = self._start("edge", "status", env={"HEARTWIRE_EDGE_DEVICE": self.device_name})
        assert process.wait() == 0, process.log
        return process.log

    def start_piped_edge(self, path: Path, *args: str) -> Process:
        """Start ``heartwire edge run <args>`` with a file as its standard input."""
        run = shlex.join([sys.executable, "-m", "heartwire", "edge", "run", *args])
        edge = Process(
            "piped-edge",
            ["sh", "-c", f"exec {run} <{shlex.quote(str(path))}"],
            path.with_suffix(".log"),
            env={
                **os.environ,
                "HEARTWIRE_HOME": str(path.parent / "home"),
                "HEARTWIRE_EDGE_DEVICE": self.device_name,
                "HEARTWIRE_EDGE_BROKER_HOST": self.broker.host,
                "HEARTWIRE_EDGE_BROKER_PORT": str(self.broker.port),
            },
        )
        edge.start()
        return edge

    def frames(self) -> int:
        """Return how many ECG frames the database has."""
        return int(self.rows("SELECT count(*) FROM ecg_frames")[0][0])

    def samples(self) -> "np.ndarray[Any, np.dtype[np.int16]]":
        """Return every sample in the database, in the order of time."""
        rows = self.rows("SELECT samples FROM ecg_frames ORDER BY t0")
        return np.frombuffer(b"".join(bytes(samples) for (samples,) in rows), "<i2")

    def assert_arrived(self, record: Path) -> None:
        """Check that the first lead of a record is in the database, bit for bit, in unbroken time, once."""
        whole = wfdb.rdrecord(str(record), physical=False, channels=[0])
        np.testing.assert_array_equal(self.samples(), whole.d_signal[:, 0])
        rows = self.rows(
            "SELECT (extract(epoch FROM t0) * 1000000)::bigint, length(samples) / 2, fs_mhz, lead, gain, baseline"
            " FROM ecg_frames ORDER BY t0"
        )
        first_us, n_before = rows[0][0], 0
        for t0_us, n_samples, fs_mhz, lead, gain, baseline in rows:
            assert abs(t0_us - first_us - n_before * 1e6 / whole.fs) <= 2
            assert (fs_mhz, lead) == (round(whole.fs * 1000), whole.sig_name[0])
            assert (gain, baseline) == (whole.adc_gain[0], whole.baseline[0])
            n_before += n_samples


def wait_for_end(edge: Process, timeout_s: float = 60.0) -> int:
    """Wait until an edge has ended by itself, and return its exit code."""
    wait_until(lambda: not edge.is_running, f"the edge to end; it says: {edge.log_end(5)}", timeout_s=timeout_s)
    assert edge.returncode is not None
    return edge.returncode


def made_record(folder: Path, *, seconds: float, seed: int = 1) -> Path:
    """Write a WFDB record of two leads, every value of int16 likely but the lowest (that says: missing)."""
    samples = np.random.default_rng(seed).integers(-32767, 32768, (round(seconds * FS_HZ), 2), dtype=np.int64)
    wfdb.wrsamp(
        "made",
        fs=FS_HZ,
        units=["mV", "mV"],
        sig_name=["II", "V1"],
        d_signal=samples,
        fmt=["16", "16"],
        adc_gain=[200.0, 100.0],
        baseline=[-17, 3],
        write_dir=str(folder),
    )
    return folder / "made"
