"""How far a device's clock is from the server's, told from arrivals alone.  Pure: both clocks are arguments.

Signal cannot arrive before it was made. So the least of "arrived at less ended at", over frames in the device's order,
is the offset and the least delay of the network, which is small. A backlog arrives later than that and says nothing.
Only at the beginning, and when the signal had a gap (the clock may have been set meanwhile), nothing is there to
compare with. Then the pace tells: live signal arrives as fast as it is made, a backlog faster.

Within one boot a clock that is set shows in the signal itself: back, it begins before the last frame ended; ahead, it
arrives before it could.
"""

from typing import Final

import msgspec

#: The pace is looked at over so long, microseconds, and over so many frames.
_PACE_US: Final = 10_000_000
_PACE_FRAMES: Final = 4
#: Live signal's delay differs by less from the beginning to the end of that, microseconds.
_PACE_TOLERANCE_US: Final = 1_500_000
#: How often the offset may rise, and how much: faster than any crystal, and any clock that is slewed, microseconds.
_RISE_EVERY_US: Final = 60_000_000
_RISE_MOST_US: Final = 60_000
#: Signal that begins so much before the last frame's end: the clock was set back, microseconds.
_SET_BACK_US: Final = 250_000
#: A gap in which the clock may have been set, microseconds.
_GAP_US: Final = 2_000_000
#: A step of the clock that is worth telling, microseconds.
JUMP_US: Final = 1_000_000


class ClockOffset(msgspec.Struct, array_like=True):
    """One boot's clock. Its state is its fields; frames are to be told in the order of their arrival.

    Attributes
    ----------
    offset_us : int or None
        Server's clock less device's, the least delay of the network included; ``None`` while unknown.
    jump_us, jumped_us : int
        Last step that the clock was set by, and when, by the server's clock; 0 for never.
    next_seq, end_us : int
        Behind the newest frame: its number, and the end of its signal by the device's clock.
    seeking : bool
        The pace is to tell the offset.
    began_us, first_us, low_us, frames : int
        The present window: when it began, the delay with which it began, its least, and its frames.
    """

    offset_us: int | None = None
    jump_us: int = 0
    jumped_us: int = 0
    next_seq: int = -1
    end_us: int = 0
    seeking: bool = True
    began_us: int = 0
    first_us: int = 0
    low_us: int = 0
    frames: int = 0

    def hear(self, seq: int, t0_us: int, t_end_us: int, received_us: int) -> None:
        """Take in a frame; one that comes behind newer ones is old, and says nothing.

        Parameters
        ----------
        seq : int
            Its number in this boot.
        t0_us, t_end_us : int
            Beginning and end of its signal by the device's clock.
        received_us : int
            When it arrived by the server's clock.
        """
        next_seq = self.next_seq
        if seq < next_seq:
            return
        delay_us = received_us - t_end_us
        if next_seq >= 0:
            gap_us = t0_us - self.end_us
            if gap_us < -_SET_BACK_US:
                missing_us = (seq - next_seq) * (t_end_us - t0_us)
                self._set_back(missing_us - gap_us, delay_us, received_us)
            elif gap_us > _GAP_US:
                self.seeking = True
                self.frames = 0
        self.next_seq = seq + 1
        self.end_us = t_end_us
        offset_us = self.offset_us
        if offset_us is not None and delay_us < offset_us:
            if offset_us - delay_us > JUMP_US:
                self.jump_us = offset_us - delay_us
                self.jumped_us = received_us
            self.offset_us = delay_us
        if not self.frames:
            self.began_us = received_us
            self.first_us = self.low_us = delay_us
        elif delay_us < self.low_us:
            self.low_us = delay_us
        self.frames += 1
        lasted_us = received_us - self.began_us
        if lasted_us >= _PACE_US and (self.seeking or lasted_us >= _RISE_EVERY_US):
            self._close_window(delay_us)

    def _set_back(self, back_us: int, delay_us: int, received_us: int) -> None:
        """Let the offset follow a clock that was set back, so that it is known at once."""
        self.frames = 0
        if self.offset_us is None:
            return
        self.offset_us += back_us
        if back_us > JUMP_US:
            self.jump_us = -back_us
            self.jumped_us = received_us
        # By how much is known within a frame's length.
        self.offset_us = min(self.offset_us, delay_us)

    def _close_window(self, delay_us: int) -> None:
        if self.seeking:
            if self.frames >= _PACE_FRAMES and abs(delay_us - self.first_us) <= _PACE_TOLERANCE_US:
                self.offset_us = self.low_us
                self.seeking = False
        elif self.offset_us is not None:
            self.offset_us += min(self.low_us - self.offset_us, _RISE_MOST_US)
        self.frames = 0


class Drift(msgspec.Struct, array_like=True, frozen=True):
    """How fast an offset grows, and the standard error of that, parts in a million."""

    ppm: float
    error_ppm: float


def fit_drift(points: list[tuple[int, int]]) -> Drift | None:
    """Fit a line to offsets over time by least squares; ``None`` for fewer than four.

    Parameters
    ----------
    points : list of (int, int)
        When (server's clock), and the offset then, microseconds.
    """
    n = len(points)
    if n < 4:  # a line has two parameters, and its error needs more than one point beyond
        return None
    mean_t = sum(t for t, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    if spread <= 0:
        return None
    slope = sum((t - mean_t) * (y - mean_y) for t, y in points) / spread
    residual = sum((y - mean_y - slope * (t - mean_t)) ** 2 for t, y in points)
    return Drift(slope * 1e6, (residual / (n - 2) / spread) ** 0.5 * 1e6)
