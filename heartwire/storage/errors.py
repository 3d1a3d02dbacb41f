"""The one place where the database driver's errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolTimeout

from heartwire.errors import PermanentError, RetryableError


class DatabaseUnavailableError(RetryableError):
    """The database cannot be reached, or broke off: nothing of the open transaction was kept."""


class DatabaseFullError(RetryableError):
    """The database has no room left on its disk."""


class DatabaseRefusedError(PermanentError):
    """The database answered, and said no: a defect, a missing migration or a missing right."""


class RowRefusedError(DatabaseRefusedError):
    """Row-level security refused a row: it is another tenant's, or another ward's."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises inside into this module's errors."""
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise DatabaseFullError(f"the database's disk is full: {_line(error)}; free some room there") from error
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        psycopg.errors.AdminShutdown,
        psycopg.errors.IdleInTransactionSessionTimeout,
        psycopg.errors.SerializationFailure,
        psycopg.errors.DeadlockDetected,
        PoolTimeout,
    ) as error:
        raise DatabaseUnavailableError(f"the database is not available: {_line(error)}") from error
    except psycopg.errors.InsufficientPrivilege as error:
        # The database has one code for a row and for a table, and does not translate its words in heartwire's servers.
        kind = RowRefusedError if "row-level security" in str(error) else DatabaseRefusedError
        raise kind(f"the database refused: {_line(error)}") from error
    except psycopg.Error as error:
        raise DatabaseRefusedError(f"the database refused: {_line(error)}") from error


def _line(error: Exception) -> str:
    """Return what happened in one line, without the server's DETAIL: that quotes rows, and so names patients."""
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    if primary:
        return " ".join(primary.split())[:500]
    return " ".join(str(error).split())[:500] or type(error).__name__
