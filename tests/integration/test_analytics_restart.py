"""What a restart takes up is, bit for bit, what a process in its midst has in memory."""

import itertools
import random

from analytics.settings import AnalyticsSettings
from analytics.worker import Worker
from heartwire.frames import EcgFrame
from heartwire.storage.leases import Leases
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS, shard_of
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

_N_DEVICES = 5
_ALL = frozenset(range(SHARDS))


@on_one_database
def test_after_any_step_a_second_worker_loads_the_same_state(heartwire_process: StartHeartwire, database: str) -> None:
    stack = Stack(heartwire_process, database)
    devices = stack.add_devices(_N_DEVICES)
    beats = [*regular_beats(0.4, 20.0, 75), *regular_beats(26.0, 40.0, 75)]
    signals = [cut_into_frames(draw_ecg(beats, 40.0, seed=seed), BEGIN_US) for seed in range(_N_DEVICES)]
    # Transactions of three frames; a hole in one device's signal is filled late, some frames change places.
    generator = random.Random(3)  # noqa: S311 # not a secret
    frames = [(device, frame) for step in range(40) for device, frame in _at(step, devices, signals)]
    hole = [item for item in frames if item[0] == devices[0] and 8 <= item[1].seq < 12]
    frames = [item for item in frames if item not in hole]
    frames[90:90] = hole
    for begin in range(0, len(frames), 3):
        portion = frames[begin : begin + 3]
        generator.shuffle(portion)
        for device, items in itertools.groupby(sorted(portion, key=lambda item: item[0]), key=lambda item: item[0]):
            stack.store(device, [frame for _, frame in items])
    settings = AnalyticsSettings.load(
        database=database, batch_frames=4, checkpoint_every_s=0.15, idle_after_s=600.0, instance="test"
    )
    replayed = []
    with connect(database, "test", autocommit=True) as connection, connect(database, "test", autocommit=True) as other:
        worker_id = Leases("analytics", "test", 60.0).tick(connection).worker_id
        worker = Worker(connection, settings, worker_id, lambda: None)
        worker.take(_ALL)
        for number in itertools.count():
            if not worker.step():
                # Unless the server's own transactions hold some of it back for a moment.
                if stack.n_waiting == 0:
                    break
                continue
            if number % 4 == 0:
                second = Worker(other, settings, worker_id, lambda: None)
                replayed.append(second.take(_ALL))
                states = {device: _saved(worker, device) for device in devices if device in worker._analysis}
                # Whom no frame since his checkpoint concerns, a restart takes up with his next frame.
                loaded = {device: _saved(second, device) for device in states if device in second._analysis}
                assert loaded == {device: states[device] for device in loaded}
                unsaved = worker._schedule.unsaved()
                assert set(unsaved) <= set(loaded)
    assert max(replayed) > 8, "the test is to read several pages again"
    assert worker.n_frames == len(frames)


def _at(step: int, devices: list[str], signals: list[list[EcgFrame]]) -> list[tuple[str, EcgFrame]]:
    return [(device, signal[step]) for device, signal in zip(devices, signals, strict=True)]


def _saved(worker: Worker, device: str) -> bytes:
    return worker._analysis.save(device)


@on_one_database
def test_shards_that_are_not_equally_far_lose_nothing(heartwire_process: StartHeartwire, database: str) -> None:
    stack = Stack(heartwire_process, database)
    devices = stack.add_devices(4)
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 40.0, 75), 40.0), BEGIN_US)
    settings = AnalyticsSettings.load(database=database, batch_frames=16, checkpoint_every_s=0.1, instance="test")
    with connect(database, "test", autocommit=True) as connection:
        worker_id = Leases("analytics", "test", 60.0).tick(connection).worker_id
        for part in (slice(0, 20), slice(20, 40)):
            for device in devices:
                stack.store(device, frames[part])
            if part.start == 20:
                # As if another worker had had the first device's shard, and had come to the end.
                earlier = Worker(connection, settings, worker_id, lambda: None)
                earlier.take(_ALL)
                stack.step_through(earlier)
                ahead = stack.rows("SELECT max(next_xid)::text FROM analytics_cursors")[0][0]
                stack.execute("DELETE FROM beats")
                stack.execute("DELETE FROM analysis_checkpoints")
                stack.execute("UPDATE analytics_cursors SET next_xid = '0', replay_xid = '0'")
                stack.execute(
                    "UPDATE analytics_cursors SET next_xid = %s::xid8, replay_xid = %s::xid8 WHERE shard = %s",
                    *(ahead, ahead, shard_of(devices[0])),
                )
        worker = Worker(connection, settings, worker_id, lambda: None)
        worker.take(_ALL)
        stack.step_through(worker)
        worker.save_all()
        assert worker.n_frames == 120
        assert stack.beats(devices[0]) == []
        assert all(len(stack.beats(device)) >= 46 for device in devices[1:])
        assert len(stack.rows("SELECT DISTINCT next_xid::text FROM analytics_cursors")) == 1


@on_one_database
def test_shards_that_change_hands_take_their_devices_with_them(
    heartwire_process: StartHeartwire, database: str
) -> None:
    stack = Stack(heartwire_process, database)
    devices = stack.add_devices(4)
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 60.0, 75), 60.0), BEGIN_US)
    settings = AnalyticsSettings.load(database=database, batch_frames=16, checkpoint_every_s=60.0, instance="test")
    moved = frozenset(shard_of(device) for device in devices[:2])
    with connect(database, "test", autocommit=True) as connection, connect(database, "test", autocommit=True) as other:
        worker_id = Leases("analytics", "test", 60.0).tick(connection).worker_id
        first = Worker(connection, settings, worker_id, lambda: None)
        second = Worker(other, settings, worker_id, lambda: None)
        first.take(_ALL)
        for number, second_begins in enumerate((0, 20, 40)):
            for device in devices:
                stack.store(device, frames[second_begins : second_begins + 20])
            stack.step_through(first, second)
            giver, taker = (first, second) if number % 2 == 0 else (second, first)
            states = {device: giver._analysis.save(device) for device in devices[:2]}
            giver.give_up(moved)
            assert taker.take(moved) == 0, "what was given up is read from checkpoints, not analysed again"
            assert not any(device in giver._analysis for device in devices[:2])
            for device in devices[:2]:
                # It is taken in with its next frame; what was saved is what the giver had.
                (state,) = stack.rows("SELECT state FROM analysis_checkpoints WHERE device_id = %s", device)[0]
                assert state == states[device]
    whole = [stack.beats(device) for device in devices]
    assert all(beats == whole[0] for beats in whole)
    assert len(whole[0]) >= 70
