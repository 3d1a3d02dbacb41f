"""What an outbox holds, in words for the person who looks at a device, and as JSON for programs."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.outbox import FRAME_OVERHEAD_BYTES
from edge.outbox_file import FILE, LOCK_FILE, connect, in_words, told
from edge.outbox_lock import is_locked
from heartwire.frames import EcgFrame, HrFrame
from heartwire.topics import Stream


class Confirmed(msgspec.Struct, frozen=True):
    """What the database said last: everything of a stream up to `committed`, and up to `highest` with gaps."""

    boot_id: int
    stream: str
    committed: int
    highest: int
    t_us: int


class OutboxState(msgspec.Struct, frozen=True):
    """What an outbox holds, as ``heartwire edge status --json`` says it.

    Attributes
    ----------
    is_running : bool
        Whether an agent works on it.
    device : str
        Empty before anything was kept.
    frames, bytes_used, bytes_left, bytes_most : int
        Frames that wait for the database, their room, and how much more there may be (the disk's free room counts).
    first_us, last_us : int, optional
        Beginning and end of the signal that waits, UTC microseconds.
    lost_frames : int
        Lost since the outbox was made, because it was full.
    confirmed : Confirmed, optional
        What the database said last: of the ECG, where there is any.
    watermarks : tuple of Confirmed
        What it said last of each stream.
    condition, condition_us : str, int
        How the wearable was when it changed last, and when that was, UTC microseconds.
    link, link_us : str, int
        How the connection to the broker was when it changed last, and when that was, UTC microseconds.
    refused, refused_us : str, int
        Why the server does not take what waits, and when it said so, UTC microseconds.
    """

    is_running: bool
    device: str
    frames: int
    bytes_used: int
    bytes_left: int
    bytes_most: int
    lost_frames: int
    first_us: int | None = None
    last_us: int | None = None
    confirmed: Confirmed | None = None
    refused: str = ""
    refused_us: int = 0
    watermarks: tuple[Confirmed, ...] = ()
    condition: str = ""
    condition_us: int = 0
    link: str = ""
    link_us: int = 0


def read_state(folder: Path, max_bytes: int) -> OutboxState | None:
    """Return the state of the outbox in `folder`, ``None`` where there never was one; nothing is changed there.

    An agent may be running.

    Raises
    ------
    OutboxError
        If the file cannot be read.
    """
    if not (folder / FILE).exists():
        return None
    with told(folder), closing(connect(folder, read_only=True)) as db:
        if db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'facts'").fetchone() == (0,):
            return None  # an agent is just making it
        frames, used = db.execute(
            f"SELECT count(*), coalesce(sum(length(payload) + {FRAME_OVERHEAD_BYTES}), 0) FROM frames"  # noqa: S608
        ).fetchone()
        ends = [
            _span(*row)
            for order in ("ASC", "DESC")
            for row in db.execute(f"SELECT stream, payload FROM frames ORDER BY position {order} LIMIT 1")  # noqa: S608
        ]
        facts = dict(db.execute("SELECT name, value FROM facts").fetchall())
        # SQLite takes the other columns from the row of the maximum.
        watermarks = tuple(
            Confirmed(*row)
            for row in db.execute(
                "SELECT boot_id, stream, committed, highest, max(t_us) FROM confirmed GROUP BY stream"
                " ORDER BY stream <> 'ecg', stream"
            )
        )
        refused_until = (facts.get("refusal_position", -1),)
        is_refused = db.execute("SELECT 1 FROM frames WHERE position = ?", refused_until).fetchone() is not None
    refused_us = int(facts.get("refusal_us", 0))
    return OutboxState(
        is_running=is_locked(folder / LOCK_FILE),
        device=str(facts.get("device", "unknown")),
        frames=frames,
        bytes_used=used,
        bytes_left=max(0, min(max_bytes - used, shutil.disk_usage(folder).free)),
        bytes_most=max_bytes,
        lost_frames=int(facts.get("lost_frames", 0)),
        first_us=ends[0][0] if ends else None,
        last_us=ends[-1][1] if ends else None,
        confirmed=watermarks[0] if watermarks else None,
        watermarks=watermarks,
        condition=str(facts.get("condition", "")),
        condition_us=int(facts.get("condition_us", 0)),
        link=str(facts.get("link", "")),
        link_us=int(facts.get("link_us", 0)),
        refused=str(facts["refusal"]) if is_refused else "",
        refused_us=refused_us if is_refused else 0,
    )


def describe_json(folder: Path, max_bytes: int) -> str:
    """Return the state of the outbox in `folder` as JSON, for programs: ``null`` where there never was one."""
    return msgspec.json.encode(read_state(folder, max_bytes)).decode()


def describe(folder: Path, max_bytes: int) -> str:
    """Return the state of the outbox in `folder` in words.

    Raises
    ------
    OutboxError
        If the file cannot be read.
    """
    state = read_state(folder, max_bytes)
    is_running = is_locked(folder / LOCK_FILE) if state is None else state.is_running
    agent = "an agent is running" if is_running else "no agent is running; `heartwire edge run` sends what waits"
    if state is None:
        return f"outbox {folder}: none yet; nothing was ever kept here\nagent: {agent}"
    lines = [f"outbox {folder} of device {state.device}", f"agent: {agent}"]
    if state.first_us is None or state.last_us is None:
        lines.append("waiting for the database: nothing")
    else:
        signal = f"signal from {_time(state.first_us)} to {_time(state.last_us)}"
        lines.append(f"waiting for the database: {state.frames} frames, {signal}")
    if state.condition and state.is_running:
        lines.append(f"wearable: {state.condition}; so since {_time(state.condition_us)}")
    if state.link and state.is_running:
        lines.append(f"broker: {state.link}; so since {_time(state.link_us)}")
    if not state.watermarks:
        lines.append("confirmed by the database: nothing yet")
    for last in state.watermarks:
        gap = "" if last.committed == last.highest else f" (the latest is {last.highest}, with gaps between)"
        lines.append(
            f"confirmed by the database: {last.stream} of run {last.boot_id} up to frame {last.committed}{gap},"
            f" said at {_time(last.t_us)}"
        )
    if state.refused:
        lines.append(f"REFUSED by the server: {state.refused}, said at {_time(state.refused_us)}")
    lines.append(f"room left: {in_words(state.bytes_left)} of {in_words(state.bytes_most)}")
    if state.lost_frames:
        lines.append(f"LOST because the outbox was full: {state.lost_frames} frames since it was made")
    return "\n".join(lines)


def _span(stream: str, payload: bytes) -> tuple[int, int]:
    """Return the beginning and the end of what a frame says, UTC microseconds."""
    if stream == Stream.ECG:
        frame = msgspec.msgpack.decode(payload, type=EcgFrame)
        return frame.t0, frame.t_end
    t_us = msgspec.msgpack.decode(payload, type=HrFrame).t0
    return t_us, t_us


def _time(t_us: int) -> str:
    return datetime.fromtimestamp(t_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
