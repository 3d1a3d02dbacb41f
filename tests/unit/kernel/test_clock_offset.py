"""A device's clock, told from arrivals: under jitter, backlog, cuts, jumps and gaps."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartwire.clock_offset import ClockOffset, fit_drift

_S = 1_000_000
_BEGIN_US = 1_780_000_000 * _S
_BASE_US = 20_000


class _Device:
    """A device with a clock of its own, whose frames of a second arrive as the test says."""

    def __init__(self, clock: ClockOffset, offset_us: int, *, seed: int = 1, ppm: float = 0.0) -> None:
        self.clock = clock
        self.offset_us = offset_us
        self.now_us = _BEGIN_US
        self.seq = 0
        self._ppm = ppm
        self._random = random.Random(seed)  # noqa: S311 # not a secret

    @property
    def true_offset_us(self) -> float:
        return self.offset_us + self._ppm * (self.now_us - _BEGIN_US) / 1e6

    def make(self) -> tuple[int, int, int]:
        self.now_us += _S
        self.seq += 1
        end_us = round(self.now_us - self.true_offset_us)
        return self.seq - 1, end_us - _S, end_us

    def live(self, seconds: int, jitter_us: int = 0) -> None:
        for _ in range(seconds):
            frame = self.make()
            delay_us = _BASE_US + (round(self._random.expovariate(1 / jitter_us)) if jitter_us else 0)
            self.clock.hear(*frame, self.now_us + delay_us)

    def cut(self, seconds: int, per_second: float = 200.0) -> None:
        """Record without a connection, then deliver it all, faster than it is made."""
        frames = [self.make() for _ in range(seconds)]
        arrival_us = float(self.now_us)
        while frames:
            self.clock.hear(*frames.pop(0), round(arrival_us))
            arrival_us += _S / per_second
            if arrival_us - self.now_us >= _S:
                frames.append(self.make())


@settings(max_examples=40)
@given(st.integers(-86_400 * _S, 86_400 * _S), st.integers(0, 400_000), st.integers())
def test_the_offset_is_found_within_50_ms_under_jitter(offset_us: int, jitter_us: int, seed: int) -> None:
    device = _Device(ClockOffset(), offset_us, seed=seed)
    device.live(240, jitter_us)
    assert device.clock.offset_us == pytest.approx(offset_us, abs=50_000)
    assert device.clock.jumped_us == 0


@pytest.mark.parametrize("per_second", [200.0, 20.0, 2.0, 1.3])
@pytest.mark.parametrize("offset_us", [0, 3600 * _S, -3600 * _S])
def test_a_backlog_does_not_move_it_nor_is_one_taken_for_a_clock(per_second: float, offset_us: int) -> None:
    device = _Device(ClockOffset(), offset_us)
    device.cut(300, per_second)
    assert device.clock.offset_us is None or device.clock.offset_us == pytest.approx(offset_us, abs=_S)
    device.live(60)
    device.cut(600, per_second)
    device.live(5)
    assert device.clock.offset_us == pytest.approx(offset_us, abs=80_000)


@pytest.mark.parametrize("jump_us", [-86_400 * _S, -40 * _S, -5 * _S, 5 * _S, 86_400 * _S])
@pytest.mark.parametrize("lost", [0, 3])
def test_a_clock_that_is_set_is_followed_at_once(jump_us: int, lost: int) -> None:
    device = _Device(ClockOffset(), 0)
    device.live(60, 30_000)
    device.offset_us -= jump_us
    for _ in range(lost):
        device.make()
    device.live(2)
    assert device.clock.offset_us == pytest.approx(-jump_us, abs=1.1 * _S * (1 + lost))
    device.live(75)
    assert device.clock.offset_us == pytest.approx(-jump_us, abs=150_000)
    assert device.clock.jump_us == pytest.approx(jump_us, abs=1.1 * _S * (1 + lost))
    assert abs(device.clock.jumped_us - _BEGIN_US - (61 + lost) * _S) < 2 * _S


def test_a_clock_that_is_set_while_nothing_is_recorded_is_found_by_the_pace() -> None:
    device = _Device(ClockOffset(), -3600 * _S)
    device.live(60)
    device.offset_us = 0
    device.now_us += 7200 * _S
    device.live(15)
    assert device.clock.offset_us == pytest.approx(0, abs=50_000)


def test_what_comes_behind_newer_frames_says_nothing() -> None:
    device = _Device(ClockOffset(), -86_400 * _S)
    device.live(30)
    old = device.make()
    device.offset_us = 0
    device.live(30)
    device.clock.hear(*old, device.now_us)
    assert device.clock.offset_us == pytest.approx(0, abs=_S)


def test_a_slow_clock_is_followed_and_its_drift_told_with_an_error() -> None:
    device = _Device(ClockOffset(), 2 * _S, ppm=40.0)
    points = []
    for _ in range(12):
        device.live(900, 30_000)
        assert device.clock.offset_us == pytest.approx(device.true_offset_us, abs=50_000)
        points.append((device.now_us, device.clock.offset_us or 0))
    drift = fit_drift(points)
    assert drift is not None
    assert drift.ppm == pytest.approx(40.0, abs=max(1.0, 4 * drift.error_ppm))
    assert 0 < drift.error_ppm < 2
    assert fit_drift(points[:3]) is None
