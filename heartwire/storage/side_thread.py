"""A thread with a connection of its own, for what must go on whatever the service is busy with."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import psycopg
from psycopg.rows import TupleRow

from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect

_logger: Final = logging.getLogger(__name__)
#: A thread that asks the database nothing for so long after its turn was due has lost its connection, and with it the
#: roles that it holds by locks of it: another process goes on (docs/adr/0033).
FROZEN_AFTER_S: Final = 5.0

#: Does something over the thread's connection; may raise what the database refuses.
Turn: TypeAlias = Callable[[psycopg.Connection[TupleRow]], None]


class SideThread:
    """Takes a turn at a steady pace, and connects again after each failure.

    Parameters
    ----------
    database : str
        libpq URL.
    name : str
        Of the connection, as the database shows it, and of the thread.
    every_s : float
        Pace, seconds.
    turn : callable
        Called on the thread, autocommitting.
    failing : str
        What it means when the database does not answer: logged once, not with every attempt.
    statement_timeout_s : float
        A statement that takes longer has failed, seconds.
    begin : callable, optional
        Called before the first turn over each new connection.
    end : callable, optional
        Called after the last turn, where there is a connection.
    """

    def __init__(
        self,
        database: str,
        name: str,
        every_s: float,
        turn: Turn,
        *,
        failing: str,
        statement_timeout_s: float = 5.0,
        begin: Turn | None = None,
        end: Turn | None = None,
    ) -> None:
        self._database: Final = database
        self._name: Final = name
        self._every_s: Final = every_s
        self._turn: Final = turn
        self._failing: Final = failing
        self._statement_timeout_s: Final = statement_timeout_s
        self._begin: Final = begin
        self._end: Final = end
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._has_failed = False
        self._wake: Final = threading.Event()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives; a defect may have ended it."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Let the next turn come now."""
        self._wake.set()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End, and wait so long for it."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=timeout_s)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._attempt(self._connect_and_turn)
                self._wake.wait(self._every_s)
                self._wake.clear()
            if self._connection is not None and self._end is not None:
                self._attempt(self._end_it)
        finally:
            self._disconnect()

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            with translated():
                action()
        except HeartwireError as error:
            if not self._has_failed:
                _logger.warning("%s: %s", self._failing, error)
            self._has_failed = True
            self._disconnect()
            return
        if self._has_failed:
            _logger.info("%s: that is over", self._failing)
        self._has_failed = False

    def _connect_and_turn(self) -> None:
        connection = self._connection
        if connection is None:
            connection = self._connection = connect(
                self._database,
                self._name,
                autocommit=True,
                statement_timeout_s=self._statement_timeout_s,
                frozen_after_s=self._every_s + FROZEN_AFTER_S,
            )
            if self._begin is not None:
                self._begin(connection)
        self._turn(connection)

    def _end_it(self) -> None:
        assert self._connection is not None
        assert self._end is not None
        self._end(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Looker(Protocol):
    """Looks at the database over the one connection that it was made with, and keeps what it knows of it."""

    def look(self) -> None:
        """Look, and do what is to be done."""


class LookThread(SideThread):
    """Lets somebody look at a steady pace: a new one over each new connection, who begins to know anew.

    Parameters
    ----------
    database, name, every_s, failing, statement_timeout_s
        As of `SideThread`.
    make : callable
        Makes the looker of a connection.
    """

    def __init__(
        self,
        database: str,
        name: str,
        every_s: float,
        make: Callable[[psycopg.Connection[TupleRow]], Looker],
        *,
        failing: str,
        statement_timeout_s: float,
    ) -> None:
        self._make: Final = make
        self._looker: Looker | None = None
        super().__init__(
            database,
            name,
            every_s,
            self._look,
            failing=failing,
            statement_timeout_s=statement_timeout_s,
            begin=self._make_looker,
        )

    def _make_looker(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._looker = self._make(connection)

    def _look(self, _connection: psycopg.Connection[TupleRow]) -> None:
        assert self._looker is not None
        self._looker.look()
