"""Analytics, put together: frames -> beats, alarms and the cursor, committed together; and the watch for silence.

Three threads, each with its own connection: this one analyses; one says that it does (heartbeat.py), one looks for
silence (watch.py). Several processes may run: the one that loses the race for the cursor stands by and takes over
when nobody moves it any more.
"""

import logging
import threading
import time
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from analytics.engine import ENGINE_VERSION
from analytics.heartbeat import Condition
from analytics.reader import Cursor, Reader
from analytics.settings import AnalyticsSettings
from analytics.watch import FreshnessThread
from analytics.worker import AnalysisFailedError, Worker
from analytics.writer import CursorLostError
from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError, PermanentError
from heartwire.storage.errors import translated
from heartwire.storage.heartbeat import Heartbeat
from heartwire.storage.pool import connect
from heartwire.topics import SHARDS

_logger: Final = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.2
#: After a notification that brought nothing yet (an older transaction is about to end), look again so soon.
_SOON_S: Final = 0.02


class WatchDiedError(PermanentError):
    """A defect ended the thread that looks for silence."""


class AnalyticsService:
    """The whole service; `run` it on the main thread, `stop` it from a signal handler or another thread."""

    def __init__(self, settings: AnalyticsSettings) -> None:
        database = settings.database.get_secret_value()
        self._settings: Final = settings
        self._database: Final = database
        self._stopping: Final = threading.Event()
        self._heartbeat: Final = Heartbeat(
            database, "analytics", settings.instance, settings.heartbeat_every_s, Condition(self._describe)
        )
        self._freshness: Final = FreshnessThread(database, settings.freshness_every_s)
        self._came_round_s = time.monotonic()
        self._role = "starting"
        self._worker: Worker | None = None
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._careful = False

    def run(self) -> None:
        """Serve until `stop`; then save everything and leave.

        Raises
        ------
        WatchDiedError
            If the watch for silence ended by a defect: better no service, which is seen, than half of one.
        """
        _logger.info("analytics %s starts, engine %s", self._settings.instance, ENGINE_VERSION)
        self._heartbeat.start()
        self._freshness.start()
        try:
            while not self._stopping.is_set():
                self._serve()
        finally:
            self._freshness.stop()
            self._heartbeat.stop()
        _logger.info("analytics %s ended", self._settings.instance)

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._stopping.set()

    def _serve(self) -> None:
        """Work over one pair of connections until it breaks, or until the service is to end."""
        try:
            with (
                connect(self._database, "analytics", autocommit=True) as connection,
                connect(self._database, "analytics-listen", autocommit=True) as listener,
            ):
                with translated():
                    listener.execute("LISTEN heartwire_frames")
                while not self._stopping.is_set():
                    try:
                        self._analyse(connection, listener)
                    except CursorLostError as error:
                        _logger.info("%s", error)
                        self._stand_by(connection, listener)
                    except AnalysisFailedError:
                        if self._careful:
                            raise
                        self._careful = True
        except HeartwireError as error:
            if isinstance(error, WatchDiedError):
                raise
            self._put_off(error)
        finally:
            self._worker = None
            self._role = "starting"

    def _analyse(self, connection: psycopg.Connection[TupleRow], listener: psycopg.Connection[TupleRow]) -> None:
        """Take the analysis up and go on with it until the end of the service."""
        worker = self._worker = Worker(connection, self._settings, self._come_round, careful=self._careful)
        count = worker.load()
        self._role = "active"
        _logger.info("the database is there; %d devices taken up, %d frames read again", worker.n_devices, count)
        self._backoff.reset()
        soon_until_s = float("-inf")
        while not self._stopping.is_set():
            self._come_round()
            if worker.step():
                self._careful = False
                soon_until_s = float("-inf")
                continue
            is_soon = time.monotonic() < soon_until_s
            if self._wait(listener, _SOON_S if is_soon else self._settings.poll_s):
                soon_until_s = time.monotonic() + self._settings.poll_s
        worker.save_all()

    def _stand_by(self, connection: psycopg.Connection[TupleRow], listener: psycopg.Connection[TupleRow]) -> None:
        """Return when frames wait and nobody has analysed any for a while."""
        self._worker = None
        self._role = "reserve"
        reader = Reader(connection, range(SHARDS))
        seen: dict[int, Cursor] = {}
        since_s = time.monotonic()
        while not self._stopping.is_set():
            self._come_round()
            cursors = reader.cursors()
            next_xid = min(cursor.next_xid for cursor in cursors.values())
            if cursors != seen or not reader.anything_next(next_xid):
                seen, since_s = cursors, time.monotonic()
            elif time.monotonic() - since_s >= self._settings.take_over_s:
                _logger.warning("frames wait and nobody analyses them; this process takes over")
                return
            self._stopping.wait(self._settings.poll_s)
            # Notifications are not waited for here, but must not pile up.
            self._wait(listener, 0.0)

    def _wait(self, listener: psycopg.Connection[TupleRow], seconds: float) -> bool:
        """Wait for the notification of a commit and return whether one came."""
        with translated():
            return len(list(listener.notifies(timeout=seconds, stop_after=1))) > 0

    def _put_off(self, error: HeartwireError) -> None:
        """Forget what may be ahead of the database, wait, and begin at the last commit."""
        pause_s = self._backoff.next_s()
        _logger.log(
            logging.ERROR if isinstance(error, PermanentError) else logging.WARNING,
            "nothing is analysed: %s; trying again in %.1f s",
            error,
            pause_s,
        )
        self._come_round()
        self._stopping.wait(pause_s)

    def _come_round(self) -> None:
        self._came_round_s = time.monotonic()
        if not self._freshness.is_running:
            raise WatchDiedError("the watch for silence ended by itself; the log says why. Start analytics again")

    def _describe(self) -> Mapping[str, object] | None:
        if time.monotonic() - self._came_round_s > self._settings.stuck_after_s:
            return None
        worker = self._worker
        detail: dict[str, object] = {"role": self._role, "engine": ENGINE_VERSION}
        if worker is not None:
            detail |= {
                "devices": worker.n_devices,
                "frames": worker.n_frames,
                "beats": worker.n_beats,
                "calls": worker.n_changes,
                "frames_of_other_leads": worker.frames_of_other_leads,
                "samples_of_the_past": worker.samples_of_the_past,
            }
        return detail
