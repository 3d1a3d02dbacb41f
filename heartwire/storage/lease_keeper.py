"""Keeps a worker's leases, on a thread and connection of its own: slow work does not look dead."""

import logging
import threading
from collections.abc import Iterable
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from heartwire.storage.leases import LeaseLostError, Leases, Standing
from heartwire.storage.side_thread import SideThread

_logger: Final = logging.getLogger(__name__)
#: How long the end of the service waits for the database to hear of it, seconds.
_LEAVE_S: Final = 5.0


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
        self._leases: Final = Leases(service, instance, ttl_s)
        self._standing: Standing | None = None
        self._lock: Final = threading.Lock()
        self._to_release: set[int] = set()
        self._thread: Final = SideThread(
            database,
            f"{service}-leases",
            min(1.0, ttl_s / 5),
            self._turn,
            failing="the leases cannot be kept",
            end=self._leases.leave,
        )

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
        self._thread.wake()

    def stop(self) -> None:
        """Give everything up and end; what is held must be finished."""
        self._thread.stop(_LEAVE_S)

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        with self._lock:
            released = frozenset(self._to_release)
        try:
            if released:
                self._leases.release(connection, released)
            standing = self._leases.tick(connection)
        except LeaseLostError as error:
            _logger.warning("%s", error)
            with self._lock:
                self._standing = None
                self._to_release.clear()
            self._thread.wake()
            return
        with self._lock:
            self._standing = standing
            # In one step with the new standing, in which they are missing, or its own again.
            self._to_release -= released
