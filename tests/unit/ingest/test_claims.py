"""Who is refused when two claim to be one device, and who is not: boots, backlogs and clocks of one real device."""

import itertools
import random
from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ingest.claims import BOOTS_MAX, Claims, Refusal

S = 1_000_000
DAY = 86_400 * S
BEGIN = 1_800_000_000 * S


class Heard(NamedTuple):
    """A frame: boot, end of its signal and arrival, both in seconds after the beginning."""

    boot: int
    t_end_s: float
    at_s: float


def _refused(heard: Iterable[Heard]) -> list[int]:
    """Return the boots that are refused at the end of a story, each frame in the order of its arrival."""
    claims = Claims(10)
    first_us: dict[int, int] = {}
    verdicts: dict[int, Refusal | None] = {}
    for boot, t_end_s, at_s in sorted(heard, key=lambda one: one.at_s):
        received_us = BEGIN + round(at_s * S)
        first_us.setdefault(boot, received_us)
        verdicts[boot] = claims.hear("d", boot, first_us[boot], BEGIN + round(t_end_s * S), received_us)
    return [boot for boot, verdict in verdicts.items() if verdict is not None]


def _live(boot: int, begin_s: int, end_s: int, clock_s: float = 0.0, delay_s: float = 0.5) -> list[Heard]:
    return [Heard(boot, second + clock_s, second + delay_s) for second in range(begin_s, end_s)]


def test_one_boot_is_never_refused() -> None:
    assert _refused(_live(1, 0, 300)) == []


def test_of_two_that_record_at_once_the_second_is_refused() -> None:
    assert _refused(_live(1, 0, 200) + _live(2, 100, 200)) == [2]


def test_the_order_of_boot_numbers_does_not_matter() -> None:
    assert _refused(_live(7, 0, 200) + _live(2, 100, 200)) == [2]


def test_the_second_is_heard_when_the_first_has_been_silent_for_a_minute() -> None:
    assert _refused(_live(1, 0, 200) + _live(2, 100, 255)) == [2]
    assert _refused(_live(1, 0, 200) + _live(2, 100, 265)) == []


def test_the_first_that_comes_back_is_believed_again() -> None:
    assert _refused(_live(1, 0, 200) + _live(2, 100, 400) + _live(1, 390, 400)) == [2]


def test_a_restart_is_no_quarrel() -> None:
    assert _refused(_live(1, 0, 100) + _live(2, 101, 300)) == []


def test_a_restart_in_a_gap_with_the_old_backlog_beside_the_new_signal() -> None:
    backlog = [Heard(1, second, 1_000 + second / 10) for second in range(600)]
    assert _refused(backlog + _live(2, 1_000, 1_200)) == []


def test_a_backlog_that_ends_just_before_the_restart_with_a_clock_that_is_ahead() -> None:
    backlog = [Heard(1, second + 25, 100 + second / 10) for second in range(100)]
    assert _refused(_live(1, 0, 50, clock_s=25) + backlog + _live(2, 100, 300, clock_s=25)) == []


def test_a_clock_that_jumps_a_day_ahead_and_back() -> None:
    ahead = _live(1, 0, 50) + _live(1, 50, 100, clock_s=86_400) + _live(1, 100, 150)
    assert _refused(ahead + _live(2, 151, 400)) == []
    assert _refused(_live(1, 0, 50) + _live(2, 51, 100, clock_s=86_400) + _live(3, 101, 400)) == []


def test_a_clock_that_is_set_back_at_the_restart() -> None:
    backlog = [Heard(1, 3_600 + second, 300 + second / 10) for second in range(100)]
    assert _refused(_live(1, 0, 200, clock_s=3_600) + backlog + _live(2, 300, 500)) == []


def test_a_new_process_that_knows_when_the_boots_began_refuses_the_same() -> None:
    claims = Claims(10)
    for second in range(100, 120):
        at = BEGIN + second * S
        assert claims.hear("d", 2, BEGIN + 50 * S, at, at) is None or second > 100
        assert claims.hear("d", 1, BEGIN, at, at) is None
    assert claims.hear("d", 2, BEGIN + 50 * S, at, at) == Refusal(refused=2, believed=1)


def test_what_is_remembered_is_bounded() -> None:
    claims = Claims(10)
    for number in range(100):
        for boot in range(10):
            claims.hear(f"d{number}", boot, BEGIN, BEGIN, BEGIN + boot)
    assert len(claims) == 10
    assert all(len(device.boots) == BOOTS_MAX for device in claims._devices.values())


@given(st.lists(st.integers(0, 600), max_size=20, unique=True), st.integers(0, 2**32 - 1))
def test_however_often_one_device_restarts_it_is_heard(restarts: list[int], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 # not a secret
    edges = [0, *sorted(restarts), 601]
    story = []
    for boot, (begin_s, end_s) in enumerate(itertools.pairwise(edges)):
        for second in range(begin_s, end_s):
            # Some of it arrives ten minutes later, beside the boots after it.
            late_s = 600.0 if chance.random() < 0.3 else 0.2
            story.append(Heard(boot, second, second + late_s))
    assert _refused(story) == []
