"""Broker or edge killed mid-stream, and back again: every sample is in the database, once (P1, P2)."""

import signal
from pathlib import Path

import numpy as np
import wfdb

from tests.conftest import StartHeartwire
from tests.integration.edge_stack import EdgeStack, made_record, wait_for_end
from tests.integration.ingest_stack import on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until

#: 240 s of signal in 6 s.
_SECONDS = 240
_SPEED = "40"


@on_both_pairs
def test_the_broker_is_killed_mid_stream(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=_SECONDS)
    stack.start_ingest()
    edge = stack.start_edge("--record", str(record), "--speed", _SPEED)
    wait_until(lambda: stack.frames() > 20, "the stream to flow")
    broker.kill()
    wait_until(lambda: "no broker" in edge.log, "the edge to notice")
    broker.start()
    assert wait_for_end(edge) == 0, edge.log
    assert edge.log.count("connected to") >= 2
    stack.assert_arrived(record)
    assert stack.reasons() == []


@on_both_pairs
def test_the_edge_is_killed_mid_stream_and_its_next_run_sends_the_rest(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    # Without ingest everything that the first run made waits in its outbox.
    first_record = made_record(tmp_path, seconds=_SECONDS)
    edge = stack.start_edge("--record", str(first_record), "--speed", "max", is_ready="outbox: 300 frames")
    edge.kill()
    stack.start_ingest()
    (tmp_path / "second").mkdir()
    second_record = made_record(tmp_path / "second", seconds=20, seed=2)
    again = stack.start_edge("--record", str(second_record), "--speed", "1", is_ready="connected to")
    wait_until(lambda: stack.frames() >= 303, "what the first run made, and a little of the second")
    assert stack.rows("SELECT online FROM device_status") == [(True,)]
    again.kill()
    wait_until(lambda: stack.rows("SELECT online FROM device_status") == [(False,)], "the will of the killed edge")
    last = stack.start_edge("--record", str(second_record), "--speed", "max")
    assert wait_for_end(last) == 0, last.log
    assert stack.reasons() == []
    boots = [boot for (boot,) in stack.rows("SELECT boot_id FROM streams WHERE stream = 'ecg' ORDER BY boot_id")]
    assert len(boots) == 3
    _assert_whole(stack, boots[0], first_record)
    _assert_whole(stack, boots[2], second_record)
    n_frames, highest = stack.rows(
        "SELECT count(*), max(seq) FROM ecg_frames JOIN streams USING (stream_id) WHERE boot_id = %s", boots[1]
    )[0]
    assert n_frames == highest + 1, "a frame of the killed run is missing"


@on_both_pairs
def test_a_stop_keeps_the_rest_and_says_so(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=60)
    edge = stack.start_edge("--record", str(record), "--speed", "1", is_ready="connected to")
    wait_until(lambda: " 3 sent" in edge.log, "three frames")
    assert edge.stop(signal.SIGINT) == 0
    assert "frames are left in the outbox" in edge.log
    assert "the next run sends them" in edge.log
    (frames, online) = stack.rows("SELECT count(*), bool_or(online) FROM device_status")[0]
    assert (frames, online) == (0, None)
    stack.start_ingest()
    wait_until(lambda: stack.rows("SELECT online FROM device_status") == [(False,)], "the retained farewell")
    gone = stack.start_edge("--stdin", "--fs", "250", "--gain", "200")
    assert wait_for_end(gone) == 0, gone.log
    assert 3 <= stack.frames() <= 10
    assert stack.reasons() == []


def test_without_a_database_it_gives_up_in_words_and_keeps_everything(
    heartwire_process: StartHeartwire, broker: BrokerServer, tmp_path: Path
) -> None:
    record = made_record(tmp_path, seconds=10)
    run = [
        *("run", "--record", str(record), "--speed", "max", "--patience", "1", "--device", "0123456789abcdef"),
        *("--broker-port", str(broker.port)),
    ]
    edge = heartwire_process("edge", *run)
    assert wait_for_end(edge) == 1
    assert "13 frames are not confirmed by the database; they are kept in" in edge.log
    status = heartwire_process("edge", "status", "--device", "0123456789abcdef")
    assert wait_for_end(status) == 0
    assert "waiting for the database: 13 frames" in status.log
    assert "no agent is running" in status.log


def _assert_whole(stack: EdgeStack, boot_id: int, record: Path) -> None:
    rows = stack.rows(
        "SELECT samples FROM ecg_frames JOIN streams USING (stream_id) WHERE boot_id = %s ORDER BY seq", boot_id
    )
    got = np.frombuffer(b"".join(bytes(samples) for (samples,) in rows), "<i2")
    np.testing.assert_array_equal(got, wfdb.rdrecord(str(record), physical=False).d_signal[:, 0])
