"""Promises P1 and P2 on a bad network: whatever it loses, delays or cuts, every sample is there once in the end.

The edge is another host, in a namespace of its own; what spoils the wire to it is tests/servers/bad_network.py.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import StartHeartwire
from tests.integration.edge_stack import EdgeStack, made_record, wait_for_end
from tests.servers.bad_network import BadNetwork
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import Process
from tests.servers.waiting import find_free_port, wait_until

_SECONDS: Final = 60
_SPEED: Final = "10"
_CUT_S: Final = 60.0

pytestmark = pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)


@pytest.fixture
def network() -> Iterator[BadNetwork]:
    try:
        with BadNetwork(seed=time.time_ns()) as network:
            yield network
    except ServerMissingError as missing:
        skip_or_fail(str(missing))


class Ward:
    """Broker and ingest here, an edge on the other side of the wire."""

    def __init__(self, start: StartHeartwire, database: str, network: BadNetwork, directory: Path) -> None:
        self.network: Final = network
        self._port: Final = find_free_port()
        broker = MosquittoServer(configuration=(f"listener {self._port} {network.here}",))
        self.broker: Final = broker.start()
        self.stack: Final = EdgeStack(start, database, broker)
        self.record: Final = made_record(directory, seconds=_SECONDS)
        self.stack.start_ingest()

    def start_edge(self, **env: str) -> Process:
        """Start the edge; return when frames flow."""
        edge = self.stack.start_edge(
            *("--record", str(self.record), "--speed", _SPEED),
            env={
                "HEARTWIRE_EDGE_BROKER_HOST": self.network.here,
                "HEARTWIRE_EDGE_BROKER_PORT": str(self._port),
                "HEARTWIRE_EDGE_RESEND_AFTER_S": "10",
                **env,
            },
            prefix=self.network.command(()),
        )
        wait_until(lambda: self.stack.frames() > 10, f"frames to flow; the edge says: {edge.log_end(5)}")
        return edge

    def check(self, edge: Process, *, timeout_s: float = 90.0) -> None:
        """Wait until the edge says that the database has everything; it is there, once, bit for bit."""
        try:
            code = wait_for_end(edge, timeout_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{edge.log}") from None
        assert code == 0, edge.log
        self.stack.assert_arrived(self.record)
        assert self.stack.reasons() == []


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str, network: BadNetwork, tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(heartwire_process, database, network, tmp_path)
    yield ward
    ward.broker.remove()


def test_a_third_of_all_packets_is_lost(ward: Ward) -> None:
    edge = ward.start_edge()
    ward.network.loss = 0.3
    ward.check(edge)
    assert ward.network.n_lost > 20


def test_every_packet_takes_two_seconds(ward: Ward) -> None:
    edge = ward.start_edge()
    ward.network.delay_s = 2.0
    ward.check(edge)


@pytest.mark.timeout(240)
def test_the_network_is_cut_for_a_minute(ward: Ward) -> None:
    edge = ward.start_edge(HEARTWIRE_EDGE_KEEPALIVE_S="5")
    ward.network.is_cut = True
    cut_s = time.monotonic()
    wait_until(lambda: "no broker" in edge.log, "the edge to notice", timeout_s=30)
    before = ward.stack.frames()
    wait_until(lambda: time.monotonic() - cut_s >= _CUT_S, "a minute to pass", timeout_s=_CUT_S + 5)
    assert ward.stack.frames() == before
    assert edge.is_running
    ward.network.is_cut = False
    ward.check(edge)


def test_a_connection_dies_and_neither_side_is_told(ward: Ward) -> None:
    edge = ward.start_edge(HEARTWIRE_EDGE_KEEPALIVE_S="5")
    connected = edge.log.count("connected to")
    ward.network.kill_connections()
    wait_until(lambda: edge.log.count("connected to") > connected, "a new connection", timeout_s=40)
    ward.check(edge)
