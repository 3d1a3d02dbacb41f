"""Samples' times are UTC, sending follows the monotonic clock, and a jump of one is not hidden."""

from simulators.clock import SampleClock


def test_in_real_time() -> None:
    clock = SampleClock(100.0, 5_000_000, 360, 1, 60)
    assert (clock.t_us(0), clock.t_us(1), clock.t_us(360)) == (5_000_000, 5_002_778, 6_000_000)
    assert (clock.due_s(0), clock.due_s(720)) == (100, 102)


def test_faster_than_real_time_the_end_is_now() -> None:
    clock = SampleClock(100.0, 1_000_000_000, 250, 10, 600)
    assert clock.t_us(0) == 1_000_000_000 - 540_000_000
    assert clock.due_s(600 * 250) == 160
    assert clock.t_us(600 * 250) == 1_000_000_000 + 60_000_000


def test_after_a_jump_the_times_are_utc_again() -> None:
    clock = SampleClock(100.0, 5_000_000, 250, 1, None)
    assert not clock.follow(110.0, 15_900_000)  # adjusted, not set
    assert clock.t_us(2500) == 15_000_000
    assert clock.follow(120.0, 3_625_000_000)  # the machine slept an hour, of which the monotonic clock knows nothing
    assert clock.t_us(5000) == 3_625_000_000
    assert clock.due_s(5000) == 120
    assert not clock.follow(121.0, 3_626_000_000)
    assert clock.follow(122.0, 27_000_000)  # and back
    assert clock.t_us(5500) == 27_000_000
