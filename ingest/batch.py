"""When a batch is full, and when it is committed though it is not.  Pure: the clock is an argument."""

from dataclasses import dataclass, field

from ingest.decode import Decoded


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """Bounds of a batch.

    Attributes
    ----------
    frames, n_bytes : int
        Messages and payload bytes.
    longest_s : float
        No message waits longer for others.
    quiet_s : float
        Nobody waits for more when nothing came for this long: a broker that delivers no more before it
        hears acknowledgements, or a quiet ward.
    spacing_s : float
        Least time from one commit to the next of a batch that is not full: at a steady trickle, one commit
        for several frames rather than one for each.
    """

    frames: int
    n_bytes: int
    longest_s: float
    quiet_s: float
    spacing_s: float


@dataclass(slots=True)
class Batch:
    """Messages that will be committed together, in the order of their arrival."""

    limits: BatchLimits
    messages: list[Decoded] = field(default_factory=list)
    n_bytes: int = 0
    _opened_s: float = 0.0
    _added_s: float = 0.0

    def add(self, message: Decoded, now_s: float) -> None:
        """Take a message in; `now_s` is a monotonic clock, seconds."""
        if not self.messages:
            self._opened_s = now_s
        self._added_s = now_s
        self.messages.append(message)
        self.n_bytes += len(message.received.payload)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be added."""
        return len(self.messages) >= self.limits.frames or self.n_bytes >= self.limits.n_bytes

    def wait_s(self, now_s: float, committed_s: float) -> float:
        """Return how long to wait for more messages, seconds; 0 or less when it is time to commit.

        Parameters
        ----------
        now_s : float
            Monotonic clock, seconds.
        committed_s : float
            When the last commit ended, same clock.
        """
        if not self.messages:
            return float("inf")
        if self.is_full:
            return 0.0
        quiet_at_s = max(self._added_s + self.limits.quiet_s, committed_s + self.limits.spacing_s)
        return min(quiet_at_s, self._opened_s + self.limits.longest_s) - now_s
