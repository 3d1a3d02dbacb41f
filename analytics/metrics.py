"""What analytics shows of itself to Prometheus, read from its counters when somebody asks."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric

from analytics.counters import Counters
from analytics.heartbeat import Waiting
from heartwire.calls import CALLS
from heartwire.observe import counter, gauge, gauges, histogram

_KINDS: Final = ("raised", "suppressed", "ended")


def analytics_metrics(
    done: Counters, waiting: Waiting | None, *, shards: int, devices: int, database: bool
) -> Iterator[Metric]:
    """Yield every metric of analytics.

    Parameters
    ----------
    done : Counters
        Since the start.
    waiting : Waiting, optional
        The cursor's lag at the last sign of life; its metrics are missing where that is unknown, rather than old.
    shards, devices : int
        In this process.
    database : bool
        Whether it is reached.
    """
    yield counter("heartwire_analytics_frames", "Frames analysed", done.frames)
    yield counter("heartwire_analytics_beats", "Beats found", done.beats)
    calls = CounterMetricFamily("heartwire_analytics_calls", "Calls, by what happened to them", labels=["call", "kind"])
    for code in CALLS:
        for kind in _KINDS:
            calls.add_metric([code, kind], done.changes[code, kind])
    yield calls
    yield counter("heartwire_analytics_calls_late", "Calls raised in signal that came late", done.late)
    yield counter("heartwire_analytics_checkpoints", "States of devices that were saved", done.checkpoints)
    yield counter("heartwire_analytics_frames_again", "Frames read again to take shards up", done.frames_again)
    yield counter("heartwire_analytics_defects", "Times that the engine failed", done.defects)
    yield counter("heartwire_analytics_failures", "Times that the work was put off", done.database_failures)
    yield histogram("heartwire_analytics_step_seconds", "Time of a step, its commit included", done.steps_s)
    yield histogram("heartwire_analytics_step_frames", "Frames of a step", done.step_frames)
    if waiting is not None:
        yield gauge("heartwire_analytics_lag_frames", "Committed frames not analysed; 10,000 is more", waiting.frames)
        yield gauge("heartwire_analytics_lag_seconds", "Since when the oldest of them waits", waiting.oldest_s)
        yield gauge(
            "heartwire_analytics_held_back_frames",
            "Those of them that wait for a transaction open elsewhere",
            waiting.held_back,
        )
    yield gauge("heartwire_analytics_shards", "Shards that this process has", shards)
    yield gauge("heartwire_analytics_devices", "Devices in memory", devices)
    yield gauges("heartwire_analytics_reached", "1 where it is reached", "what", {"database": database})
