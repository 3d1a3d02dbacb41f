"""What arrivals tell of a device's link is in the database within seconds, and goes on over a kill."""

import pytest

from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import BrokerAddress, Stack, on_both_pairs
from tests.servers.waiting import wait_until
from tests.wire import ecg_frame, now_us

_FAST = {"HEARTWIRE_INGEST_LINKS_EVERY_S": "0.5"}
_LINK = (
    "SELECT boot_id, (extract(epoch FROM last_contact_at) * 1000000)::bigint,"
    " (extract(epoch FROM boot_first_at) * 1000000)::bigint, longest_silence_us, length(state)"
    " FROM device_links WHERE device_id = %s"
)


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerAddress) -> Stack:
    return Stack(heartwire_process, database, broker)


@on_both_pairs
def test_contact_and_boot_are_kept_and_taken_up_after_a_kill(stack: Stack) -> None:
    ingest = stack.start_ingest(env=_FAST)
    begin_us = now_us() - 2_000_000
    with stack.device() as device:
        device.send(ecg_frame(0, t0_us=begin_us))
        wait_until(lambda: len(stack.rows(_LINK, device.name)) == 1, "the link's row")
        ((boot_id, contact_us, first_us, silence_us, _),) = stack.rows(_LINK, device.name)
        assert (boot_id, first_us, silence_us) == (1, begin_us, 0)
        assert begin_us < contact_us <= now_us()
        ingest.kill()
        stack.start_ingest(env=_FAST)
        device.send(ecg_frame(1, t0_us=begin_us + 1_000_000))
        wait_until(lambda: stack.rows(_LINK, device.name)[0][1] > contact_us, "the next contact")
        ((_, later_us, again_us, silence_us, _),) = stack.rows(_LINK, device.name)
        assert (again_us, silence_us) == (begin_us, later_us - contact_us)
