"""The compactor, put together: signal that is old enough becomes blocks, what nobody need keep any longer goes.

One thread works; two more keep the leases and say that it lives. Any number of processes share the patients by shard.
Whatever happens to one, at whatever moment: a frame is raw or in a block.
"""

import logging
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
from prometheus_client.core import Metric
from psycopg.rows import TupleRow

from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError, PermanentError
from heartwire.observe import Observer, Round, counter, gauge
from heartwire.storage.blocks import BlockError
from heartwire.storage.heartbeat import Heartbeat
from heartwire.storage.lease_keeper import LeaseKeeper
from heartwire.storage.leases import Standing, fence
from heartwire.storage.log_epoch import begin_log_epoch
from heartwire.storage.pool import connect
from heartwire.storage.retention import drop_due
from heartwire.storage.room import measure_room, note_room
from ingest.compactor.compaction import Compaction, Unit
from ingest.compactor.settings import CompactorSettings

_logger: Final = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.2
#: Longest time without a look at the leases, seconds.
_TURN_S: Final = 0.5
_STUCK_S: Final = 120.0


@dataclass(slots=True)
class Counters:
    """What a process did since its start; what it met and could not do."""

    frames: int = 0
    blocks: int = 0
    samples: int = 0
    chunks: int = 0
    failures: int = 0
    dropped: int = 0
    refused: set[Unit] = field(default_factory=set)


class CompactorService:
    """The whole service; `run` it on the main thread, `stop` it from a signal handler or another thread."""

    def __init__(self, settings: CompactorSettings) -> None:
        self._settings: Final = settings
        self._database: Final = settings.database.get_secret_value()
        self.counters: Final = Counters()
        self._stopping: Final = threading.Event()
        self._round: Final = Round()
        self._reached = False
        self._keeper: Final = LeaseKeeper(self._database, "compactor", settings.instance, settings.lease_ttl_s)
        self._heartbeat: Final = Heartbeat(
            self._database, "compactor", settings.instance, settings.heartbeat_every_s, lambda _: self._describe()
        )
        self._observer: Final = Observer(
            settings,
            "compactor",
            age_s=self._round.age_s,
            stuck_after_s=_STUCK_S,
            reaches={"database": lambda: self._reached},
            collect=self._metrics,
        )
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._due_s = self._retention_due_s = float("-inf")

    def run(self) -> None:
        """Serve until `stop`."""
        _logger.info("compactor %s starts", self._settings.instance)
        self._observer.start()
        self._heartbeat.start()
        self._keeper.start()
        try:
            while not self._stopping.is_set():
                self._serve()
        finally:
            self._keeper.stop()
            self._heartbeat.stop()
            self._observer.stop()
        _logger.info("compactor %s ended", self._settings.instance)

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._stopping.set()

    def _serve(self) -> None:
        """Work over one connection until it breaks, the worker becomes another, or the service is to end."""
        try:
            with connect(self._database, "compactor", autocommit=True) as connection:
                begin_log_epoch(connection)
                standing = self._wait_for_leases()
                if standing is not None:
                    self._work(connection, standing.worker_id)
        except HeartwireError as error:
            self._put_off(error)

    def _wait_for_leases(self) -> Standing | None:
        while not self._stopping.is_set():
            self._round.come_by()
            if (standing := self._keeper.standing) is not None:
                return standing
            self._stopping.wait(_TURN_S / 10)
        return None

    def _work(self, connection: psycopg.Connection[TupleRow], worker_id: int) -> None:
        compaction = Compaction(connection, worker_id)
        self._reached = True
        _logger.info("the database is there")
        while not self._stopping.is_set():
            self._round.come_by()
            standing = self._keeper.standing
            if standing is None or standing.worker_id != worker_id:
                return
            self._keeper.release(standing.surplus)
            if time.monotonic() >= self._due_s:
                self._compact(compaction, standing.held - standing.surplus)
                self._due_s = time.monotonic() + self._settings.poll_s
                self._backoff.reset()
            # One of all processes, whichever has the first shard.
            if 0 in standing.held and time.monotonic() >= self._retention_due_s:
                note_room(connection, measure_room(connection))
                self._retain(connection, worker_id)
                self._retention_due_s = time.monotonic() + self._settings.retention_every_s
            self._stopping.wait(min(_TURN_S, max(0.0, self._due_s - time.monotonic())))

    def _compact(self, compaction: Compaction, shards: Collection[int]) -> None:
        before = _floor(datetime.now(UTC) - timedelta(seconds=self._settings.after_s), self._settings.stretch_s)
        frames = self.counters.frames
        for hour in compaction.hours(before):
            for unit in self._units(compaction.units(hour, shards, before)):
                try:
                    done = compaction.compact(unit, shards)
                except BlockError as error:
                    self.counters.refused.add(unit)
                    _logger.error("frames of patient %d stay raw: %s", unit.patient_id, error)  # noqa: TRY400
                    continue
                self.counters.frames += done.frames
                self.counters.blocks += done.blocks
                self.counters.samples += done.samples
            if hour.end <= before and compaction.drop(hour):
                self.counters.chunks += 1
        if self.counters.frames > frames:
            _logger.info("%d frames are in blocks now", self.counters.frames - frames)

    def _retain(self, connection: psycopg.Connection[TupleRow], worker_id: int) -> None:
        dropped = 0
        for n_rows in drop_due(connection, self._settings.instance, lambda: fence(connection, worker_id)):
            self._round.come_by()
            dropped += n_rows
            if self._stopping.is_set():
                break
        self.counters.dropped += dropped
        if dropped:
            _logger.info("%d rows are dropped as the retention policies say; retention_log says which", dropped)

    def _units(self, units: Collection[Unit]) -> Iterator[Unit]:
        """Yield what is to be done as long as this worker may do it."""
        for unit in units:
            if self._stopping.is_set():
                return
            self._round.come_by()
            yield unit

    def _put_off(self, error: HeartwireError) -> None:
        self._reached = False
        self.counters.failures += 1
        pause_s = self._backoff.next_s()
        _logger.log(
            logging.ERROR if isinstance(error, PermanentError) else logging.WARNING,
            "nothing is compacted: %s; trying again in %.1f s",
            error,
            pause_s,
        )
        self._round.come_by()
        self._stopping.wait(pause_s)

    def _describe(self) -> dict[str, object] | None:
        if self._round.age_s() > _STUCK_S:
            return None
        standing = self._keeper.standing
        return {"shards": 0 if standing is None else len(standing.held), "frames": self.counters.frames}

    def _metrics(self) -> Iterator[Metric]:
        done, standing = self.counters, self._keeper.standing
        yield counter("heartwire_compactor_frames", "Raw frames that are in blocks now", done.frames)
        yield counter("heartwire_compactor_blocks", "Blocks written, new or with late frames", done.blocks)
        yield counter("heartwire_compactor_samples", "Samples in them", done.samples)
        yield counter("heartwire_compactor_chunks", "Raw chunks dropped", done.chunks)
        yield counter("heartwire_compactor_dropped_rows", "Rows dropped as the policies say", done.dropped)
        yield counter("heartwire_compactor_failures", "Times that the database was not to be had", done.failures)
        yield gauge("heartwire_compactor_refused", "Stretches that stay raw: see the log", len(done.refused))
        yield gauge("heartwire_compactor_shards", "Shards of this process", len(standing.held) if standing else 0)


def _floor(instant: datetime, seconds: int) -> datetime:
    """Return the last instant not after this one that lies so many seconds, once or more, after a full hour."""
    hour = instant.replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(seconds=(instant - hour).total_seconds() // seconds * seconds)
