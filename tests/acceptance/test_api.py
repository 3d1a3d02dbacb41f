"""Promises P8 and P10: whatever is sent to the API, it answers as it says it does, and never fails.

Requests are made from the API's own description: good ones, bad ones, and good ones about what really exists.
"""

from collections.abc import Iterator
from typing import Any, Final

import hypothesis
import psycopg
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
from dashboard.permissions import PERMISSIONS, Role
from tests.conftest import StartHeartwire
from tests.declared_routes import declared_routes
from tests.integration.dashboard_stack import Person, Stack, add_person
from tests.integration.tenants import fill
from tests.servers.secured import SecuredBroker

_EXAMPLES: Final = 10
_PEOPLE: Final = {"nurse": Role.NURSE, "doctor": Role.PHYSICIAN, "amy": Role.ADMIN}
_PERMISSIONS: Final = {(route.method, route.path): route.permission for route in declared_routes()}
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
    """One of everything that the API names, by the names of its parameters."""
    with psycopg.connect(stack.database) as connection:
        add_person(connection, "amy", "Amy Admin", role="admin")
    return {**fill(stack.database).a.ids, "kind": "ecg", "token": "no-such-notice", "provider": "nobody"}


def _who_may(operation: Any) -> str:  # noqa: ANN401 # schemathesis' own
    """Return the login of somebody whose role allows it; a nurse where nobody is asked for."""
    permission = _PERMISSIONS.get((operation.method.upper(), operation.path))
    allowed = (login for login, role in _PEOPLE.items() if permission is None or permission in PERMISSIONS[role])
    return next(allowed)


def _cases(operation: Any, what_exists: dict[str, Any]) -> Iterator[st.SearchStrategy[Case[Any]]]:  # noqa: ANN401
    names = {parameter.name for parameter in operation.path_parameters}
    if names:  # first, before chance finds the same numbers and uses them up
        asked: dict[str, Any] = {"path_parameters": {name: what_exists[name] for name in names}}
        if operation.path == "/api/patients/{patient_id}/messages/read":  # no chance finds a number that exists
            asked["body"] = {"messages": [what_exists["message_id"]]}
        yield operation.as_strategy(GenerationMode.POSITIVE, **asked)
    yield operation.as_strategy(GenerationMode.POSITIVE)
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


def _turn(operation: Any) -> tuple[bool, bool, bool]:  # noqa: ANN401 # schemathesis' own
    """Say when: what takes things away after what uses them, all of them after one; what may shut out who asks last."""
    takes_away = operation.method == "delete"
    return operation.path.startswith("/api/people"), takes_away, takes_away and not operation.path_parameters


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("database_server", "secured_broker"), [("timescaledb", "mosquitto")], indirect=True)
def test_whatever_is_asked_is_answered_as_described(stack: Stack, what_exists: dict[str, Any]) -> None:
    operations = []
    for found in schemathesis.openapi.from_dict(describe()).get_all_operations():
        assert isinstance(found, Ok)
        operations.append(found.ok())
    for operation in sorted(operations, key=_turn):
        with stack.person(_who_may(operation)) as somebody:
            statuses = [_ask(somebody, stack.url, cases) for cases in _cases(operation, what_exists)]
        if operation.path_parameters and not {"{token}", "{provider}"} & set(operation.path.split("/")):
            # 403: found, and another's to answer; what is not found is 404.
            assert statuses[0] & {200, 201, 202, 204, 403, 409}, f"{operation.label} was not asked about what exists"
            assert 401 not in set().union(*statuses), f"{operation.label} was asked without a session"
