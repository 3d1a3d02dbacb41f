"""How long to wait before trying the broker again.  Pure but for the dice."""

import random
from typing import Final

_FIRST_S: Final = 1.0


class Backoff:
    """Doubles from 1 s to a bound, each time by chance between half and all of it, until `reset`.

    The chance keeps a ward of devices from knocking all at once when a broker returns.
    """

    def __init__(self, longest_s: float = 60.0) -> None:
        self._longest_s: Final = longest_s
        self._failures = 0

    def next_s(self) -> float:
        """Return the next pause, seconds."""
        bound_s = min(self._longest_s, _FIRST_S * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return bound_s * random.uniform(0.5, 1.0)  # noqa: S311 # not a secret

    def reset(self) -> None:
        """Begin anew: the connection held."""
        self._failures = 0
