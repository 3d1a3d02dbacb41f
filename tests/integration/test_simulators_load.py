"""The load generator against real Mosquitto, ingest and database: what it reports is what is there."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from heartwire.broker_files import read_devices
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, is_ready
from tests.servers.fixtures import BrokerServer
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.mosquitto import MosquittoServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.secured import SecuredMosquitto
from tests.servers.waiting import wait_until
from tests.shapes import write_shapes

_DEVICES = 20
_SECONDS = 5

on_timescaledb = pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)


@pytest.fixture
def broker() -> Iterator[BrokerServer]:
    """Mosquitto alone: the embedded broker is not for thousands."""
    try:
        server = MosquittoServer()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    with server:
        yield server


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def start_fleet(heartwire_process: StartHeartwire, stack: Stack, tmp_path: Path, shapes_dir: Path) -> "StartFleet":
    return lambda: Fleet(heartwire_process, stack, tmp_path, shapes_dir)


@pytest.fixture(scope="session")
def shapes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shapes of beats, made once."""
    return write_shapes(tmp_path_factory.mktemp("shapes"))


class Fleet:
    """A fleet of the load generator, and what it reported."""

    def __init__(self, start: StartHeartwire, stack: Stack, directory: Path, shapes_dir: Path) -> None:
        self._json = directory / "report.json"
        self._names = directory / "names"
        self._process: Process = start(
            *("simulate", "fleet", "--devices", str(_DEVICES), "--minutes", str(_SECONDS / 60), "--register"),
            *("--database", stack.database, "--names", str(self._names), "--json", str(self._json)),
            *("--broker-host", stack.broker.host, "--broker-port", str(stack.broker.port)),
            env={
                "HEARTWIRE_SIMULATE_CACHE_DIR": str(shapes_dir),
                "HEARTWIRE_SIMULATE_REPORT_EVERY_S": "0.5",
                "HEARTWIRE_SIMULATE_RETRY_LONGEST_S": "0.5",
            },
        )

    @property
    def names(self) -> set[str]:
        """The devices that it made."""
        return set(self._names.read_text().split())

    def wait_for(self, word: str) -> None:
        """Wait until it says something."""
        wait_until(lambda: word in self._process.log, f"{word!r} of the fleet; it said {self._process.log_end(3)}")

    def report(self) -> Mapping[str, Any]:
        """Wait for its end."""
        assert self._process.wait(timeout_s=60) == 0, self._process.log
        report: dict[str, Any] = json.loads(self._json.read_text())
        return report


StartFleet = Callable[[], Fleet]


@on_timescaledb
def test_the_report_of_a_quiet_run_is_what_the_database_has(stack: Stack, start_fleet: StartFleet) -> None:
    stack.start_ingest()
    fleet = start_fleet()
    report = fleet.report()
    made = _DEVICES * _SECONDS
    assert [report[name] for name in ("made", "sent", "pubacked", "committed")] == [made] * 4, report
    assert [report[name] for name in ("lost", "duplicates", "sent_again", "disconnects")] == [0] * 4
    assert report["connects"] == _DEVICES
    stored = report["stored"]
    assert (stored["rows"], stored["right"], stored["streams_complete"]) == (made, made, _DEVICES)
    assert (stored["compared"], stored["different"], stored["dead_letters"]) == (made, 0, {})
    assert stack.rows("SELECT count(*), count(DISTINCT samples) > 90 FROM ecg_frames") == [(made, True)]
    assert {name for (name,) in stack.rows("SELECT device_id FROM devices")} == fleet.names
    assert {name for (name,) in stack.rows("SELECT device_id FROM device_status WHERE NOT online")} == fleet.names
    latency = report["latency"]
    assert latency["frames"] == made
    assert 0 < latency["p50_ms"] <= latency["p99_ms"] <= latency["max_ms"] < 20_000
    uses = {use["name"]: use for use in report["processes"]}
    assert {"ingest", "mosquitto", "postgres", "generator"} <= set(uses)
    assert all(use["memory_mb"] > 1 for use in uses.values())


