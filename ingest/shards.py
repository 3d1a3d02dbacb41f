"""Which shards this process takes in, as its lease changes (docs/adr/0008).

Taken over: claimed first, then subscribed to. Given up: unsubscribed from, everything that came committed, then
released. Lost, because others took this process for dead: the connection to the broker is broken off, so that nothing
that came over it can be acknowledged, and all that is remembered is forgotten.
"""

import logging
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from heartwire.storage.lease_keeper import LeaseKeeper
from heartwire.storage.leases import Standing
from ingest.subscriber import Subscriber

_logger: Final = logging.getLogger(__name__)


class Change(Enum):
    """What a look at the lease asks of the service."""

    NONE = auto()
    LOST = auto()
    """Forget everything that came and everything that is remembered."""
    FINISH = auto()
    """Commit everything that came; then call `release`."""


class Shards:
    """Follows the lease; on the service's own thread.

    Parameters
    ----------
    keeper : LeaseKeeper
        Says what is held.
    subscriber : Subscriber
        Is told what to receive.
    forget : callable
        Is told of shards that another process writes from now on.
    """

    def __init__(self, keeper: LeaseKeeper, subscriber: Subscriber, forget: Callable[[frozenset[int]], None]) -> None:
        self._keeper: Final = keeper
        self._subscriber: Final = subscriber
        self._forget: Final = forget
        self._standing: Standing | None = None
        self._lost_id: int | None = None
        self._wanted: frozenset[int] = frozenset()

    @property
    def standing(self) -> Standing | None:
        """In whose name, and for which shards, this process may write now."""
        return self._standing

    @property
    def count(self) -> int:
        """How many shards are held."""
        return len(self._standing.held) if self._standing else 0

    def follow(self) -> Change:
        """Look at the lease."""
        standing = self._keeper.standing
        if standing is not None and standing.worker_id == self._lost_id:
            standing = None  # the keeper does not know yet
        before, self._standing = self._standing, standing
        if before is not None and (standing is None or standing.worker_id != before.worker_id):
            self._want(frozenset())
            self._subscriber.drop()
            return Change.LOST
        if standing is None:
            return Change.NONE
        ours = standing.held - standing.surplus
        if ours != self._wanted:
            self._want(ours)
            _logger.info("takes in %d of the shards, %d processes share them", len(ours), standing.n_workers)
        if standing.surplus and self._subscriber.has_what_it_wants:
            return Change.FINISH
        return Change.NONE

    def release(self) -> None:
        """Give up what is not wanted any more: everything that came of it is committed."""
        standing = self._standing
        assert standing is not None
        self._forget(standing.surplus)
        self._keeper.release(standing.surplus)
        self._standing = standing._replace(held=standing.held - standing.surplus, surplus=frozenset())

    def lose(self) -> None:
        """Take the database's word that this process may not write: the next look says so."""
        if self._standing is not None:
            self._lost_id = self._standing.worker_id

    def _want(self, shards: frozenset[int]) -> None:
        self._wanted = shards
        self._subscriber.want(shards)
