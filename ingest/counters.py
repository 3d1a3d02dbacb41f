"""What ingest has done since it started, in numbers."""

import time
from collections import Counter
from dataclasses import dataclass, field

from heartwire.frames import Reason
from heartwire.tally import Tally


@dataclass(slots=True)
class Counters:
    """Counts since the start.

    Attributes
    ----------
    messages, n_bytes : int
        Committed, of every kind, and their payload bytes.
    frames, duplicates, statuses : int
        Frames stored, frames that were known, statuses.
    dead_letters : Counter of Reason
        By reason.
    refused : int
        Frames of devices that were revoked, or that claim another's name.
    acks : int
        Watermarks published.
    batches, batch_messages_max : int
        Transactions, and the most messages in one.
    commit_s, commit_s_max : float
        Time in transactions, seconds.
    splits : int
        Batches cut in two to find what the database refuses.
    database_failures, broker_failures : int
        Attempts that were put off; connections that failed or broke.
    times_full : int
        Times that ingest left the broker because it held as much as it may.
    samples, late : int
        ECG samples in the frames of committed batches; frames that came more than 30 s after their time.
    batch_sizes, commits_s : Tally
        Messages in each transaction, and its time, seconds.
    """

    messages: int = 0
    n_bytes: int = 0
    frames: int = 0
    duplicates: int = 0
    statuses: int = 0
    dead_letters: Counter[Reason] = field(default_factory=Counter)
    refused: int = 0
    acks: int = 0
    batches: int = 0
    batch_messages_max: int = 0
    commit_s: float = 0.0
    commit_s_max: float = 0.0
    splits: int = 0
    database_failures: int = 0
    broker_failures: int = 0
    times_full: int = 0
    samples: int = 0
    late: int = 0
    batch_sizes: Tally = field(default_factory=lambda: Tally((1, 10, 50, 100, 250, 500, 1000, 2000, 5000, 10_000)))
    commits_s: Tally = field(default_factory=lambda: Tally((0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)))
    started_s: float = field(default_factory=time.monotonic)

    def line(self) -> dict[str, object]:
        """Return the counts by name, for one line of the log."""
        return {
            "up_s": round(time.monotonic() - self.started_s, 1),
            "messages": self.messages,
            "bytes": self.n_bytes,
            "frames": self.frames,
            "duplicates": self.duplicates,
            "statuses": self.statuses,
            "dead_letters": {str(reason): count for reason, count in sorted(self.dead_letters.items())},
            "refused": self.refused,
            "acks": self.acks,
            "batches": self.batches,
            "batch_messages_max": self.batch_messages_max,
            "commit_s": round(self.commit_s, 3),
            "commit_s_max": round(self.commit_s_max, 3),
            "splits": self.splits,
            "database_failures": self.database_failures,
            "broker_failures": self.broker_failures,
            "times_full": self.times_full,
            "samples": self.samples,
            "late": self.late,
        }
