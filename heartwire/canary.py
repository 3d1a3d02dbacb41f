"""What all know of the canary: the stages of an alarm's way, and how old a proof may be (docs/adr/0028).  Pure."""

from enum import StrEnum
from typing import Final

#: A proof that is older than so many cycles is stale: one was missed.
STALE_CYCLES: Final = 1.5
#: One that is older than so many is none: the ward is told by an alarm.
UNPROVEN_CYCLES: Final = 2.0
#: On which channel of the database the notifier puts the token of a message's link for the canary. Whoever hears it can
#: acknowledge the canary's alarm, and nothing else.
LETTERS: Final = "heartwire_canary_letters"


class Stage(StrEnum):
    """Where an alarm has come to on its way, in order."""

    SENT = "sent"
    """The broker has taken the signal."""
    STORED = "stored"
    """ingest has committed it."""
    RAISED = "raised"
    """Analytics has found the tachycardia, and the alarm is raised."""
    NOTIFIED = "notified"
    """The notifier has told the canary's own contact."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has taken the alarm on: the canary, by the link of the message that told it."""
    SEALED = "sealed"
    """The ledger has all of it."""
