"""Lets a recorded signal go at the pace at which it was made, or a multiple of it."""

import threading
import time
from collections.abc import Iterable, Iterator
from typing import Final

from edge.sources.source import Chunk


class Pace:
    """Hands out each chunk when its last sample would have come; by a monotonic clock, so nothing drifts.

    Parameters
    ----------
    speed : float
        Seconds of signal in a second.
    first_is_past : bool
        The first chunk's samples have come already, as those of a live pipe.
    """

    def __init__(self, speed: float, *, first_is_past: bool = False) -> None:
        self._speed: Final = speed
        self._first_is_past: Final = first_is_past

    def apply(self, chunks: Iterable[Chunk], stop: threading.Event) -> Iterator[Chunk]:
        """Hand out the chunks in time, until `stop` is set."""
        begin_s = begin_us = None
        for chunk in chunks:
            if begin_s is None or begin_us is None:
                begin_s, begin_us = time.monotonic(), chunk.t0_us
                if self._first_is_past:
                    begin_s -= chunk.n_samples / chunk.fs_hz / self._speed
            end_us = chunk.t0_us - begin_us + chunk.n_samples * 1e6 / chunk.fs_hz
            pause_s = begin_s + end_us / 1e6 / self._speed - time.monotonic()
            if pause_s > 0 and stop.wait(pause_s):
                return
            yield chunk
