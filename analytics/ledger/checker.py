"""Counts each hospital's chain anew now and then, and tells where the last count found something (promise P5).

Whoever counts, this thread or a person by the page: the alarm lasts while the last count that came to its end found
something wrong.
"""

import logging
from typing import Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from analytics.freshness import WATCH_VERSION
from heartwire.calls import CALLS
from heartwire.storage.ledger import BEGIN_CHECK, follow_check
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import LookThread

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics.ledger", "checker.sql")
_ALARMS: Final = load_queries("analytics.ledger", "watchdog.sql")
LEDGER_BROKEN: Final = "ledger_broken"
_EVERY_S: Final = 5.0
_STATEMENT_TIMEOUT_S: Final = 600.0


class Checker:
    """One connection's checks.

    Parameters
    ----------
    connection : psycopg.Connection
        Autocommitting.
    database : str
        libpq URL, for a second connection on which a check says how far it is.
    every_s : float
        So old the last check becomes before the next, seconds; 0: none is begun here.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], database: str, every_s: float) -> None:
        self._connection: Final = connection
        self._database: Final = database
        self._every_s: Final = every_s
        self._is_checker = False

    def look(self) -> None:
        """Check what is due, and tell; does nothing while another process does.

        Raises
        ------
        DatabaseUnavailableError, DatabaseRefusedError
            The database; make another checker.
        """
        if not self._is_checker:
            self._is_checker = bool(self._connection.execute(_QUERIES["become_checker"]).fetchall()[0][0])
        if not self._is_checker:
            return
        if self._every_s:
            for (tenant_id,) in self._connection.execute(_QUERIES["due"], {"every_s": self._every_s}).fetchall():
                self._check(tenant_id)
        self._tell()

    def _check(self, tenant_id: int) -> None:
        with connect(self._database, "ledger-check-progress", autocommit=True) as told:
            row = told.execute(BEGIN_CHECK, {"tenant_id": tenant_id, "user_id": None}).fetchone()
            if row is None:
                return
            report = follow_check(self._connection, told, tenant_id, row[0])
        _logger.info("the ledger of tenant %d: %d entries, %d wrong", tenant_id, report.entries, report.wrong)

    def _tell(self) -> None:
        with self._connection.transaction():
            open_alarms = {
                tenant_id: alarm_id
                for alarm_id, tenant_id, _ in self._connection.execute(_ALARMS["open"], {"call": LEDGER_BROKEN})
            }
            for tenant_id, check_id, wrong in self._connection.execute(_QUERIES["verdicts"]).fetchall():
                if wrong and tenant_id not in open_alarms:
                    _logger.error("the ledger of tenant %d: %d things are wrong", tenant_id, wrong)
                    given = {
                        "tenant_id": tenant_id,
                        "call": LEDGER_BROKEN,
                        "priority": str(CALLS[LEDGER_BROKEN].priority),
                        "engine": WATCH_VERSION,
                        "detail": Jsonb({"check_id": check_id, "wrong": wrong}),
                    }
                    self._connection.execute(_ALARMS["raise"], given)
                elif not wrong and tenant_id in open_alarms:
                    self._connection.execute(_ALARMS["end"], {"alarms": [open_alarms[tenant_id]]})


def checker_thread(database: str, every_h: float) -> LookThread:
    """Return what checks the chains; `every_h` are the hours between two checks of one, 0 for none."""
    return LookThread(
        database,
        "analytics-ledger-check",
        _EVERY_S,
        lambda connection: Checker(connection, database, every_h * 3600.0),
        failing="nobody counts the ledger anew",
        statement_timeout_s=_STATEMENT_TIMEOUT_S,
    )
