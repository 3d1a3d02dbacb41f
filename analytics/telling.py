"""Whether anybody would be told of an alarm that nobody answers: the notifier lives (promise P4).  Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from analytics.freshness import Close, OpenAlarm, Raise, Verdict
from heartwire.calls import CALLS

NOTIFIER_SILENT: Final = "notifier_silent"
_SILENT_US: Final = round(CALLS[NOTIFIER_SILENT].limits["seconds"].default * 1e6)


def judge_notifier(
    now_us: int, began_us: int, sign_us: int | None, tenants: Collection[int], open_alarms: Sequence[OpenAlarm]
) -> Verdict:
    """Judge by the server's clock `now_us`, for a watch that looks since `began_us`.

    Parameters
    ----------
    sign_us : int or None
        The last sign of life of any notifier, UTC microseconds; one that is frozen or hangs gives none.
    tenants : collection of int
        Hospitals that have said whom to tell; the others are told by their screens alone.
    """
    told = {alarm.tenant_id: alarm for alarm in open_alarms if alarm.call == NOTIFIER_SILENT}
    lives = sign_us is not None and now_us - sign_us < _SILENT_US
    over = [alarm for tenant_id, alarm in told.items() if lives or tenant_id not in tenants]
    since_us = began_us if sign_us is None else sign_us
    if lives or now_us - max(since_us, began_us) < _SILENT_US:
        return Verdict([], [Close(alarm) for alarm in over])
    raises = [
        Raise(NOTIFIER_SILENT, None, None, tenant_id, since_us, now_us)
        for tenant_id in sorted(set(tenants) - set(told))
    ]
    return Verdict(raises, [Close(alarm) for alarm in over])
