"""The screens that are connected: what each looks at, and the bounded queue of what is to be sent to it."""

import asyncio
from collections import deque
from typing import Final

from dashboard.access import Viewer
from dashboard.records import join_messages


class Client:
    """One screen.

    A message that does not fit into its queue marks it as too slow, for good: it is disconnected and comes back to a
    full picture. What waits for it is dropped at once, so a sleeping laptop holds no memory.

    Attributes
    ----------
    viewer : Viewer
        Who looks, with what he may see by now.
    wanted : frozenset of int
        Patients whose waves it asked for.
    watched : frozenset of int
        Those of them that are its tenant's and have a device.
    audited_s : dict of int
        When each patient that it shows was last written into the audit trail, monotonic seconds.
    too_slow : asyncio.Event
        Set when its queue was full.
    """

    def __init__(self, viewer: Viewer, most_messages: int, most_bytes: int) -> None:
        self.viewer = viewer
        self.wanted: frozenset[int] = frozenset()
        self.watched: frozenset[int] = frozenset()
        self.audited_s: dict[int, float] = {}
        self.too_slow: Final = asyncio.Event()
        self._most_messages: Final = most_messages
        self._most_bytes: Final = most_bytes
        self._waiting: Final[deque[bytes]] = deque()
        self._n_bytes = 0
        self._filled: Final = asyncio.Event()

    def offer(self, message: bytes) -> None:
        """Put a message into the queue; never waits."""
        if self.too_slow.is_set():
            return
        if len(self._waiting) >= self._most_messages or self._n_bytes + len(message) > self._most_bytes:
            self._waiting.clear()
            self.too_slow.set()
            return
        self._waiting.append(message)
        self._n_bytes += len(message)
        self._filled.set()

    async def take(self) -> bytes:
        """Wait for a message, and return all that wait as one: to send it costs more than to fill it."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        messages = list(self._waiting)
        self._waiting.clear()
        self._n_bytes = 0
        return messages[0] if len(messages) == 1 else join_messages(messages)