@on_timescaledb
def test_a_killed_broker_is_counted_and_nothing_is_lost(
    stack: Stack, start_fleet: StartFleet, broker: BrokerServer
) -> None:
    stack.start_ingest()
    fleet = start_fleet()
    fleet.wait_for(f"{_DEVICES} of {_DEVICES} connected")
    broker.kill()
    fleet.wait_for(f"0 of {_DEVICES} connected; frames: ")
    broker.start()
    report = fleet.report()
    assert report["disconnects"] == _DEVICES
    assert report["connects"] == 2 * _DEVICES
    assert report["problems"]
    assert (report["lost"], report["duplicates"]) == (0, 0), report
    assert report["stored"]["right"] == report["made"] == _DEVICES * _SECONDS


@pytest.mark.parametrize("killable_database_server", ["timescaledb"], indirect=True)
def test_a_killed_database_is_waited_for_and_measured_again(
    heartwire_process: StartHeartwire,
    killable_database_server: PostgresServer,
    broker: BrokerServer,
    tmp_path: Path,
    shapes_dir: Path,
) -> None:
    server = killable_database_server
    stack = Stack(heartwire_process, server.dsn("heartwire"), broker)
    stack.start_ingest()
    fleet = Fleet(heartwire_process, stack, tmp_path, shapes_dir)
    fleet.wait_for(f"{_DEVICES} of {_DEVICES} connected")
    server.kill()
    server.start()
    report = fleet.report()
    assert (report["lost"], report["duplicates"], report["disconnects"]) == (0, 0, 0), report
    assert report["latency"]["frames"] >= report["made"] // 2  # of those committed just before the kill it is not known


@on_timescaledb
def test_what_the_database_has_not_is_told_as_lost(stack: Stack, start_fleet: StartFleet) -> None:
    stack.start_ingest()
    fleet = start_fleet()
    fleet.wait_for(f"{_DEVICES} of {_DEVICES} connected")
    wait_until(lambda: stack.rows("SELECT count(*) > 0 FROM ecg_frames WHERE seq = 1") == [(True,)], "frames")
    gone = min(fleet.names)
    with psycopg.connect(stack.database) as connection:  # a defect of the database's making
        connection.execute("DELETE FROM ecg_frames WHERE device_id = %s AND seq = 0", [gone])
        other = max(fleet.names)
        connection.execute("UPDATE ecg_frames SET samples = '\\x0000' WHERE device_id = %s AND seq = 0", [other])
    report = fleet.report()
    assert report["lost"] == 2
    assert report["stored"]["frames"] == report["made"] - 1
    assert report["stored"]["different"] == 1


@pytest.fixture
def secured() -> Iterator[SecuredMosquitto]:
    """Mosquitto as it is deployed, not started."""
    try:
        server = SecuredMosquitto()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    yield server
    server.remove()


@on_timescaledb
def test_a_fleet_is_let_in_by_its_own_passwords_over_tls(
    heartwire_process: StartHeartwire, database: str, secured: SecuredMosquitto, tmp_path: Path, shapes_dir: Path
) -> None:
    names, report = tmp_path / "names", tmp_path / "report.json"
    words = ("simulate", "fleet", "--devices", "5", "--names", str(names), "--database", database)
    prepare = heartwire_process(*words, "--register", "--secrets")
    assert prepare.wait() == 0, prepare.log
    with psycopg.connect(database) as connection:
        secured.forget(read_devices(connection))
    secured.start()
    env = {"HEARTWIRE_INGEST_DATABASE": database, **secured.env("ingest")}
    heartwire_process("ingest", env=env, is_ready=is_ready)
    door = {
        "HEARTWIRE_SIMULATE_BROKER_CA_FILE": str(secured.ca_file),
        "HEARTWIRE_SIMULATE_BROKER_PORT": str(secured.port),
        "HEARTWIRE_SIMULATE_CACHE_DIR": str(shapes_dir),
    }
    fleet = heartwire_process(*words, "--minutes", "0.05", "--json", str(report), env=door)
    assert fleet.wait(timeout_s=60) == 0, fleet.log
    content = json.loads(report.read_text())
    assert (content["made"], content["stored"]["right"], content["refusals"]) == (15, 15, 0), content
    assert names.stat().st_mode & 0o077 == 0
