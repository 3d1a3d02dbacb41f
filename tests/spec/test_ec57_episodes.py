"""ANSI/AAMI EC57: episodes of fibrillation and their durations, as WFDB's epicmp compares them."""

import pytest

from analytics.evaluation.episodes import Episodes, Seconds, compare_episodes, count_seconds, get_delays
from analytics.evaluation.runs import TwoSided

WITHIN = (300.0, 1800.0)


@pytest.mark.parametrize(
    ("annotated", "found", "expected"),
    [
        ([(400, 500)], [(400, 500)], TwoSided(1, 0, 1, 0)),
        ([(400, 500)], [(499, 600)], TwoSided(1, 0, 1, 0)),  # any part is enough
        ([(400, 500)], [(500, 600)], TwoSided(0, 1, 0, 1)),  # to touch is not
        ([(400, 500)], [], TwoSided(0, 1, 0, 0)),
        ([(400, 500), (600, 700)], [(450, 650)], TwoSided(2, 0, 1, 0)),  # one for two
        ([(400, 700)], [(450, 500), (600, 650), (800, 900)], TwoSided(1, 0, 2, 1)),  # two for one
    ],
)
def test_an_episode_is_found_if_any_part_is(
    annotated: list[tuple[float, float]], found: list[tuple[float, float]], expected: TwoSided
) -> None:
    assert compare_episodes(annotated, found, WITHIN).counts == expected


def test_durations_are_compared_by_what_both_have() -> None:
    episodes = compare_episodes([(400, 500), (600, 700)], [(450, 650)], WITHIN)
    assert episodes[1:] == (200, 200, 100)
    assert episodes.duration_se_percent == 50
    assert episodes.duration_ppv_percent == 50
    assert Episodes(TwoSided(0, 0, 0, 0), 0, 0, 0).duration_se_percent is None


def test_the_first_five_minutes_are_cut_off() -> None:
    episodes = compare_episodes([(100, 200), (250, 400)], [(0, 310)], WITHIN)
    assert episodes.counts == TwoSided(1, 0, 1, 0)
    assert episodes[1:] == (100, 10, 10)


def test_what_is_excluded_counts_for_nobody() -> None:
    episodes = compare_episodes([(400, 500), (600, 650)], [(420, 430), (610, 700)], WITHIN, [(420, 440), (590, 800)])
    assert episodes.counts == TwoSided(0, 1, 0, 0)  # cut in two, the first is still one
    assert episodes[1:] == (80, 0, 0)


def test_seconds_by_what_most_of_each_is() -> None:
    seconds = count_seconds([(2.5, 6.4)], [(3.6, 8.0)], 10.9)
    assert seconds == Seconds(tp=2, fn=2, fp=2, tn=4)
    assert seconds.se_percent == 50
    assert seconds.sp_percent == pytest.approx(100 * 4 / 6)


def test_seconds_with_noise_are_not_counted() -> None:
    assert count_seconds([(2.0, 6.0)], [(0.0, 10.0)], 10.0, [(5.5, 7.5)]) == Seconds(tp=3, fn=0, fp=4, tn=0)


@pytest.mark.parametrize(
    ("alarms", "delay_s"),
    [
        ([(106.0, 130.0)], 6.0),
        ([(50.0, 60.0), (108.0, 130.0)], 8.0),
        ([(90.0, 130.0)], 0.0),  # there already
        ([(90.0, 99.0)], None),  # over before
        ([(128.0, 140.0)], 28.0),  # told late
        ([(131.0, 140.0)], None),  # of something else
    ],
)
def test_time_from_onset_to_alarm(alarms: list[tuple[float, float]], delay_s: float | None) -> None:
    assert get_delays([(100.0, 120.0)], alarms) == [delay_s]
