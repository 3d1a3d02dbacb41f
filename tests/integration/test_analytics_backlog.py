"""A device that catches up delays nobody's live signal, its own neither; its late signal is analysed once (P3)."""

from functools import partial
from typing import Any

import pytest

from heartwire.frames import EcgFrame
from tests.conftest import StartHeartwire
from tests.ecg import cut_into_frames, draw_ecg, regular_beats
from tests.integration.analytics_stack import BEGIN_US, AlarmRow, Stack, on_one_database
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_S = 1_000_000
_LATE_S = 360
_CAUGHT_UP_US = BEGIN_US + 2 * _LATE_S * _S
_STARTS = " starts, engine"
_ENV = {"HEARTWIRE_ANALYTICS_LEASE_TTL_S": "1"}


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str) -> Stack:
    return Stack(heartwire_process, database)


@pytest.fixture(scope="module")
def outage() -> list[EcgFrame]:
    """Six minutes with eight seconds without a beat in its midst."""
    beats = [*regular_beats(0.4, 180.0, 72), *regular_beats(188.0, float(_LATE_S), 72)]
    return cut_into_frames(draw_ecg(beats, float(_LATE_S)), BEGIN_US)


def _live() -> list[EcgFrame]:
    """Return nine seconds that begin when the device has caught up."""
    ecg = draw_ecg(regular_beats(0.4, 9.0, 72), 9.0)
    return cut_into_frames(ecg, _CAUGHT_UP_US, first_seq=2 * _LATE_S)


def _late_findings(stack: Stack, device: str) -> tuple[list[tuple[Any, ...]], list[AlarmRow]]:
    beats = [beat for beat in stack.beats(device) if beat[0] < _CAUGHT_UP_US]
    return beats, stack.alarms(device, "asystole")


def _n_live_beats(stack: Stack, device: str) -> int:
    return sum(beat[0] >= _CAUGHT_UP_US for beat in stack.beats(device))


def _waits(stack: Stack) -> bool:
    return stack.n_waiting > 0


@on_one_database
def test_a_device_that_catches_up_delays_neither_others_nor_its_own_live_signal(
    stack: Stack, outage: list[EcgFrame]
) -> None:
    late, other = stack.add_device(), stack.add_device()
    stack.start()
    stack.store(late, outage[:1])
    stack.wait_until_analysed()
    stack.store(late, outage[1:], received_us=_CAUGHT_UP_US)
    for device in (late, other):
        stack.store(device, _live())
    for device in (other, late):
        wait_until(lambda: _n_live_beats(stack, device) >= 5, "the live beats")  # noqa: B023
        assert _waits(stack), "the late signal was analysed first"
    stack.wait_until_analysed(timeout_s=60)
    beats, (asystole,) = _late_findings(stack, late)
    assert len(beats) > 400
    assert asystole.late
    assert asystole.events == ["raised", "ended"]


def _has_started(process: Process) -> bool:
    return _STARTS in process.log


@on_one_database
def test_killed_and_handed_over_while_late_signal_waits_it_is_analysed_once(
    stack: Stack, outage: list[EcgFrame]
) -> None:
    undisturbed, device = stack.add_device(), stack.add_device()
    first = stack.start(env=_ENV)
    stack.store(undisturbed, outage, received_us=_CAUGHT_UP_US)
    stack.wait_until_analysed(timeout_s=60)
    expected = _late_findings(stack, undisturbed)
    assert len(expected[0]) > 400
    assert [alarm.events for alarm in expected[1]] == [["raised", "ended"]]

    # In more than one transaction, so that places in the midst of one and between two are met.
    for begin in range(0, _LATE_S, 150):
        stack.store(device, outage[begin : begin + 150], received_us=_CAUGHT_UP_US)
    wait_until(lambda: len(stack.beats(device)) > 60, "some of it")
    first.kill()
    assert _waits(stack), "too fast to show anything"
    first.start()
    wait_until(lambda: first.log.count(_STARTS) == 2, "the second start")
    wait_until(lambda: len(stack.beats(device)) > 200, "more of it")
    others = [stack.start(env=_ENV, waits=False) for _ in range(2)]
    assert first.stop() == 0
    stack.wait_until_analysed(timeout_s=60)
    assert _late_findings(stack, device) == expected
    for process in others:
        wait_until(partial(_has_started, process), "a process that can be told to end")
        assert process.stop() == 0
    assert stack.n_waiting == 0
