"""Which process works on which shards, agreed on in the database (docs/adr/0008).

A worker is one process of one service. Its row in `shard_workers` is its right to write: every transaction that it
writes in looks for the row and holds it (`fence`), so that a worker that was buried meanwhile writes nothing any more.
"""

import logging
import time
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import psycopg

from heartwire.errors import RetryableError
from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries
from heartwire.topics import SHARDS

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("heartwire.storage", "leases.sql")
#: A worker whose session broke has so long to come back with another, seconds.
_GRACE_S: Final = 1.0
#: With a new session, or after a time without one, nobody is buried for so long: others are coming back too, seconds.
_RETURN_S: Final = 3.0


class LeaseLostError(RetryableError):
    """Others took this worker for dead: it may not write. Forget what is in memory and join anew."""


class Standing(NamedTuple):
    """How a worker stands among those of its service.

    Attributes
    ----------
    worker_id : int
        Its number; another one after it was buried and joined anew.
    held : frozenset of int
        Shards that are its own.
    surplus : frozenset of int
        Those of them that it is to finish and release, since others have fewer.
    n_workers : int
        How many live, itself included.
    """

    worker_id: int
    held: frozenset[int]
    surplus: frozenset[int]
    n_workers: int


class Leases:
    """One worker's side of the agreement. Each method takes an autocommitting connection.

    All of them raise `DatabaseUnavailableError` where the database cannot be reached.

    Parameters
    ----------
    service, instance : str
        What it is, and this process of it.
    ttl_s : float
        A worker that was not seen for so long is taken for dead, seconds.
    """

    def __init__(self, service: str, instance: str, ttl_s: float) -> None:
        self._service: Final = service
        self._instance: Final = instance
        self._ttl_s: Final = ttl_s
        self._worker_id: int | None = None
        self._session: psycopg.Connection[Any] | None = None
        self._last_s = self._since_s = float("-inf")

    def tick(self, connection: psycopg.Connection[Any]) -> Standing:
        """Say that this worker lives, bury the dead, and take free shards up to the fair share.

        Call it several times within `ttl_s`. The first call joins.

        Raises
        ------
        LeaseLostError
            If this worker was buried; the next call joins anew.
        """
        with translated():
            if self._worker_id is None:
                self._worker_id = int(self._rows(connection, "join", instance=self._instance)[0][0])
                self._session, self._last_s = connection, time.monotonic()
            elif not self._rows(connection, "renew"):
                self._worker_id = None
                raise LeaseLostError(f"{self._service} {self._instance} was taken for dead; its shards went to others")
            self._bury(connection)
            return self._stand(connection)

    def release(self, connection: psycopg.Connection[Any], shards: Iterable[int]) -> None:
        """Give up shards of which everything is finished."""
        with translated():
            self._run(connection, "release", shards=list(shards))

    def leave(self, connection: psycopg.Connection[Any]) -> None:
        """End: all shards are free at once."""
        if self._worker_id is not None:
            with translated():
                self._run(connection, "leave")
            self._worker_id = None

    def _bury(self, connection: psycopg.Connection[Any]) -> None:
        now_s = time.monotonic()
        if connection is not self._session or now_s - self._last_s > self._ttl_s / 2:
            self._since_s = now_s
        self._session, self._last_s = connection, now_s
        if now_s - self._since_s < _RETURN_S:
            return
        self._run(connection, "end_writers", ttl_s=self._ttl_s)
        for worker_id, instance in self._rows(connection, "bury", ttl_s=self._ttl_s, grace_s=_GRACE_S):
            _logger.warning(
                "%s worker %d (%s) is taken for dead; its shards are free", self._service, worker_id, instance
            )

    def _stand(self, connection: psycopg.Connection[Any]) -> Standing:
        assert self._worker_id is not None
        workers = [worker_id for (worker_id,) in self._rows(connection, "workers")]
        if self._worker_id not in workers:
            return Standing(self._worker_id, frozenset(), frozenset(), len(workers))
        share = fair_share(workers.index(self._worker_id), len(workers))
        held = self._held(connection)
        if len(held) < share:
            self._run(connection, "claim", most=share - len(held))
            held = self._held(connection)
        return Standing(self._worker_id, frozenset(held), frozenset(held[share:]), len(workers))

    def _held(self, connection: psycopg.Connection[Any]) -> list[int]:
        return [shard for (shard,) in self._rows(connection, "held")]

    def _rows(self, connection: psycopg.Connection[Any], query: str, **parameters: object) -> list[Any]:
        return self._run(connection, query, **parameters).fetchall()

    def _run(self, connection: psycopg.Connection[Any], query: str, **parameters: object) -> psycopg.Cursor[Any]:
        named = {"service": self._service, "worker_id": self._worker_id, **parameters}
        return connection.execute(_QUERIES[query], named)


def fair_share(rank: int, n_workers: int) -> int:
    """Return how many of the shards are for the worker of this rank (from 0) among so many."""
    return SHARDS // n_workers + (rank < SHARDS % n_workers)


def set_writer(connection: psycopg.Connection[Any], worker_id: int) -> None:
    """Say that this connection writes for a worker; call it when the connection is new or the worker is.

    Raises
    ------
    LeaseLostError
        If the worker was buried.
    """
    _hold(connection, "set_writer", worker_id)


def fence(connection: psycopg.Connection[Any], worker_id: int) -> None:
    """Within a transaction, make sure that a worker may write until its end.

    Raises
    ------
    LeaseLostError
        If the worker was buried; roll back.
    """
    _hold(connection, "fence", worker_id)


def _hold(connection: psycopg.Connection[Any], query: str, worker_id: int) -> None:
    with translated():
        row = connection.execute(_QUERIES[query], {"worker_id": worker_id}).fetchone()
    if row is None:
        raise LeaseLostError(f"worker {worker_id} was taken for dead; its shards went to others")
