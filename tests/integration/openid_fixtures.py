"""A provider that lies, and the pages' server that knows it, for modules of tests that say which providers they want.

Such a module has ``pytest_plugins = ("tests.integration.openid_fixtures",)`` and ``providers(impostor, directory)``: it
returns the tables of its providers by their keys.
"""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.dashboard_stack import Person, Stack
from tests.integration.openid_stack import providers_file, serving
from tests.servers.impostor import Impostor
from tests.servers.migrated import TEMPLATE
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="module")
def lying() -> Iterator[Impostor]:
    """A provider that says whatever a test wants it to say."""
    with Impostor() as impostor:
        yield impostor


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest,
    lying: Impostor,
    database_servers: Callable[[str], PostgresServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The pages' server, which knows the module's providers."""
    directory = tmp_path_factory.mktemp("openid")
    file = providers_file(directory, request.module.providers(lying, directory))
    server = database_servers("timescaledb")
    name = request.module.__name__.rpartition(".")[2]
    database = server.create_database(name, template=TEMPLATE)
    try:
        with serving(database, directory, file) as stack:
            yield stack
    finally:
        server.drop_database(name)


@pytest.fixture
def impostor(lying: Impostor) -> Impostor:
    """It is honest until the test says otherwise, and nothing was asked of it yet."""
    lying.be_honest()
    lying.asked.clear()
    return lying


@pytest.fixture
def person(stack: Stack, impostor: Impostor) -> Iterator[Person]:
    """Somebody who is signed in nowhere, before an honest provider."""
    assert impostor.asked == []
    with stack.person(None) as person:
        yield person
