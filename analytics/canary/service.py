"""``heartwire canary``, put together: one thread sends, one follows what was sent, two show how the service is."""

import logging
import time
from collections.abc import Iterator, Mapping
from typing import Final

import psycopg
from prometheus_client.core import Metric
from psycopg.rows import TupleRow

from analytics.canary.recorder import Recorder
from analytics.canary.sender import Listener, Sender
from analytics.canary.settings import CanarySettings
from heartwire.observe import Observer, Round, counter, gauge, gauges
from heartwire.storage.heartbeat import Heartbeat

_logger: Final = logging.getLogger(__name__)


class CanaryService:
    """The whole service; `run` it on the main thread, `stop` it from a signal handler or another thread."""

    def __init__(self, settings: CanarySettings) -> None:
        self._settings: Final = settings
        self._round: Final = Round()
        self._recorder: Final = Recorder(settings)
        listener = Listener(self._recorder.began, self._recorder.taken, self._recorder.began)
        self._sender: Final = Sender(settings, listener, self._round.come_by)
        self._heartbeat: Final = Heartbeat(
            settings.database.get_secret_value(),
            "canary",
            settings.instance,
            settings.heartbeat_every_s,
            self._describe,
        )
        self._observer: Final = Observer(
            settings,
            "canary",
            age_s=self._round.age_s,
            stuck_after_s=settings.stuck_after_s,
            reaches={"broker": lambda: self._sender.is_up},
            collect=self._metrics,
        )

    def run(self) -> None:
        """Serve until `stop`."""
        _logger.info("canary %s starts, a tachycardia every %d s", self._settings.instance, self._settings.cycle_s)
        self._observer.start()
        self._heartbeat.start()
        self._recorder.start()
        try:
            self._sender.run()
        finally:
            self._recorder.stop()
            self._heartbeat.stop()
            self._observer.stop()
        _logger.info("canary %s ended", self._settings.instance)

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""
        self._sender.stop()

    def _describe(self, _connection: psycopg.Connection[TupleRow]) -> Mapping[str, object] | None:
        if self._round.age_s() > self._settings.stuck_after_s or not self._recorder.is_running:
            return None
        return {"broker_connected": self._sender.is_up, "proven": self._recorder.n_proven}

    def _metrics(self) -> Iterator[Metric]:
        recorder = self._recorder
        yield counter("heartwire_canary_proven", "Runs that came through", recorder.n_proven)
        yield counter("heartwire_canary_failed", "Runs that did not", recorder.n_failed)
        if recorder.proven_s is not None:
            age_s = time.monotonic() - recorder.proven_s
            yield gauge("heartwire_canary_proven_age_seconds", "Since the last that came through", age_s)
        yield gauges("heartwire_canary_reached", "1 where it is reached", "what", {"broker": self._sender.is_up})
