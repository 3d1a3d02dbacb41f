"""Frames on disk until the *database* has them: SQLite, safe against kill and power loss, bounded in bytes.

A write is durable when the call returns (WAL, `synchronous=FULL`). The policy of a full outbox is in
docs/adr/0003-outbox-policy.md: this file says how full it is and drops what it is told to drop.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from edge.errors import OutboxError, OutboxReason
from edge.outbox_file import FILE, LOCK_FILE, RESERVE_FILE, connect, in_words, told
from edge.outbox_lock import OutboxLock
from edge.outbox_reserve import OutboxReserve
from edge.watermark import confirmed_ranges
from heartwire.frames import U32_MAX, Ack, EcgFlag, EcgFrame, HrFrame, Message, encode
from heartwire.topics import Stream

#: What a frame takes on disk besides its payload: row, index, and their share of the pages; measured, rounded up.
FRAME_OVERHEAD_BYTES: Final = 96
_APPLICATION_ID: Final = 0x68774F42  # "hwOB"
_VERSION: Final = 1
_WAL_PAGES: Final = 125  # after which the log is moved into the file; what that grows by at most is kept in reserve
_RESERVE_BYTES: Final = _WAL_PAGES * 4096
_CACHE_KIB: Final = 2_000

_SCHEMA: Final = f"""
CREATE TABLE frames (
    position INTEGER PRIMARY KEY,      -- order of their time, over all runs
    boot_id INTEGER NOT NULL,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    payload BLOB NOT NULL,             -- as it goes over the wire
    UNIQUE (boot_id, stream, seq)
);
CREATE TABLE confirmed (               -- what the database said last, of each stream of the latest runs
    boot_id INTEGER NOT NULL,
    stream TEXT NOT NULL,
    committed INTEGER NOT NULL,
    highest INTEGER NOT NULL,
    t_us INTEGER NOT NULL,
    PRIMARY KEY (boot_id, stream)
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""
_BOOTS_REMEMBERED: Final = 20
_ecg: Final = msgspec.msgpack.Decoder(EcgFrame)


class Held(NamedTuple):
    """A frame in the outbox."""

    position: int
    boot_id: int
    stream: str
    seq: int
    payload: bytes


class Contents(NamedTuple):
    """How much an outbox holds: frames, their bytes on disk, bytes left, frames ever lost for want of room."""

    frames: int
    used_bytes: int
    left_bytes: int
    lost_frames: int

    def __str__(self) -> str:
        text = f"outbox: {self.frames} frames, {in_words(self.left_bytes)} left"
        return f"{text}, {self.lost_frames} frames LOST because it was full" if self.lost_frames else text


class Dropped(NamedTuple):
    """What was dropped: so many frames, up to this position."""

    frames: int
    up_to: int


class Outbox:
    """A device's frames that are not known to be in the database.

    Not for two threads at once.

    Parameters
    ----------
    folder : Path
        Made when it does not exist.
    device : str
        Whose frames they are; another device's outbox is refused.
    max_bytes : int
        The bound.

    Raises
    ------
    OutboxError
        With the reason, here and in every method that reads or writes.
    OutboxDiskFullError
        In every method that writes; nothing of the call was kept.
    """

    def __init__(self, folder: Path, device: str, max_bytes: int) -> None:
        self.folder: Final = folder
        self._max_bytes: Final = max_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise OutboxError(
                OutboxReason.UNREACHABLE,
                f"the outbox's folder {folder} cannot be made: {error.strerror}; choose another with"
                " HEARTWIRE_EDGE_OUTBOX",
            ) from error
        self._lock: Final = OutboxLock(folder / LOCK_FILE)
        self._reserve: Final = OutboxReserve(folder / RESERVE_FILE, _RESERVE_BYTES)
        try:
            with told(folder):
                self._db: Final = connect(folder)
            with told(folder):
                self._prepare(device)
                frames, used = self._db.execute(
                    f"SELECT count(*), coalesce(sum(length(payload) + {FRAME_OVERHEAD_BYTES}), 0) FROM frames"  # noqa: S608
                ).fetchone()
                # Frames of earlier runs may have been sent: they never change.
                self._old_up_to: Final = self._last_position()
                self._next_position = self._old_up_to + 1
                self._lost = self._number("lost_frames")
            self._reserve.hold()
        except BaseException:
            self._lock.release()
            raise
        self._frames = int(frames)
        self._used = int(used)

    def close(self) -> None:
        """Close the file and let another agent have it."""
        self._db.close()
        self._lock.release()

    def new_boot(self, now_s: int) -> int:
        """Begin a run: return its boot_id, above those of all runs before and normally the clock's seconds."""
        with told(self.folder), self._db:
            boot_id: int = max(self._number("boot_id") + 1, now_s)
            if boot_id > U32_MAX:
                raise OutboxError(
                    OutboxReason.CORRUPT,
                    f"the outbox in {self.folder} has no boot_id left above {U32_MAX}: register the device anew",
                )
            self._set_fact("boot_id", boot_id)
        return boot_id

    @property
    def last_position(self) -> int:
        """Position of the newest frame."""
        return self._next_position - 1

    @property
    def contents(self) -> Contents:
        """What it holds and how much room is left: under its own bound, and on the disk."""
        left = max(0, self._max_bytes - self._used)
        try:
            left = min(left, shutil.disk_usage(self.folder).free)
        except OSError:
            left = 0
        return Contents(self._frames, self._used, left, self._lost)

    def has_room_for(self, payload_bytes: int, frames: int = 1) -> bool:
        """Whether so much more is within the bound."""
        return self._used + payload_bytes + frames * FRAME_OVERHEAD_BYTES <= self._max_bytes

    def commit(self, frames: Sequence[EcgFrame | HrFrame], acks: Sequence[Ack] = ()) -> int:
        """In one durable write: add frames, and let go of what the database says it has.

        Returns
        -------
        int
            Frames let go.

        Raises
        ------
        ContradictoryAckError
            If an ack cannot be true; nothing of the call was kept.
        """
        rows = [
            (position, frame.boot_id, _stream_of(frame).value, frame.seq, encode(frame))
            for position, frame in enumerate(frames, self._next_position)
        ]
        now_us = time.time_ns() // 1000
        gone = gone_bytes = 0
        with told(self.folder), self._db:
            # Acks first: a frame just made cannot be meant by one.
            for ack in acks:
                for seqs in confirmed_ranges(ack):
                    key = (ack.boot_id, ack.stream, seqs.first, seqs.last)
                    for (size,) in self._db.execute(
                        "DELETE FROM frames WHERE boot_id = ? AND stream = ? AND seq BETWEEN ? AND ?"
                        " RETURNING length(payload)",
                        key,
                    ).fetchall():
                        gone += 1
                        gone_bytes += size + FRAME_OVERHEAD_BYTES
                self._db.execute(
                    "INSERT OR REPLACE INTO confirmed (boot_id, stream, committed, highest, t_us)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (ack.boot_id, ack.stream, ack.committed, ack.highest, now_us),
                )
            self._db.executemany(
                "INSERT INTO frames (position, boot_id, stream, seq, payload) VALUES (?, ?, ?, ?, ?)", rows
            )
        self._next_position += len(rows)
        self._frames += len(rows) - gone
        self._used += sum(len(row[-1]) + FRAME_OVERHEAD_BYTES for row in rows) - gone_bytes
        return gone

    @contextmanager
    def reclaimed(self) -> Iterator[None]:
        """On a full disk, make room for a write: move the write-ahead log into the file, and give up the reserve."""
        self._reserve.release()
        try:
            with told(self.folder):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            yield
        finally:
            self._reserve.hold()

    def keep_refusal(self, message: Message) -> None:
        """Remember why the server does not store what is here, for whoever looks.

        It holds until the last frame that is here now is stored: that others before it are may be told later.
        """
        with told(self.folder), self._db:
            (last,) = self._db.execute(
                "SELECT coalesce(max(position), -1) FROM frames WHERE boot_id = ?", (message.boot_id,)
            ).fetchone()
            self._set_fact("refusal", f"{message.code}: {message.text}")
            self._set_fact("refusal_position", last)
            self._set_fact("refusal_us", time.time_ns() // 1000)

    def keep_fact(self, name: Literal["condition", "link"], text: str) -> None:
        """Remember how the wearable or the connection to the broker is, for whoever looks."""
        with told(self.folder), self._db:
            self._set_fact(name, text)
            self._set_fact(f"{name}_us", time.time_ns() // 1000)

    def drop_oldest(self, need_bytes: int, handed_up_to: int) -> Dropped:
        """Drop the oldest frames until `need_bytes` more are within the bound.

        The ECG frame after them is marked as one with a gap before it, unless it may be with the database already
        (its position is not above `handed_up_to`): a frame never changes once it was sent. The hole in seq
        says the same to whoever reads.
        """
        dropped = freed = 0
        last = -1
        loses_ecg = False
        with told(self.folder), self._db:
            for position, stream, size in self._db.execute(
                "SELECT position, stream, length(payload) FROM frames ORDER BY position"
            ):
                if self._used - freed + need_bytes <= self._max_bytes:
                    break
                dropped += 1
                freed += size + FRAME_OVERHEAD_BYTES
                last = position
                loses_ecg |= stream == Stream.ECG
            self._db.execute("DELETE FROM frames WHERE position <= ?", (last,))
            self._set_fact("lost_frames", self._lost + dropped)
            if loses_ecg:
                self._mark_gap(last, max(handed_up_to, self._old_up_to))
        self._frames -= dropped
        self._used -= freed
        self._lost += dropped
        return Dropped(dropped, last)

    def after(self, position: int, limit: int) -> list[Held]:
        """Return the oldest frames after a position, at most `limit`."""
        with told(self.folder):
            return [
                Held(*row)
                for row in self._db.execute(
                    "SELECT position, boot_id, stream, seq, payload FROM frames WHERE position > ?"
                    " ORDER BY position LIMIT ?",
                    (position, limit),
                )
            ]

    def find(self, boot_id: int, stream: str, first: int, last: int, limit: int) -> list[Held]:
        """Return the frames of a range of seq that are held, at most `limit`."""
        with told(self.folder):
            return [
                Held(*row)
                for row in self._db.execute(
                    "SELECT position, boot_id, stream, seq, payload FROM frames"
                    " WHERE boot_id = ? AND stream = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?",
                    (boot_id, stream, first, last, limit),
                )
            ]

    def _prepare(self, device: str) -> None:
        (application_id,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        (tables,) = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and application_id != _APPLICATION_ID:
            raise OutboxError(
                OutboxReason.FOREIGN,
                f"{self.folder / FILE} is the file of another program; choose another folder with"
                " HEARTWIRE_EDGE_OUTBOX",
            )
        if version > _VERSION:
            raise OutboxError(
                OutboxReason.NEWER,
                f"{self.folder / FILE} was written by a newer heartwire (format {version}, known here: {_VERSION});"
                " update heartwire on this device",
            )
        (mode,) = self._db.execute("PRAGMA journal_mode = WAL").fetchone()
        assert mode == "wal", mode
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(f"PRAGMA journal_size_limit = {_RESERVE_BYTES}")
        self._db.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        if not tables:
            self._db.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        owner = self._fact("device")
        if owner not in {None, device}:
            raise OutboxError(
                OutboxReason.OTHER_DEVICE,
                f"the outbox in {self.folder} is that of device {owner}, not of {device}; choose another folder with"
                " HEARTWIRE_EDGE_OUTBOX",
            )
        with self._db:
            self._set_fact("device", device)
            self._db.execute(
                "DELETE FROM confirmed WHERE boot_id NOT IN"
                " (SELECT boot_id FROM confirmed ORDER BY boot_id DESC LIMIT ?)",
                (_BOOTS_REMEMBERED,),
            )

    def _last_position(self) -> int:
        (last,) = self._db.execute("SELECT coalesce(max(position), 0) FROM frames").fetchone()
        return int(last)

    def _mark_gap(self, dropped_up_to: int, unchangeable_up_to: int) -> None:
        found = self._db.execute(
            "SELECT position, payload FROM frames WHERE position > ? AND stream = ? ORDER BY position LIMIT 1",
            (dropped_up_to, Stream.ECG.value),
        ).fetchone()
        if found is None or found[0] <= unchangeable_up_to:
            return
        frame = _ecg.decode(found[1])
        marked = msgspec.structs.replace(frame, flags=frame.flags | EcgFlag.GAP_BEFORE)
        payload = encode(marked)
        self._used += len(payload) - len(found[1])
        self._db.execute("UPDATE frames SET payload = ? WHERE position = ?", (payload, found[0]))

    def _fact(self, name: str) -> object:
        found = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else found[0]

    def _number(self, name: str) -> int:
        value = self._fact(name)
        return value if isinstance(value, int) else 0

    def _set_fact(self, name: str, value: object) -> None:
        self._db.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))


def _stream_of(frame: EcgFrame | HrFrame) -> Stream:
    return Stream.ECG if isinstance(frame, EcgFrame) else Stream.HR
