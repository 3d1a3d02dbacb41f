"""Keeps a worker's leases, on a thread and connection of its own: slow work does not look dead."""

import logging
import threading
from collections.abc import Iterable
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from heartwire.errors import HeartwireError
from heartwire.storage.leases import LeaseLostError, Leases, Standing
from heartwire.storage.pool import connect

_logger: Final = logging.getLogger(__name__)
_STATEMENT_TIMEOUT_S: Final = 5.0


class LeaseKeeper:
    """Ticks a worker's leases at a steady pace, connects again after each failure.

    Parameters
    ----------
    database : str
        libpq URL.
    service, instance : str
        What it is, and this process of it.
    ttl_s : float
        A worker that was not seen for so long is taken for dead, seconds; it ticks five times within it.
    """

    def __init__(self, database: str, service: str, instance: str, ttl_s: float) -> None:
        self._database: Final = database
        self._service: Final = service
        self._every_s: Final = min(1.0, ttl_s / 5)
        self._leases: Final = Leases(service, instance, ttl_s)
        self._standing: Standing | None = None
        self._lock: Final = threading.Lock()
        self._to_release: set[int] = set()
        self._wake: Final = threading.Event()
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Join, and go on until `stop`."""
        self._thread.start()

    @property
    def standing(self) -> Standing | None:
        """What is held now, as far as is known: the fence has the last word. ``None`` before the first answer.

        Shards that are about to be released are not in it any more.
        """
        with self._lock:
            standing = self._standing
            if standing is None or not self._to_release:
                return standing
            return standing._replace(held=standing.held - self._to_release, surplus=standing.surplus - self._to_release)

    def release(self, shards: Iterable[int]) -> None:
        """Give up shards of which everything is finished; returns at once."""
        with self._lock:
            self._to_release.update(shards)
        self._wake.set()

    def stop(self) -> None:
        """Give everything up and end; what is held must be finished."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=_STATEMENT_TIMEOUT_S)

    def _run(self) -> None:
        connection: psycopg.Connection[TupleRow] | None = None
        failing = False
        while not self._stopping.is_set():
            try:
                if connection is None:
                    connection = connect(
                        self._database,
                        f"{self._service}-leases",
                        autocommit=True,
                        statement_timeout_s=_STATEMENT_TIMEOUT_S,
                    )
                self._turn(connection)
                failing = False
            except LeaseLostError as error:
                _logger.warning("%s", error)
                with self._lock:
                    self._standing = None
                    self._to_release.clear()
                continue
            except HeartwireError as error:
                if not failing:
                    _logger.warning("the leases cannot be renewed: %s", error)
                failing = True
                if connection is not None:
                    connection.close()
                connection = None
            self._wake.wait(self._every_s)
            self._wake.clear()
        if connection is not None:
            self._leave(connection)

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        with self._lock:
            released = frozenset(self._to_release)
        if released:
            self._leases.release(connection, released)
        standing = self._leases.tick(connection)
        with self._lock:
            self._standing = standing
            # In one step with the new standing, in which they are missing, or its own again.
            self._to_release -= released

    def _leave(self, connection: psycopg.Connection[TupleRow]) -> None:
        try:
            self._leases.leave(connection)
        except HeartwireError as error:
            _logger.info("left without saying so: %s", error)
        finally:
            connection.close()
