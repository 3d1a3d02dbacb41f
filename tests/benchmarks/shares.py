"""What of the machine each side had: the browser that is measured, and everything else that the benchmark started.

On a ward the browser has a machine of its own. Here both share one: the servers and devices yield to the browser, and
each figure comes with what either took.
"""

import time
from typing import Final, NamedTuple

import psutil

#: The browser is served first where both want a core.
_YIELDING: Final = 10


class Shares(NamedTuple):
    """CPU time that was taken between two looks, in cores.

    Attributes
    ----------
    browser, others : float
        Of all processes of the browser, and of all others below this one.
    seconds : float
        Between the looks.
    """

    browser: float
    others: float
    seconds: float

    def __str__(self) -> str:
        """Say it."""
        cores = psutil.cpu_count()
        return f"of {cores} cores the browser had {self.browser:.2f}, the servers and devices {self.others:.2f}"


class Meter:
    """Looks at the processes below this one."""

    def __init__(self) -> None:
        self._browser_s, self._others_s = _taken_s()
        self._at_s: Final = time.monotonic()

    def read(self) -> Shares:
        """Return what was taken since this was made."""
        browser_s, others_s = _taken_s()
        seconds = time.monotonic() - self._at_s
        return Shares((browser_s - self._browser_s) / seconds, (others_s - self._others_s) / seconds, seconds)


def let_yield() -> None:
    """Let everything that is started by now yield to what is started later."""
    for process in psutil.Process().children(recursive=True):
        process.nice(_YIELDING)


def _taken_s() -> tuple[float, float]:
    browser_s = others_s = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            is_browser = "chrom" in process.name()
            # With what its children took that ended: a page that was closed stays counted.
            taken_s = sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
        if is_browser:
            browser_s += taken_s
        else:
            others_s += taken_s
    return browser_s, others_s
