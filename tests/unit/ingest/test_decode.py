"""Whatever the broker delivers becomes a frame, a status, a dead letter or nothing: never an exception (P8)."""

from hypothesis import example, given
from hypothesis import strategies as st

from heartwire.frames import PAYLOAD_MAX, EcgFrame, EventFrame, HrFrame, Reason, StatusFrame, encode
from heartwire.topics import Stream, topic_prefix
from ingest.decode import DeadLetter, DecodedFrame, DecodedStatus, StreamKey, decode
from ingest.packets import Received

NOW_US = 1_790_000_000_000_000
DEVICE = "0123456789abcdef"
PREFIX = topic_prefix(DEVICE)

ECG = EcgFrame(7, 3, NOW_US, 250_000, "II", 200.5, -17, 0, bytes(500))
HR = HrFrame(7, 4, NOW_US, 61, (983, 990), 2)
EVENT = EventFrame(7, 5, NOW_US, "symptom", "palpitations")
STATUS = StatusFrame(7, NOW_US, True, 80, "1.0", "Polar H10", -60, 3, 1_000_000)
GOOD = [encode(frame) for frame in (ECG, HR, EVENT, STATUS)]


def _received(topic: str, payload: bytes, size: int | None = None) -> Received:
    encoded = topic.encode("utf-8", "surrogatepass")
    return Received(encoded, payload, len(payload) if size is None else size, NOW_US, False, 1, 1)


def _topics() -> st.SearchStrategy[str]:
    levels = st.sampled_from(["hw", "1", "2", DEVICE, "", *Stream]) | st.text(max_size=20)
    well_formed = st.sampled_from([f"{PREFIX}/{stream}" for stream in Stream])
    return well_formed | st.lists(levels, max_size=6).map("/".join)


def _cut_or_changed(payload: bytes) -> st.SearchStrategy[bytes]:
    cut = st.integers(0, len(payload)).map(lambda end: payload[:end])
    changed = st.tuples(st.integers(0, min(len(payload) - 1, 60)), st.integers(0, 255)).map(
        lambda change: payload[: change[0]] + bytes([change[1]]) + payload[change[0] + 1 :]
    )
    return cut | changed


@given(_topics(), st.binary(max_size=300) | st.sampled_from(GOOD).flatmap(_cut_or_changed))
@example(f"{PREFIX}/ecg", b"\xdd\xff\xff\xff\xff")
@example(f"{PREFIX}/event", b"\x95\x01\x01\x01\xa1\xff\xa0")
@example(f"{PREFIX}/hr", b"\x91" * 5000)
def test_no_bytes_raise(topic: str, payload: bytes) -> None:
    message = decode(_received(topic, payload))
    if message is None:
        assert topic.rsplit("/", 1)[-1] in {"ack", "config", "message"}
        return
    assert isinstance(message, DecodedFrame | DecodedStatus | DeadLetter)
    assert message.received.payload == payload
    if isinstance(message, DeadLetter):
        assert message.reason in Reason
        assert message.detail


def test_frames_keep_what_was_sent() -> None:
    for stream, frame in ((Stream.ECG, ECG), (Stream.HR, HR), (Stream.EVENT, EVENT)):
        message = decode(_received(f"{PREFIX}/{stream}", encode(frame)))
        assert isinstance(message, DecodedFrame)
        assert (message.key, message.frame) == (StreamKey(DEVICE, stream, 7), frame)
    status = decode(_received(f"{PREFIX}/status", encode(STATUS)))
    assert isinstance(status, DecodedStatus)
    assert (status.device, status.status) == (DEVICE, STATUS)


def test_what_was_cut_before_it_was_kept_is_oversized_whatever_it_begins_with() -> None:
    message = decode(_received(f"{PREFIX}/ecg", GOOD[0], size=PAYLOAD_MAX + 1))
    assert isinstance(message, DeadLetter)
    assert message.reason is Reason.OVERSIZED
    assert "kept: the first" in message.detail


def test_our_own_words_to_devices_are_nothing() -> None:
    for stream in (Stream.ACK, Stream.CONFIG, Stream.MESSAGE):
        assert decode(_received(f"{PREFIX}/{stream}", GOOD[0])) is None
