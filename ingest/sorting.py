"""A batch, sorted by what is to be done with each message.  Pure, given the streams it is about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from heartwire.frames import EcgFrame, Reason
from ingest.decode import DeadLetter, Decoded, DecodedFrame, DecodedStatus, StreamKey
from ingest.refusals import Refused
from ingest.registry import KnownStream
from ingest.seqs import multirange
from ingest.watermark import GAPS_MAX, Watermark


@dataclass(slots=True, eq=False)
class Change:
    """What a batch brings to one stream.

    Attributes
    ----------
    fresh : list of DecodedFrame
        Frames that are to be stored.
    settled : list of DecodedFrame
        Frames that only ever become dead letters, and count as received.
    known : list of DecodedFrame
        Frames that the database has already.
    repeated : int
        Frames that are twice in the batch.
    """

    stream: KnownStream
    fresh: list[DecodedFrame] = field(default_factory=list)
    settled: list[DecodedFrame] = field(default_factory=list)
    known: list[DecodedFrame] = field(default_factory=list)
    repeated: int = 0

    @property
    def seqs(self) -> str:
        """Numbers that the stream has from now on and had not, in PostgreSQL's words."""
        return multirange([item.frame.seq for item in (*self.fresh, *self.settled)])

    @property
    def last_sample_us(self) -> int | None:
        """End of the latest new signal, UTC microseconds."""
        return max(map(_end_us, self.fresh), default=None)

    @property
    def last_received_us(self) -> int:
        """Arrival of the latest frame, known or not, UTC microseconds."""
        return max([item.received.at_us for item in (*self.fresh, *self.settled, *self.known)])

    def watermark(self, key: StreamKey) -> Watermark:
        """Return what the database has of the stream when this is committed."""
        seqs = self.stream.seqs
        return Watermark(
            key,
            seqs.highest,
            seqs.gaps(GAPS_MAX + 1),
            len(self.fresh),
            len(self.known) + len(self.settled) + self.repeated,
            bool(self.fresh) and self.fresh[0].is_late,
        )


@dataclass(slots=True, eq=False)
class Sorted:
    """Messages by what is done with them."""

    changes: dict[StreamKey, Change] = field(default_factory=dict)
    statuses: list[DecodedStatus] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    n_refused: int = 0

    @property
    def fresh(self) -> list[tuple[KnownStream, DecodedFrame]]:
        """Every frame that is to be stored, with its stream."""
        return [(change.stream, item) for change in self.changes.values() for item in change.fresh]

    @property
    def known(self) -> list[tuple[KnownStream, DecodedFrame]]:
        """Every frame that the database has already."""
        return [(change.stream, item) for change in self.changes.values() for item in change.known]


def by_stream(messages: Iterable[Decoded]) -> dict[StreamKey, list[DecodedFrame]]:
    """Return the frames of each stream, in the order of their arrival."""
    found: defaultdict[StreamKey, list[DecodedFrame]] = defaultdict(list)
    for message in messages:
        if type(message) is DecodedFrame:
            found[message.key].append(message)
    return found


def sort_batch(
    messages: Sequence[Decoded],
    frames: Mapping[StreamKey, Sequence[DecodedFrame]],
    streams: Mapping[StreamKey, KnownStream],
) -> Sorted:
    """Tell apart what is new, what is known, and what nobody may store.

    Parameters
    ----------
    messages : sequence of Decoded
        The batch.
    frames : mapping
        Its frames, as `by_stream` returns them, less those that are refused.
    streams : mapping
        The streams of registered devices. Their sets of seqs take in what is new: they are true again when the batch is
        committed, and are to be forgotten when it is not.
    """
    result = Sorted()
    for key, items in frames.items():
        stream = streams.get(key)
        if stream is None:
            result.dead_letters += [_unknown(item, key.device) for item in items]
            continue
        change = result.changes[key] = Change(stream)
        add = stream.seqs.add
        known: list[DecodedFrame] = []
        for item in items:
            (change.fresh if add(item.frame.seq) else known).append(item)
        if known:
            _sort_known(known, change, result.dead_letters)
    for message in messages:
        if type(message) is DecodedStatus:
            result.statuses.append(message)
        elif type(message) is DeadLetter:
            result.dead_letters.append(message)
            _settle(message, streams, result.changes)
    return result


def _sort_known(known: Iterable[DecodedFrame], change: Change, dead_letters: list[DeadLetter]) -> None:
    twins = {item.frame.seq: item for item in change.fresh}
    for item in known:
        twin = twins.get(item.frame.seq)
        if twin is None:
            change.known.append(item)
            continue
        change.repeated += 1
        if twin.frame != item.frame:
            dead_letters.append(conflicting(item))


def _settle(letter: DeadLetter, streams: Mapping[StreamKey, KnownStream], changes: dict[StreamKey, Change]) -> None:
    """Count a frame that can only be a dead letter as received: otherwise its edge would send it for ever."""
    settles = letter.settles
    if settles is None or settles.key not in streams:
        return
    stream = streams[settles.key]
    change = changes.setdefault(settles.key, Change(stream))
    if stream.seqs.add(settles.frame.seq):
        change.settled.append(settles)
    else:
        change.repeated += 1


def unknown_status(status: DecodedStatus) -> DeadLetter:
    """Return the dead letter that a stranger's status becomes."""
    return _unknown(status, status.device)


def _unknown(message: DecodedFrame | DecodedStatus, device: str) -> DeadLetter:
    return DeadLetter(Reason.UNKNOWN_DEVICE, f"device {device} is not registered, or was revoked", message.received)


def conflicting(item: DecodedFrame) -> DeadLetter:
    """Return the dead letter of a frame whose number is taken by another."""
    detail = f"seq {item.frame.seq} of boot {item.key.boot_id} is stored already with another content; that one is kept"
    return DeadLetter(Reason.CONFLICTING, detail, item.received)


def _end_us(item: DecodedFrame) -> int:
    frame = item.frame
    return frame.t_end if isinstance(frame, EcgFrame) else frame.t0
