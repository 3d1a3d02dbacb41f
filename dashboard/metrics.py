"""What the pages' server shows of itself to Prometheus, read from its counters when somebody asks."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric

from dashboard.counters import Counters
from dashboard.routes.answers import Parts
from dashboard.settings import DashboardSettings
from heartwire.observe import Observer, counter, gauge, gauges, histogram

#: The picture is sent once a second; a loop that does not is stuck after this, seconds.
_STUCK_S: Final = 10.0


def make_observer(settings: DashboardSettings, parts: Parts) -> Observer:
    """Return what shows the server's metrics and health, not started yet."""
    hub = parts.hub
    return Observer(
        settings,
        "dashboard",
        age_s=hub.round.age_s,
        stuck_after_s=_STUCK_S,
        reaches={"broker": lambda: hub.broker_is_connected, "database": parts.database.answers},
        collect=lambda: dashboard_metrics(
            parts.counters,
            screens=hub.n_screens,
            waves=hub.n_waves,
            dropped=hub.frames_dropped,
            broker=hub.broker_is_connected,
        ),
    )


def dashboard_metrics(done: Counters, *, screens: int, waves: int, dropped: int, broker: bool) -> Iterator[Metric]:
    """Yield every metric of the pages' server.

    Parameters
    ----------
    done : Counters
        Since the start.
    screens, waves : int
        Live connections, and devices whose waves they show.
    dropped : int
        Frames of waves that did not reach the screens.
    broker : bool
        Whether it is reached.
    """
    answers = CounterMetricFamily("heartwire_dashboard_answers", "Answers of the API", labels=["method", "status"])
    for (method, status), count in sorted(done.answers.items()):
        answers.add_metric([method, status], count)
    yield answers
    yield histogram("heartwire_dashboard_answer_seconds", "Time until an answer of the API was there", done.answers_s)
    yield gauge("heartwire_dashboard_screens", "Live connections", screens)
    yield counter("heartwire_dashboard_screens_joined", "Live connections that began", done.screens)
    yield counter("heartwire_dashboard_screens_too_slow", "Live connections ended, being too slow", done.too_slow)
    yield gauge("heartwire_dashboard_streams", "Streams of alarms to other systems", done.streams)
    yield gauge("heartwire_dashboard_waves", "Devices whose waves are shown", waves)
    yield counter("heartwire_dashboard_wave_frames_dropped", "Frames of waves that no screen got", dropped)
    yield counter("heartwire_dashboard_words_unsent", "Words to patients that wait to be asked for", done.words_unsent)
    yield histogram("heartwire_dashboard_read_seconds", "Time of a reading of a ward", done.reads_s)
    yield counter("heartwire_dashboard_read_failures", "Readings of a ward that failed", done.read_failures)
    yield gauges("heartwire_dashboard_reached", "1 where it is reached", "what", {"broker": broker})
