"""What is said now: a heart at once, and of a cause that strikes many one message, not one for each."""

from analytics.notifier.gathering import AGAIN_S, GATHER_S, Gathering, Waiting


def _many(call: str, numbers: range, priority: str = "medium") -> list[Waiting]:
    return [Waiting(number, call, priority) for number in numbers]


def test_what_a_heart_does_is_said_at_once_and_each_time() -> None:
    gathering = Gathering()
    first, second = _many("ventricular_tachycardia", range(1), "high"), _many("pause", range(1, 3))
    assert gathering.choose(first, 0.0) == [0]
    gathering.said(first, 0.1)
    assert gathering.choose(second, 0.2) == [1, 2]


def test_one_cause_for_many_is_gathered_and_said_once() -> None:
    gathering = Gathering()
    assert gathering.choose(_many("gone_quiet", range(10)), 0.0) == []
    all_of_them = _many("gone_quiet", range(500))
    assert gathering.choose(all_of_them, GATHER_S) == list(range(500))
    gathering.said(all_of_them, GATHER_S)
    late = _many("gone_quiet", range(500, 503))
    assert gathering.choose(late, GATHER_S + AGAIN_S - 1) == []
    assert gathering.choose(late, GATHER_S + AGAIN_S + GATHER_S) == [500, 501, 502]


def test_a_heart_does_not_wait_for_what_is_gathered() -> None:
    waiting = [*_many("gone_quiet", range(3)), Waiting(3, "asystole", "high")]
    assert Gathering().choose(waiting, 0.0) == [3]


def test_what_is_gravest_of_the_system_does_not_wait_either() -> None:
    assert Gathering().choose(_many("broker_unreachable", range(1), "high"), 0.0) == [0]


def test_a_message_that_did_not_arrive_is_tried_again_without_waiting() -> None:
    gathering = Gathering()
    waiting = _many("gone_quiet", range(2))
    gathering.choose(waiting, 0.0)
    assert gathering.choose(waiting, GATHER_S) == [0, 1]
    assert gathering.choose(waiting, GATHER_S + 1) == [0, 1]


def test_a_test_is_said_at_once() -> None:
    assert Gathering().choose([Waiting(7, None, None)], 0.0) == [7]
