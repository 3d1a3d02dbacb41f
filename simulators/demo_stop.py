"""The signals that end the demo."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAskedError(BaseException):
    """Somebody asked the demo to end; no ``except Exception`` swallows it."""


class StopSignals:
    """Turns the first signal into a `StopAskedError` wherever the main thread is, but where it may not be disturbed."""

    def __init__(self) -> None:
        self._holds = 0
        self._asked = False
        for number in SIGNALS:
            signal.signal(number, self._ask)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Put a signal off to the end of a short piece of work, such as a query."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
        if self._asked:
            raise StopAskedError

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        if not self._holds:
            raise StopAskedError
