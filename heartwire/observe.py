"""What a service shows to those who run it: /metrics for Prometheus, /healthz and /readyz for whoever starts it.

A thread of its own answers, from what the service counts anyway: nothing is added to what the service does, and one
that hangs is seen to hang. No names, no devices, no patients: nothing here tells of anybody (docs/adr/0013).
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib import metadata
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from heartwire.errors import PermanentError
from heartwire.settings import ObserveSettings
from heartwire.tally import Tally

_logger: Final = logging.getLogger(__name__)
#: How long a request may take to be sent, and an answer to be taken, seconds.
_PATIENCE_S: Final = 2.0
#: How long a look whether something can be reached may take, seconds.
_LOOK_S: Final = 3.0
_CONNECTIONS_MOST: Final = 16
_REQUEST_BYTES_MOST: Final = 8_192
_START_S: Final = 5.0
_TEXT: Final = "text/plain; charset=utf-8"
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

#: Whether something holds; called on a thread where it may wait a little.
Look: TypeAlias = Callable[[], bool]


class ObserveError(PermanentError):
    """The address cannot be listened on."""


class Observer(Collector):
    """Answers on one address until `stop`; does nothing at all where no port is set.

    Parameters
    ----------
    settings : ObserveSettings
        Address.
    service : str
        Name, as it stands in the names of its metrics.
    age_s : callable
        How long ago the service's main loop came by, seconds.
    stuck_after_s : float
        An age at which the service is not well any more: /healthz says so.
    reaches : mapping of str to callable
        What the service needs, and whether it has it: /readyz says what is missing.
    collect : callable
        Returns the service's own metrics, from its counters; called on this thread, must not wait.
    """

    def __init__(
        self,
        settings: ObserveSettings,
        service: str,
        *,
        age_s: Callable[[], float],
        stuck_after_s: float,
        reaches: Mapping[str, Look],
        collect: Callable[[], Iterable[Metric]],
    ) -> None:
        self._host: Final = settings.observe_host
        self._port: Final = settings.observe_port
        self._service: Final = service
        self._age_s: Final = age_s
        self._stuck_after_s: Final = stuck_after_s
        self._reaches: Final = reaches
        self._collect: Final = collect
        self._registry: Final = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: Final = threading.Event()
        self._problem: OSError | None = None
        self._n_connections = 0
        self._thread: Final = threading.Thread(target=self._run, name="observe", daemon=True)

    def start(self) -> None:
        """Listen.

        Raises
        ------
        ObserveError
            If the address is taken.
        """
        if self._port is None:
            return
        self._thread.start()
        self._started.wait(_START_S)
        if self._problem is not None:
            raise ObserveError(
                f"cannot show metrics on {self._host} port {self._port}: {self._problem.strerror or self._problem};"
                f" choose another HEARTWIRE_{self._service.upper()}_OBSERVE_PORT"
            )

    def stop(self) -> None:
        """End; connections that are open are broken off."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=_PATIENCE_S)

    def collect(self) -> Iterable[Metric]:
        """Return every metric as it is now."""
        info = GaugeMetricFamily(
            "heartwire_service_info", "1, with the version that runs", labels=["service", "version"]
        )
        info.add_metric([self._service, metadata.version("heartwire")], 1)
        yield info
        yield gauge(f"heartwire_{self._service}_round_age_seconds", "Since the main loop came by", self._age_s())
        yield from self._collect()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            loop = self._loop = runner.get_loop()
            try:
                server = runner.run(
                    asyncio.start_server(self._serve, self._host, self._port, limit=_REQUEST_BYTES_MOST)
                )
            except OSError as error:
                self._problem = error
                return
            finally:
                self._started.set()
            _logger.info("metrics are shown on %s port %d", self._host, self._port)
            loop.run_forever()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._n_connections += 1
        try:
            if self._n_connections <= _CONNECTIONS_MOST:
                async with asyncio.timeout(_PATIENCE_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head)
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
                )
                writer.write(b"" if head.startswith(b"HEAD ") else body)
                async with asyncio.timeout(_PATIENCE_S):
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            _logger.debug("somebody asked for metrics and left")
        finally:
            self._n_connections -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, head: bytes) -> tuple[str, str, bytes]:
        """Return status, content type and body of the answer to a request."""
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3 or words[0] not in {b"GET", b"HEAD"}:
            return "405 Method Not Allowed", _TEXT, b"only GET is answered here\n"
        match words[1].partition(b"?")[0]:
            case b"/metrics":
                return "200 OK", _METRICS_TYPE, await asyncio.to_thread(generate_latest, self._registry)
            case b"/healthz":
                return _verdict([] if self._age_s() < self._stuck_after_s else [self._is_stuck()])
            case b"/readyz":
                return _verdict(await self._missing())
            case _:
                return "404 Not Found", _TEXT, b"here are /metrics, /healthz and /readyz\n"

    def _is_stuck(self) -> str:
        return f"the main loop of {self._service} has not come by for {self._age_s():.0f} s"

    async def _missing(self) -> list[str]:
        missing = [] if self._age_s() < self._stuck_after_s else [self._is_stuck()]
        for name, look in self._reaches.items():
            try:
                async with asyncio.timeout(_LOOK_S):
                    holds = await asyncio.to_thread(look)
            except TimeoutError:
                holds = False
            if not holds:
                missing.append(f"no {name}")
        return missing


def _verdict(problems: list[str]) -> tuple[str, str, bytes]:
    if problems:
        return "503 Service Unavailable", _TEXT, ("\n".join(problems) + "\n").encode()
    return "200 OK", _TEXT, b"ok\n"


class Round:
    """When a loop came by last, by the monotonic clock."""

    def __init__(self) -> None:
        self._at_s = time.monotonic()

    def come_by(self) -> None:
        """Say that it comes by now."""
        self._at_s = time.monotonic()

    def age_s(self) -> float:
        """Return how long ago that was, seconds."""
        return time.monotonic() - self._at_s


def counter(name: str, what: str, value: float) -> Metric:
    """Return a count since the start; Prometheus adds ``_total`` to its name."""
    return CounterMetricFamily(name, what, value=value)


def counters(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    """Return counts since the start, told apart by one label of few values."""
    family = CounterMetricFamily(name, what, labels=[label])
    for value, count in sorted(values.items()):
        family.add_metric([value], count)
    return family


def gauge(name: str, what: str, value: float) -> Metric:
    """Return what is so now."""
    return GaugeMetricFamily(name, what, value=value)


def gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    """Return what is so now, told apart by one label of few values."""
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, now in sorted(values.items()):
        family.add_metric([value], now)
    return family


def histogram(name: str, what: str, tally: Tally) -> Metric:
    """Return how often which sizes were met."""
    buckets = [("+Inf" if bound == float("inf") else f"{bound:g}", count) for bound, count in tally.cumulative()]
    return HistogramMetricFamily(name, what, buckets=buckets, sum_value=tally.total)
