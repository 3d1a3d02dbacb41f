"""How long to wait before trying a server again.  Pure but for the dice."""

import random
from typing import Final


class Backoff:
    """Doubles from a first pause to a longest, each time by chance between half and all of it, until `reset`.

    The chance keeps a ward of devices, or several processes, from knocking all at once when a server returns.

    Parameters
    ----------
    longest_s, first_s : float
        The bounds of the pauses, seconds.
    """

    def __init__(self, longest_s: float, *, first_s: float) -> None:
        self._longest_s: Final = longest_s
        self._first_s: Final = first_s
        self._failures = 0

    def next_s(self) -> float:
        """Return the next pause, seconds."""
        bound_s = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return bound_s * random.uniform(0.5, 1.0)  # noqa: S311 # not a secret

    def reset(self) -> None:
        """Begin anew: it worked."""
        self._failures = 0
