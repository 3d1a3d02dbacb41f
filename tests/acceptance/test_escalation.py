"""Promise P7: whatever is killed or frozen in the middle of an escalation, it goes on, once.

One system; each of its services in turn. The alarm waits for its second step while the service is gone.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

import httpx
import pytest

from tests.acceptance.system import System
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Stack
from tests.integration.notifier_stack import OnCall, Receiver
from tests.servers.fixtures import BrokerServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

pytest_plugins = ("tests.integration.notifier_fixtures",)
#: Before the first step nothing is waited for; before the second, long enough for a kill to fall between them.
_DELAY_S: Final = 2
#: A step's time counts from the beginning of the turn that takes it, and is written down at its end: on a busy machine
#: so much later.
_SLACK_S: Final = 0.5
_Begin = Callable[[], object]


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as closing:
        yield closing


class _Ward:
    """A whole system with two people on call, and an alarm for each service that is broken."""

    def __init__(self, start: StartHeartwire, database: str, broker: BrokerServer, receiver: Receiver) -> None:
        self.receiver: Final = receiver
        self.on_call: Final = OnCall(start, database)
        for step, name in enumerate(("otto", "dora")):
            self.on_call.contact(self.on_call.person(name, step + 1), receiver.address(name))
        self.on_call.chain(3_600)
        self.on_call.rows("UPDATE escalation_chains SET delays_s = %s WHERE priority = 'high'", [0, _DELAY_S])
        system = System(start, database, broker)
        self.ingest: Final = system.start_ingest()
        self.analytics: Final = system.start_analytics()
        self.pages: Final = Stack(start, database, broker)
        self.notifier: Final = self.on_call.notifier()

    def raise_alarm(self, ward: str) -> int:
        """Raise an alarm of a ward of its own, so that messages about it are known, and wait for its first step."""
        self.on_call.rows("UPDATE patients SET ward = %s WHERE patient_id = %s", ward, self.on_call.patient_id)
        (alarm_id,) = self.on_call.alarm()
        wait_until(lambda: self._noted(alarm_id) == 1, f"{ward}: the first step to be taken and noted")
        return alarm_id

    def goes_on_once(self, ward: str, alarm_id: int) -> None:
        """Wait until the alarm came to its end and is answered on a page; check who was told what, and when."""
        wait_until(lambda: self._noted(alarm_id) == 2, f"{ward}: the second step to be taken and noted", timeout_s=60)
        wait_until(lambda: self._acknowledge(alarm_id), f"{ward}: an answer to be taken")
        assert self.on_call.steps(alarm_id) == [(1, "Otto"), (2, "Dora")], ward
        assert [self._messages(name, ward) for name in ("otto", "dora")] == [1, 1], ward
        times = self.on_call.rows(
            "SELECT at FROM alarm_events WHERE alarm_id = %s AND kind = 'escalated' ORDER BY event_id", alarm_id
        )
        ((first,), (second,)) = times
        assert (second - first).total_seconds() >= _DELAY_S - _SLACK_S, ward

    def _noted(self, alarm_id: int) -> int:
        """Return how many messages were delivered and written down: who dies before that sends again, as he must."""
        delivered = "SELECT count(*) FROM notification_attempts WHERE alarm_id = %s AND outcome = 'delivered'"
        return int(self.on_call.rows(delivered, alarm_id)[0][0])

    def _messages(self, name: str, ward: str) -> int:
        return sum(f"Asystole, ward {ward}," in said["message"] for said in self.receiver.to(name))

    def _acknowledge(self, alarm_id: int) -> bool:
        with self.pages.person(None) as nurse:
            try:
                answered = nurse.sign_in().status_code == 200
                return answered and nurse.http.post(f"/api/alarms/{alarm_id}/acknowledgement").status_code == 200
            except httpx.TransportError:
                return False


@pytest.mark.parametrize("killable_database_server", ["timescaledb"], indirect=True)
@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_each_service_is_killed_in_the_middle_of_an_escalation_and_it_goes_on_once(
    heartwire_process: StartHeartwire,
    killable_database_server: PostgresServer,
    broker: BrokerServer,
    receiver: Receiver,
    closing: ExitStack,
) -> None:
    server = killable_database_server
    ward = _Ward(heartwire_process, server.dsn("heartwire"), broker, receiver)
    closing.callback(ward.on_call.close)

    def again(process: Process) -> tuple[_Begin, _Begin]:
        return process.kill, process.start

    def connect_again() -> None:
        server.start()
        ward.on_call.connect_again()

    breaks: dict[str, tuple[_Begin, _Begin]] = {
        "ingest": again(ward.ingest),
        "analytics": again(ward.analytics),
        "broker": (broker.kill, broker.start),
        "dashboard": again(ward.pages.server),
        "notifier": again(ward.notifier),
        "database": (server.kill, connect_again),
    }
    for name, (kill, start) in breaks.items():
        alarm_id = ward.raise_alarm(name)
        kill()
        start()
        ward.goes_on_once(name, alarm_id)
    ids = [alarm_id for (alarm_id,) in ward.on_call.rows("SELECT alarm_id FROM alarms WHERE call = 'asystole'")]
    assert len(ids) == len(breaks)
    # A frozen notifier tells nobody, and that is an alarm of its own, on every screen, until it gives a sign of life.
    alarm_id = ward.raise_alarm("frozen")
    ward.notifier.send(signal.SIGSTOP)
    wait_until(lambda: ward.on_call.open_alarms("notifier_silent") == [{"patients": 2}], "its silence to be told")
    assert ward.on_call.steps(alarm_id) == [(1, "Otto")]
    ward.notifier.send(signal.SIGCONT)
    ward.goes_on_once("frozen", alarm_id)
    wait_until(lambda: ward.on_call.open_alarms("notifier_silent") == [], "the end of that alarm")
