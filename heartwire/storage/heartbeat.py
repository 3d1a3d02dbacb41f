"""Says in the database that a service lives, on a thread and connection of its own: slow work does not look dead."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread

_QUERIES: Final = load_queries("heartwire.storage", "heartbeat.sql")

#: From the heartbeat's connection to the row's detail, or ``None`` when the service is stuck.
Describe: TypeAlias = Callable[[psycopg.Connection[TupleRow]], Mapping[str, object] | None]


class Heartbeat:
    """Writes one row of `service_heartbeats` again and again, as long as the service goes round.

    Parameters
    ----------
    database : str
        libpq URL.
    service, instance : str
        What it is, and this process of it.
    every_s : float
        Pace, seconds.
    describe : callable
        Returns the row's detail, or ``None`` when the service is stuck: then nothing is written, and others see that.
        Called on the heartbeat's thread, must not wait for the service.
    """

    def __init__(self, database: str, service: str, instance: str, every_s: float, describe: Describe) -> None:
        self._service: Final = service
        self._instance: Final = instance
        self._describe: Final = describe
        self._thread: Final = SideThread(
            database, f"{service}-heartbeat", every_s, self._turn, failing="no heartbeat", begin=self._begin
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the last row stays, and says when."""
        self._thread.stop(1.0)

    def _begin(self, connection: psycopg.Connection[TupleRow]) -> None:
        connection.execute(_QUERIES["forget_old"], {"service": self._service})

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        detail = self._describe(connection)
        if detail is not None:
            row = {"service": self._service, "instance": self._instance, "detail": Jsonb(dict(detail))}
            connection.execute(_QUERIES["beat"], row)
