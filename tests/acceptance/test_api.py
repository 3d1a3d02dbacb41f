"""Promises P8 and P10: whatever is sent to the API, it answers as it says it does, and never fails.

Requests are made from the API's own description: good ones, bad ones, and good ones about what really exists.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

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
from tests.declared_routes import call_of, declared_routes
from tests.integration.dashboard_stack import Person, Stack, add_person
from tests.integration.tenants import fill
from tests.servers.secured import SecuredBroker

_EXAMPLES: Final = 10
#: Of requests of which nothing can be chosen.
_ALIKE: Final = 2
_ISSUER: Final = "https://id.example"
_PEOPLE: Final = {"nurse": Role.NURSE, "doctor": Role.PHYSICIAN, "amy": Role.ADMIN}
_ROUTES: Final = {(route.method, route.path): route for route in declared_routes()}
_OFTEN: Final = {
    f"HEARTWIRE_DASHBOARD_{name}": "1000"
    for name in ("SIGN_IN_TRIES_LOGIN", "SIGN_IN_TRIES_ADDRESS", "PAIRING_TRIES_ADDRESS", "PAIRING_TRIES_ALL")
}
#: Where no chance finds what holds: a number that exists, a beat of the patient's past.
_BODIES: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "/api/patients/{patient_id}/messages/read": lambda ids: {"messages": [ids["message_id"]]},
    "/api/patients/{patient_id}/beat-corrections": lambda _: {
        "t_us": time.time_ns() // 1000,
        "kind": "added",
        "label": "V",
    },
}
_bounded: Final = hypothesis.settings(
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
    exists = {**fill(stack.database).a.ids, "kind": "ecg", "token": "no-such-notice", "provider": "nobody"}
    elsewhere = "INSERT INTO identities (issuer, subject, tenant_id, user_id) VALUES (%s, 'x', 1, %s)"
    stack.execute(elsewhere, _ISSUER, exists["user_id"])
    return exists | {"issuer": _ISSUER}


@pytest.fixture
def people() -> Iterator[dict[str, Person]]:
    """Who has signed in, by login; filled by `_signed_in`."""
    people: dict[str, Person] = {}
    yield people
    for person in people.values():
        person.http.close()


def _who_may(operation: Any) -> str:  # noqa: ANN401 # schemathesis' own
    """Return the login of somebody whose role allows it; a nurse where nobody is asked for."""
    permission = _ROUTES[operation.method.upper(), operation.path].permission
    allowed = (login for login, role in _PEOPLE.items() if permission is None or permission in PERMISSIONS[role])
    return next(allowed)


class _Cases(NamedTuple):
    """Requests of one kind, and how many of them are sent."""

    strategy: st.SearchStrategy[Case[Any]]
    n_examples: int = _EXAMPLES


def _cases(operation: Any, what_exists: dict[str, Any]) -> Iterator[_Cases]:  # noqa: ANN401
    names = {parameter.name for parameter in operation.path_parameters}
    has_choice = bool(operation.body or operation.query)
    if names:  # first, before chance finds the same numbers and uses them up
        asked: dict[str, Any] = {"path_parameters": {name: what_exists[name] for name in names}}
        if operation.method == "post" and operation.path in _BODIES:
            asked["body"] = _BODIES[operation.path](what_exists)
        query = call_of(_ROUTES[operation.method.upper(), operation.path], what_exists).query
        if query:  # nor a stretch of time that begins before it ends
            asked["query"] = query
        n_examples = _EXAMPLES if operation.body else _ALIKE
        yield _Cases(operation.as_strategy(GenerationMode.POSITIVE, **asked), n_examples)
    yield _Cases(operation.as_strategy(GenerationMode.POSITIVE), _EXAMPLES if has_choice or names else _ALIKE)
    if names - {"device"} or has_choice:  # no word is bad as a device's name
        yield _Cases(operation.as_strategy(GenerationMode.NEGATIVE))


def _signed_in(stack: Stack, people: dict[str, Person], login: str) -> Person:
    """Return somebody who is signed in; anew where a request has ended the session."""
    if login not in people:
        people[login] = Person(stack.url)
    if people[login].http.get("/api/session").status_code != 200:
        assert people[login].sign_in(login).status_code == 200
    return people[login]


def _ask(person: Person, url: str, cases: _Cases) -> set[int]:
    """Send requests and return the statuses of their answers."""
    statuses: set[int] = set()

    @hypothesis.settings(_bounded, max_examples=cases.n_examples)
    @given(cases.strategy)
    def ask(case: Case[Any]) -> None:
        answer = case.call(base_url=url, session=session)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

    with requests.Session() as session:
        session.headers[CSRF_HEADER] = person.http.headers[CSRF_HEADER]
        session.cookies.update(dict(person.http.cookies))
        ask()
    return statuses


def _turn(operation: Any) -> tuple[bool, bool, bool]:  # noqa: ANN401 # schemathesis' own
    """Say when: what takes things away after what uses them, all of them after one; what may shut out who asks last."""
    takes_away = operation.method == "delete"
    return operation.path.startswith("/api/people"), takes_away, takes_away and not operation.path_parameters


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("database_server", "secured_broker"), [("timescaledb", "mosquitto")], indirect=True)
def test_whatever_is_asked_is_answered_as_described(
    stack: Stack, what_exists: dict[str, Any], people: dict[str, Person]
) -> None:
    operations = []
    for found in schemathesis.openapi.from_dict(describe()).get_all_operations():
        assert isinstance(found, Ok)
        operations.append(found.ok())
    for operation in sorted(operations, key=_turn):
        somebody = _signed_in(stack, people, _who_may(operation))
        statuses = [_ask(somebody, stack.url, cases) for cases in _cases(operation, what_exists)]
        if operation.path_parameters and not {"{token}", "{provider}"} & set(operation.path.split("/")):
            # 403: found, and another's to answer; what is not found is 404.
            assert statuses[0] & {200, 201, 202, 204, 403, 409}, f"{operation.label} was not asked about what exists"
            assert 401 not in set().union(*statuses), f"{operation.label} was asked without a session"
