"""Which alarms are not accounted for after their time, and what is to be told of them (promise P5).  Pure.

A live alarm that asks for a person is accounted for when it was on a screen of somebody who may act, was told to
somebody, was taken on, reviewed, hidden by a greater one, or raised while its patient's alarms were paused. Of those
that are over without any of it the technical ones ask for nobody any more; a clinical one must be reviewed. Low ones
wait for the review.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from heartwire.calls import CALLS, Family, Priority

UNACCOUNTED: Final = "alarm_unaccounted"
#: Alarms that are named one by one.
_NAMED: Final = 20


class Asking(NamedTuple):
    """An alarm that nobody has accounted for; `raised_us` by the server's clock, UTC microseconds."""

    alarm_id: int
    tenant_id: int
    call: str
    priority: str
    raised_us: int
    is_over: bool


class Account(msgspec.Struct, frozen=True):
    """What is unaccounted for in one tenant, kept as the detail of the alarm that says so.

    Attributes
    ----------
    alarms : int
        Alarms that reached nobody; `first` has the oldest of them.
    episodes : int
        Episodes of which no alarm was ever made.
    unsealed : int
        Events that the ledger does not have in time.
    """

    alarms: int
    episodes: int
    unsealed: int
    first: list[int]


class OpenAccount(NamedTuple):
    """An alarm of that call that lasts."""

    alarm_id: int
    tenant_id: int
    detail: Mapping[str, object]


class Change(NamedTuple):
    """What is to be told: tenants in which it begins or says something else, and alarms that are over."""

    begins: dict[int, Account]
    updates: dict[int, Account]
    ends: list[int]


def is_due(alarm: Asking, now_us: int, limit_us: int) -> bool:
    """Whether an alarm should have been accounted for by now."""
    call = CALLS.get(alarm.call)
    is_technical = call is not None and call.family is Family.TECHNICAL
    if alarm.priority == Priority.LOW or alarm.call == UNACCOUNTED or (alarm.is_over and is_technical):
        return False
    return now_us - alarm.raised_us >= limit_us


def add_up(
    due: Sequence[Asking], episodes: Mapping[int, int], unsealed: Mapping[int, int], tenants: Collection[int]
) -> dict[int, Account]:
    """Return, of each of these tenants in which something is unaccounted for, what it is."""
    accounts = {}
    for tenant_id in tenants:
        alarms = sorted((alarm.raised_us, alarm.alarm_id) for alarm in due if alarm.tenant_id == tenant_id)
        account = Account(
            len(alarms),
            episodes.get(tenant_id, 0),
            unsealed.get(tenant_id, 0),
            [alarm_id for _, alarm_id in alarms[:_NAMED]],
        )
        if account.alarms or account.episodes or account.unsealed:
            accounts[tenant_id] = account
    return accounts


def judge(accounts: Mapping[int, Account], open_alarms: Sequence[OpenAccount]) -> Change:
    """Compare what is unaccounted for with what is told already."""
    told = {alarm.tenant_id: alarm for alarm in open_alarms}
    return Change(
        {tenant_id: account for tenant_id, account in accounts.items() if tenant_id not in told},
        {
            told[tenant_id].alarm_id: account
            for tenant_id, account in accounts.items()
            if tenant_id in told and told[tenant_id].detail != msgspec.to_builtins(account)
        },
        [alarm.alarm_id for alarm in open_alarms if alarm.tenant_id not in accounts],
    )
