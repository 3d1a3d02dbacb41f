"""The server's clock steps by an hour while an alarm waits: neither is everybody told at once, nor nobody."""

import time
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conftest import StartHeartwire
from tests.integration.notifier_stack import OnCall, Receiver
from tests.servers.postgres import SteppingPostgres
from tests.servers.waiting import wait_until

pytest_plugins = ("tests.integration.notifier_fixtures",)
_DELAY_S: Final = 3
#: What a notifier that takes over counts at most for the time in which nobody did.
_UNCOUNTED_MOST_S: Final = 60


@pytest.fixture
def ward(heartwire_process: StartHeartwire, stepping_database_server: SteppingPostgres) -> Iterator[OnCall]:
    ward = OnCall(heartwire_process, stepping_database_server.dsn("heartwire"))
    yield ward
    ward.close()


def _waited_s(ward: OnCall, alarm_id: int) -> float:
    rows = ward.rows("SELECT waited_us FROM escalations WHERE alarm_id = %s", alarm_id)
    return float(rows[0][0]) / 1e6 if rows else 0.0


def test_a_clock_that_steps_an_hour_changes_no_delay(
    ward: OnCall, receiver: Receiver, stepping_database_server: SteppingPostgres
) -> None:
    for step, name in enumerate(("nora", "otto")):
        ward.contact(ward.person(name, step + 1), receiver.address(name))
    ward.chain(_DELAY_S, _DELAY_S)
    notifier = ward.notifier()
    # Forward before the first step and back before the second; then the other way round.
    for n_told, clocks in enumerate(((1, 0), (-1, 0)), start=1):
        (alarm_id,) = ward.alarm()
        begin_s = time.monotonic()
        wait_until(lambda alarm=alarm_id: _waited_s(ward, alarm) > 0, "the alarm to be counted")  # type: ignore[misc]
        for step, (name, clock) in enumerate(zip(("nora", "otto"), clocks, strict=True), start=1):
            stepping_database_server.step(clock)
            wait_until(lambda to=name, n=n_told: len(receiver.to(to)) == n, f"step {step}")  # type: ignore[misc]
            waited_s = time.monotonic() - begin_s
            assert step * _DELAY_S - 0.1 < waited_s < step * _DELAY_S + 2, f"with a clock that is {clock} h off"
        assert ward.steps(alarm_id) == [(1, "Nora"), (2, "Otto")]
        ward.event(alarm_id, "acknowledged", 1)
    # Nobody counts while it steps: who takes over trusts the clock no further than a chain's step, of what was seen and
    # of what was raised meanwhile.
    ward.chain(3_600)
    (seen,) = ward.alarm()
    wait_until(lambda: _waited_s(ward, seen) > 0, "the alarm to be counted")
    notifier.kill()
    (raised_meanwhile,) = ward.alarm("ventricular_tachycardia")
    before_s = _waited_s(ward, seen)
    stepping_database_server.step(1)
    ward.notifier()
    wait_until(lambda: _waited_s(ward, seen) > before_s and _waited_s(ward, raised_meanwhile) > 0, "the other to count")
    for alarm_id in (seen, raised_meanwhile):
        assert _waited_s(ward, alarm_id) - before_s < _UNCOUNTED_MOST_S + 5
        assert ward.steps(alarm_id) == []
