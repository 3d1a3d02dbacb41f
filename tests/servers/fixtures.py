"""Fixtures of real databases and brokers, for every folder of tests that uses them."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Final, Protocol, Self, TypeVar

import pytest

from heartwire.storage.migrate import migrate
from tests.servers.amqtt_broker import EmbeddedBroker
from tests.servers.migrated import DATABASES, TEMPLATE, make_migrated
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.mosquitto import MosquittoServer
from tests.servers.postgres import PostgresServer, SteppingPostgres, remove_leftovers
from tests.servers.process import Process
from tests.servers.secured import SecuredBroker, SecuredEmbedded, SecuredMosquitto

_Server = TypeVar("_Server")
_number: Final = itertools.count(1)


class BrokerServer(Protocol):
    """An MQTT broker that tests start, kill and start again on the same port."""

    @property
    def name(self) -> str:
        """`mosquitto` or `amqtt`."""

    @property
    def host(self) -> str:
        """Loopback address."""

    @property
    def port(self) -> int:
        """TCP port."""

    @property
    def speaks_mqtt5(self) -> bool:
        """Whether it speaks MQTT 5 besides 3.1.1."""

    @property
    def process(self) -> Process:
        """The program itself."""

    def start(self) -> Self:
        """Start and return when connections are taken."""

    def stop(self) -> None:
        """Stop politely."""

    def kill(self) -> None:
        """SIGKILL."""

    def forget(self) -> None:
        """Delete what it remembers over a restart, while it is down."""

    def remove(self) -> None:
        """Kill and delete what it kept."""


_BROKERS: Final[dict[str, Callable[[], BrokerServer]]] = {"mosquitto": MosquittoServer, "amqtt": EmbeddedBroker}


@pytest.fixture(scope="session")
def database_servers() -> Iterator[Callable[[str], PostgresServer]]:
    """Start a server of a kind when it is first asked for, and keep it for the whole session.

    Not in `database_server` itself: pytest ends what depends on a parameter whenever the next test has another one.
    """
    remove_leftovers()
    with ExitStack() as running:

        @cache
        def start(kind: str) -> PostgresServer:
            return running.enter_context(_present(lambda: make_migrated(kind)))

        yield start


@pytest.fixture(scope="session", params=list(DATABASES))
def database_server(
    request: pytest.FixtureRequest, database_servers: Callable[[str], PostgresServer]
) -> PostgresServer:
    """One server of each kind for the whole session, fast rather than durable, with a migrated template."""
    return database_servers(request.param)


@pytest.fixture
def database(database_server: PostgresServer) -> Iterator[str]:
    """A fresh, migrated database of the test's own, as a libpq URL; on each kind of server."""
    name = f"test_{next(_number)}"
    yield database_server.create_database(name, template=TEMPLATE)
    database_server.drop_database(name)


@pytest.fixture
def empty_database(database_server: PostgresServer) -> Iterator[str]:
    """A database without any schema, as a libpq URL; on each kind of server."""
    name = f"empty_{next(_number)}"
    yield database_server.create_database(name)
    database_server.drop_database(name)


@pytest.fixture(params=list(DATABASES))
def killable_database_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """A durable server of the test's own, to kill and start again; its database `heartwire` is migrated."""
    with _present(lambda: make_migrated(request.param, durable=True)) as server:
        server.create_database("heartwire", template=TEMPLATE)
        yield server


@pytest.fixture
def stepping_database_server() -> Iterator[SteppingPostgres]:
    """A server of the test's own whose clock the test sets; its database `heartwire` is migrated."""
    with _present(SteppingPostgres) as server:
        migrate(server.create_database("heartwire"))
        yield server


@pytest.fixture(params=list(_BROKERS))
def broker(request: pytest.FixtureRequest) -> Iterator[BrokerServer]:
    """A broker of the test's own, running, to kill and start again; each kind."""
    server = _present(_BROKERS[request.param])
    try:
        yield server.start()
    finally:
        server.remove()


_SECURED: Final[dict[str, Callable[[], SecuredBroker]]] = {"mosquitto": SecuredMosquitto, "amqtt": SecuredEmbedded}


@pytest.fixture(params=list(_SECURED))
def secured_broker(request: pytest.FixtureRequest) -> Iterator[SecuredBroker]:
    """A broker of the test's own that lets in only who belongs: Mosquitto with TLS, and the embedded one."""
    server = _present(_SECURED[request.param])
    try:
        yield server.start()
    finally:
        server.remove()


def _present(make: Callable[[], _Server]) -> _Server:
    try:
        return make()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
