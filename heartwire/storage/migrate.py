"""Brings a database to this version's schema: plain SQL files, in the order of their names, each once."""

from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import yoyo

from heartwire.errors import PermanentError
from heartwire.storage.errors import DatabaseRefusedError, translated
from heartwire.storage.log_epoch import begin_log_epoch
from heartwire.storage.pool import connect


class MigrationError(PermanentError):
    """The schema could not be brought up to date."""


def migrate(database: str) -> list[str]:
    """Apply what is missing and return the names of what was applied; does nothing the second time.

    A database that was restored from a dump into another cluster is made ready to go on.

    Safe to call from several processes at once: one applies, the others wait.

    Parameters
    ----------
    database : str
        libpq URL.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    MigrationError
        If a file fails; its transaction is rolled back.
    """
    connect(database, "migrate").close()  # a clear error before the library's own
    directory = Path(str(resources.files("heartwire.storage"))) / "migrations"
    migrations = yoyo.read_migrations(str(directory))
    backend = yoyo.get_backend(_library_url(database))
    applied: list[str] = []
    try:
        with backend.lock():
            for migration in backend.to_apply(migrations):
                with translated():
                    backend.apply_one(migration)
                applied.append(str(migration.id))
    except Exception as error:
        raise MigrationError(
            f"migration after {applied[-1] if applied else 'none'} failed, and was rolled back: {error}"
        ) from error
    finally:
        backend.connection.close()
    with connect(database, "migrate", autocommit=True) as connection:
        _isolate(connection)
        if begin_log_epoch(connection):
            applied.append("a new epoch of the log: the database was restored")
    return applied


def _isolate(connection: psycopg.Connection[Any]) -> None:
    """Let row-level security hold for every table that has come."""
    try:
        with translated():
            connection.execute("SELECT isolate()")
    except DatabaseRefusedError as error:
        raise MigrationError(
            f"tenants and wards cannot be told apart: {error}; migrate as who owns the tables and may create roles"
        ) from error


def _library_url(database: str) -> str:
    parts = urlsplit(database)
    return urlunsplit(parts._replace(scheme="postgresql+psycopg"))
