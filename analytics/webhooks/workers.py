"""Keeps a worker for each webhook that there is."""

from typing import Final

import psycopg
from psycopg.rows import TupleRow

from analytics.webhooks.worker import Worker
from heartwire.storage.queries import load_queries
from heartwire.storage.side_thread import SideThread

_QUERIES: Final = load_queries("analytics.webhooks", "store.sql")
_STOP_S: Final = 15.0


class Webhooks:
    """Looks for webhooks at a steady pace and serves them all; any number of processes share them.

    Parameters
    ----------
    database : str
        libpq URL.
    poll_s : float
        Between two looks for something new, seconds.
    local_too : bool
        Whether they may lead to the machine itself, and without encryption.
    """

    def __init__(self, database: str, *, poll_s: float, local_too: bool) -> None:
        self._database: Final = database
        self._poll_s: Final = poll_s
        self._local_too: Final = local_too
        self._workers: dict[int, Worker] = {}
        self._thread: Final = SideThread(database, "webhooks", poll_s, self._look, failing="no new webhook is seen")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is finished, within seconds."""
        self._thread.stop()
        for worker in self._workers.values():
            worker.stop()
        for worker in self._workers.values():
            worker.join(_STOP_S)

    def _look(self, connection: psycopg.Connection[TupleRow]) -> None:
        live = {webhook_id for (webhook_id,) in connection.execute(_QUERIES["webhooks"])}
        self._workers = {which: worker for which, worker in self._workers.items() if worker.is_running}
        for webhook_id in live - self._workers.keys():
            self._workers[webhook_id] = Worker(
                self._database, webhook_id, poll_s=self._poll_s, local_too=self._local_too
            )
