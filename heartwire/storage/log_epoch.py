"""The log goes on where a database is restored into another server (migrations/0006_log_epoch.sql, docs/adr/0006)."""

import logging
from typing import Any, Final

import psycopg

from heartwire.storage.errors import translated

_logger: Final = logging.getLogger(__name__)


def begin_log_epoch(connection: psycopg.Connection[Any]) -> bool:
    """Begin a new epoch of the log if the database was restored, and return whether that was so.

    Whoever reads or writes frames calls it first, on each new connection; it costs one query.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    DatabaseRefusedError
        If the schema is older, or is being restored.
    """
    with translated():
        row = connection.execute("SELECT begin_log_epoch()").fetchone()
    began = row is not None and bool(row[0])
    if began:
        _logger.warning("the database was restored into another server; the log goes on above all that is in it")
    return began
