"""A wearable's clock, told in UTC by a fitted line: offset and drift, from when its packets arrive.  Pure.

A packet arrives when it was made, and then some: radio and system delay it, never the other way. So the true line runs
along the lower edge of the delays. It is found as Moon, Skelly and Towsley did for packets on the internet
(doi:10.1109/INFCOM.1999.749287): the lower convex hull of the delays, and of it the edge over the middle of their
times. Deviation from it: of each 10 s only the least delay is kept, for 10 minutes.

A better line never makes time jump, nor go back: the difference is worn off while time goes on.
"""

from collections import deque
from typing import Final, NamedTuple

#: Of the delays in so much of the wearable's time the least is kept ...
_BUCKET_US: Final = 10_000_000
#: ... and so many of them.
_BUCKETS: Final = 60
#: A drift is believed when delays of so many buckets are known; before, it is 0.
_BUCKETS_FOR_DRIFT: Final = 7
#: No quartz is further off than a tenth of this.
_DRIFT_MAX: Final = 2e-3
#: The first line is good when it is known from so much of the wearable's time.
_SETTLED_US: Final = 3_000_000
#: A packet before its time by more, or after it by more than any radio holds it: the wearable's clock began anew.
_EARLY_US: Final = -1_000_000
_LATE_US: Final = 30_000_000
#: Likewise one that says a time before its predecessor's and is no mere repetition.
_BACK_US: Final = 2_000_000
#: How fast a difference is worn off, of time gone on; one above `_FAR_US` faster.
_SLEW: Final = 2e-3
_SLEW_FAR: Final = 1e-2
_FAR_US: Final = 250_000


class _Line(NamedTuple):
    """The delay as a function of the wearable's time: `delay_us` at `at_us`, and more by `drift` times what follows."""

    at_us: int
    delay_us: float
    drift: float

    def at(self, wearable_us: int) -> float:
        return self.delay_us + self.drift * (wearable_us - self.at_us)


