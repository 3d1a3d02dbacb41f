"""Each thing that ingest holds has a bound, and at the bound does what is written (P9)."""

from typing import Final

from heartwire.frames import EcgFrame, Reason
from heartwire.topics import Stream
from ingest.decode import DecodedFrame, StreamKey
from ingest.intake import Intake
from ingest.packets import Received
from ingest.refusals import Refusals, Refused
from ingest.registry import KnownStream
from ingest.seqs import SeqSet
from ingest.watermark import Watermark, Watermarks

NOW_US: Final = 1_790_000_000_000_000
S: Final = 1_000_000


def _received(n_bytes: int = 10, at_us: int = NOW_US) -> Received:
    return Received(b"t", bytes(n_bytes), n_bytes, at_us, retained=False, connection=1, mid=1)


def _frame(device: str, boot_id: int, at_us: int) -> DecodedFrame:
    frame = EcgFrame(boot_id, 0, at_us - S, 250_000, "II", 200.0, 0, 0, bytes(500))
    return DecodedFrame(StreamKey(device, Stream.ECG, boot_id), frame, _received(at_us=at_us))


def test_the_intake_refuses_messages_beyond_its_bound_until_half_is_committed() -> None:
    intake = Intake(10, 1_000)
    assert intake.put([_received()] * 10)
    assert not intake.put([_received()])
    room = []
    for _ in range(5):
        intake.release([_received()])
        room.append(intake.has_room)
    assert room == [False, False, False, False, True]
    assert intake.put([_received()])


def test_the_intake_refuses_bytes_beyond_its_bound() -> None:
    intake = Intake(1_000, 100)
    assert intake.put([_received(100)])
    assert not intake.put([_received(1)])
    intake.release([_received(100)])
    assert intake.held_bytes == 0
    assert intake.put([_received(1)])


def test_watermarks_of_silent_streams_are_forgotten() -> None:
    watermarks = Watermarks(2.0, 64)
    for number in range(100):
        watermarks.note(Watermark(StreamKey(f"d{number}", Stream.ECG, 1), 0, (), 1, 0), 0.0)
    assert len(list(watermarks.due(0.0))) == 100
    assert list(watermarks.due(2.0)) == []
    assert len(watermarks) == 0


def test_who_is_refused_is_reported_now_and_then_and_what_is_remembered_of_it_is_bounded() -> None:
    refusals = Refusals(10)
    refused = Refused("d", 1, Reason.REVOKED_DEVICE, "this device was revoked")
    reports = [
        refusals.due(StreamKey("d", Stream.ECG, 1), refused, _frame("d", 1, NOW_US + second * S))
        for second in range(25)
    ]
    assert [second for second, letter in enumerate(reports) if letter is not None] == [0, 10, 20]
    for number in range(100):
        refusals.due(StreamKey(f"d{number}", Stream.ECG, 1), refused, _frame(f"d{number}", 1, NOW_US))
    assert len(refusals._told_us) == 10


def test_a_report_that_was_not_committed_is_made_again() -> None:
    refusals = Refusals(10)
    refused = Refused("d", 1, Reason.REVOKED_DEVICE, "this device was revoked")
    item = _frame("d", 1, NOW_US)
    assert refusals.due(item.key, refused, item) is not None
    refusals.forget()
    assert refusals.due(item.key, refused, item) is not None


def test_a_batch_says_who_is_refused() -> None:
    refusals = Refusals(10)
    at_us = NOW_US + 100 * S
    first, second, revoked = _frame("d", 1, at_us), _frame("d", 2, at_us), _frame("r", 1, at_us)
    streams = {
        first.key: KnownStream(1, 1, 1, 0, NOW_US, is_revoked=False, owner=b"", seqs=SeqSet()),
        second.key: KnownStream(2, 1, 1, 0, NOW_US + 50 * S, is_revoked=False, owner=b"", seqs=SeqSet()),
        revoked.key: KnownStream(3, 1, 2, 0, NOW_US, is_revoked=True, owner=b"", seqs=SeqSet()),
    }
    found = refusals.sift({item.key: [item] for item in (first, second, revoked)}, streams)
    assert {key: one.reason for key, one in found.items()} == {
        second.key: Reason.CLAIMED_TWICE,
        revoked.key: Reason.REVOKED_DEVICE,
    }
