"""Whether the way of an alarm is proven often enough, by the canary's runs (promise P6, docs/adr/0028).  Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from analytics.freshness import Close, OpenAlarm, Raise, Verdict
from heartwire.canary import UNPROVEN_CYCLES

UNPROVEN: Final = "alarm_path_unproven"


class Canary(NamedTuple):
    """What the database knows of the canary; times are UTC microseconds.

    Attributes
    ----------
    since_us : int
        Since when there is one.
    cycle_s : float
        Between two of its runs, seconds.
    proven_us : int or None
        When a run last came through.
    """

    since_us: int
    cycle_s: float
    proven_us: int | None


def judge_canary(now_us: int, began_us: int, canary: Canary | None, open_alarms: Sequence[OpenAlarm]) -> Verdict:
    """Judge by the server's clock `now_us`, for a watch that looks since `began_us`; without a canary nothing is told.

    The watch gives it two cycles from its own beginning on, since all may have been down until then.
    """
    verdict = Verdict([], [])
    alarm = next((alarm for alarm in open_alarms if alarm.call == UNPROVEN), None)
    if canary is None:
        return verdict if alarm is None else Verdict([], [Close(alarm)])
    longest_us = round(UNPROVEN_CYCLES * canary.cycle_s * 1e6)
    since_us = canary.since_us if canary.proven_us is None else canary.proven_us
    if alarm is not None:
        if canary.proven_us is not None and now_us - canary.proven_us < longest_us:
            verdict.closes.append(Close(alarm))
    elif now_us - max(since_us, began_us) >= longest_us:
        verdict.raises.append(Raise(UNPROVEN, None, None, None, since_us, now_us))
    return verdict
