"""What ingest remembers is checked by the database, and a frame that it refuses stops nobody (P2, P8)."""

import psycopg
import pytest

from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.wire import ecg_frame


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@on_both_pairs
def test_a_stream_that_another_wrote_meanwhile_is_looked_at_anew(stack: Stack) -> None:
    ingest = stack.start_ingest()
    with stack.device() as device:
        device.send(ecg_frame(0))
        device.wait_for_ack(0)
        # Frame 1 is stored behind the back of the process, as by a commit whose outcome it never learned.
        with psycopg.connect(stack.database) as connection:
            connection.execute(
                "INSERT INTO ecg_frames (stream_id, seq, t0, tenant_id, patient_id, device_id, shard, fs_mhz, lead,"
                " gain, baseline, flags, samples, received_at) SELECT stream_id, 1, t0 + interval '1 s', tenant_id,"
                " patient_id, device_id, shard, fs_mhz, lead, gain, baseline, flags, %s, received_at FROM ecg_frames",
                [ecg_frame(1).samples],
            )
        stack.execute("UPDATE streams SET received = '{[0,2)}'")
        device.send(ecg_frame(1), ecg_frame(2))
        device.wait_for_ack(2)
        assert [(row[2], row[-1]) for row in stack.stored()] == [(seq, ecg_frame(seq).samples) for seq in range(3)]
    assert stack.reasons() == []
    assert "not as they were left" in ingest.log


@on_both_pairs
def test_a_frame_that_the_database_refuses_is_a_dead_letter_and_its_neighbours_are_stored(stack: Stack) -> None:
    stack.execute(
        "CREATE FUNCTION refuse_five() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF NEW.seq = 5 THEN RAISE EXCEPTION ''not this one''; END IF; RETURN NEW; END'"
    )
    stack.execute("CREATE TRIGGER refuse_five BEFORE INSERT ON ecg_frames FOR EACH ROW EXECUTE FUNCTION refuse_five()")
    stack.start_ingest()
    with stack.device() as device:
        device.send(*map(ecg_frame, range(20)))
        # The refused one counts as received: otherwise its edge would send it for ever.
        device.wait_for_ack(19)
        assert [row[2] for row in stack.stored()] == [seq for seq in range(20) if seq != 5]
        device.send(ecg_frame(20))
        device.wait_for_ack(20)
    assert stack.reasons() == ["refused"]
