"""Looks for what is unaccounted for, on a thread of its own (rules: accounts.py).

It follows the ledger, so that it looks again only at alarms to which something happened, and at those that it waits
for. Whether events reach the ledger at all it sees from what waits to be sealed.
"""

import logging
from typing import Final

import msgspec
import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.freshness import WATCH_VERSION
from analytics.ledger.accounts import UNACCOUNTED, Account, Asking, OpenAccount, add_up, is_due, judge
from heartwire.calls import CALLS
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import LookThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.ledger", "watchdog.sql")
_LIMIT_S: Final = CALLS[UNACCOUNTED].limits["seconds"].default
_STATEMENT_TIMEOUT_S: Final = 30.0
#: How far back it begins: entries of the ledger, and episodes.
_BACK: Final = 20_000


class Watchdog:
    """One connection's watch.

    Parameters
    ----------
    limit_s : float
        After so long an alarm must be accounted for, seconds.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], limit_s: float) -> None:
        self._connection: Final = connection
        self._limit_s: Final = limit_s
        self._is_watchdog = False
        #: By tenant, up to which entry the ledger was read.
        self._read: Final[dict[int, int]] = {}
        self._asking: dict[int, Asking] = {}
        self._episode: int | None = None
        self._orphans: Final[set[int]] = set()

    def look(self) -> None:
        """Look and tell, in one transaction; does nothing while another process watches.

        Raises
        ------
        psycopg.Error
            The database; make another watchdog.
        """
        with self._connection.transaction():
            if not self._is_watchdog:
                self._is_watchdog = bool(self._rows("become_watchdog")[0][0])
            if not self._is_watchdog:
                return
            now_us = self._rows("now")[0][0]
            tenants: dict[int, int] = dict(self._rows("tenants"))
            self._follow(tenants)
            due = [alarm for alarm in self._asking.values() if is_due(alarm, now_us, round(self._limit_s * 1e6))]
            unsealed: dict[int, int] = dict(self._rows("unsealed", limit_s=self._limit_s))
            self._tell(add_up(due, self._count_orphans(), unsealed, tenants))

    def _follow(self, tenants: dict[int, int]) -> None:
        """Look at every alarm to which something happened since, and at those of which nobody knew."""
        alarms = set(self._asking)
        for tenant_id, head in tenants.items():
            after = self._read.get(tenant_id, max(0, head - _BACK))
            if head > after:
                alarms |= {row[0] for row in self._rows("touched", tenant_id=tenant_id, after=after, until=head)}
            self._read[tenant_id] = head
        self._asking = {row[0]: Asking(*row) for row in self._rows("asking", alarms=list(alarms))} if alarms else {}

    def _count_orphans(self) -> dict[int, int]:
        """Return how many episodes of each tenant have no alarm; both are written in one transaction."""
        last = self._rows("last_episode")[0][0]
        after = max(0, last - _BACK) if self._episode is None else self._episode
        if last > after:
            self._orphans.update(row[0] for row in self._rows("orphans", after=after, until=last))
        self._episode = last
        return dict(self._rows("still_orphans", episodes=list(self._orphans))) if self._orphans else {}

    def _tell(self, accounts: dict[int, Account]) -> None:
        change = judge(accounts, [OpenAccount(*row) for row in self._rows("open", call=UNACCOUNTED)])
        for tenant_id, account in change.begins.items():
            self._connection.execute(
                _QUERIES["raise"],
                {
                    "tenant_id": tenant_id,
                    "call": UNACCOUNTED,
                    "priority": str(CALLS[UNACCOUNTED].priority),
                    "engine": WATCH_VERSION,
                    "detail": Jsonb(msgspec.to_builtins(account)),
                },
            )
            _logger.error("tenant %d: %s unaccounted for", tenant_id, account)
        for alarm_id, account in change.updates.items():
            self._connection.execute(
                _QUERIES["say"], {"alarm_id": alarm_id, "detail": Jsonb(msgspec.to_builtins(account))}
            )
        if change.ends:
            self._connection.execute(_QUERIES["end"], {"alarms": change.ends})
            _logger.info("all is accounted for again")

    def _rows(self, query: str, **given: object) -> list[TupleRow]:
        return self._connection.execute(_QUERIES[query], given).fetchall()


def watchdog_thread(database: str, every_s: float) -> LookThread:
    """Return what runs a watchdog at a steady pace, seconds; open alarms stay open when it ends."""
    return LookThread(
        database,
        "analytics-watchdog",
        every_s,
        lambda connection: Watchdog(connection, _LIMIT_S),
        failing="nobody sees what is unaccounted for",
        statement_timeout_s=_STATEMENT_TIMEOUT_S,
    )
