"""The notifier, put together: one thread looks, counts, and writes; each message goes on a thread of its own.

A process apart from the analysis, so that no channel can hold up a heart's findings. Any number run: one counts the
time, each sends what no other is sending.
"""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Final

import psycopg
from prometheus_client.core import Metric
from psycopg.rows import TupleRow

from analytics.notifier.channels import Means, warm_up
from analytics.notifier.clerk import Clerk
from analytics.notifier.outbox import Counters, Outbox, OutboxSettings
from analytics.notifier.settings import NotifierSettings
from analytics.webhooks.workers import Webhooks
from heartwire.backoff import Backoff
from heartwire.errors import HeartwireError
from heartwire.escalation import NOTIFIER_CHANNEL
from heartwire.observe import Observer, Round, counter, counters, gauge, histogram
from heartwire.push_key import KEEP_KEY, load_key, new_key
from heartwire.storage.errors import translated
from heartwire.storage.heartbeat import Heartbeat
from heartwire.storage.pool import connect

_logger: Final = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.2
_STATEMENT_S: Final = 10.0
#: While a message is under way, what becomes of it is looked for so often, seconds.
_BUSY_S: Final = 0.05
_ALARMS: Final = "heartwire_alarm"
#: What is told within this time is one reason to look, seconds.
_TOGETHER_S: Final = 0.02


class NotifierService:
    """The whole service; `run` it on the main thread, `stop` it from a signal handler or another thread."""

    def __init__(self, settings: NotifierSettings) -> None:
        self._settings: Final = settings
        self._database: Final = settings.database.get_secret_value()
        self._counters: Final = Counters()
        self._steps = 0
        self._is_clerk = False
        self._reached = False
        self._stopping: Final = threading.Event()
        self._round: Final = Round()
        self._outbox: Outbox | None = None
        self._backoff: Final = Backoff(settings.retry_longest_s, first_s=_FIRST_PAUSE_S)
        self._heartbeat: Final = Heartbeat(
            self._database, "notifier", settings.instance, settings.heartbeat_every_s, lambda _: self._describe()
        )
        self._webhooks: Final = Webhooks(
            self._database, poll_s=settings.webhooks_poll_s, local_too=settings.local_webhooks
        )
        self._observer: Final = Observer(
            settings,
            "notifier",
            age_s=self._round.age_s,
            stuck_after_s=settings.stuck_after_s,
            reaches={"database": lambda: self._reached},
            collect=self._metrics,
        )

    def run(self) -> None:
        """Serve until `stop`."""
        _logger.info("notifier %s starts", self._settings.instance)
        warm_up()
        self._observer.start()
        self._heartbeat.start()
        self._webhooks.start()
        try:
            while not self._stopping.is_set():
                self._serve()
        finally:
            self._webhooks.stop()
            self._heartbeat.stop()
            self._observer.stop()
        _logger.info("notifier %s ended", self._settings.instance)

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._stopping.set()

    def _serve(self) -> None:
        """Work over one connection until it breaks or the service is to end."""
        try:
            with (
                translated(),
                connect(
                    self._database,
                    "notifier",
                    autocommit=True,
                    statement_timeout_s=_STATEMENT_S,
                    frozen_after_s=self._settings.frozen_after_s,
                ) as connection,
            ):
                connection.execute(f"LISTEN {_ALARMS}")
                connection.execute(f"LISTEN {NOTIFIER_CHANNEL}")
                self._work(connection)
        except HeartwireError as error:
            pause_s = self._backoff.next_s()
            if self._reached:
                _logger.warning("nobody can be told of alarms: %s", error)
            self._reached = self._is_clerk = False
            self._round.come_by()
            self._stopping.wait(pause_s)

    def _work(self, connection: psycopg.Connection[TupleRow]) -> None:
        clerk = Clerk(connection)
        outbox = self._outbox = self._outbox or self._make_outbox(connection)
        outbox.use(connection)
        while not self._stopping.is_set():
            due_s = clerk.turn()
            outbox.turn()
            self._round.come_by()
            self._backoff.reset()
            if not self._reached:
                _logger.info("the database is there")
            self._reached, self._is_clerk = True, clerk.is_clerk
            self._steps += clerk.take_count()
            pause_s = min(self._settings.turn_s, self._settings.turn_s if due_s is None else due_s)
            _wait(connection, _BUSY_S if outbox.is_busy else pause_s)

    def _make_outbox(self, connection: psycopg.Connection[TupleRow]) -> Outbox:
        row = connection.execute(KEEP_KEY, {"new": new_key()}).fetchone()
        assert row is not None
        settings = self._settings
        means = Means(settings.send_timeout_s, load_key(row[0]), settings.push_contact, settings.local_push)
        return Outbox(
            OutboxSettings(
                settings.pages_url, settings.names_in_messages, settings.send_timeout_s, settings.send_pause_longest_s
            ),
            means,
            self._counters,
        )

    def _describe(self) -> dict[str, object] | None:
        """Return the heartbeat's detail, or ``None`` when the main loop hangs."""
        if not self._reached or self._round.age_s() > self._settings.stuck_after_s:
            return None
        return {"is_clerk": self._is_clerk}

    def _metrics(self) -> Iterator[Metric]:
        yield counter("heartwire_notifier_steps", "Steps of escalation that this process took", self._steps)
        yield counters(
            "heartwire_notifier_attempts",
            "Attempts to reach somebody, by what became of them",
            "outcome",
            {str(became): n for became, n in self._counters.outcomes.items()},
        )
        yield histogram("heartwire_notifier_attempt_seconds", "How long attempts took", self._counters.took_s)
        yield gauge(
            "heartwire_notifier_is_clerk", "Whether it is this process that counts the time", float(self._is_clerk)
        )


def _wait(connection: psycopg.Connection[TupleRow], seconds: float) -> None:
    """Wait until something happened or time is over; what happens at the same time is one reason to look, not many."""
    if any(True for _ in connection.notifies(timeout=max(0.0, seconds), stop_after=1)):
        time.sleep(_TOGETHER_S)
        for _ in connection.notifies(timeout=0):
            pass
