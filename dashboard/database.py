"""The database, as the pages' server uses it: a pool that says soon when there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, Protocol

import psycopg

from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import make_pool
from heartwire.storage.queries import load_queries

#: How long a request waits for a connection before it is told that the database is away, seconds.
_PATIENCE_S: Final = 2.0
_QUERIES: Final = load_queries("dashboard", "database.sql")


class Sight(NamedTuple):
    """What a connection shows, of one tenant.

    Attributes
    ----------
    tenant_id : int
        Whose.
    user_id : int, optional
        Who asks, if it is a person.
    wards : tuple of int, optional
        Only patients of these wards; ``None`` for all of the tenant.
    patients : tuple of int
        And these.
    """

    tenant_id: int
    user_id: int | None = None
    wards: tuple[int, ...] | None = None
    patients: tuple[int, ...] = ()


class Seer(Protocol):
    """Somebody with rights of his own."""

    @property
    def sight(self) -> Sight:
        """What he may see."""


class Database:
    """A bounded pool of autocommitting connections; who asks while all are in use waits."""

    def __init__(self, database: str, connections: int) -> None:
        self._pool: Final = make_pool(database, "dashboard", size=connections)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Begin to connect, in the background."""
        self._loop = asyncio.get_running_loop()
        await self._pool.open()

    async def close(self) -> None:
        """Close all connections."""
        self._loop = None
        await self._pool.close()

    def answers(self) -> bool:
        """Whether the database answers in time; to be called on a thread that may wait, not on the event loop."""
        loop = self._loop
        if loop is None:
            return False
        asked = asyncio.run_coroutine_threadsafe(self._ask(), loop)
        try:
            asked.result(timeout=_PATIENCE_S)
        except (HeartwireError, TimeoutError):
            asked.cancel()
            return False
        return True

    async def _ask(self) -> None:
        async with self.connection() as connection:
            await connection.execute("SELECT 1")

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Lend a connection that sees everything; it goes back, or is thrown away when it broke.

        For signing in, and for what concerns the whole process only: `connection_as` and `connection_of` are for all
        that shows or changes what is a tenant's.

        Raises
        ------
        DatabaseUnavailableError, DatabaseFullError
            To try again later.
        DatabaseRefusedError
            For good.
        """
        with translated():
            async with self._pool.connection(timeout=_PATIENCE_S) as connection:
                yield connection

    @asynccontextmanager
    async def connection_as(self, seer: Seer) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Lend a connection that shows what somebody may see, in a transaction that ends with the loan.

        Raises
        ------
        DatabaseUnavailableError, DatabaseFullError, DatabaseRefusedError
            As `connection`.
        """
        async with self._seeing(seer.sight) as connection:
            yield connection

    @asynccontextmanager
    async def connection_of(self, tenant_id: int) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """Likewise of a whole tenant, for what serves all its users."""
        async with self._seeing(Sight(tenant_id)) as connection:
            yield connection

    @asynccontextmanager
    async def _seeing(self, sight: Sight) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with self.connection() as connection, connection.transaction():
            # They are the transaction's own: who borrows the connection next cannot inherit them.
            wards = None if sight.wards is None else list(sight.wards)
            given = sight._asdict() | {"wards": wards, "patients": list(sight.patients)}
            await connection.execute(_QUERIES["see"], given)
            yield connection
