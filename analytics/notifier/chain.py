"""When the next one is told of an alarm that nobody answers.  Pure.

Time is what a process counted by its monotonic clock and wrote down, never the difference of two times of day: a clock
that steps by an hour neither tells everybody at once nor nobody.
"""

from dataclasses import dataclass, replace
from typing import Final

#: What a process that takes over counts at most for the time in which nobody did, microseconds: by the clock of day, so
#: it is not to be trusted further than a chain's step.
UNCOUNTED_MOST_US: Final = 60_000_000
_US: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an alarm's chain is.

    Attributes
    ----------
    delays_s : tuple of int
        Of its chain: what is waited for before each step, seconds.
    is_held : bool
        Silenced, or its patient's alarms are paused: time does not count.
    step : int
        The last that was taken.
    waited_us : int
        Since then, as far as time counted.
    hurries : bool
        The next is due now: who was told cannot, or was not reached.
    """

    alarm_id: int
    delays_s: tuple[int, ...]
    is_held: bool
    step: int = 0
    waited_us: int = 0
    hurries: bool = False

    @property
    def left_us(self) -> int | None:
        """Until something is due, microseconds; ``None`` while nothing will be."""
        if self.is_held or self.is_unanswered or not self.delays_s:
            return None
        if self.hurries:
            return 0
        return max(0, self._delay_us - self.waited_us)

    @property
    def is_unanswered(self) -> bool:
        """Whether everybody was told, and had the time to answer."""
        return (
            bool(self.delays_s)
            and self.step >= len(self.delays_s)
            and (self.hurries or self.waited_us >= self._delay_us)
        )

    @property
    def _delay_us(self) -> int:
        """Before the next step; after the last, the last one's again."""
        return self.delays_s[min(self.step, len(self.delays_s) - 1)] * _US


def advance(standing: Standing, elapsed_us: int) -> Standing:
    """Return how far a chain is after some time: at most one step further, since each has its whole time to answer."""
    if standing.is_held or standing.is_unanswered or not standing.delays_s:
        return standing
    waited = replace(standing, waited_us=standing.waited_us + max(0, elapsed_us))
    if waited.step < len(waited.delays_s) and waited.left_us == 0:
        return replace(waited, step=waited.step + 1, waited_us=0, hurries=False)
    return waited
