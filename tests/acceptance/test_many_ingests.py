"""Many ingest processes on one stream of data: killed, frozen, added while it flows; each frame is there once (P1)."""

import json
import random
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from heartwire.topics import SHARDS
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack
from tests.servers.fixtures import BrokerServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_DEVICES: Final = 96  # with names by chance, every process has some of them
_TTL_S: Final = 2.0
_SEED: Final = time.time_ns()

pytestmark = [
    pytest.mark.parametrize(("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True),
    pytest.mark.timeout(240),
]


class Ward:
    """A fleet of devices that send a frame a second, and the ingest processes that share them."""

    def __init__(
        self, start: StartHeartwire, database: str, broker: BrokerServer, directory: Path, shapes_dir: Path
    ) -> None:
        self._shapes_dir: Final = shapes_dir
        self.stack: Final = Stack(start, database, broker)
        self._start: Final = start
        self._json: Final = directory / "report.json"

    def start_ingest(self) -> Process:
        """Start one more process, and return when it is subscribed."""
        return self.stack.start_ingest(env={"HEARTWIRE_INGEST_LEASE_TTL_S": str(_TTL_S)})

    def start_fleet(self, seconds: float) -> Process:
        """Start the devices; return when frames are stored."""
        fleet = self._start(
            *("simulate", "fleet", "--devices", str(_DEVICES), "--minutes", str(seconds / 60), "--register"),
            *("--database", self.stack.database, "--json", str(self._json)),
            *("--broker-host", self.stack.broker.host, "--broker-port", str(self.stack.broker.port)),
            env={
                "HEARTWIRE_SIMULATE_CACHE_DIR": str(self._shapes_dir),
                "HEARTWIRE_SIMULATE_RETRY_LONGEST_S": "0.5",
                "HEARTWIRE_SIMULATE_STOP_PATIENCE_S": "40",
            },
        )
        some = "SELECT count(*) > 100 FROM ecg_frames"
        # The shapes of beats are made the first time.
        wait_until(lambda: self.stack.rows(some) == [(True,)], f"frames; it says {fleet.log_end(3)}", timeout_s=60)
        return fleet

    def shards(self) -> list[int]:
        """Return how many shards each living process has, in the order in which they joined."""
        query = (
            "SELECT count(l.shard) FROM shard_workers AS w LEFT JOIN shard_leases AS l USING (service, worker_id)"
            " WHERE w.service = 'ingest' GROUP BY w.worker_id ORDER BY w.worker_id"
        )
        return [count for (count,) in self.stack.rows(query)]

    def wait_for_shards(self, *wanted: int) -> float:
        """Wait until the processes have so many, and return the seconds it took."""
        return wait_until(lambda: self.shards() == list(wanted), f"shards shared as {wanted}, not {self.shards()}")

    def check(self, fleet: Process) -> None:
        """Wait for the fleet's end; every frame that it made is there once, bit for bit, and confirmed."""
        assert fleet.wait(timeout_s=90) == 0, fleet.log
        report: Mapping[str, Any] = json.loads(self._json.read_text())
        assert (report["lost"], report["duplicates"]) == (0, 0), f"{report}; {fleet.log_end(30)}"
        assert report["committed"] == report["made"]
        stored = report["stored"]
        assert (stored["right"], stored["different"], stored["dead_letters"]) == (report["made"], 0, {}), report
        assert stored["streams_complete"] == _DEVICES


@pytest.fixture(scope="module")
def shapes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shapes of beats, made once."""
    return tmp_path_factory.mktemp("shapes")


@pytest.fixture
def ward(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path, shapes_dir: Path
) -> Ward:
    return Ward(heartwire_process, database, broker, tmp_path, shapes_dir)


def test_each_of_two_ingest_workers_is_killed_and_killed_again_while_it_recovers(ward: Ward) -> None:
    chance = random.Random(_SEED)  # noqa: S311 # not a secret
    first, second = ward.start_ingest(), ward.start_ingest()
    ward.wait_for_shards(SHARDS // 2, SHARDS // 2)
    fleet = ward.start_fleet(16)
    for victim in (first, second):
        time.sleep(chance.uniform(0.0, 1.0))
        victim.kill()
        took_s = ward.wait_for_shards(SHARDS)
        assert took_s < 15, f"the other took over after {took_s:.1f} s; seed {_SEED}"
        victim.start()
        # Somewhere between its first line and its share of the shards.
        time.sleep(chance.uniform(0.5, 2.0))
        victim.kill()
        victim.start()
        ward.wait_for_shards(SHARDS // 2, SHARDS // 2)
    assert fleet.is_running, "the fleet ended too early to show anything"
    ward.check(fleet)


def test_a_frozen_ingest_worker_that_wakes_up_writes_and_confirms_nothing(ward: Ward) -> None:
    frozen, other = ward.start_ingest(), ward.start_ingest()
    ward.wait_for_shards(SHARDS // 2, SHARDS // 2)
    fleet = ward.start_fleet(12)
    frozen.send(signal.SIGSTOP)
    ward.wait_for_shards(SHARDS)
    frozen.send(signal.SIGCONT)
    wait_until(lambda: "starts over" in frozen.log, "it to notice")
    ward.wait_for_shards(SHARDS // 2, SHARDS // 2)
    ward.check(fleet)
    assert frozen.stop() == 0
    assert other.stop() == 0
    ends = [json.loads(process.log.splitlines()[-1]) for process in (frozen, other)]
    assert sum(end["frames"] for end in ends) == 12 * _DEVICES, "one of them counted what it did not store"


def test_an_ingest_worker_is_added_and_one_is_stopped_while_data_flows(ward: Ward) -> None:
    processes = [ward.start_ingest(), ward.start_ingest()]
    fleet = ward.start_fleet(10)
    processes.append(ward.start_ingest())
    ward.wait_for_shards(22, 21, 21)
    wait_until(lambda: ward.stack.rows("SELECT count(*) > 400 FROM ecg_frames") == [(True,)], "more frames")
    assert processes[0].stop() == 0
    ward.wait_for_shards(SHARDS // 2, SHARDS // 2)
    ward.check(fleet)
    for process in processes[1:]:
        assert process.stop() == 0
    assert all(json.loads(process.log.splitlines()[-1])["frames"] > 0 for process in processes)
