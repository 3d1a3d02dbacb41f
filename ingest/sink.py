"""Takes messages in, commits them in batches, and keeps every batch until the database has it."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from heartwire.frames import EcgFrame, Reason
from ingest.batch import BatchLimits, Waiting
from ingest.counters import Counters
from ingest.decode import DeadLetter, Decoded, DecodedFrame, StreamKey
from ingest.errors import BatchRefusedError
from ingest.packets import Received
from ingest.writer import Written

_logger: Final = logging.getLogger(__name__)


class BatchWriter(Protocol):
    """What the sink asks of the database's side; see `ingest.writer.Writer`."""

    def setup(self) -> object:
        """Open the connection."""

    def write(self, messages: Sequence[Decoded]) -> Written:
        """Commit all or nothing."""


class Sink:
    """Three verbs: `setup`, `add`, `flush`.

    A batch leaves only when it is committed. One that the database refuses is cut in two until the guilty
    message stands alone and becomes a dead letter; all others are stored.

    Parameters
    ----------
    writer : BatchWriter
        Commits.
    limits : BatchLimits
        Bounds of a batch.
    counters : Counters
        Is told what happened.
    on_commit : callable
        Called after each commit with its messages and what was written; only then may anybody be told.
    """

    def __init__(
        self,
        writer: BatchWriter,
        limits: BatchLimits,
        counters: Counters,
        on_commit: Callable[[Sequence[Decoded], Written], None],
    ) -> None:
        self._writer: Final = writer
        self._counters: Final = counters
        self._on_commit: Final = on_commit
        self._waiting: Final = Waiting(limits)
        self._parts: Final[deque[list[Decoded]]] = deque()
        self._committed_s = float("-inf")

    def setup(self) -> None:
        """Reach the database.

        Raises
        ------
        DatabaseUnavailableError, DatabaseRefusedError
            As `Writer.setup`.
        """
        self._writer.setup()

    def add(self, messages: Iterable[Decoded]) -> None:
        """Take messages in; the caller flushes when `wait_s` says so."""
        self._waiting.add(messages, time.monotonic())

    def wait_s(self) -> float:
        """Return how long to wait for more messages before `flush`, seconds; 0 or less when it is time."""
        return 0.0 if self._parts else self._waiting.wait_s(time.monotonic(), self._committed_s)

    def is_behind(self, key: StreamKey) -> bool:
        """Whether older frames of a stream wait here."""
        return self._waiting.is_behind(key)

    def clear(self) -> list[Received]:
        """Give up everything that is not committed, and return it: another process stores it."""
        given_up = [message.received for part in self._parts for message in part]
        self._parts.clear()
        while self._waiting:
            given_up += [message.received for message in self._waiting.take()]
        return given_up

    @property
    def n_waiting(self) -> int:
        """Messages not committed yet."""
        return len(self._waiting) + sum(map(len, self._parts))

    def flush(self) -> None:
        """Commit one batch of what was added: what is live first.

        Raises
        ------
        RetryableError, DatabaseRefusedError
            What is not committed is kept; call again later.
        """
        if not self._parts and self._waiting:
            self._parts.append(self._waiting.take())
        while self._parts:
            part = self._parts[0]
            begin_s = time.monotonic()
            try:
                written = self._writer.write(part)
            except BatchRefusedError as error:
                self._part_was_refused(part, error)
                continue
            self._committed_s = time.monotonic()
            self._parts.popleft()
            self._count(part, written, self._committed_s - begin_s)
            self._on_commit(part, written)

    def _part_was_refused(self, part: list[Decoded], error: BatchRefusedError) -> None:
        if len(part) > 1:
            self._counters.splits += 1
            half = len(part) // 2
            self._parts[0] = part[:half]
            self._parts.insert(1, part[half:])
            return
        (message,) = part
        if isinstance(message, DeadLetter) and message.settles is None:
            # Not even the dead letter: no frame can be to blame for that.
            raise error
        _logger.error(
            "the database refuses a message for good (%s: %s); it becomes a dead letter", error.sqlstate, error
        )
        # What was a dead letter already was refused for what it settles.
        settles = message if isinstance(message, DecodedFrame) else None
        detail = f"SQLSTATE {error.sqlstate}: {error}"
        self._parts[0] = [DeadLetter(Reason.REFUSED, detail, message.received, settles)]

    def _count(self, part: Sequence[Decoded], written: Written, commit_s: float) -> None:
        counters = self._counters
        counters.messages += len(part)
        counters.n_bytes += sum(message.received.size for message in part)
        counters.frames += written.frames
        counters.duplicates += written.duplicates
        counters.statuses += written.statuses
        counters.dead_letters.update(letter.reason for letter in written.dead_letters)
        counters.refused += written.n_refused
        counters.batches += 1
        counters.batch_messages_max = max(counters.batch_messages_max, len(part))
        counters.commit_s += commit_s
        counters.commit_s_max = max(counters.commit_s_max, commit_s)
        counters.batch_sizes.add(len(part))
        counters.commits_s.add(commit_s)
        frames = [message for message in part if type(message) is DecodedFrame]
        counters.late += sum([one.is_late for one in frames])
        counters.samples += sum([len(one.frame.samples) for one in frames if type(one.frame) is EcgFrame]) // 2
