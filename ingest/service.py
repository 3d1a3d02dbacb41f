"""Ingest, put together: broker -> decode -> batch -> database -> acknowledgement.

Two threads share the work. The broker's thread (ingest/subscriber.py) fills the intake and never waits for
the database; this one empties it, commits, and only then has the broker and the edge told.
"""

import logging
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError, PermanentError
from heartwire.frames import Message, encode
from heartwire.observe import Observer, Round
from heartwire.storage.heartbeat import Heartbeat
from heartwire.storage.lease_keeper import LeaseKeeper
from heartwire.storage.leases import LeaseLostError
from heartwire.topics import Stream, Topic
from ingest.batch import BatchLimits
from ingest.counters import Counters
from ingest.decode import Decoded, decode
from ingest.errors import BrokerThreadDiedError
from ingest.intake import Intake
from ingest.link_keeper import LinkKeeper
from ingest.metrics import ingest_metrics
from ingest.packets import Received
from ingest.registry import Registry
from ingest.settings import IngestSettings
from ingest.shards import Change, Shards
from ingest.sink import Sink
from ingest.subscriber import Subscriber
from ingest.watermark import Watermarks, ack_of
from ingest.writer import Writer, Written

_logger: Final = logging.getLogger(__name__)
#: Longest time without a look at the clock, seconds.
_TURN_S: Final = 0.5
#: Mosquitto 2.0 sends more than Receive Maximum in bursts: so many times as much is taken before ingest leaves it.
_OVERSHOOT: Final = 2
_FIRST_PAUSE_S: Final = 0.2
#: A statement may take a minute before it is broken off; a loop that takes longer hangs, seconds.
_STUCK_S: Final = 90.0
_TOPICS_REMEMBERED: Final = 65_536


