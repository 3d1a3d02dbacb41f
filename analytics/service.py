"""Analytics, put together: frames -> beats, alarms and the cursor, committed together; and the watch for silence.

Nine threads, each with its own connection: this one analyses; one says that it does (heartbeat.py), one looks for
silence (watch.py), one counts the variability of hours that are over (hrv.py), one seals the ledger, one counts it anew
now and then and one looks for what is unaccounted for (ledger/), one starts a process for rehearsals of limits
(rehearsal/thread.py), one keeps the leases. Any number of processes may run: each analyses the shards that it holds
(docs/adr/0008).
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

import psycopg
from prometheus_client.core import Metric
from psycopg.rows import TupleRow

from analytics.counters import Counters
from analytics.engine import ENGINE_VERSION, compile_engine
from analytics.heartbeat import Condition
from analytics.hrv import HrvThread
from analytics.ledger.checker import checker_thread
from analytics.ledger.sealer import SealerThread
from analytics.ledger.watchdog import watchdog_thread
from analytics.metrics import analytics_metrics
from analytics.reader import Reader
from analytics.rehearsal.thread import RehearsalThread
from analytics.settings import AnalyticsSettings
from analytics.watch import freshness_thread
from analytics.worker import AnalysisFailedError, Worker
from analytics.writer import CursorLostError
from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError, PermanentError
from heartwire.observe import Observer, Round
from heartwire.storage.errors import translated
from heartwire.storage.heartbeat import Heartbeat
from heartwire.storage.lease_keeper import LeaseKeeper
from heartwire.storage.leases import LeaseLostError, Standing
from heartwire.storage.pool import connect

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
        self.counters: Final = Counters()
        self._condition: Final = Condition(self._describe)
        self._heartbeat: Final = Heartbeat(
            database, "analytics", settings.instance, settings.heartbeat_every_s, self._condition
        )
        self._hrv: Final = HrvThread(database)
        self._rehearsals: Final = RehearsalThread(database)
        self._sealer: Final = SealerThread(database)
        self._watchdog: Final = watchdog_thread(database, settings.freshness_every_s)
        self._checker: Final = checker_thread(database, settings.ledger_check_every_h)
        self._freshness: Final = freshness_thread(database, settings.freshness_every_s)
        self._keeper: Final = LeaseKeeper(database, "analytics", settings.instance, settings.lease_ttl_s)
        self._round: Final = Round()
        self._observer: Final = Observer(
            settings,
            "analytics",
            age_s=self._round.age_s,
            stuck_after_s=settings.stuck_after_s,
            reaches={"database": self._reaches_database},
            collect=self._metrics,
        )
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
        self._observer.start()
        self._heartbeat.start()
        self._freshness.start()
        self._hrv.start()
        self._rehearsals.start()
        self._sealer.start()
        self._watchdog.start()
        self._checker.start()
        # Before it answers for any signal: without the machine code of this version that takes a minute.
        compile_engine()
        self._keeper.start()
        try:
            while not self._stopping.is_set():
                self._serve()
        finally:
            self._keeper.stop()
            self._checker.stop()
            self._watchdog.stop()
            self._sealer.stop()
            self._rehearsals.stop()
            self._hrv.stop()
            self._freshness.stop()
            self._heartbeat.stop()
            self._observer.stop()
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
                # Without a schema there are no leases to wait for: say so.
                Reader(connection).check_schema()
                while not self._stopping.is_set():
                    try:
                        self._analyse(connection, listener)
                    except (CursorLostError, LeaseLostError) as error:
                        _logger.warning("%s", error)
                        self._worker = None
                        self._stopping.wait(_SOON_S)
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

    def _analyse(self, connection: psycopg.Connection[TupleRow], listener: psycopg.Connection[TupleRow]) -> None:
        """Analyse what is held, whatever that is from moment to moment, until the end of the service."""
        soon_until_s = float("-inf")
        worker: Worker | None = None
        while not self._stopping.is_set():
            self._come_round()
            standing = self._keeper.standing
            if standing is None:
                self._stopping.wait(_SOON_S)
                continue
            if worker is None or worker.worker_id != standing.worker_id:
                worker = self._worker = Worker(
                    connection,
                    self._settings,
                    standing.worker_id,
                    self._come_round,
                    careful=self._careful,
                    done=self.counters,
                )
            self._follow(worker, standing)
            began_s = time.monotonic()
            if worker.step():
                self._careful = False
                soon_until_s = float("-inf")
                if not worker.is_behind:
                    self._stopping.wait(max(0.0, began_s + self._settings.step_spacing_s - time.monotonic()))
                continue
            is_soon = time.monotonic() < soon_until_s
            if self._wait(listener, _SOON_S if is_soon else self._settings.poll_s):
                soon_until_s = time.monotonic() + self._settings.poll_s
        if worker is not None:
            worker.save_all()

    def _follow(self, worker: Worker, standing: Standing) -> None:
        """Give up what others are to have, and take up what has become ours."""
        ours = standing.held - standing.surplus
        if leaving := worker.shards - ours:
            worker.give_up(leaving)
            self._keeper.release(leaving)
            _logger.info("gave up %d shards; %d left", len(leaving), len(worker.shards))
        if coming := ours - worker.shards:
            count = worker.take(coming)
            self._backoff.reset()
            _logger.info(
                "analyses %d shards; %d devices taken up, %d frames read again",
                len(worker.shards),
                worker.n_devices,
                count,
            )

    def _wait(self, listener: psycopg.Connection[TupleRow], seconds: float) -> bool:
        """Wait for the notification of a commit and return whether one came."""
        with translated():
            return len(list(listener.notifies(timeout=seconds, stop_after=1))) > 0

    def _put_off(self, error: HeartwireError) -> None:
        """Forget what may be ahead of the database, wait, and begin at the last commit."""
        self.counters.database_failures += 1
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
        self._round.come_by()
        if not self._freshness.is_running:
            raise WatchDiedError("the watch for silence ended by itself; the log says why. Start analytics again")

    def _reaches_database(self) -> bool:
        return self._worker is not None

    def _metrics(self) -> Iterator[Metric]:
        worker = self._worker
        return analytics_metrics(
            self.counters,
            self._condition.waiting,
            shards=0 if worker is None else len(worker.shards),
            devices=0 if worker is None else worker.n_devices,
            database=worker is not None,
        )

    def _describe(self) -> Mapping[str, object] | None:
        if self._round.age_s() > self._settings.stuck_after_s:
            return None
        worker = self._worker
        detail: dict[str, object] = {"shards": 0, "engine": ENGINE_VERSION}
        if worker is not None:
            detail |= {
                "shards": len(worker.shards),
                "devices": worker.n_devices,
                "frames": worker.n_frames,
                "beats": worker.n_beats,
                "calls": worker.n_changes,
                "late_frames_waiting": worker.late_frames_waiting,
                "frames_of_other_leads": worker.frames_of_other_leads,
                "samples_of_the_past": worker.samples_of_the_past,
            }
        return detail
