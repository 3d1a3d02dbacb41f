"""Servers with the schema in them at once: what initdb and the migrations make is made once and copied."""

import atexit
from functools import cache
from typing import Final

from heartwire.storage.migrate import migrate
from tests.servers.postgres import EmbeddedPostgres, PostgresServer, TimescaleServer

#: The database of each such server that others are copied from; nobody connects to it.
TEMPLATE: Final = "heartwire_template"


#: Each kind of database server that there is.
DATABASES: Final[dict[str, type[TimescaleServer | EmbeddedPostgres]]] = {
    "timescaledb": TimescaleServer,
    "embedded-postgresql": EmbeddedPostgres,
}


def make_migrated(kind: str, *, durable: bool = False) -> PostgresServer:
    """Return a server that is not started yet; its database `TEMPLATE` is migrated.

    Raises
    ------
    ServerMissingError
        If there is no such server here.
    """
    server = DATABASES[kind](durable=durable)
    server.begin_as(_origin(kind))
    return server


@cache
def _origin(kind: str) -> PostgresServer:
    """Return a stopped server to copy; it goes with the tests."""
    server = DATABASES[kind]()
    atexit.register(server.remove)
    migrate(server.start().create_database(TEMPLATE))
    server.stop()
    return server
