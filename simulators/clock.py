"""When a sample is taken, by both clocks of the machine.  Pure: the clocks are arguments."""

from typing import Final

#: A clock that is further away from the other was set, or the machine slept, microseconds.
_JUMP_US: Final = 1_000_000


class SampleClock:
    """Numbers of samples become instants: UTC for what is told, monotonic for when to send it.

    Parameters
    ----------
    now_s, now_us : float, int
        Monotonic clock, seconds, and UTC, microseconds, at the first sample.
    fs_hz, speed : float
        Samples per second of signal; seconds of signal per second.
    duration_s : float or None
        With another speed than 1: of the whole signal. Its times begin so far in the past that its end is now when
        its end is sent.
    """

    def __init__(self, now_s: float, now_us: int, fs_hz: float, speed: float, duration_s: float | None) -> None:
        self._now_s: Final = now_s
        self._now_us = now_us
        self._fs_hz: Final = fs_hz
        self._speed: Final = speed
        self._behind_us: Final = 0 if duration_s is None else round(duration_s * (1 - 1 / speed) * 1e6)

    def t_us(self, n: int) -> int:
        """Return the time of a sample, UTC microseconds."""
        return self._now_us - self._behind_us + round(n * 1e6 / self._fs_hz)

    def due_s(self, n: int) -> float:
        """Return when all samples before `n` have been taken, monotonic clock, seconds."""
        return self._now_s + n / self._fs_hz / self._speed

    def follow(self, now_s: float, now_us: int) -> bool:
        """Return whether UTC jumped; the times of the samples follow it."""
        jump_us = now_us - self._now_us - round((now_s - self._now_s) * 1e6)
        if abs(jump_us) <= _JUMP_US:
            return False
        self._now_us += jump_us
        return True
