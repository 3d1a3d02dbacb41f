"""From the wire to the alarm: a device, a broker, ingest, analytics."""

from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import Stack, now_us
from tests.integration.ingest_stack import Stack as IngestStack
from tests.integration.ingest_stack import on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until


@on_both_pairs
def test_what_a_device_sends_becomes_beats_and_an_alarm(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer
) -> None:
    stack, way = Stack(heartwire_process, database), IngestStack(heartwire_process, database, broker)
    way.start_ingest()
    stack.start()
    beats = [*regular_beats(0.4, 12.0, 75), *regular_beats(18.0, 25.0, 75)]
    frames = cut_into_frames(draw_ecg(beats, 25.0), now_us() - 25_000_000)
    with way.device() as device:
        device.send(*frames)
        stack.wait_for_alarm(device.name, "asystole", events=["raised", "ended"])
        stack.wait_until_analysed()
        (asystole,) = stack.alarms(device.name, "asystole")
        assert not asystole.late
        assert len(stack.beats(device.name)) >= len(beats) - 2
        # Ingest lives and has a broker, and says so in the words that analytics looks for.
        query = "SELECT detail -> 'broker_connected' FROM service_heartbeats WHERE service = 'ingest'"
        wait_until(lambda: stack.rows(query) == [(True,)], "the heartbeat of ingest")
    states = stack.rows("SELECT device_id, quality FROM signal_states")
    assert states == [(device.name, "good")]
