"""Silence becomes an alarm in the database: of a patient, or one of the system for everybody behind it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from heartwire.storage.registry import add_patient, set_limit
from heartwire.topics import new_device
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg
from tests.integration.analytics_stack import Stack, now_us, on_one_database
from tests.servers.waiting import wait_until

_S = 1_000_000
_FAST = {"HEARTWIRE_ANALYTICS_FRESHNESS_EVERY_S": "0.2"}


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@contextmanager
def _repeated(*actions: Callable[[], object]) -> Iterator[None]:
    """Do these things every half second for as long as the block lasts."""
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            for action in actions:
                action()
            stopping.wait(0.5)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


class _Sender:
    """A device that sends what it measures now, frame after frame."""

    def __init__(self, stack: Stack, device: str) -> None:
        self._stack = stack
        self._device = device
        self._seq = 0
        self._end_us = now_us() - _S

    def __call__(self) -> None:
        length_us = max(now_us() - self._end_us, 250_000)
        ecg = draw_ecg([], min(length_us, 9 * _S) / _S)
        frames = cut_into_frames(ecg, now_us() - length_us, frame_s=10.0, first_seq=self._seq)
        self._seq += len(frames)
        self._end_us = frames[-1].t_end
        self._stack.store(self._device, frames, received_us=now_us())


def _quick_limit(stack: Stack, seconds: float = 5.0) -> None:
    with stack.connect() as connection:
        for (patient_id,) in connection.execute("SELECT patient_id FROM patients").fetchall():
            set_limit(connection, patient_id, "gone_quiet", "seconds", seconds)


@on_one_database
def test_who_goes_quiet_or_never_came_is_told_and_ends_with_a_live_sample(stack: Stack) -> None:
    never, quiet, lively = (stack.add_device() for _ in range(3))
    _quick_limit(stack)
    # Who was just paired has two minutes to put the wearable on: they are over.
    stack.execute("UPDATE devices SET paired_at = paired_at - interval '2 minutes' WHERE device_id = %s", never)
    process = stack.start(env=_FAST)
    sends = _Sender(stack, quiet)
    sends()
    with _repeated(stack.speak_for_ingest, _Sender(stack, lively)):
        for device in (never, quiet):
            stack.wait_for_alarm(device, "gone_quiet", events=["raised"])
        (alarm,) = stack.alarms(quiet, "gone_quiet")
        assert 4.9 <= (alarm.signal_us - alarm.onset_us) / _S <= 5.1
        sends()
        stack.wait_for_alarm(quiet, "gone_quiet", events=["raised", "ended"])
        assert [alarm.events for alarm in stack.alarms(never, "gone_quiet")] == [["raised"]]
        assert stack.alarms(lively, "gone_quiet") == []
        # Open alarms survive the process, and are told once.
        process.kill()
        process.start()
        with _repeated(_Sender(stack, never)):
            stack.wait_for_alarm(never, "gone_quiet", events=["raised", "ended"])
    assert stack.alarms(None, "ingest_silent", "broker_unreachable") == []


@on_one_database
def test_an_ingest_that_dies_is_one_alarm_of_the_system(stack: Stack) -> None:
    devices = [stack.add_device() for _ in range(3)]
    with stack.connect() as connection:
        connection.execute("INSERT INTO tenants (name) VALUES ('other'), ('empty')")
        devices.append(new_device())
        add_patient(connection, "Bo", device=devices[-1], tenant="other")
    _quick_limit(stack)
    stack.start(env=_FAST)
    sends = [_Sender(stack, device) for device in devices]
    with _repeated(stack.speak_for_ingest, *sends):
        wait_until(lambda: len(stack.rows("SELECT FROM signal_states")) == 4, "four signals")
    # Each hospital is told once, with how many of its own it is about; a tenant without patients is not.
    about = "SELECT tenant_id, detail ->> 'patients' FROM alarms WHERE call = 'ingest_silent' ORDER BY 1"
    wait_until(lambda: stack.rows(about) == [(1, "3"), (2, "1")], "the alarms of both hospitals")
    stack.wait_for_alarm(None, "ingest_silent", events=["raised"])
    for device in devices:
        stack.wait_for_alarm(device, "gone_quiet", events=["suppressed:ingest_silent"])
    with _repeated(stack.speak_for_ingest, *sends):
        ended = [["raised", "ended"]] * 2
        wait_until(lambda: [one.events for one in stack.alarms(None, "ingest_silent")] == ended, "the end of both")
    alarms = [alarm for device in devices for alarm in stack.alarms(device, "gone_quiet")]
    assert [alarm.events for alarm in alarms] == [["suppressed:ingest_silent"]] * 4
    assert stack.rows("SELECT DISTINCT patient_id, priority FROM alarms WHERE device_id IS NULL") == [(None, "high")]


@pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
def test_two_processes_tell_of_a_broker_once(stack: Stack) -> None:
    device = stack.add_device()
    _quick_limit(stack)
    with _repeated(stack.speak_for_ingest):  # an ingest that says nothing while they start would be an alarm of its own
        processes = [stack.start(env=_FAST) for _ in range(2)]
    _Sender(stack, device)()
    with _repeated(lambda: stack.speak_for_ingest(broker_connected=False)):
        stack.wait_for_alarm(None, "broker_unreachable", events=["raised"])
        stack.wait_for_alarm(device, "gone_quiet", events=["suppressed:broker_unreachable"])
        processes[0].kill()
    with _repeated(stack.speak_for_ingest, _Sender(stack, device)):
        stack.wait_for_alarm(None, "broker_unreachable", events=["raised", "ended"])
    assert len(stack.rows("SELECT FROM alarms WHERE engine LIKE 'watch-%%'")) == 2


@on_one_database
def test_what_a_device_says_of_itself_is_told_once_and_ends(stack: Stack) -> None:
    device = stack.add_device()
    status = (
        "INSERT INTO device_status SELECT device_id, tenant_id, 1, now(), true, %s, '', '', NULL, %s, 600000, now()"
        " FROM devices ON CONFLICT (device_id) DO UPDATE SET battery_percent = excluded.battery_percent,"
        " outbox_frames = excluded.outbox_frames"
    )
    link = (
        "INSERT INTO device_links (device_id, tenant_id, patient_id, last_contact_at, boot_id, clock_offset_us, state)"
        " SELECT device_id, tenant_id, patient_id, now(), 1, %s, '' FROM devices"
        " ON CONFLICT (device_id) DO UPDATE SET clock_offset_us = excluded.clock_offset_us"
    )
    calls = ("battery_low", "clock_wrong", "outbox_filling")
    process = stack.start(env=_FAST)
    stack.execute(status, 9, 2_000)
    stack.execute(link, -86_400 * _S)
    for call in calls:
        stack.wait_for_alarm(device, call, events=["raised"])
    process.kill()
    process.start()
    stack.execute(status, 90, 0)
    stack.execute(link, 20_000)
    for call in calls:
        stack.wait_for_alarm(device, call, events=["raised", "ended"])
    assert len(stack.alarms(device, *calls)) == 3
    # A device that was shut out is nobody's concern any more: neither its battery, nor its silence.
    stack.execute(status, 9, 0)
    with _repeated(stack.speak_for_ingest):
        _quick_limit(stack)
        _Sender(stack, device)()
        stack.wait_for_alarm(device, "gone_quiet", events=["raised"])
        wait_until(
            lambda: [one.events for one in stack.alarms(device, "battery_low")][-1:] == [["raised"]], "low again"
        )
        stack.execute("UPDATE devices SET revoked_at = now()")
        stack.wait_for_alarm(device, "gone_quiet", events=["raised", "ended"])
        wait_until(lambda: stack.alarms(device, "battery_low")[-1].events == ["raised", "ended"], "its end")


@on_one_database
def test_a_transaction_that_somebody_leaves_open_is_an_alarm_until_it_ends(stack: Stack) -> None:
    device = stack.add_device()
    stack.start(env=_FAST)
    with _repeated(stack.speak_for_ingest, _Sender(stack, device)), stack.connect() as forgotten:
        with forgotten.transaction():
            forgotten.execute("SELECT pg_current_xact_id()")
            stack.wait_for_alarm(None, "analysis_behind", events=["raised"], timeout_s=40)
            assert stack.alarms(device, "gone_quiet") == []
        stack.wait_for_alarm(None, "analysis_behind", events=["raised", "ended"])
    ((priority,),) = stack.rows("SELECT priority FROM alarms WHERE call = 'analysis_behind'")
    assert priority == "high"
