"""Starts a process for rehearsals that wait: so much computing must not be in the way of the live analysis."""

import os
import subprocess
import sys
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from analytics.rehearsal.work import is_due
from heartwire.storage.side_thread import SideThread

#: Who asked for one waits for it: looked for this often.
_EVERY_S: Final = 1.0
_VARIABLE: Final = "HEARTWIRE_ANALYTICS_DATABASE"
_FILE: Final = f"{_VARIABLE}_FILE"
_STOP_S: Final = 2.0


class RehearsalThread:
    """Looks for rehearsals, and keeps one process at them while there are any.

    Parameters
    ----------
    database : str
        libpq URL.
    """

    def __init__(self, database: str) -> None:
        self._database: Final = database
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: Final = SideThread(
            database, "analytics-rehearsals", _EVERY_S, self._turn, failing="nobody looks for rehearsals"
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, the process too; what is not done is taken up by another."""
        self._thread.stop()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)

    def _turn(self, connection: psycopg.Connection[TupleRow]) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._process = None
        if is_due(connection):
            # The database's address holds a password: not on the command line, where all can read it.
            env = {name: value for name, value in os.environ.items() if name != _FILE} | {_VARIABLE: self._database}
            command = [sys.executable, "-m", "heartwire", "analytics", "rehearse"]
            self._process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
