"""What of all that waits for a contact is said now.  Pure.

What a heart does is said at once. What one cause does to many (a broker that is gone is 500 patients without signal) is
gathered for a moment and said once, and what comes of the same cause in the minute after is said at its end, in one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from heartwire.calls import CALLS, Family

#: A technical alarm waits so long for others of its cause, seconds; one of high priority does not.
GATHER_S: Final = 3.0
#: After a message about a cause the next one about it comes no sooner, seconds.
AGAIN_S: Final = 60.0


class Waiting(NamedTuple):
    """One notification that waits; without a call it is a test."""

    notification_id: int
    call: str | None
    priority: str | None


@dataclass(slots=True)
class Gathering:
    """What a process remembers of one contact, by its monotonic clock, seconds."""

    first_s: dict[str, float] = field(default_factory=dict)
    said_s: dict[str, float] = field(default_factory=dict)

    def choose(self, waiting: Sequence[Waiting], now_s: float) -> list[int]:
        """Return the notifications to say now, in one message."""
        causes = {cause for one in waiting if (cause := _cause(one)) is not None}
        self.first_s = {cause: self.first_s.get(cause, now_s) for cause in causes}
        self.said_s = {cause: at_s for cause, at_s in self.said_s.items() if now_s - at_s < AGAIN_S}
        return [
            one.notification_id
            for one in waiting
            if (cause := _cause(one)) is None
            or (cause not in self.said_s and (one.priority == "high" or now_s - self.first_s[cause] >= GATHER_S))
        ]

    def said(self, waiting: Sequence[Waiting], now_s: float) -> None:
        """Remember what arrived."""
        self.said_s |= {cause: now_s for one in waiting if (cause := _cause(one)) is not None}


def _cause(one: Waiting) -> str | None:
    """Return what many alarms have in common; ``None`` where each speaks for itself."""
    call = CALLS.get(one.call or "")
    return call.code if call is not None and call.family is Family.TECHNICAL else None
