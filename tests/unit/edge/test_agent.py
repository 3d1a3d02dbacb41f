"""The agent with no broker in reach: what a full outbox and a full disk do to sources that can wait, or not."""

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from edge.agent import Agent, Outcome
from edge.errors import SourceError
from edge.mailbox import FRAMES_MAX
from edge.outbox import Held, Outbox
from edge.progress import Tally
from edge.settings import EdgeSettings
from edge.sources.source import Chunk, Condition, Item, Pulse
from edge.status import describe, read_state
from heartwire.frames import Ack, EcgFlag, EcgFrame, HrFrame
from tests.servers.waiting import wait_until

DEVICE = "0123456789abcdef"
MAX_BYTES = 1_000_000
N_CHUNKS = 400  # of 8 s: 4,000 frames, 2.1 MB


class _Source:
    name = "test"

    def __init__(self, n_chunks: int, error: str = "") -> None:
        self._n_chunks = n_chunks
        self._error = error

    def chunks(self, stop: threading.Event) -> Iterator[Item]:
        for number in range(self._n_chunks):
            if stop.is_set():
                return
            t0_us = 10**15 + number * 8_000_000
            samples = b"".join((number * 2000 + n).to_bytes(4, "little")[:2] for n in range(2000))
            yield Chunk(t0_us, 250.0, "II", 200.0, 0, EcgFlag(0), samples)
        if self._error:
            raise SourceError(self._error)


class _Reporter:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.tally: Tally | None = None

    def report(self, tally: Tally) -> None:
        self.tally = tally

    def end(self, tally: Tally) -> None:
        self.tally = tally

    def say(self, text: str) -> None:
        self.said.append(text)


class _Run:
    """An agent in a thread."""

    def __init__(
        self, folder: Path, port: int, source: _Source, *, is_live: bool, patience_s: float | None = None
    ) -> None:
        settings = EdgeSettings(
            device=DEVICE, broker_port=port, outbox=folder, outbox_max_bytes=MAX_BYTES, retry_longest_s=0.5
        )
        self.box = Outbox(folder, DEVICE, MAX_BYTES)
        self.reporter = _Reporter()
        self.agent = Agent(
            settings,
            source,
            self.box,
            self.reporter,
            pace=None,
            is_live=is_live,
            patience_s=patience_s,
            firmware="test",
        )
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self.agent.run()
        except SourceError as error:
            self.error = error

    def stop(self) -> list[Held]:
        self.agent.stop()
        self._thread.join(20.0)
        held = self.box.after(0, 10**6)
        self.box.close()
        return held

    @property
    def made(self) -> int:
        return self.reporter.tally.made if self.reporter.tally else 0


def _frames(held: list[Held]) -> list[EcgFrame]:
    return [msgspec.msgpack.decode(frame.payload, type=EcgFrame) for frame in held]


def test_a_live_source_loses_its_oldest_frames_and_says_so(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Source(N_CHUNKS), is_live=True)
    run.start()
    wait_until(lambda: run.made == 4000 and run.box.contents.lost_frames > 2000, "the outbox to overflow")
    frames = _frames(run.stop())
    lost = run.box.contents.lost_frames
    assert [frame.seq for frame in frames] == list(range(lost, 4000))
    assert EcgFlag.GAP_BEFORE in EcgFlag(frames[0].flags)
    assert not any(frame.flags for frame in frames[1:])
    assert run.box.contents.used_bytes <= MAX_BYTES
    assert any(f"({lost} in all)" in text for text in run.reporter.said)
    assert f"{lost} frames LOST" in str(run.reporter.tally)
    assert run.outcome is Outcome.STOPPED


def test_a_source_that_can_wait_waits_and_loses_nothing(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Source(N_CHUNKS), is_live=False)
    run.start()
    wait_until(lambda: run.made >= FRAMES_MAX and not run.box.has_room_for(600), "the outbox to fill")
    boot_id = run.box.after(0, 1)[0].boot_id
    made = run.made
    # The database has the first thousand: as many more find room.
    run.agent._highest_sent["ecg"] = 999
    run.agent._mailbox.on_ack(msgspec.msgpack.encode(Ack(boot_id, "ecg", 999, (), 999)))
    wait_until(lambda: run.made >= made + 900, "the source to go on")
    frames = _frames(run.stop())
    assert run.box.contents.lost_frames == 0
    assert [frame.seq for frame in frames] == list(range(1000, 1000 + len(frames)))
    assert not any(frame.flags for frame in frames)


