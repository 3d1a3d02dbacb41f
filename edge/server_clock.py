"""The time: that of this machine, put right by the server's where that shows it wrong.

Whoever has the device's credential may ask the server for its time (`edge.server.ask_time`). It was said between
question and answer, so what it is ahead of a clock that nobody sets lies between two bounds; each answer brings them
closer, and the drift that a quartz may have takes them apart again. Where this machine's time is between them it is
left alone, elsewhere the middle is taken: from then on nobody who sets this machine's clock moves the signal.

Nobody waits for an answer. Without one, as when offline since the start, times are this machine's, and doubtful.
"""

import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from edge.errors import ServerError
from edge.wearables.timeline import CLOCK_DOUBT_US, Arrival
from heartwire.backoff import Backoff

_logger: Final = logging.getLogger(__name__)
#: No quartz drifts by more.
_DRIFT: Final = 1e-4
#: It is asked again before the drift makes times doubtful, but not sooner, nor later, than this, seconds.
_SOONEST_S: Final = 60.0
_LATEST_S: Final = 600.0
_RETRY_S: Final = 5.0


class Said(NamedTuple):
    """What the server said, UTC microseconds, and this machine's clocks when it was asked and had answered."""

    asked: Arrival
    server_us: int
    answered: Arrival


class _Known(NamedTuple):
    """The server's time less the steady clock's: its bounds at an instant of the latter, and what is made of it."""

    at_us: int
    least_us: int
    most_us: int
    taken_us: int

    def doubt_us(self, steady_us: int) -> float:
        """How far what is taken may be from the truth."""
        return max(self.most_us - self.taken_us, self.taken_us - self.least_us) + _DRIFT * (steady_us - self.at_us)


def machine_time() -> Arrival:
    """Return this machine's time, and that of a clock that nobody sets and that goes on while the machine sleeps."""
    if sys.platform == "linux":
        steady_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    elif sys.platform == "darwin":
        steady_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    else:
        steady_ns = time.monotonic_ns()
    return Arrival(time.time_ns() // 1000, steady_ns // 1000)


class ServerClock:
    """Tells the time.

    Parameters
    ----------
    ask : callable
        Asks the server, once or a few times; raises `ServerError` when there is no answer.
    machine : callable
        This machine's clocks.
    """

    def __init__(self, ask: Callable[[], Iterable[Said]], *, machine: Callable[[], Arrival] = machine_time) -> None:
        self._ask: Final = ask
        self._machine: Final = machine
        self._known: _Known | None = None

    def now(self) -> Arrival:
        """Return the time, and by how much it may be wrong; from any thread."""
        machine, known = self._machine(), self._known
        if known is None:
            return machine._replace(doubt_us=math.inf)
        steady_us = machine.monotonic_us
        return Arrival(steady_us + known.taken_us, steady_us, known.doubt_us(steady_us))

    def now_s(self) -> float:
        """Return the time, UTC seconds."""
        return self.now().utc_us / 1e6

    def learn(self, said: Said) -> None:
        """Take what the server said."""
        at_us = said.answered.monotonic_us
        least_us, most_us = said.server_us - at_us, said.server_us - said.asked.monotonic_us
        known = self._known
        if known is not None:
            wider_us = round(_DRIFT * (at_us - known.at_us))
            both = max(least_us, known.least_us - wider_us), min(most_us, known.most_us + wider_us)
            if both[0] <= both[1]:  # if not, the server's own clock was set
                least_us, most_us = both
        own_us = said.answered.utc_us - at_us
        taken_us = own_us if least_us <= own_us <= most_us else (least_us + most_us) // 2
        self._known = _Known(at_us, least_us, most_us, taken_us)

    def ask(self) -> None:
        """Ask the server now.

        Raises
        ------
        ServerError
            If there is no answer; what was known is known on.
        """
        for said in self._ask():
            self.learn(said)

    def keep_asking(self, stop: threading.Event) -> None:
        """Ask again and again until `stop` is set, in a thread of its own."""
        threading.Thread(target=self._run, args=(stop,), name="server clock", daemon=True).start()

    def _run(self, stop: threading.Event) -> None:
        backoff = Backoff(_LATEST_S, first_s=_RETRY_S)
        while not stop.is_set():
            try:
                self.ask()
            except ServerError as error:
                _logger.info("the server does not say the time: %s", error)
                stop.wait(backoff.next_s())
            else:
                if self.now().is_doubtful:  # it was busy, or the way long: the next answer may say it better
                    stop.wait(backoff.next_s())
                else:
                    backoff.reset()
                    stop.wait(self._pause_s())

    def _pause_s(self) -> float:
        known = self._known
        assert known is not None
        return min(_LATEST_S, max(_SOONEST_S, (CLOCK_DOUBT_US - known.doubt_us(known.at_us)) / 1e6 / _DRIFT))
