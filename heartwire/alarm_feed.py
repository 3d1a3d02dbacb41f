"""What happens to alarms, as other systems are told: in the order of the ledger, by which anybody goes on later.

The stream of the API and the webhooks say the same. No name of a patient, no note and no free text is in it: who may
know more asks for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from heartwire.calls import CALLS, Family
from heartwire.storage.queries import load_queries

#: Parameters: `tenant_id`, `after` (the last number that is known), `most`.
ENTRIES: Final = load_queries("heartwire.storage", "alarm_feed.sql")["entries"]
#: Parameter: `tenant_id`. Returns the number of the newest entry, 0 where there is none.
NEWEST: Final = load_queries("heartwire.storage", "alarm_feed.sql")["newest"]
#: What happens to an alarm, as other systems are told; the database knows the same kinds.
Kind: TypeAlias = Literal[
    "raised",
    "added",
    "paused",
    "shown",
    "notified",
    "escalated",
    "passed_on",
    "suppressed",
    "ended",
    "acknowledged",
    "acknowledgement_undone",
    "silenced",
    "silence_undone",
    "reviewed",
    "review_undone",
    "handed_over",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class FeedAlarm(msgspec.Struct, frozen=True):
    """Which alarm it is; times are UTC microseconds. Without a patient it is about the system itself."""

    id: int
    patient_id: int | None
    call: str
    priority: str
    family: str
    late: bool
    onset_us: int
    signal_us: int


class FeedPerson(msgspec.Struct, frozen=True):
    """Who did it."""

    id: int
    name: str


class FeedEntry(msgspec.Struct, frozen=True):
    """One thing that happened to an alarm.

    `seq` is its number in the tenant's ledger: it only grows, and who asks for what comes after it misses nothing and
    gets nothing twice. Numbers are missing where an entry is about something else.
    """

    seq: int
    kind: str
    at_us: int
    alarm: FeedAlarm
    by: FeedPerson | None


def entry_of(row: Sequence[Any]) -> FeedEntry:
    """Return the entry that a row of `ENTRIES` is."""
    seq, kind, at, alarm_id, patient_id, call, priority, late, onset_at, signal_at, user_id, name = row
    known = CALLS.get(call)
    family = (known.family if known else Family.CLINICAL).value
    alarm = FeedAlarm(alarm_id, patient_id, call, priority, family, late, _us(onset_at), _us(signal_at))
    return FeedEntry(seq, kind, _us(at), alarm, None if user_id is None else FeedPerson(user_id, name))


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
