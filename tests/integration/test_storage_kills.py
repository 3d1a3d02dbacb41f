"""Compaction is killed, again and again, at whatever moment: the signal is bit for bit there, and nothing twice."""

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import pytest

from heartwire.frames import EcgFrame
from heartwire.storage.leases import Leases
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS
from ingest.compactor.compaction import Compaction
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames
from tests.integration.storage_stack import BEGIN_US, Vault, noise, rows_of
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_KILLS = 100
_FRAMES = 3_000


@pytest.fixture
def vault(database: str) -> Iterator[Vault]:
    vault = Vault(database)
    yield vault
    vault.close()


def _frames(choose: random.Random) -> list[EcgFrame]:
    """Return frames of two hours, in the order of a bad network."""
    frames = cut_into_frames(noise(_FRAMES * 50, 1), BEGIN_US + 2_000_000_000, frame_s=0.2)
    choose.shuffle(frames)
    return frames


def compact_until_killed(database: str, started: Connection) -> None:
    """Compact all that may be, again and again; runs in a process of its own."""
    with connect(database, "test", autocommit=True) as connection:
        compaction = Compaction(connection, Leases("compactor", "test", 600.0).tick(connection).worker_id)
        while True:
            now = datetime.now(UTC)
            for hour in compaction.hours(now):
                for unit in compaction.units(hour, range(SHARDS), now):
                    started.send(True)
                    compaction.compact(unit, range(SHARDS))
                compaction.drop(hour)


def test_a_hundred_kills_lose_nothing_and_leave_nothing_twice(vault: Vault) -> None:
    choose = random.Random(1)  # noqa: S311 # a test that repeats, as far as a kill can
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    missing, stored = _frames(choose), list[EcgFrame]()
    in_the_middle = 0
    longest_s = 0.08
    for _ in range(_KILLS):
        some = [missing.pop() for _ in range(_FRAMES // _KILLS)]
        vault.put(some)
        stored += some
        vault.analyse()
        started, starts = context.Pipe(duplex=False)
        process = context.Process(target=compact_until_killed, args=(vault.database, starts), daemon=True)
        process.start()
        starts.close()
        assert started.poll(20)
        started.recv()
        started.poll(choose.uniform(0.0, longest_s))  # the moment is what is random here; hardly ever is more sent
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        came_early = vault.count("ecg_frames") > 0
        in_the_middle += came_early
        longest_s *= 1.25 if came_early else 0.8  # however fast the machine is
        assert vault.value("SELECT coalesce(sum(n_frames), 0) FROM ecg_blocks") + vault.count("ecg_frames") == len(
            stored
        )
    assert vault.frames() == rows_of(vault.device, stored)
    assert 5 < in_the_middle < _KILLS, "the kills came too late, or too early, to break anything"
    vault.compact()
    assert vault.count("ecg_frames") == 0
    assert vault.frames() == rows_of(vault.device, stored)


def _is_ready(process: Process) -> bool:
    return process.log.count("the database is there") >= process.log.count("starts")


def test_the_service_is_killed_and_another_takes_over(vault: Vault, heartwire_process: StartHeartwire) -> None:
    def start(instance: str) -> Process:
        env = {"DATABASE": vault.database, "INSTANCE": instance, "AFTER_S": "1", "STRETCH_S": "60", "POLL_S": "0.05"}
        return heartwire_process(
            "compact", env={f"HEARTWIRE_COMPACTOR_{name}": value for name, value in env.items()}, is_ready=_is_ready
        )

    frames = cut_into_frames(noise(300 * 250, 1), BEGIN_US)
    first, _second = start("first"), start("second")
    vault.put(frames[:100])
    vault.analyse()
    wait_until(lambda: vault.count("ecg_frames") == 0, "the first frames to be in blocks")
    first.kill()
    vault.put(frames[100:])
    vault.analyse()
    wait_until(lambda: vault.count("ecg_frames") == 0, "the others to be in blocks", timeout_s=30)
    first.start()
    assert vault.frames() == rows_of(vault.device, frames)
