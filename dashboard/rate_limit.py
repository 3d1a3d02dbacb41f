"""How often somebody may ask: a sliding minute for each key, bounded.  Pure: the clock is an argument."""

from collections import deque
from typing import Final

_WINDOW_S: Final = 60.0


class RateLimit:
    """Counts requests by key.

    Parameters
    ----------
    most : int
        Requests of a key in a minute.
    keys_most : int
        Keys remembered; who has not asked for longest is forgotten first.
    """

    def __init__(self, most: int, keys_most: int = 20_000) -> None:
        self._most: Final = most
        self._keys_most: Final = keys_most
        self._asked: Final[dict[str, deque[float]]] = {}

    def wait_s(self, key: str, now_s: float) -> float:
        """Return 0 and count the request, or how long to wait where there were too many, seconds."""
        asked = self._asked.pop(key, None) or deque()
        self._asked[key] = asked
        if len(self._asked) > self._keys_most:
            del self._asked[next(iter(self._asked))]
        while asked and asked[0] <= now_s - _WINDOW_S:
            asked.popleft()
        if len(asked) >= self._most:
            return asked[0] + _WINDOW_S - now_s
        asked.append(now_s)
        return 0.0
