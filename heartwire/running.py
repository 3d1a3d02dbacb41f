"""A service from its start to the signal that ends it."""

import gc
import signal
from typing import Final, Protocol

#: Objects made and not freed between two looks for cyclic garbage. Python's 700 is met by every batch of frames, whose
#: objects all are freed by their counts a moment later; looking through them took an eighth of a service's time.
_YOUNG: Final = 50_000
_OLDER: Final = 20


class Service(Protocol):
    """What runs until it is told to stop."""

    def run(self) -> None:
        """Serve until `stop`, then finish."""

    def stop(self) -> None:
        """Ask `run` to end; returns at once."""


def run_until_told(service: Service) -> None:
    """Run on the main thread until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    _collect_seldom()
    service.run()


def _collect_seldom() -> None:
    """Leave what is there out of every later look, and look seldom: a service makes next to no cyclic garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
