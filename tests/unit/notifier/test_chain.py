"""When the next one is told: by time that was counted, never by the time of day."""

from dataclasses import replace

import pytest

from analytics.notifier.chain import Standing, advance

_S = 1_000_000
_NEW = Standing(1, (20, 60, 60), is_held=False)


def _steps_by(standing: Standing, seconds: int, *, turn_us: int = _S // 2) -> list[float]:
    """Return after how many seconds each step was taken."""
    taken = []
    for turn in range(1, seconds * _S // turn_us + 1):
        after = advance(standing, turn_us)
        if after.step > standing.step:
            taken.append(turn * turn_us / _S)
        standing = after
    return taken


def test_each_step_has_its_whole_delay() -> None:
    assert _steps_by(_NEW, 600) == [20, 80, 140]


def test_turns_of_another_pace_change_nothing() -> None:
    assert _steps_by(_NEW, 600, turn_us=_S // 20) == [20, 80, 140]


def test_a_long_time_in_which_nobody_counted_is_one_step_and_no_more() -> None:
    after = advance(_NEW, 3600 * _S)
    assert (after.step, after.waited_us) == (1, 0)


def test_a_clock_that_runs_back_takes_nothing_away() -> None:
    waited = advance(_NEW, 15 * _S)
    assert advance(waited, -3600 * _S) == waited


def test_while_held_no_time_counts_and_it_goes_on_after() -> None:
    waited = advance(_NEW, 15 * _S)
    held = advance(replace(waited, is_held=True), 3600 * _S)
    assert advance(replace(held, is_held=False), 5 * _S).step == 1
    assert advance(replace(held, is_held=False), 4 * _S).step == 0


def test_who_cannot_or_was_not_reached_gives_it_to_the_next_at_once() -> None:
    told = advance(_NEW, 20 * _S)
    passed_on = advance(replace(told, hurries=True), 1)
    assert (passed_on.step, passed_on.hurries, passed_on.waited_us) == (2, False, 0)
    assert advance(replace(passed_on, hurries=True, is_held=True), 1).step == 2, "not while it is silenced"


def test_nobody_answers_when_the_last_has_had_the_time_or_passed_it_on() -> None:
    last = Standing(1, (20, 60), is_held=False, step=2)
    assert not advance(last, 59 * _S).is_unanswered
    assert advance(last, 60 * _S).is_unanswered
    assert replace(last, hurries=True).is_unanswered
    assert advance(replace(last, hurries=True), _S) == replace(last, hurries=True), "and that is all"


@pytest.mark.parametrize(
    ("standing", "left_us"),
    [
        (_NEW, 20 * _S),
        (replace(_NEW, waited_us=19 * _S), _S),
        (replace(_NEW, waited_us=25 * _S), 0),
        (replace(_NEW, hurries=True), 0),
        (replace(_NEW, is_held=True), None),
        (Standing(1, (), is_held=False), None),
        (replace(_NEW, step=3, waited_us=60 * _S), None),
    ],
)
def test_how_long_nothing_is_due(standing: Standing, left_us: int | None) -> None:
    assert standing.left_us == left_us


def test_a_chain_without_steps_tells_nobody() -> None:
    quiet = Standing(1, (), is_held=False)
    assert advance(quiet, 3600 * _S) == quiet
    assert not quiet.is_unanswered


def test_a_delay_of_nothing_is_a_step_at_once() -> None:
    assert advance(Standing(1, (0, 60), is_held=False), 0).step == 1
