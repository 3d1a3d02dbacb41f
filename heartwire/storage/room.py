"""What is stored and what room remains, noted once an hour: a look that costs nothing, and how fast it grows."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from heartwire.storage.errors import translated
from heartwire.storage.overview import free_bytes, sizes_of_parts
from heartwire.storage.queries import load_queries

QUERIES: Final = load_queries("heartwire.storage", "room.sql")


class Room(NamedTuple):
    """Bytes on disk, by kind of data and of the whole database; what is free, ``None`` where it is not to be seen."""

    parts: Mapping[str, int]
    n_bytes: int
    free_bytes: int | None


def measure_room(connection: psycopg.Connection[Any]) -> Room:
    """Look; reads no table.

    Raises
    ------
    DatabaseUnavailableError
        If the database cannot be reached.
    """
    parts, n_bytes = sizes_of_parts(connection)
    return Room({part.name: part.n_bytes for part in parts}, n_bytes, free_bytes(connection))


def note_room(connection: psycopg.Connection[Any], room: Room) -> None:
    """Keep a look, if there is none of the last hour."""
    given = {"n_bytes": room.n_bytes, "free_bytes": room.free_bytes, "parts": Jsonb(dict(room.parts))}
    with translated():
        connection.execute(QUERIES["note"], given)
