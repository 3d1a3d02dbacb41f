"""Promises P1, P9 and P11: a disk is full, under the database or under the outbox; it is said, and nothing is lost."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
import pytest
import wfdb

from heartwire.storage.migrate import migrate
from tests.acceptance.invariant import Whereabouts, find_every_sample
from tests.acceptance.system import System
from tests.conftest import StartHeartwire
from tests.integration.edge_stack import made_record
from tests.servers.fixtures import BrokerServer
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.postgres import PostgresServer, TimescaleServer
from tests.servers.process import Process
from tests.servers.small_disk import SmallDisk
from tests.servers.waiting import wait_until

_SECONDS: Final = 240
_SPEED: Final = "24"
_DATABASE_BYTES: Final = 160_000_000
_OUTBOX_BYTES: Final = 3_000_000

pytestmark = pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)


@pytest.fixture
def small_server() -> Iterator[tuple[PostgresServer, SmallDisk]]:
    """A durable TimescaleDB whose data are on a small disk of their own; its database `heartwire` is migrated."""
    try:
        server = TimescaleServer(durable=True)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    try:
        disk = SmallDisk(server.directory, _DATABASE_BYTES)
    except ServerMissingError as missing:
        server.remove()
        skip_or_fail(str(missing))
    try:
        migrate(server.start().create_database("heartwire"))
        yield server, disk
    finally:
        server.process.kill()
        disk.remove()
        server.remove()


@pytest.fixture
def small_outbox(tmp_path: Path) -> Iterator[SmallDisk]:
    """A small disk for an outbox."""
    folder = tmp_path / "outbox"
    folder.mkdir()
    try:
        disk = SmallDisk(folder, _OUTBOX_BYTES)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    try:
        yield disk
    finally:
        disk.remove()


def _finish(system: System, edge: Process, outbox: Path, record: Path) -> Whereabouts:
    assert edge.wait(timeout_s=90) == 0, edge.log
    found = find_every_sample(system.database, system.device, outbox)
    assert found.held == 0
    (samples,) = found.runs.values()
    np.testing.assert_array_equal(samples, wfdb.rdrecord(str(record), physical=False).d_signal[:, 0])
    assert system.count("dead_letters") == 0
    return found


def test_the_disk_under_the_database_is_full(
    heartwire_process: StartHeartwire,
    small_server: tuple[PostgresServer, SmallDisk],
    broker: BrokerServer,
    tmp_path: Path,
) -> None:
    server, disk = small_server
    system = System(heartwire_process, server.dsn("heartwire"), broker)
    record = made_record(tmp_path, seconds=_SECONDS)
    ingest = system.start_ingest()
    edge = system.start_edge(record, _SPEED)
    wait_until(lambda: system.count("ecg_frames") > 20, "frames to be stored")

    disk.fill()
    wait_until(lambda: "the database's disk is full" in ingest.log, f"ingest to say so: {ingest.log_end(5)}")
    found = find_every_sample(system.database, system.device, system.outbox(tmp_path))
    assert found.held > 0
    assert edge.is_running
    _fill_the_log(server)
    assert "No space left on device" in server.process.log

    disk.make_room()
    wait_until(lambda: not server.process.is_running or _answers(server), "the database to make up its mind")
    if not server.process.is_running:
        server.start()
    _finish(system, edge, system.outbox(tmp_path), record)


def _fill_the_log(server: PostgresServer) -> None:
    """Make the database write until its log has no room either, and it gives up."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection, suppress(psycopg.Error):
        while True:
            connection.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000))")
            connection.execute("SELECT pg_switch_wal()")


def _answers(server: PostgresServer) -> bool:
    try:
        with psycopg.connect(server.dsn(), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
def test_the_disk_under_the_outbox_is_full(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, small_outbox: SmallDisk, tmp_path: Path
) -> None:
    system = System(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=_SECONDS)
    ingest = system.start_ingest()
    edge = system.start_edge(
        record, _SPEED, {"HEARTWIRE_EDGE_OUTBOX": str(small_outbox.where), "HEARTWIRE_EDGE_REPORT_EVERY_S": "0.5"}
    )
    wait_until(lambda: system.count("ecg_frames") > 20, "frames to be stored")
    ingest.kill()
    outbox = small_outbox.where
    wait_until(lambda: find_every_sample(database, system.device, outbox).held > 20, "frames that wait for ingest")

    small_outbox.fill()
    wait_until(lambda: "DISK FULL, frames are held" in edge.log, f"the edge to say so: {edge.log_end(5)}")
    assert f"the disk under {outbox} is full; free some space" in edge.log
    before = find_every_sample(database, system.device, outbox)
    # What the database has may go even now, and that makes room for more.
    ingest.start()
    wait_until(
        lambda: find_every_sample(database, system.device, outbox).stored > before.stored + before.held,
        f"frames that had no room before: {edge.log_end(5)}",
        timeout_s=60,
    )
    small_outbox.make_room()
    _finish(system, edge, outbox, record)
    assert "the disk has room again; nothing was lost" in edge.log
