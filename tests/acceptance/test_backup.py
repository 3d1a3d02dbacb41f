"""A backup, restored into a fresh server: the signal is there bit for bit, and everything goes on where it was.

What runs is deploy/backup.sh and deploy/restore.sh, the very files that docs/deploy.md tells to run.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
import pytest

from analytics.engine import Engine, Segment
from heartwire.frames import EcgFrame
from heartwire.storage.blocks import Frame
from heartwire.storage.migrate import migrate
from heartwire.storage.stored import read_frames
from tests.acceptance.system import System
from tests.conftest import ROOT, StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.servers.fixtures import BrokerServer
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.postgres import TimescaleServer
from tests.servers.postgres_binaries import PostgresBinaries, find_timescale
from tests.servers.waiting import wait_until
from tests.wire import Device, now_us

_LENGTH_S: Final = 140
#: What is kept of patients; what services say of themselves from moment to moment is not compared.
_KEPT: Final = (
    "tenants", "patients", "patient_limits", "devices", "streams", "ecg_frames",
    "ecg_blocks", "hr_frames", "patient_events", "symptoms", "care_messages", "dead_letters", "beats",
    "rhythms", "episodes",
    "alarms", "alarm_events", "users", "analytics_cursors", "analysis_checkpoints",
)  # fmt: skip


class _Shell:
    """Runs the scripts of deploy/ with the programs of PostgreSQL, where the server itself runs."""

    def __init__(self, binaries: PostgresBinaries) -> None:
        self._binaries: Final = binaries
        self.directory: Final = binaries.make_directory()
        for script in (ROOT / "deploy").glob("*.sh"):
            shutil.copy(script, self.directory)

    def run(self, script: str, database: str, file: str) -> subprocess.CompletedProcess[str]:
        inside = self._binaries.inside(self.directory)
        words = self._binaries.command("x")[:-1]
        return subprocess.run(
            [*words, "/bin/sh", f"{inside}/{script}", f"{inside}/{file}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=100,
            env={
                **os.environ,
                "DATABASE": database,
                "PATH": f"{self._binaries.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            },
        )

    def remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture
def shell() -> Iterator[_Shell]:
    try:
        shell = _Shell(find_timescale())
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    yield shell
    shell.remove()


def _everything(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of what is kept, sorted."""
    with psycopg.connect(database) as connection:
        return {
            table: sorted(connection.execute(f"SELECT t::text FROM {table} AS t").fetchall())  # noqa: S608
            for table in _KEPT
        }


def _age(database: str) -> int:
    """Spend many transaction ids, as a server does in its life; return the next one."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE TEMPORARY TABLE spent (n int); FOR n IN 1..20000 LOOP"
            " BEGIN INSERT INTO spent VALUES (n); EXCEPTION WHEN others THEN RAISE; END; END LOOP; END $$"
        )
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert row is not None
        return int(row[0])


def _compact(start: StartHeartwire, system: System) -> None:
    """Let the compactor make a block of the first minute."""
    with psycopg.connect(system.database) as connection:
        connection.execute("UPDATE ecg_frames SET received_at = received_at - interval '1 hour'")
    env = {"HEARTWIRE_COMPACTOR_DATABASE": system.database, "HEARTWIRE_COMPACTOR_STRETCH_S": "60"}
    compactor = start("compact", env=env | {"HEARTWIRE_COMPACTOR_AFTER_S": "600", "HEARTWIRE_COMPACTOR_POLL_S": "0.1"})
    wait_until(lambda: system.count("ecg_blocks") >= 1 and system.count("ecg_frames") == 0, "blocks")
    assert compactor.stop() == 0


def _stored(database: str) -> list[Frame]:
    """Return every frame, out of blocks and raw, in order."""
    with psycopg.connect(database) as connection:
        return [found.frame for found in read_frames(connection, 1, 0, now_us())]


def _expected_beats_us(frames: Sequence[EcgFrame]) -> list[int]:
    """Return the times of the beats that the engine finds in the signal, left alone."""
    engine = Engine()
    row = engine.open()
    found: list[int] = []
    for frame in frames:
        samples = np.frombuffer(frame.samples, "<i2")
        segment = Segment(row, frame.t0, frame.fs_mhz, frame.gain, frame.baseline, frame.flags, samples)
        found += engine.tick([segment]).beats.t_us.tolist()
    return found


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_backup_restored_into_a_fresh_server_is_whole_and_goes_on(
    heartwire_process: StartHeartwire, broker: BrokerServer, shell: _Shell
) -> None:
    ecg = draw_ecg(regular_beats(0.4, _LENGTH_S, 75), _LENGTH_S)
    # Signal of two hours ago, from a full minute on: old enough for blocks.
    frames = cut_into_frames(ecg, (now_us() // 3_600_000_000 - 2) * 3_600_000_000)
    with TimescaleServer() as old, TimescaleServer() as new:
        migrate(old.create_database("heartwire"))
        aged = _age(old.dsn("heartwire"))
        system = System(heartwire_process, old.dsn("heartwire"), broker)
        with Device(broker.host, broker.port, system.device) as device:
            ingest, analytics = system.start_ingest(), system.start_analytics()
            device.send(*frames[:80])
            device.wait_for_ack(79)
            system.wait_until_analysed()
            assert analytics.stop() == 0
            _compact(heartwire_process, system)
            device.send(*frames[80:100])
            device.send_bytes("hw/1/nonsense", b"nonsense")
            device.wait_for_ack(99)
            wait_until(lambda: system.count("dead_letters") == 1, "the dead letter")
            done = shell.run("backup.sh", system.database, "ward.dump")
            assert done.returncode == 0, done.stderr
            before = _everything(system.database)
            assert ingest.stop() == 0
        old.kill()

        database = new.create_database("heartwire")
        done = shell.run("restore.sh", database, "ward.dump")
        assert done.returncode == 0, done.stderr
        assert _everything(database) == before
        done = shell.run("restore.sh", database, "ward.dump")
        assert done.returncode == 1, "a database that is not empty was written over"
        assert "has" in done.stderr
        with psycopg.connect(database) as connection:
            here = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert here is not None
        assert here[0] < aged, "the trap is not set: this server has counted further than the old one"

        restored = system.on(database)
        restored.start_ingest()
        restored.start_analytics()
        with Device(broker.host, broker.port, system.device) as device:
            # Some of it is in a block, some is raw, the rest is new.
            device.send(*frames[50:])
            device.wait_for_ack(_LENGTH_S - 1)
        stored = _stored(database)
        assert [frame.seq for frame in stored] == list(range(_LENGTH_S)), "a frame is missing, or there twice"
        np.testing.assert_array_equal(np.concatenate([np.frombuffer(one.samples, "<i2") for one in stored]), ecg)
        restored.wait_until_analysed()
        assert restored.beats_us() == _expected_beats_us(frames)


def test_a_backup_that_breaks_off_leaves_no_file_that_looks_whole(shell: _Shell) -> None:
    done = shell.run("backup.sh", "postgresql://nobody@127.0.0.1:1/nothing", "ward.dump")
    assert done.returncode != 0
    assert not Path(shell.directory, "ward.dump").exists()
