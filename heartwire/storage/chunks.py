"""TimescaleDB's chunks, and how one is dropped without a row that others are just about to add.

On plain PostgreSQL there are none: rows are deleted, vacuum gives their room to new ones.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from heartwire.storage.errors import translated
from heartwire.storage.queries import load_queries

_QUERIES: Final = load_queries("heartwire.storage", "chunks.sql")


class Chunk(NamedTuple):
    """A table's stretch of time, `end` not in it; `name` is quoted, with its schema."""

    name: str
    begin: datetime
    end: datetime


def has_chunks(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the database has TimescaleDB."""
    with translated():
        row = connection.execute(_QUERIES["is_timescale"]).fetchone()
    return row is not None and bool(row[0])


def list_chunks(connection: psycopg.Connection[Any], table: str, before: datetime) -> list[Chunk]:
    """Return a hypertable's chunks that begin before an instant, the oldest first."""
    with translated():
        return [Chunk(*row) for row in connection.execute(_QUERIES["chunks"], {"table": table, "before": before})]


def lock_table(connection: psycopg.Connection[Any], table: str) -> None:
    """Within a transaction, keep everybody from inserting into a table until its end.

    Raises
    ------
    psycopg.errors.LockNotAvailable
        If somebody has been writing there for half a second.
    """
    connection.execute(_QUERIES["be_patient"])
    connection.execute(sql.SQL(_QUERIES["lock_table"]).format(table=sql.Identifier(table)))


def drop_chunk(connection: psycopg.Connection[Any], table: str, chunk: Chunk) -> None:
    """Within a transaction that has `lock_table`, drop a chunk with all that is in it."""
    given = {"table": table, "begin": chunk.begin, "end": chunk.end}
    connection.execute(_QUERIES["drop_chunk"], given)


def is_empty(connection: psycopg.Connection[Any], chunk: Chunk) -> bool:
    """Return whether a chunk has no row."""
    # The name comes from the database, quoted by it.
    query = sql.SQL(_QUERIES["any_row"]).format(chunk=sql.SQL(chunk.name))
    row = connection.execute(query).fetchone()
    return row is not None and not row[0]


def drop_if_empty(connection: psycopg.Connection[Any], table: str, chunk: Chunk) -> bool:
    """Drop a chunk if it has no row, in a transaction, and return whether it had none.

    Whoever is just about to insert into it waits, and finds it gone: the row goes into a new one. A chunk in use is
    left for another time.
    """
    with translated():
        try:
            with connection.transaction():
                if not is_empty(connection, chunk):
                    return False
                lock_table(connection, table)
                if not is_empty(connection, chunk):
                    return False
                drop_chunk(connection, table, chunk)
        except psycopg.errors.LockNotAvailable:
            return False
    return True
