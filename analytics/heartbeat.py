"""Says in the database that analytics lives and how much waits, on a thread and connection of its own."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from heartwire.errors import HeartwireError
from heartwire.storage.errors import translated
from heartwire.storage.pool import connect
from heartwire.storage.queries import load_queries

_logger: Final = logging.getLogger(__name__)
_QUERIES: Final = load_queries("analytics", "heartbeat.sql")
_STATEMENT_TIMEOUT_S: Final = 5.0
#: Frames held back by somebody's open transaction for this time are worth a warning, seconds.
_HELD_BACK_S: Final = 10.0


class Heartbeat:
    """Writes one row of `service_heartbeats` again and again, as long as the service goes round.

    Parameters
    ----------
    database : str
        libpq URL.
    instance : str
        This process.
    every_s : float
        Pace, seconds.
    describe : callable
        Returns the row's detail, or ``None`` when the service is stuck: then nothing is written, and others see that.
        Called on the heartbeat's thread, must not wait.
    """

    def __init__(
        self, database: str, instance: str, every_s: float, describe: Callable[[], Mapping[str, object] | None]
    ) -> None:
        self._database: Final = database
        self._instance: Final = instance
        self._every_s: Final = every_s
        self._describe: Final = describe
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._warned = False

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
                        self._database, "analytics-heartbeat", autocommit=True, statement_timeout_s=_STATEMENT_TIMEOUT_S
                    )
                    with translated():
                        connection.execute(_QUERIES["forget_old"])
                with translated():
                    self._beat(connection)
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

    def _beat(self, connection: psycopg.Connection[TupleRow]) -> None:
        described = self._describe()
        if described is None:
            _logger.error("the analysis does not come round; no heartbeat until it does")
            return
        row = connection.execute(_QUERIES["waiting"]).fetchone()
        assert row is not None
        waiting, oldest_s, held_back = row
        detail = {
            **described,
            "frames_waiting": waiting,
            "oldest_wait_s": round(oldest_s, 3),
            "frames_held_back": held_back,
        }
        connection.execute(_QUERIES["beat"], {"instance": self._instance, "detail": Jsonb(detail)})
        is_held = held_back > 0 and oldest_s > _HELD_BACK_S
        if is_held and not self._warned:
            _logger.warning(
                "%d frames wait, for up to %.0f s, for a transaction that is open elsewhere; end it (pg_stat_activity)",
                held_back,
                oldest_s,
            )
        self._warned = is_held
