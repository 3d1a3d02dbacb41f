"""`heartwire edge` streams records into the database: every sample, bit for bit, once (P1, P2)."""

from pathlib import Path

import numpy as np
import wfdb

from tests.conftest import StartHeartwire
from tests.integration.edge_stack import EdgeStack, made_record, wait_for_end
from tests.integration.ingest_stack import on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until


@on_both_pairs
def test_a_record_at_full_speed_arrives_bit_for_bit(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=200)
    stack.start_ingest()
    edge = stack.start_edge("--record", str(record), "--speed", "max")
    assert wait_for_end(edge) == 0, edge.log
    assert "the database has everything" in edge.log
    assert ("MQTT 5" in edge.log) == broker.speaks_mqtt5
    stack.assert_arrived(record)
    assert stack.reasons() == []


@on_both_pairs
def test_a_real_record_arrives_bit_for_bit(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, ecg_dir: Path
) -> None:
    record = ecg_dir / "mitdb" / "101"
    stack = EdgeStack(heartwire_process, database, broker)
    stack.start_ingest()
    edge = stack.start_edge("--record", str(record), "--speed", "max")
    assert wait_for_end(edge, 100) == 0, edge.log
    stack.assert_arrived(record)
    assert stack.reasons() == []
    assert len(np.unique(wfdb.rdrecord(str(record), physical=False).d_signal[:, 0])) > 100


@on_both_pairs
def test_who_is_refused_keeps_everything_says_why_and_delivers_it_when_he_may(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=20)
    stack.start_ingest()
    stack.execute("UPDATE devices SET revoked_at = now()")
    edge = stack.start_edge("--record", str(record), "--speed", "max", env={"HEARTWIRE_EDGE_RESEND_AFTER_S": "0.5"})
    wait_until(lambda: "the server does not store what this device sends" in edge.log, "the edge to say it")
    assert stack.frames() == 0
    assert "REFUSED by the server: revoked_device" in stack.edge_status()
    stack.execute("UPDATE devices SET revoked_at = NULL")
    assert wait_for_end(edge) == 0, edge.log
    stack.assert_arrived(record)
