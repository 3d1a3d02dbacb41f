"""Who may what at the running server; and that a borrowed connection leaves nothing to who borrows it next."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from dashboard.database import Database, Sight
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack, on_one_pair
from tests.servers.fixtures import BrokerServer

_SEEN = "SELECT current_setting('heartwire.tenant_id', true), current_setting('heartwire.user_id', true)"


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def tester(stack: Stack) -> Iterator[Person]:
    stack.execute("UPDATE users SET role = 'tester' WHERE login = 'doctor'")
    with stack.person("doctor") as person:
        yield person


def _refused(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["params"]


@on_one_pair
def test_what_the_role_does_not_allow_is_forbidden_and_not_done(stack: Stack, tester: Person) -> None:
    patient = stack.add_patient()
    alarm_id = stack.raise_alarm(patient)
    assert tester.http.get("/api/ward").json()["patients"][0]["id"] == patient.patient_id
    answer = tester.http.post(f"/api/alarms/{alarm_id}/acknowledgement")
    assert _refused(answer) == (403, "forbidden", {"permission": "act_on_alarms"})
    answer = tester.http.post(f"/api/patients/{patient.patient_id}/messages", json={"text": "Hello"})
    assert _refused(answer) == (403, "forbidden", {"permission": "message"})
    assert stack.execute("SELECT count(*) FROM alarm_events WHERE kind = 'acknowledged'") == [(0,)]
    assert stack.execute("SELECT count(*) FROM care_messages") == [(0,)]
    permissions = tester.http.get("/api/session").json()["user"]["permissions"]
    assert "see_patient" in permissions
    assert "act_on_alarms" not in permissions


@on_one_pair
def test_who_may_not_see_the_ward_hears_nothing_of_it(stack: Stack, tester: Person) -> None:
    stack.execute("ALTER TABLE users DROP CONSTRAINT users_role_check")
    stack.execute("UPDATE users SET role = 'patient' WHERE login = 'doctor'")
    with tester.screen() as screen:
        assert screen.wait_for_close() == 4403
        assert screen.wards == []


@pytest.mark.parametrize("database_server", ["embedded-postgresql"], indirect=True)
def test_a_borrowed_connection_leaves_nothing_to_the_next(database: str) -> None:
    class Somebody:
        sight = Sight(1, 7)

    async def borrow() -> None:
        lender = Database(database, connections=1)
        await lender.open()
        try:
            async with lender.connection_as(Somebody()) as connection:
                assert await (await connection.execute(_SEEN)).fetchone() == ("1", "7")
            async with lender.connection() as connection:
                assert await (await connection.execute(_SEEN)).fetchone() == ("", "")
            with pytest.raises(ZeroDivisionError):
                async with lender.connection_as(Somebody()):
                    raise ZeroDivisionError
            async with lender.connection_of(3) as connection:
                assert await (await connection.execute(_SEEN)).fetchone() == ("3", "")
        finally:
            await lender.close()

    asyncio.run(borrow())
