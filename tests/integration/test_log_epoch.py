"""A database that was restored into a cluster whose transaction ids begin anew goes on being analysed."""

import pytest

from analytics.reader import Reader
from heartwire.storage.errors import DatabaseRefusedError
from heartwire.storage.migrate import migrate
from heartwire.storage.pool import connect
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, Stack

#: What a cluster had counted to before its dump.
_FAR = 5_000_000_000


@pytest.fixture
def restored(heartwire_process: StartHeartwire, database: str) -> Stack:
    """A database as a dump of another cluster leaves it: its numbers are far beyond this cluster's.

    One device's frames are analysed, another's are not.
    """
    stack = Stack(heartwire_process, database)
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 40.0, 75), 40.0), BEGIN_US)
    devices = [stack.add_device() for _ in range(2)]
    stack.store(devices[0], frames[:20])
    process = stack.start()
    stack.wait_until_analysed()
    assert process.stop() == 0
    stack.store(devices[1], frames[:20])
    for table, column in (
        ("analytics_cursors", "next_xid"),
        ("analytics_cursors", "replay_xid"),
        ("analysis_checkpoints", "next_xid"),
        ("ecg_frames", "xid"),
    ):
        stack.execute(f"UPDATE {table} SET {column} = ({column}::text::bigint + {_FAR})::text::xid8")  # noqa: S608
    return stack


def test_what_waited_and_what_comes_is_analysed_after_migrate(restored: Stack) -> None:
    assert migrate(restored.database) == ["a new epoch of the log: the database was restored"]
    assert migrate(restored.database) == []
    frames = cut_into_frames(draw_ecg(regular_beats(0.4, 40.0, 75), 40.0), BEGIN_US)
    devices = [device for (device,) in restored.rows("SELECT device_id FROM devices")]
    process = restored.start()
    for device in devices:
        restored.store(device, frames[20:])
    restored.wait_until_analysed()
    assert process.stop() == 0
    beats = [restored.beats(device) for device in devices]
    assert len(beats[0]) >= 46
    assert beats[0] == beats[1]
    # And so it does after the next restart.
    restored.start()
    assert "restored from a dump" not in process.log


def test_until_then_analytics_says_what_to_do(restored: Stack) -> None:
    with (
        connect(restored.database, "test", autocommit=True) as connection,
        pytest.raises(DatabaseRefusedError, match="heartwire migrate"),
    ):
        Reader(connection).check_schema()


def test_a_cluster_that_wrote_its_log_itself_is_left_alone(database: str) -> None:
    with connect(database, "test", autocommit=True) as connection:
        assert connection.execute("SELECT begin_log_epoch(), xid_offset FROM log_epoch").fetchone() == (False, 0)
