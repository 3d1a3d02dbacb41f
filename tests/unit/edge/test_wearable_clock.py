"""A wearable's time in UTC: right to 50 ms with a drift of 100 ppm, never back, and a restart is seen."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wearables.clock import WearableClock

T0_US = 1_790_000_000_000_000
#: An H10 that nobody has set begins at 2019-01-01.
WEARABLE_US = 599_616_000_000_000
PACKET_US = 561_538


def _run(
    clock: WearableClock, *, seconds: float, drift: float, seed: int, delays_us: tuple[int, int] = (10_000, 110_000)
) -> list[tuple[float, int, int]]:
    """Return (seconds since the beginning, told, true UTC time) of each packet."""
    rng = random.Random(seed)  # noqa: S311 # the air's, not a secret
    told = []
    for packet in range(1, int(seconds * 1e6 / PACKET_US)):
        wearable_us = WEARABLE_US + packet * PACKET_US
        true_us = T0_US + round(packet * PACKET_US * (1 + drift))
        delay_us = rng.randint(*delays_us) if rng.random() < 0.97 else rng.randint(*delays_us) + 2_000_000
        clock.observe(wearable_us, true_us + delay_us)
        told.append((packet * PACKET_US / 1e6, clock.utc_us(wearable_us), true_us))
    return told


@pytest.mark.parametrize("drift_ppm", [-100, -20, 0, 20, 100])
@pytest.mark.parametrize("seed", [1, 2])
def test_with_a_drift_of_100_ppm_times_are_right_to_50_ms_after_three_minutes_for_three_hours(
    drift_ppm: int, seed: int
) -> None:
    clock = WearableClock()
    told = _run(clock, seconds=3 * 3600, drift=drift_ppm * 1e-6, seed=seed)
    errors_us = [utc_us - true_us for at_s, utc_us, true_us in told if at_s > 180]
    assert max(map(abs, errors_us)) < 50_000
    assert abs(clock.drift_ppm - drift_ppm) < 20
    assert clock.restarts == 0


def test_times_never_go_back_and_never_jump() -> None:
    told = _run(WearableClock(), seconds=3600, drift=1e-4, seed=5)
    for (_, before_us, _), (_, after_us, _) in itertools.pairwise(told):
        assert abs(after_us - before_us - PACKET_US) <= 0.011 * PACKET_US


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 5_000_000), min_size=2, max_size=200), st.integers(-4_000_000, 4_000_000))
def test_whatever_the_delays_and_however_the_machines_clock_is_set_time_goes_on(
    delays_us: list[int], step_us: int
) -> None:
    clock = WearableClock()
    before_us = 0
    for packet, delay_us in enumerate(delays_us):
        if packet == len(delays_us) // 2:
            clock.step(step_us, jumps=False)
        wearable_us = WEARABLE_US + packet * PACKET_US
        stepped_us = step_us if packet >= len(delays_us) // 2 else 0
        has_restarted = clock.observe(wearable_us, T0_US + packet * PACKET_US + delay_us + stepped_us)
        utc_us = clock.utc_us(wearable_us)
        assert has_restarted or utc_us > before_us
        before_us = utc_us


def test_a_clock_that_begins_anew_is_seen_and_told_right_at_once() -> None:
    clock = WearableClock()
    _run(clock, seconds=600, drift=0.0, seed=1)
    later_us = T0_US + 700_000_000
    assert clock.observe(WEARABLE_US + 5_000, later_us + 20_000)
    assert abs(clock.utc_us(WEARABLE_US + 5_000) - later_us) < 50_000
    assert clock.restarts == 1
    assert not clock.is_settled


@pytest.mark.parametrize("set_by_us", [-2_000_000, 31_000_000, 10**13])
def test_a_clock_that_somebody_sets_is_seen(set_by_us: int) -> None:
    clock = WearableClock()
    _run(clock, seconds=60, drift=0.0, seed=1)
    assert clock.observe(WEARABLE_US + 61_000_000 - set_by_us, T0_US + 61_000_000)


def test_a_packet_that_waited_20_seconds_on_the_radio_is_no_restart() -> None:
    clock = WearableClock()
    _run(clock, seconds=60, drift=0.0, seed=1)
    assert not clock.observe(WEARABLE_US + 61_000_000, T0_US + 81_000_000)
    assert abs(clock.utc_us(WEARABLE_US + 61_000_000) - T0_US - 61_000_000) < 50_000


@pytest.mark.parametrize("step_us", [3_600_000_000, -3_600_000_000])
def test_a_machine_whose_clock_is_put_right_by_an_hour_tells_right_times_at_once(step_us: int) -> None:
    clock = WearableClock()
    told = _run(clock, seconds=300, drift=5e-5, seed=4)
    clock.step(step_us, jumps=True)
    at_us = WEARABLE_US + 300_000_000
    assert abs(clock.utc_us(at_us) - step_us - (told[-1][2] + 300_000_000 - told[-1][0] * 1e6)) < 50_000