def test_a_full_disk_holds_what_comes_and_goes_on_by_itself(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Source(20), is_live=True)
    (pages,) = run.box._db.execute("PRAGMA page_count").fetchone()
    run.box._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    run.start()
    wait_until(lambda: any("is full" in text for text in run.reporter.said), "the full disk to be noticed")
    wait_until(lambda: "DISK FULL" in str(run.reporter.tally), "it to be reported")
    run.box._db.execute("PRAGMA max_page_count = 1000000")
    wait_until(lambda: run.box.contents.frames == 200, "what was held to be written")
    assert any("has room again" in text for text in run.reporter.said)
    assert [frame.seq for frame in run.stop()] == list(range(200))


def test_no_ack_is_believed_about_a_frame_that_was_never_sent(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Source(20), is_live=True)
    run.start()
    wait_until(lambda: run.box.contents.frames == 200, "the frames")
    boot_id = run.box.after(0, 1)[0].boot_id
    run.agent._mailbox.on_ack(msgspec.msgpack.encode(Ack(boot_id, "ecg", 150, (), 150)))
    run.agent._mailbox.on_ack(b"\xc1 no ack at all")
    wait_until(lambda: any("not believed" in text for text in run.reporter.said), "the ack to be refused")
    assert len(run.stop()) == 200


def test_what_came_before_a_source_broke_off_is_kept(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Source(2, "the cable fell off"), is_live=True, patience_s=0.0)
    run.start()
    wait_until(lambda: run.error is not None, "the error")
    assert len(run.stop()) == 20
    assert "the cable fell off" in str(run.error)
    assert any("broke off: the cable fell off; what came before is still sent" in text for text in run.reporter.said)


def test_a_wrong_device_name_is_a_sentence() -> None:
    with pytest.raises(ValidationError, match="is no device's name; wanted 16 characters"):
        EdgeSettings(device="Bed 4")


class _Wearable(_Source):
    def chunks(self, stop: threading.Event) -> Iterator[Item]:
        yield Condition("Polar H10 1234, worn", 80, -60)
        for number, chunk in enumerate(super().chunks(stop)):
            yield Pulse(10**15 + number * 8_000_000, 61 + number, (983, 990), 2)
            yield chunk
        yield Condition("Polar H10 1234, off the body, though it sends", 79, -61)


def test_a_wearables_heart_rate_has_its_own_numbers_and_watermark(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Wearable(3), is_live=True)
    run.start()
    wait_until(lambda: run.box.contents.frames == 33, "everything to be kept")
    boot_id = run.box.after(0, 1)[0].boot_id
    hr = [msgspec.msgpack.decode(held.payload, type=HrFrame) for held in run.box.find(boot_id, "hr", 0, 99, 99)]
    assert [(frame.seq, frame.bpm, frame.rr_ms, frame.contact) for frame in hr] == [
        (seq, 61 + seq, (983, 990), 2) for seq in range(3)
    ]
    run.agent._highest_sent["hr"] = 2
    run.agent._mailbox.on_ack(msgspec.msgpack.encode(Ack(boot_id, "hr", 1, (), 1)))
    wait_until(lambda: run.box.contents.frames == 31, "the heart rates to be let go")
    # What is said of one stream is not believed of the other.
    run.agent._mailbox.on_ack(msgspec.msgpack.encode(Ack(boot_id, "ecg", 1, (), 1)))
    wait_until(lambda: any("was not believed" in text for text in run.reporter.said), "the lie to be noticed")
    text = describe(tmp_path, MAX_BYTES)
    assert "wearable: Polar H10 1234, off the body, though it sends, battery 79 %, signal -61 dBm" in text
    assert f"confirmed by the database: hr of run {boot_id} up to frame 1" in text
    state = read_state(tmp_path, MAX_BYTES)
    assert state is not None
    assert [mark.stream for mark in state.watermarks] == ["hr"]
    assert state.first_us == 10**15
    held = run.stop()
    assert [frame.seq for frame in held if frame.stream == "hr"] == [2]
    assert [frame.seq for frame in held if frame.stream == "ecg"] == list(range(30))
    status = msgspec.msgpack.decode(run.agent._status(online=True))
    assert status[3:7] == [79, "test", "Polar H10 1234, off the body, though it sends", -61]


def test_a_full_outbox_of_ecg_and_heart_rate_marks_the_ecg_behind_the_gap(tmp_path: Path, free_port: int) -> None:
    run = _Run(tmp_path, free_port, _Wearable(N_CHUNKS), is_live=True)
    run.start()
    wait_until(lambda: run.made == 4400 and run.box.contents.lost_frames > 2000, "the outbox to overflow")
    held = run.stop()
    ecg = _frames([frame for frame in held if frame.stream == "ecg"])
    assert EcgFlag.GAP_BEFORE in EcgFlag(ecg[0].flags)
    assert not any(frame.flags for frame in ecg[1:])
    assert [frame.seq for frame in ecg] == list(range(ecg[0].seq, 4000))
    assert run.box.contents.used_bytes <= MAX_BYTES
