"""Whom an alarm that nobody answers is told to next, and when, where nobody has set it otherwise."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: After so many seconds without an answer the first, the second, the third on call is told, each counted from the step
#: before; by priority. None: the ward's screens alone say it.
DELAYS_S: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"high": (20, 60, 60), "medium": (20, 60, 60), "low": ()}
)
#: Steps that a chain may have, and the bounds of a delay, seconds.
STEPS_MOST: Final = 9
DELAY_LEAST_S: Final = 0
DELAY_MOST_S: Final = 3_600
#: PostgreSQL channel on which the notifier is told that there is something to send.
NOTIFIER_CHANNEL: Final = "heartwire_notifier"
#: How long the link in a message opens what it is about, hours.
LINK_HOURS: Final = 24
