"""Says in the database that a service lives, on a thread and connection of its own: slow work does not look dead."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("heartwire.storage", "heartbeat.sql")
_STATEMENT_TIMEOUT_S: Final = 5.0

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
        self._database: Final = database
        self._service: Final = service
        self._instance: Final = instance
        self._every_s: Final = every_s
        self._describe: Final = describe
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the last row stays, and says when."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        connection: psycopg.Connection[TupleRow] | None = None
        silent = False
        while not self._stopping.is_set():
            try:
                if connection is None:
                    connection = connect(
                        self._database,
                        f"{self._service}-heartbeat",
                        autocommit=True,
                        statement_timeout_s=_STATEMENT_TIMEOUT_S,
                    )
                    with translated():
                        connection.execute(_QUERIES["forget_old"], {"service": self._service})
                with translated():
                    detail = self._describe(connection)
                    if detail is not None:
                        row = {"service": self._service, "instance": self._instance, "detail": Jsonb(dict(detail))}
                        connection.execute(_QUERIES["beat"], row)
                if silent:
                    _logger.info("the heartbeat is back")
                silent = False
            except HeartwireError as error:
                if not silent:
                    _logger.warning("no heartbeat: %s", error)
                silent = True
                if connection is not None:
                    connection.close()
                connection = None
            self._stopping.wait(self._every_s)
        if connection is not None:
            connection.close()
