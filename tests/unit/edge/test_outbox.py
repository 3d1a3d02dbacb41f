"""The outbox keeps what it was given through a kill, within its bound, and lets go only of what is confirmed."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.errors import OutboxDiskFullError, OutboxError, OutboxReason
from edge.outbox import FRAME_OVERHEAD_BYTES, Outbox
from edge.outbox_file import FILE, RESERVE_FILE
from edge.status import describe, describe_json
from edge.watermark import ContradictoryAckError
from heartwire.frames import Ack, EcgFlag, EcgFrame, Message, encode
from tests.servers.waiting import wait_until

DEVICE = "0123456789abcdef"
MAX_BYTES = 1_000_000

_WRITER = """
import sys
from pathlib import Path
from edge.outbox import Outbox
from heartwire.frames import EcgFrame
box = Outbox(Path(sys.argv[1]), "0123456789abcdef", 10**9)
boot_id = box.new_boot(1)
for first in range(0, 10**9, 3):
    seqs = range(first, first + 3)
    box.commit([EcgFrame(boot_id, seq, 10**15, 250_000, "II", 200.0, 0, 0, bytes(400)) for seq in seqs])
    print(first + 2, flush=True)
"""


def _frame(seq: int, *, boot_id: int = 1, n_samples: int = 200) -> EcgFrame:
    return EcgFrame(boot_id, seq, 10**15 + seq, 250_000, "II", 200.0, 0, 0, seq.to_bytes(2, "little") * n_samples)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "box", DEVICE, MAX_BYTES)
    yield outbox
    outbox.close()


def _seqs(box: Outbox) -> list[int]:
    return [held.seq for held in box.after(0, 100_000)]


def test_what_was_committed_is_there_after_a_kill(tmp_path: Path) -> None:
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
            text=True,
        )
        assert writer.stdout is not None
        lines: list[str] = []
        while len(lines) < 20 + 7 * round_:
            lines.append(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        told = max(int(line) for line in lines if line.endswith("\n"))
        box = Outbox(tmp_path, DEVICE, 10**9)
        boot_id = round_ + 1
        held = box.find(boot_id, "ecg", 0, 10**9, 10**9)
        assert [frame.seq for frame in held] == list(range(len(held)))
        assert told + 1 <= len(held) <= told + 4  # the last write may not have been told
        assert box.contents.used_bytes == sum(len(f.payload) + FRAME_OVERHEAD_BYTES for f in box.after(0, 10**9))
        box.close()


def test_boot_ids_increase_whatever_the_clock_says(tmp_path: Path) -> None:
    boots = []
    for now_s in (1_790_000_000, 1_790_000_000, 1_000, 1_790_000_005):
        box = Outbox(tmp_path, DEVICE, MAX_BYTES)
        boots.append(box.new_boot(now_s))
        box.close()
    assert boots == [1_790_000_000, 1_790_000_001, 1_790_000_002, 1_790_000_005]


def test_lets_go_of_exactly_what_is_confirmed(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(10)])
    box.commit([_frame(seq, boot_id=2) for seq in range(3)])
    assert box.commit([], [Ack(1, "ecg", 1, ((2, 3), (6, 6)), 8)]) == 6
    assert [(held.boot_id, held.seq) for held in box.after(0, 100)] == [
        *((1, 2), (1, 3), (1, 6), (1, 9)),
        *((2, 0), (2, 1), (2, 2)),
    ]
    assert box.contents.frames == 7
    assert [held.payload for held in box.find(1, "ecg", 6, 8, 10)] == [encode(_frame(6))]
    assert box.commit([], [Ack(1, "hr", 100, (), 100)]) == 0


def test_a_contradictory_ack_changes_nothing(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(10)])
    with pytest.raises(ContradictoryAckError):
        box.commit([_frame(10)], [Ack(1, "ecg", 4, (), 4), Ack(1, "ecg", 9, (), 4)])
    assert _seqs(box) == list(range(10))
    assert box.contents.frames == 10
    box.commit([_frame(10)])
    assert _seqs(box) == list(range(11))


def test_drops_its_oldest_and_marks_the_gap(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(20)])
    size = len(encode(_frame(0))) + FRAME_OVERHEAD_BYTES
    need = MAX_BYTES - box.contents.used_bytes + 3 * size - 1
    dropped = box.drop_oldest(need, handed_up_to=0)
    assert dropped.frames == 3
    assert _seqs(box) == list(range(3, 20))
    flags = [msgspec.msgpack.decode(held.payload, type=EcgFrame).flags for held in box.after(0, 100)]
    assert flags == [EcgFlag.GAP_BEFORE, *[0] * 16]
    assert box.contents.lost_frames == 3
    assert "3 frames LOST" in str(box.contents)
    assert "LOST because the outbox was full: 3 frames" in describe(box.folder, MAX_BYTES)


def test_a_frame_that_was_sent_never_changes(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(20)])
    before = {held.seq: held.payload for held in box.after(0, 100)}
    need = MAX_BYTES - box.contents.used_bytes + 1
    box.drop_oldest(need, handed_up_to=box.after(0, 100)[5].position)
    assert all(before[held.seq] == held.payload for held in box.after(0, 100))


def test_keeps_its_bound_on_disk(tmp_path: Path) -> None:
    box = Outbox(tmp_path, DEVICE, MAX_BYTES)
    for first in range(0, 5000, 50):
        frames = [_frame(seq, n_samples=250) for seq in range(first, first + 50)]
        size = sum(len(encode(frame)) + FRAME_OVERHEAD_BYTES for frame in frames)
        if not box.has_room_for(size):
            box.drop_oldest(size, handed_up_to=0)
        box.commit(frames)
        assert box.contents.used_bytes <= MAX_BYTES
    assert box.contents.lost_frames == 5000 - box.contents.frames
    box.close()
    assert (tmp_path / FILE).stat().st_size <= 1.1 * MAX_BYTES


def test_one_agent_at_a_time(box: Outbox) -> None:
    with pytest.raises(OutboxError, match=rf"in use by another agent \(process {os.getpid()}\)") as caught:
        Outbox(box.folder, DEVICE, MAX_BYTES)
    assert caught.value.reason is OutboxReason.LOCKED
    assert "an agent is running" in describe(box.folder, MAX_BYTES)


def test_the_outbox_of_another_device_is_refused(tmp_path: Path) -> None:
    Outbox(tmp_path, DEVICE, MAX_BYTES).close()
    with pytest.raises(OutboxError, match=f"that of device {DEVICE}") as caught:
        Outbox(tmp_path, "f" * 16, MAX_BYTES)
    assert caught.value.reason is OutboxReason.OTHER_DEVICE
    Outbox(tmp_path, DEVICE, MAX_BYTES).close()


@pytest.mark.parametrize("damage", ["header", "middle"])
def test_a_damaged_file_is_a_sentence_with_a_next_step(tmp_path: Path, damage: str) -> None:
    box = Outbox(tmp_path, DEVICE, MAX_BYTES)
    box.commit([_frame(seq) for seq in range(500)])
    box.close()
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(0 if damage == "header" else 4096)
        file.write(b"\xa5" * 100_000)
    with pytest.raises(OutboxError, match=r"is damaged .*; move the file away and start again") as caught:
        Outbox(tmp_path, DEVICE, MAX_BYTES)
    assert caught.value.reason is OutboxReason.CORRUPT


def test_the_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(OutboxError, match="another program") as caught:
        Outbox(tmp_path, DEVICE, MAX_BYTES)
    assert caught.value.reason is OutboxReason.FOREIGN
    assert (tmp_path / FILE).read_bytes() == before


def test_a_newer_format_is_not_touched(tmp_path: Path) -> None:
    Outbox(tmp_path, DEVICE, MAX_BYTES).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(OutboxError, match="newer heartwire") as caught:
        Outbox(tmp_path, DEVICE, MAX_BYTES)
    assert caught.value.reason is OutboxReason.NEWER


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxError, match="HEARTWIRE_EDGE_OUTBOX") as caught:
        Outbox(tmp_path / "file" / "box", DEVICE, MAX_BYTES)
    assert caught.value.reason is OutboxReason.UNREACHABLE


def test_a_full_disk_keeps_nothing_of_the_call_and_goes_on_later(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(10)])
    (pages,) = box._db.execute("PRAGMA page_count").fetchone()
    box._db.execute(f"PRAGMA max_page_count = {pages}")  # what SQLite says then is what it says on a full disk
    with pytest.raises(OutboxDiskFullError, match="is full; free some space"):
        box.commit([_frame(seq) for seq in range(10, 200)], [Ack(1, "ecg", 3, (), 3)])
    assert _seqs(box) == list(range(10))
    assert box.contents.frames == 10
    box._db.execute("PRAGMA max_page_count = 1000000")
    box.commit([_frame(seq) for seq in range(10, 200)], [Ack(1, "ecg", 3, (), 3)])
    assert _seqs(box) == list(range(4, 200))


def test_a_full_disk_has_its_reserve_for_what_may_go(box: Outbox) -> None:
    reserve = box.folder / RESERVE_FILE
    log = box.folder / f"{FILE}-wal"
    box.commit([_frame(seq) for seq in range(100)])
    assert reserve.stat().st_blocks * 512 >= 500_000
    assert log.stat().st_size > 0
    with box.reclaimed():
        assert not reserve.exists()
        assert log.stat().st_size == 0
        assert box.commit([], [Ack(1, "ecg", 98, (), 98)]) == 99
    assert _seqs(box) == [99]
    assert reserve.stat().st_blocks * 512 >= 500_000


def test_the_lock_of_a_killed_agent_is_free(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)],
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    wait_until(lambda: "waiting for the database: " in describe(tmp_path, MAX_BYTES), "the writer")
    writer.kill()
    writer.wait()
    Outbox(tmp_path, DEVICE, MAX_BYTES).close()


def test_status_says_what_waits_in_words(box: Outbox) -> None:
    assert "waiting for the database: nothing" in describe(box.folder, MAX_BYTES)
    box.commit([_frame(seq) for seq in range(10)], [Ack(1, "ecg", 3, ((4, 5),), 8)])
    text = describe(box.folder, MAX_BYTES)
    assert "waiting for the database: 10 frames, signal from 2001-09-09 01:46:40 UTC" in text
    assert "ecg of run 1 up to frame 3 (the latest is 8, with gaps between)" in text
    assert "of 1.0 MB" in text


def test_status_says_the_same_to_programs(box: Outbox, tmp_path: Path) -> None:
    assert describe_json(tmp_path / "nowhere", MAX_BYTES) == "null"
    box.commit([_frame(seq) for seq in range(10)], [Ack(1, "ecg", 3, ((4, 5),), 8)])
    state = json.loads(describe_json(box.folder, MAX_BYTES))
    assert (state["device"], state["frames"], state["is_running"]) == (DEVICE, 10, True)
    assert (state["bytes_used"], state["bytes_most"]) == (box.contents.used_bytes, MAX_BYTES)
    assert state["bytes_left"] == MAX_BYTES - box.contents.used_bytes
    assert (state["first_us"], state["last_us"]) == (10**15, _frame(9).t_end)
    assert (state["confirmed"]["committed"], state["confirmed"]["highest"]) == (3, 8)
    assert (state["lost_frames"], state["refused"]) == (0, "")


def test_a_refusal_is_shown_until_what_was_there_is_stored(box: Outbox) -> None:
    box.commit([_frame(seq) for seq in range(6)], [])
    box.keep_refusal(Message(1, "revoked_device", "this device was revoked"))
    box.commit([_frame(6)], [])
    # What was stored before is often told after.
    box.commit([], [Ack(1, "ecg", 3, (), 3)])
    assert "REFUSED by the server: revoked_device: this device was revoked" in describe(box.folder, MAX_BYTES)
    box.commit([], [Ack(1, "ecg", 5, (), 5)])
    assert "REFUSED" not in describe(box.folder, MAX_BYTES)