class IngestService:
    """The whole service; `run` it on the main thread, `stop` it from a signal handler or another thread.

    Raises
    ------
    BrokerConfigurationError
        If a certificate cannot be read.
    """

    def __init__(self, settings: IngestSettings) -> None:
        database = settings.database.get_secret_value()
        self._settings: Final = settings
        self.counters: Final = Counters()
        self._intake: Final = Intake(_OVERSHOOT * settings.held_max_frames, settings.held_max_bytes)
        self._subscriber: Final = Subscriber(settings, self._intake, self.counters)
        self._registry: Final = Registry(settings.known_streams_max, admits_everyone=settings.admit == "everyone")
        self._keeper: Final = LeaseKeeper(database, "ingest", settings.instance, settings.lease_ttl_s)
        self._shards: Final = Shards(self._keeper, self._subscriber, self._registry.forget_shards)
        self._writer: Final = Writer(database, self._registry, lambda: self._shards.standing)
        limits = BatchLimits(
            frames=settings.batch_max_frames,
            n_bytes=settings.batch_max_bytes,
            longest_s=settings.batch_longest_s,
            quiet_s=settings.batch_quiet_s,
            spacing_s=settings.commit_spacing_s,
        )
        self._sink: Final = Sink(self._writer, limits, self.counters, self._committed)
        self._watermarks: Final = Watermarks(settings.ack_every_s, settings.ack_every_frames)
        self._links: Final = LinkKeeper(database, settings.known_streams_max, settings.links_every_s)
        self._heartbeat: Final = Heartbeat(
            database, "ingest", settings.instance, settings.heartbeat_every_s, lambda _connection: self._describe()
        )
        self._round: Final = Round()
        self._observer: Final = Observer(
            settings,
            "ingest",
            age_s=self._round.age_s,
            stuck_after_s=_STUCK_S,
            reaches={
                "broker": lambda: self._subscriber.is_connected,
                "database": lambda: not self._database_away,
            },
            collect=lambda: ingest_metrics(
                self.counters,
                self._intake,
                shards=self._shards.count,
                broker=self._subscriber.is_connected,
                database=not self._database_away,
            ),
        )
        self._database_backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._database_away = True
        self._counters_due_s = time.monotonic() + settings.counters_every_s
        self._stopping: Final = threading.Event()

    def run(self) -> None:
        """Serve until `stop`; then finish what was received, say so, and leave."""
        _logger.info("ingest %s starts", self._settings.instance)
        self._observer.start()
        self._heartbeat.start()
        self._keeper.start()
        self._links.start()
        self._subscriber.start()
        try:
            while not self._stopping.is_set():
                self._turn()
            self._finish()
        finally:
            self._subscriber.stop()
            self._keeper.stop()
            self._links.stop()
            self._heartbeat.stop()
            self._observer.stop()
            self._writer.close()
        _logger.info("ingest %s ended", self._settings.instance, extra=self.counters.line())

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._stopping.set()
        self._intake.wake()

    def _turn(self) -> None:
        self._round.come_by()
        if not self._subscriber.is_running:
            raise BrokerThreadDiedError("the broker's thread ended by itself; its log says why. Start ingest again")
        self._follow_lease()
        if self._database_away:
            self._reach_database()
            return
        now_s = time.monotonic()
        # Without a broker nobody can be told: what is due stays due, and is not waited for.
        told_s = self._watermarks.next_s() if self._subscriber.is_connected else float("inf")
        self._take_in(min(self._sink.wait_s(), told_s - now_s, self._counters_due_s - now_s, _TURN_S))
        if self._sink.wait_s() <= 0:
            self._flush()
        self._tell(time.monotonic())
        self._log_counters()

    def _follow_lease(self) -> None:
        change = self._shards.follow()
        if change is Change.LOST:
            self._start_over()
        elif change is Change.FINISH and not self._database_away:
            # What is given up is not subscribed to any more: whatever came of it is here.
            self._take_in(0.0, everything=True)
            while self._sink.n_waiting and self._flush():
                pass
            if not self._sink.n_waiting:
                self._shards.release()

    def _start_over(self) -> None:
        """Forget everything: others took this process for dead, and write its shards now."""
        _logger.warning("starts over: %d messages that were not committed are left to others", self._intake.held_frames)
        while chunk := self._intake.take(0.0):
            self._intake.release(chunk)
        self._intake.release(self._sink.clear())
        self._watermarks.clear()
        self._registry.forget_streams()

    def _take_in(self, wait_s: float, *, everything: bool = False) -> None:
        """Wait for messages, then take all that are there; no more than for a batch, unless `everything` is wanted."""
        taken = 0
        while everything or taken < self._settings.batch_max_frames:
            chunk = self._intake.take(wait_s)
            if chunk is None:
                return
            wait_s = 0.0
            taken += len(chunk)
            messages = [message for message in map(decode, chunk) if message is not None]
            self._sink.add(messages)
            if len(messages) < len(chunk):
                wanted = {id(message.received) for message in messages}
                self._done_with([received for received in chunk if id(received) not in wanted])

    def _reach_database(self) -> None:
        try:
            self._sink.setup()
        except HeartwireError as error:
            self._put_off(error)
            return
        self._database_away = False
        _logger.info("the database is there; %d messages wait for it", self._intake.held_frames)

    def _flush(self) -> bool:
        try:
            self._sink.flush()
        except LeaseLostError as error:
            _logger.warning("nothing was written: %s", error)
            self._shards.lose()
            return False
        except HeartwireError as error:
            self._put_off(error)
            return False
        self._database_backoff.reset()
        return True

    def _put_off(self, error: HeartwireError) -> None:
        """Hold everything, wait, and try the database again."""
        self._database_away = True
        self.counters.database_failures += 1
        pause_s = self._database_backoff.next_s()
        _logger.log(
            logging.ERROR if isinstance(error, PermanentError) else logging.WARNING,
            "nothing can be stored: %s; %d messages wait, trying again in %.1f s",
            error,
            self._intake.held_frames,
            pause_s,
        )
        self._stopping.wait(pause_s)

    def _committed(self, messages: Sequence[Decoded], written: Written) -> None:
        now_s = time.monotonic()
        for watermark in written.watermarks:
            # What waits here is not missing, and need not be sent again.
            is_behind = watermark.gaps and self._sink.is_behind(watermark.key)
            self._watermarks.note(watermark.up_to_first_gap() if is_behind else watermark, now_s)
        for letter in written.dead_letters:
            _logger.debug("dead letter: %s", letter.reason)
        for refused in written.refused:
            _logger.warning("frames of device %s are not stored: %s", refused.device, refused.text)
            topic = str(Topic(refused.device, Stream.MESSAGE))
            self._subscriber.publish(topic, encode(Message(refused.boot_id, refused.reason, refused.text)))
        self._links.hear(messages, written)
        self._done_with([message.received for message in messages])

    def _done_with(self, messages: Sequence[Received]) -> None:
        self._intake.release(messages)
        self._subscriber.acknowledge(messages)

    def _tell(self, now_s: float) -> None:
        if not self._subscriber.is_connected:
            return
        for watermark in self._watermarks.due(now_s):
            if self._subscriber.publish(_ack_topic(watermark.key.device), encode(ack_of(watermark))):
                self.counters.acks += 1

    def _finish(self) -> None:
        """Commit and tell what was received; give a database that is away a bounded time to come back."""
        self._subscriber.close()
        patience_until_s = time.monotonic() + self._settings.stop_patience_s
        while True:
            self._take_in(0.0)
            try:
                self._sink.flush()
            except HeartwireError as error:
                if isinstance(error, LeaseLostError) or time.monotonic() >= patience_until_s:
                    _logger.warning(
                        "stops with %d messages not stored (%s); their edges will send them again",
                        self._intake.held_frames,
                        error,
                    )
                    break
                time.sleep(min(0.2, self._settings.stop_patience_s))
                continue
            if not self._sink.n_waiting and not self._intake.held_frames:
                break
        self._tell(float("inf"))

    def _describe(self) -> dict[str, object]:
        return {
            "broker_connected": self._subscriber.is_connected,
            "held_frames": self._intake.held_frames,
            "shards": self._shards.count,
        }

    def _log_counters(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._counters_due_s:
            self._counters_due_s = now_s + self._settings.counters_every_s
            _logger.info("counters", extra=self.counters.line())


@lru_cache(maxsize=_TOPICS_REMEMBERED)
def _ack_topic(device: str) -> str:
    return str(Topic(device, Stream.ACK))