class WearableClock:
    """Maps one wearable's time to UTC.

    Attributes
    ----------
    restarts : int
        How often the wearable's clock began anew.
    """

    def __init__(self) -> None:
        self.restarts = 0
        self._points: deque[tuple[int, int]] = deque()
        self._last_us: int | None = None
        self._told_us: int | None = None
        self._least = (0, 0)  # of the bucket that is being filled: wearable's time, delay
        self._line = _Line(0, 0.0, 0.0)
        self._error_us = 0.0  # what is told, less the line
        self._reset()

    @property
    def is_settled(self) -> bool:
        """Whether the first line is good enough to tell times by."""
        return self._last_us is not None and self._last_us - self._first_us >= _SETTLED_US

    @property
    def has_told(self) -> bool:
        """Whether a time was told by this line, or by one that it follows."""
        return self._told_us is not None

    @property
    def error_us(self) -> float:
        """What the last time that was told is to be put right by, with time."""
        return self._error_us

    @property
    def drift_ppm(self) -> float:
        """How much slower than UTC the wearable's clock runs, in millionths; negative where it is faster."""
        return self._line.drift * 1e6

    def observe(self, wearable_us: int, arrival_us: int) -> bool:
        """Learn that what the wearable made at its `wearable_us` arrived at `arrival_us`.

        Parameters
        ----------
        wearable_us : int
            Microseconds of the wearable's epoch; one that is not after the last is not looked at.
        arrival_us : int
            UTC microseconds.

        Returns
        -------
        bool
            Whether the wearable's clock began anew: what it says now has nothing to do with what it said before.
        """
        delay_us = arrival_us - wearable_us
        has_restarted = False
        if self._last_us is not None:
            late_us = delay_us - self._line.at(wearable_us)
            is_new = wearable_us > self._last_us
            if not _EARLY_US <= late_us <= (_LATE_US if is_new else _BACK_US):
                self._reset()
                self.restarts += 1
                has_restarted = True
            elif not is_new:
                return False
        self._learn(wearable_us, delay_us)
        return has_restarted

    def step(self, step_us: int, *, jumps: bool) -> None:
        """Learn that this machine's clock was set, by so much; times jump with it, or wear it off."""
        self._points = deque(((at_us, delay_us + step_us) for at_us, delay_us in self._points), maxlen=_BUCKETS)
        self._least = (self._least[0], self._least[1] + step_us)
        self._line = self._line._replace(delay_us=self._line.delay_us + step_us)
        if not jumps:
            self._error_us -= step_us

    def utc_us(self, wearable_us: int) -> int:
        """Return the UTC time, microseconds, of an instant of the wearable; to be asked in their order."""
        if self._told_us is not None:
            self._wear_off(max(0, wearable_us - self._told_us))
        self._told_us = max(wearable_us, self._told_us or wearable_us)
        return round(wearable_us + self._line.at(wearable_us) + self._error_us)

    def _reset(self) -> None:
        self._points = deque(maxlen=_BUCKETS)
        self._least = (0, 0)
        self._bucket = -1
        self._first_us = 0
        self._last_us = None
        self._told_us = None
        self._error_us = 0.0
        self._line = _Line(0, 0.0, 0.0)

    def _learn(self, wearable_us: int, delay_us: int) -> None:
        is_first = self._last_us is None
        if is_first:
            self._first_us = wearable_us
        self._last_us = wearable_us
        bucket = (wearable_us - self._first_us) // _BUCKET_US
        if is_first or bucket != self._bucket:
            if not is_first:
                self._points.append(self._least)
            self._bucket = bucket
            self._least = (wearable_us, delay_us)
            self._fit()
        elif delay_us < self._least[1]:
            self._least = (wearable_us, delay_us)
            if len(self._points) < _BUCKETS_FOR_DRIFT:
                self._fit()

    def _fit(self) -> None:
        points = [*self._points, self._least] if len(self._points) < _BUCKETS_FOR_DRIFT else list(self._points)
        line = _lower_line(points) if len(points) >= _BUCKETS_FOR_DRIFT else _least_of(points)
        if self._told_us is not None:
            self._error_us += self._line.at(self._told_us) - line.at(self._told_us)
        self._line = line

    def _wear_off(self, gone_us: int) -> None:
        far_us = max(0.0, abs(self._error_us) - _FAR_US)
        fast_us = min(float(gone_us), far_us / _SLEW_FAR)
        off_us = fast_us * _SLEW_FAR + (gone_us - fast_us) * _SLEW
        if off_us >= abs(self._error_us):
            self._error_us = 0.0
        else:
            self._error_us -= off_us if self._error_us > 0 else -off_us


def _least_of(points: list[tuple[int, int]]) -> _Line:
    at_us, delay_us = min(points, key=lambda point: point[1])
    return _Line(at_us, delay_us, 0.0)


def _lower_line(points: list[tuple[int, int]]) -> _Line:
    """Return the edge of the points' lower convex hull over the middle of their times; no point lies below it."""
    hull: list[tuple[int, int]] = []
    for x, y in points:
        while len(hull) >= 2 and (hull[-1][1] - hull[-2][1]) * (x - hull[-2][0]) >= (y - hull[-2][1]) * (
            hull[-1][0] - hull[-2][0]
        ):
            hull.pop()
        hull.append((x, y))
    middle = sum(x for x, _ in points) / len(points)
    right = next(at for at in range(1, len(hull)) if hull[at][0] >= middle)
    (x0, y0), (x1, y1) = hull[right - 1], hull[right]
    drift = max(-_DRIFT_MAX, min(_DRIFT_MAX, (y1 - y0) / (x1 - x0)))
    at_us, delay_us = min(points, key=lambda point: point[1] - drift * (point[0] - x0))
    return _Line(at_us, delay_us, drift)
