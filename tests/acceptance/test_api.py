"""Promises P8 and P10: whatever is sent to the API, it answers as it says it does, and never fails.

Requests are made from the API's own description: good ones, bad ones, and good ones about what really exists.
"""

from collections.abc import Iterator
from typing import Any, Final

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance

from dashboard.access import CSRF_HEADER
from dashboard.openapi import describe
from tests.conftest import StartHeartwire
from tests.integration.dashboard_stack import Person, Stack
from tests.servers.secured import SecuredBroker

_EXAMPLES: Final = 10
_OFTEN: Final = {
    f"HEARTWIRE_DASHBOARD_{name}": "1000"
    for name in ("SIGN_IN_TRIES_LOGIN", "SIGN_IN_TRIES_ADDRESS", "PAIRING_TRIES_ADDRESS", "PAIRING_TRIES_ALL")
}
_bounded = hypothesis.settings(
    max_examples=_EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, secured_broker: SecuredBroker) -> Stack:
    env = secured_broker.env("dashboard") | secured_broker.provisioner_env() | _OFTEN
    return Stack(heartwire_process, database, secured_broker, env)


@pytest.fixture
def what_exists(stack: Stack) -> dict[str, Any]:
    """The path parameters of a patient, a device, an alarm, a code, a symptom and a message."""
    patient = stack.add_patient()
    with stack.person() as nurse:
        code = nurse.http.post("/api/pairing-codes", json={"patient_id": patient.patient_id}).json()
        return {
            "patient_id": patient.patient_id,
            "device": patient.device,
            "alarm_id": stack.raise_alarm(patient),
            "pairing_code_id": code["id"],
            "symptom_id": stack.execute(
                "INSERT INTO symptoms"
                " (tenant_id, patient_id, device_id, press, pressed_at, received_at, late, chips, note)"
                " VALUES (1, %s, %s, 'p1', now(), now(), false, '{}', '') RETURNING symptom_id",
                *patient,
            )[0][0],
            "message_id": stack.execute(
                "INSERT INTO care_messages"
                " (tenant_id, patient_id, kind, device_id, said_id, said_at, received_at, text)"
                " VALUES (1, %s, 'message', %s, 'm1', now(), now(), 'hello') RETURNING message_id",
                *patient,
            )[0][0],
        }


def _cases(operation: Any, what_exists: dict[str, Any]) -> Iterator[st.SearchStrategy[Case[Any]]]:  # noqa: ANN401
    yield operation.as_strategy(GenerationMode.POSITIVE)
    names = {parameter.name for parameter in operation.path_parameters}
    if names:
        asked: dict[str, Any] = {"path_parameters": {name: what_exists[name] for name in names}}
        if operation.path == "/api/patients/{patient_id}/messages/read":  # no chance finds a number that exists
            asked["body"] = {"messages": [what_exists["message_id"]]}
        yield operation.as_strategy(GenerationMode.POSITIVE, **asked)
    if names - {"device"} or operation.body or operation.query:  # no word is bad as a device's name
        yield operation.as_strategy(GenerationMode.NEGATIVE)


def _ask(person: Person, url: str, cases: st.SearchStrategy[Case[Any]]) -> set[int]:
    """Send requests and return the statuses of their answers."""
    statuses: set[int] = set()
    session = requests.Session()
    session.headers[CSRF_HEADER] = person.http.headers[CSRF_HEADER]
    session.cookies.update(dict(person.http.cookies))

    @_bounded
    @given(cases)
    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=url, session=session)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

    ask()
    return statuses


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("database_server", "secured_broker"), [("timescaledb", "mosquitto")], indirect=True)
def test_whatever_is_asked_is_answered_as_described(stack: Stack, what_exists: dict[str, Any]) -> None:
    for found in schemathesis.openapi.from_dict(describe()).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        with stack.person() as nurse:
            statuses = [_ask(nurse, stack.url, cases) for cases in _cases(operation, what_exists)]
        if operation.path_parameters:
            assert statuses[1] & {200, 201, 204, 409}, f"{operation.label} was not asked about what exists"
            assert 401 not in set().union(*statuses), f"{operation.label} was asked without a session"
