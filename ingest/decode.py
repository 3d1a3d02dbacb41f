"""A message of the broker becomes a frame, a status or a dead letter.  Pure."""

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from heartwire.care import CareError, read_word
from heartwire.frames import (
    PAYLOAD_MAX,
    EcgFrame,
    EventFrame,
    FrameError,
    HrFrame,
    Reason,
    StatusFrame,
    decode_ecg,
    decode_event,
    decode_hr,
    decode_status,
)
from heartwire.topics import DOWN, Stream, Topic, parse_topic
from ingest.packets import Received

#: A frame that comes later than this after its own time is backlog, microseconds.
LATE_US: Final = 30_000_000
_TOPICS_REMEMBERED: Final = 65_536


class StreamKey(NamedTuple):
    """One stream of one boot of one device."""

    device: str
    stream: Stream
    boot_id: int


SequencedFrame: TypeAlias = EcgFrame | HrFrame | EventFrame


class DecodedFrame(NamedTuple):
    """A frame that is to be stored once, known by its stream and seq."""

    key: StreamKey
    frame: SequencedFrame
    received: Received

    @property
    def is_late(self) -> bool:
        """Whether it came so long after its own time that it is backlog (P3)."""
        return self.received.at_us - self.frame.t0 > LATE_US


class DecodedStatus(NamedTuple):
    """A device's word on itself."""

    device: str
    status: StatusFrame
    received: Received


class DeadLetter(NamedTuple):
    """A message that cannot be stored as what it says it is.

    `settles` is the frame of it that counts as received all the same, so that the edge lets go of it.
    """

    reason: Reason
    detail: str
    received: Received
    settles: DecodedFrame | None = None


Decoded: TypeAlias = DecodedFrame | DecodedStatus | DeadLetter


def decode(received: Received) -> Decoded | None:
    """Read one message; its time is checked against the time at which it came.

    Parameters
    ----------
    received : Received
        Any topic, any bytes.

    Returns
    -------
    DecodedFrame, DecodedStatus, DeadLetter or None
        ``None`` for what flows down to devices: our own acks come back where the broker speaks 3.1.1.
    """
    try:
        topic = _parse_topic(received.topic)
    except FrameError as error:
        return DeadLetter(error.reason, error.detail + _cut(received), received)
    if topic.stream in DOWN:
        return None
    try:
        return _decode_stream(topic, received)
    except FrameError as error:
        settles = None
        if (frame := error.frame) is not None:
            # Only its time, or what a patient says in it, is refused: it is received, and need not be sent for ever.
            settles = DecodedFrame(StreamKey(topic.device, topic.stream, frame.boot_id), frame, received)
        return DeadLetter(error.reason, error.detail + _cut(received), received, settles)


def _cut(received: Received) -> str:
    return f" (kept: the first {len(received.payload)} bytes)" if received.size > len(received.payload) else ""


@lru_cache(maxsize=_TOPICS_REMEMBERED)
def _parse_topic(topic: bytes) -> Topic:
    return parse_topic(topic_text(topic))


def topic_text(topic: bytes) -> str:
    """Return a topic as text, whatever its bytes."""
    return topic.decode("utf-8", "backslashreplace")


def _decode_stream(topic: Topic, received: Received) -> Decoded:
    if received.size > PAYLOAD_MAX:
        # Before anything else: the payload may be cut.
        raise FrameError(Reason.OVERSIZED, f"{received.size} bytes, wanted at most {PAYLOAD_MAX}")
    frame: SequencedFrame
    if topic.stream is Stream.ECG:
        frame = decode_ecg(received.payload, received.at_us)
        _refuse_nul("lead", frame.lead)
    elif topic.stream is Stream.HR:
        frame = decode_hr(received.payload, received.at_us)
    elif topic.stream is Stream.EVENT:
        frame = decode_event(received.payload, received.at_us)
        _refuse_nul("kind", frame.kind)
        _refuse_nul("text", frame.text)
        _refuse_nonsense(frame)
    else:
        status = decode_status(received.payload, received.at_us)
        _refuse_nul("firmware", status.firmware)
        _refuse_nul("wearable", status.wearable)
        return DecodedStatus(topic.device, status, received)
    return DecodedFrame(StreamKey(topic.device, topic.stream, frame.boot_id), frame, received)


def _refuse_nonsense(frame: EventFrame) -> None:
    """Refuse words of a patient that are not what their kind says; they count as received, since they never will be."""
    try:
        read_word(frame.kind, frame.text, "none")
    except CareError as error:
        raise FrameError(Reason.INVALID, str(error), frame) from None


def _refuse_nul(field: str, text: str) -> None:
    """PostgreSQL's text has no U+0000."""
    if "\0" in text:
        raise FrameError(Reason.INVALID, f"{field} contains U+0000, wanted text without it")
