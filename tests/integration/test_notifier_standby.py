"""Two notifiers, of which the one that counts is frozen: the other goes on, each step once (docs/adr/0033)."""

import signal
from collections.abc import Iterator
from typing import Final

import psycopg
import pytest

from tests.conftest import StartHeartwire
from tests.integration.notifier_stack import OnCall, Receiver
from tests.servers.process import Process
from tests.servers.waiting import wait_until

pytest_plugins = ("tests.integration.notifier_fixtures",)
pytestmark: pytest.MarkDecorator = pytest.mark.parametrize("database_server", ["timescaledb"], indirect=True)
#: The first step is taken at once; before the second there is time to freeze who would take it.
_DELAY_S: Final = 2
_FROZEN_AFTER_S: Final = 3
_SESSIONS: Final = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'heartwire-notifier' AND datname = current_database()
"""


@pytest.fixture
def ward(heartwire_process: StartHeartwire, database: str, receiver: Receiver) -> Iterator[OnCall]:
    ward = OnCall(heartwire_process, database)
    for step, name in enumerate(("nora", "otto")):
        ward.contact(ward.person(name, step + 1), receiver.address(name))
    ward.chain(3_600)
    ward.rows("UPDATE escalation_chains SET delays_s = %s WHERE priority = 'high'", [0, _DELAY_S])
    yield ward
    ward.close()


def _notifier(ward: OnCall, name: str) -> Process:
    return ward.notifier(HEARTWIRE_NOTIFIER_INSTANCE=name, HEARTWIRE_NOTIFIER_FROZEN_AFTER_S=str(_FROZEN_AFTER_S))


def _says(ward: OnCall, name: str, *, is_clerk: bool) -> bool:
    """Whether a notifier has said within a moment that it is the one that counts, or that it is not."""
    said = ward.rows(
        "SELECT 1 FROM service_heartbeats WHERE service = 'notifier' AND instance = %s"
        " AND at > clock_timestamp() - interval '1 s' AND (detail ->> 'is_clerk')::boolean = %s",
        name,
        is_clerk,
    )
    return bool(said)


def _first_step(ward: OnCall) -> int:
    """Raise an alarm, and wait until its first step is taken, its message delivered and that written down."""
    (alarm_id,) = ward.alarm()
    wait_until(lambda: _notified(ward, alarm_id) == 1, "the first step")
    return alarm_id


def _notified(ward: OnCall, alarm_id: int) -> int:
    said = "SELECT count(*) FROM alarm_events WHERE alarm_id = %s AND kind = 'notified'"
    return int(ward.rows(said, alarm_id)[0][0])


def _goes_on_once(ward: OnCall, alarm_id: int, frozen: Process, name: str) -> None:
    """Wait for the second step by the other one; then thaw the first, which finds that it counts no more."""
    wait_until(lambda: _notified(ward, alarm_id) == 2, "the other to take the second step")
    ward.event(alarm_id, "acknowledged", 1)
    frozen.send(signal.SIGCONT)
    wait_until(lambda: _says(ward, name, is_clerk=False), "the frozen one to see that another counts")
    assert ward.steps(alarm_id) == [(1, "Nora"), (2, "Otto")]
    ((first,), (second,)) = ward.rows(
        "SELECT at FROM alarm_events WHERE alarm_id = %s AND kind = 'escalated' ORDER BY event_id", alarm_id
    )
    assert (second - first).total_seconds() >= _DELAY_S - 0.5


def test_the_other_takes_over_between_two_turns_and_in_the_middle_of_one(ward: OnCall, receiver: Receiver) -> None:
    one = _notifier(ward, "one")
    wait_until(lambda: _says(ward, "one", is_clerk=True), "the first to count")
    other = _notifier(ward, "other")
    alarm_id = _first_step(ward)
    one.send(signal.SIGSTOP)
    _goes_on_once(ward, alarm_id, one, "one")
    assert _says(ward, "other", is_clerk=True)
    # Inside the transaction of a step: its event is written and not committed. The lock on the alarm holds it up there.
    alarm_id = _first_step(ward)
    with psycopg.connect(ward.database) as holder:
        holder.execute("SELECT FROM alarms WHERE alarm_id = %s FOR UPDATE", [alarm_id])
        wait_until(
            lambda: ward.rows(f"{_SESSIONS} AND wait_event_type = 'Lock' AND query LIKE %s", "%escalated%") == [(1,)],
            "the step to be on its way",
        )
        other.send(signal.SIGSTOP)
    wait_until(lambda: ward.rows(f"{_SESSIONS} AND state = 'idle in transaction'") == [(1,)], "the step to be written")
    _goes_on_once(ward, alarm_id, other, "other")
    assert [len(receiver.to(name)) for name in ("nora", "otto")] == [2, 2]
