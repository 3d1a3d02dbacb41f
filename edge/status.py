"""What an outbox holds, in words, for the person who looks at a device."""

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from edge.outbox import FILE, FRAME_OVERHEAD_BYTES, LOCK_FILE, connect, in_words, told
from edge.outbox_lock import is_locked
from heartwire.frames import EcgFrame


def describe(folder: Path, max_bytes: int) -> str:
    """Return the state of the outbox in `folder`; nothing is changed there, and an agent may be running.

    Raises
    ------
    OutboxError
        If the file cannot be read.
    """
    is_running = is_locked(folder / LOCK_FILE)
    agent = "an agent is running" if is_running else "no agent is running; `heartwire edge run` sends what waits"
    none_yet = f"outbox {folder}: none yet; nothing was ever kept here\nagent: {agent}"
    if not (folder / FILE).exists():
        return none_yet
    with told(folder), closing(connect(folder, read_only=True)) as db:
        if db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'facts'").fetchone() == (0,):
            return none_yet  # an agent is just making it
        frames, used = db.execute(
            f"SELECT count(*), coalesce(sum(length(payload) + {FRAME_OVERHEAD_BYTES}), 0) FROM frames"  # noqa: S608
        ).fetchone()
        ends = [
            row[0]
            for order in ("ASC", "DESC")
            for row in db.execute(f"SELECT payload FROM frames ORDER BY position {order} LIMIT 1")  # noqa: S608
        ]
        facts = dict(db.execute("SELECT name, value FROM facts").fetchall())
        last = db.execute(
            "SELECT boot_id, stream, committed, highest, t_us FROM confirmed ORDER BY t_us DESC LIMIT 1"
        ).fetchone()
        stored_us = db.execute(
            "SELECT coalesce(max(t_us), 0) FROM confirmed WHERE boot_id = ?", (facts.get("refusal_boot_id"),)
        ).fetchone()[0]
    lines = [f"outbox {folder} of device {facts.get('device', 'unknown')}", f"agent: {agent}"]
    if ends:
        first, final = (msgspec.msgpack.decode(payload, type=EcgFrame) for payload in ends)
        lines.append(
            f"waiting for the database: {frames} frames, signal from {_time(first.t0)} to {_time(final.t_end)}"
        )
    else:
        lines.append("waiting for the database: nothing")
    if last is None:
        lines.append("confirmed by the database: nothing yet")
    else:
        boot_id, stream, committed, highest, t_us = last
        gap = "" if committed == highest else f" (the latest is {highest}, with gaps between)"
        lines.append(
            f"confirmed by the database: {stream} of run {boot_id} up to frame {committed}{gap}, said at {_time(t_us)}"
        )
    refused_us = int(facts.get("refusal_us", 0))
    if ends and refused_us > stored_us:
        lines.append(f"REFUSED by the server: {facts['refusal']}, said at {_time(refused_us)}")
    left = max(0, min(max_bytes - used, shutil.disk_usage(folder).free))
    lines.append(f"room left: {in_words(left)} of {in_words(max_bytes)}")
    lost = int(facts.get("lost_frames", 0))
    if lost:
        lines.append(f"LOST because the outbox was full: {lost} frames since it was made")
    return "\n".join(lines)


def _time(t_us: int) -> str:
    return datetime.fromtimestamp(t_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
