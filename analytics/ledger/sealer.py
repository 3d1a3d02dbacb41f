"""Seals what happened to alarms into the ledger, within a second, on a thread of its own (docs/adr/0024).

Whoever writes an event only notes that it is to be sealed; one process at a time takes the notes, and appends to each
tenant's chain in one transaction with taking them. So no writer waits for another's hash.
"""

import logging
import time
from collections import defaultdict
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from heartwire.ledger import GENESIS, GONE, Entry, sealed
from heartwire.storage.ledger import read_contents, read_head
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.ledger", "sealer.sql")
_EVERY_S: Final = 0.25
#: Entries of one transaction: some hundred milliseconds.
_BATCH: Final = 5_000
_STATEMENT_TIMEOUT_S: Final = 30.0
#: The heads of the chains go to the log so often: nobody can make anew, inside the database, what is noted elsewhere.
_ANCHOR_EVERY_S: Final = 24 * 3600.0


class _Due(NamedTuple):
    """A row that is to be sealed."""

    due_id: int
    tenant_id: int
    source: str
    source_id: int
    alarm_id: int | None


def seal_due(connection: psycopg.Connection[TupleRow], most: int = _BATCH) -> int:
    """Seal what is due, in one transaction, and return how many rows.

    For one process at a time; of two, one fails and has done nothing.

    Raises
    ------
    psycopg.Error
        The database; nothing is sealed.
    """
    with connection.transaction():
        due = [_Due(*row) for row in connection.execute(_QUERIES["due"], {"limit": most})]
        if not due:
            return 0
        entries = _link(connection, due)
        tenants, seqs, times, sources, ids, alarms, contents, hashes = map(list, zip(*entries, strict=True))
        connection.execute(
            _QUERIES["append"],
            {
                "tenants": tenants,
                "seqs": seqs,
                "times": times,
                "sources": sources,
                "ids": ids,
                "alarms": alarms,
                "contents": contents,
                "hashes": hashes,
            },
        )
        connection.execute(_QUERIES["done"], {"due": [one.due_id for one in due]})
    return len(due)


def _link(connection: psycopg.Connection[TupleRow], due: list[_Due]) -> list[Entry]:
    (now_us,) = connection.execute(_QUERIES["now"]).fetchone() or (0,)
    wanted: defaultdict[str, list[int]] = defaultdict(list)
    for one in due:
        wanted[one.source].append(one.source_id)
    contents = {source: read_contents(connection, source, ids) for source, ids in wanted.items()}
    heads: dict[int, tuple[int, bytes]] = {}
    entries = []
    for one in due:
        if one.tenant_id not in heads:
            head = read_head(connection, one.tenant_id)
            heads[one.tenant_id] = (0, GENESIS) if head is None else (head.seq, head.hash)
        seq, previous = heads[one.tenant_id]
        content = contents[one.source].get(one.source_id)
        if content is None:
            _logger.error("%s %d was gone before it was sealed; the ledger says so", one.source, one.source_id)
        entry = sealed(
            Entry(one.tenant_id, seq + 1, now_us, one.source, one.source_id, one.alarm_id, content or GONE), previous
        )
        heads[one.tenant_id] = (entry.seq, entry.hash)
        entries.append(entry)
    return entries


class SealerThread:
    """Seals at a steady pace, where no other process does.

    Parameters
    ----------
    database : str
        libpq URL.
    """

    def __init__(self, database: str) -> None:
        self._is_sealer = False
        self._anchored_s: float | None = None
        self._thread: Final = SideThread(
            database,
            "analytics-ledger",
            _EVERY_S,
            self._turn,
            failing="nobody seals the ledger",
            statement_timeout_s=_STATEMENT_TIMEOUT_S,
            begin=self._begin,
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_running

    def stop(self) -> None:
        """End; what is due stays due."""
        self._thread.stop()

    def _begin(self, _connection: psycopg.Connection[TupleRow]) -> None:
        self._is_sealer = False

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        if not self._is_sealer:
            row = connection.execute(_QUERIES["become_sealer"]).fetchone()
            self._is_sealer = row is not None and bool(row[0])
            if not self._is_sealer:
                return
            _logger.info("seals the ledger")
        while seal_due(connection) == _BATCH:
            pass
        self._anchor(connection)

    def _anchor(self, connection: psycopg.Connection[TupleRow]) -> None:
        now_s = time.monotonic()
        if self._anchored_s is not None and now_s - self._anchored_s < _ANCHOR_EVERY_S:
            return
        self._anchored_s = now_s
        for (tenant_id,) in connection.execute(_QUERIES["tenants"]).fetchall():
            head = read_head(connection, tenant_id)
            if head is not None:
                _logger.info("ledger of tenant %d: entry %d is %s", tenant_id, head.seq, head.hash.hex())
