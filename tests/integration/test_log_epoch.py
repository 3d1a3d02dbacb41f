"""A database that was restored into another server: what comes there comes after what came along (docs/adr/0006)."""

import threading
from typing import Final

from analytics.settings import AnalyticsSettings
from analytics.worker import Worker
from heartwire.storage.leases import Leases
from heartwire.storage.log_epoch import begin_log_epoch
from heartwire.storage.migrate import migrate
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack, on_one_database

#: By how much the server that is gone was further than this one, in transactions.
_FURTHER: Final = 3_000_000_000


def _move(stack: Stack) -> None:
    """Make the database look as if it came from an older server: every number of its log is too great here."""
    for table, column in (
        ("ecg_frames", "xid"),
        ("analytics_cursors", "next_xid"),
        ("analytics_cursors", "replay_xid"),
        ("analysis_checkpoints", "next_xid"),
    ):
        stack.execute(f"UPDATE {table} SET {column} = ({column}::text::bigint + {_FURTHER})::text::xid8")  # noqa: S608
    stack.execute("UPDATE log_epoch SET system_identifier = 1")


def _analyse(stack: Stack, *, steps: int | None = None) -> int:
    settings = AnalyticsSettings.load(database=stack.database, batch_frames=4, checkpoint_every_s=0.1, instance="test")
    with connect(stack.database, "test", autocommit=True) as connection:
        leases = Leases("analytics", "test", 60.0)
        worker = Worker(connection, settings, leases.tick(connection).worker_id, lambda: None)
        worker.take(frozenset(range(SHARDS)))
        if steps is None:
            stack.step_through(worker)
        else:
            assert all(worker.step() for _ in range(steps))
        leases.leave(connection)
        return worker.n_frames


def _begin(database: str) -> bool:
    with connect(database, "test", autocommit=True) as connection:
        return begin_log_epoch(connection)


def test_analysis_goes_on_after_a_move_and_finds_what_it_had_found_at_home(
    heartwire_process: StartHeartwire, database: str
) -> None:
    stack = Stack(heartwire_process, database)
    at_home, moved = stack.add_device(), stack.add_device()
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 40.0, 75), 40.0), BEGIN_US)
    for frame in frames:
        stack.store(at_home, [frame])
    assert _analyse(stack) == len(frames)
    for frame in frames[:20]:
        stack.store(moved, [frame])
    # Some are analysed when the old server dies, some only stored; and it had a long life.
    assert _analyse(stack, steps=3) == 12
    _move(stack)
    assert _begin(database)
    for frame in frames[20:]:
        stack.store(moved, [frame])
    assert _analyse(stack) == len(frames) - 12
    assert stack.n_waiting == 0
    assert stack.beats(moved) == stack.beats(at_home)
    assert len(stack.beats(moved)) > 40
    # A second move, of what was moved before.
    _move(stack)
    assert _begin(database)
    later = cut_into_frames(draw_ecg(regular_beats(0.4, 10.0, 75), 10.0), BEGIN_US + 60_000_000, first_seq=40)
    stack.store(moved, later)
    assert _analyse(stack) == len(later)


@on_one_database
def test_whoever_comes_first_begins_the_epoch_and_the_others_find_it_begun(
    heartwire_process: StartHeartwire, database: str
) -> None:
    stack = Stack(heartwire_process, database)
    assert not _begin(database)
    _move(stack)
    moved: list[bool] = []
    threads = [threading.Thread(target=lambda: moved.append(_begin(database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(moved) == [False, False, True]


@on_one_database
def test_a_server_whose_own_count_is_behind_is_found_too(heartwire_process: StartHeartwire, database: str) -> None:
    stack = Stack(heartwire_process, database)
    _move(stack)
    # The old server's files from long ago, and a newer dump restored into them: the same identity, another count.
    stack.execute("UPDATE log_epoch SET system_identifier = (SELECT system_identifier FROM pg_control_system())")
    assert migrate(database) == ["a new epoch of the log: the database was restored"]
    assert migrate(database) == []
    xid_offset, furthest = stack.rows(
        "SELECT xid_offset, (SELECT max(next_xid::text::bigint) FROM analytics_cursors) FROM log_epoch"
    )[0]
    assert xid_offset > furthest
