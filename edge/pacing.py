"""Lets a recorded signal go at the pace at which it was made, or a multiple of it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from edge.sources.source import Chunk, Item
from heartwire.frames import EcgFlag

_JUMP_US: Final = 5_000_000


class Pace:
    """Hands out each chunk when its last sample would have come; by a monotonic clock, so nothing drifts.

    Parameters
    ----------
    speed : float
        Seconds of signal in a second.
    first_is_past : bool
        The first chunk's samples have come already, as those of a live pipe.
    follows_clock : bool
        The signal plays now: when the clock has jumped (a laptop slept, the time was set) or the agent had to hold
        the signal, its times jump with it, with a gap, instead of lagging behind for ever.
    now_us : callable
        The clock.
    """

    def __init__(
        self,
        speed: float,
        *,
        first_is_past: bool = False,
        follows_clock: bool = False,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._speed: Final = speed
        self._follows_clock: Final = follows_clock
        self._now_us: Final = now_us
        self._first_is_past: Final = first_is_past

    def apply(self, chunks: Iterable[Item], stop: threading.Event) -> Iterator[Item]:
        """Hand out the chunks in time, until `stop` is set."""
        begin_s = begin_us = None
        shift_us = 0
        for chunk in chunks:
            if not isinstance(chunk, Chunk):
                yield chunk
                continue
            if begin_s is None or begin_us is None:
                begin_s, begin_us = time.monotonic(), chunk.t0_us
                if self._first_is_past:
                    begin_s -= chunk.n_samples / chunk.fs_hz / self._speed
            end_us = chunk.t0_us - begin_us + chunk.n_samples * 1e6 / chunk.fs_hz
            pause_s = begin_s + end_us / 1e6 / self._speed - time.monotonic()
            if pause_s > 0 and stop.wait(pause_s):
                return
            if self._follows_clock:
                late_us = self._now_us() - chunk.t0_us - shift_us - round(chunk.n_samples * 1e6 / chunk.fs_hz)
                if abs(late_us) > _JUMP_US:
                    shift_us += late_us
                    chunk = replace(chunk, flags=chunk.flags | EcgFlag.GAP_BEFORE)  # noqa: PLW2901 # as it is now
            yield replace(chunk, t0_us=chunk.t0_us + shift_us) if shift_us else chunk
