"""Promises P1, P2 and P12: a device's clock jumps, or the device restarts before a gap was filled; nothing is lost.

The edge is the real agent with its outbox, in this process, so that its source may say any time.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pytest

from edge.agent import Agent, Outcome
from edge.outbox import Outbox
from edge.progress import Tally
from edge.settings import EdgeSettings
from edge.sources.source import Chunk
from heartwire.frames import EcgFlag, EcgFrame
from tests.acceptance.invariant import find_every_sample
from tests.acceptance.system import System
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer

_FS_HZ: Final = 250
_DAY_S: Final = 86_400
_STRETCH_S: Final = 20

pytestmark = pytest.mark.parametrize(("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True)


class JumpingSource:
    """Stretches of noise, each with the device's clock wrong by so many seconds."""

    name = "a wearable whose clock jumps"

    def __init__(self, clock_errors_s: Sequence[float], seed: int = 1) -> None:
        self._clock_errors_s: Final = clock_errors_s
        n_samples = len(clock_errors_s) * _STRETCH_S * _FS_HZ
        self.samples: Final = np.random.default_rng(seed).integers(-2000, 2000, n_samples).astype("<i2")
        self._begin_s: Final = time.time() - len(clock_errors_s) * _STRETCH_S

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Hand out a second at a time."""
        for second, samples in enumerate(self.samples.reshape(-1, _FS_HZ)):
            if stop.is_set():
                return
            error_s = self._clock_errors_s[second // _STRETCH_S]
            t0_us = round((self._begin_s + second + error_s) * 1e6)
            yield Chunk(t0_us, _FS_HZ, "II", 200.0, 0, EcgFlag(0), samples.tobytes())


class _Silent:
    """Nobody looks."""

    def report(self, tally: Tally) -> None:
        """Show nothing."""

    def end(self, tally: Tally) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""


class Edge:
    """An agent on an outbox; each `run` is a boot."""

    def __init__(self, system: System, folder: Path) -> None:
        self.folder: Final = folder
        self._settings: Final = EdgeSettings(
            device=system.device, broker_host=system.broker.host, broker_port=system.broker.port, outbox=folder
        )

    def run(self, source: JumpingSource, *, patience_s: float) -> Outcome:
        """Send until the database has everything, or for so long."""
        settings = self._settings
        box = Outbox(self.folder, settings.device, settings.outbox_max_bytes)
        try:
            agent = Agent(
                settings, source, box, _Silent(), pace=None, is_live=False, patience_s=patience_s, firmware="test"
            )
            return agent.run()
        finally:
            box.close()


@pytest.fixture
def system(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> System:
    return System(heartwire_process, database, broker)


def test_a_clock_jumps_a_day_ahead_and_back(system: System, tmp_path: Path) -> None:
    system.start_ingest()
    source = JumpingSource([0, _DAY_S, 0])
    edge = Edge(system, tmp_path / "outbox")
    assert edge.run(source, patience_s=60) is Outcome.CONFIRMED
    found = find_every_sample(system.database, system.device, edge.folder)
    assert found.held == 0
    (samples,) = found.runs.values()
    np.testing.assert_array_equal(samples, source.samples)
    days = system.rows("SELECT DISTINCT (t0 > now() + interval '12 hours') FROM ecg_frames ORDER BY 1")
    assert days == [(False,), (True,)], "nothing was recorded with the clock wrong"


def test_a_clock_jumps_three_days_ahead_and_back(system: System, tmp_path: Path) -> None:
    system.start_ingest()
    source = JumpingSource([0, 3 * _DAY_S, 0])
    edge = Edge(system, tmp_path / "outbox")
    assert edge.run(source, patience_s=60) is Outcome.CONFIRMED
    # What nobody can place in time is kept once, whole, with its reason; all else is stored.
    letters = system.rows("SELECT reason, payload FROM dead_letters ORDER BY dead_letter_id")
    assert {reason for reason, _ in letters} == {"absurd_time"}
    refused = {frame.seq: frame for frame in (msgspec.msgpack.decode(bytes(one), type=EcgFrame) for _, one in letters)}
    assert len(refused) == len(letters), "a frame was sent again"
    stored = {seq: bytes(samples) for seq, *_, samples in system.frames()}
    assert not stored.keys() & refused.keys()
    whole = stored | {seq: frame.samples for seq, frame in refused.items()}
    assert sorted(whole) == list(range(len(whole)))
    np.testing.assert_array_equal(np.frombuffer(b"".join(whole[seq] for seq in sorted(whole)), "<i2"), source.samples)


def test_a_device_restarts_before_a_gap_is_filled(system: System, tmp_path: Path) -> None:
    edge = Edge(system, tmp_path / "outbox")
    before = JumpingSource([0])
    # The broker takes everything, and forgets it before anybody reads it.
    assert edge.run(before, patience_s=1) is Outcome.GAVE_UP
    system.broker.kill()
    system.broker.forget()
    system.broker.start()
    held = find_every_sample(system.database, system.device, edge.folder)
    assert (held.stored, held.held) == (0, 25)
    system.start_ingest()
    after = JumpingSource([0], seed=2)
    assert edge.run(after, patience_s=60) is Outcome.CONFIRMED
    found = find_every_sample(system.database, system.device, edge.folder)
    assert (found.stored, found.held) == (50, 0)
    for samples, source in zip(found.runs.values(), (before, after), strict=True):
        np.testing.assert_array_equal(samples, source.samples)
