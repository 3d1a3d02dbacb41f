"""What must hold after every fault: what an edge ever accepted is in the database once, or in its outbox."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import psycopg
from numpy.typing import NDArray

from edge.outbox_file import FILE
from heartwire.frames import EcgFrame
from heartwire.storage.stored import read_frames

_EVER_US: Final = (0, 4_000_000_000_000_000)


class Whereabouts(NamedTuple):
    """Where the frames of a device are.

    Attributes
    ----------
    stored : int
        Frames in the database, once each.
    held : int
        Frames that only its outbox has: it must show why.
    runs : dict of int to array of int16
        What each run (boot) of the device recorded, joined from both places, digital values.
    """

    stored: int
    held: int
    runs: dict[int, NDArray[np.int16]]


class _Outbox(NamedTuple):
    frames: dict[tuple[int, int], EcgFrame]
    confirmed: dict[int, int]
    lost: int


def find_every_sample(database: str, device: str, outbox: Path) -> Whereabouts:
    """Account for every frame that an outbox ever took in.

    A frame is known by its run and number. An outbox takes them in without holes, so those that it holds, that the
    database has (raw or in blocks) and that it was told to let go of must make up each run from 0 on.

    Parameters
    ----------
    outbox : Path
        Its folder; an agent may be running.

    Raises
    ------
    AssertionError
        If a frame is missing, is in the database twice, or is not the same in both places.
    """
    kept = _read_outbox(outbox)  # before the database: what is let go of in between is then in both
    stored = _read_database(database, device)
    assert not kept.lost, f"the outbox dropped {kept.lost} frames because it was full"
    for key in stored.keys() & kept.frames.keys():
        assert _content(stored[key]) == _content(kept.frames[key]), f"frame {key} was changed on its way"
    everything = kept.frames | stored
    runs: dict[int, NDArray[np.int16]] = {}
    for boot_id in sorted({boot_id for boot_id, _ in everything} | kept.confirmed.keys()):
        seqs = sorted(seq for boot, seq in everything if boot == boot_id)
        n_accepted = 1 + max([*seqs, kept.confirmed.get(boot_id, -1)])
        missing = sorted(set(range(n_accepted)) - set(seqs))
        assert not missing, f"of run {boot_id} of device {device} frames {missing} are nowhere"
        runs[boot_id] = np.frombuffer(b"".join(everything[boot_id, seq].samples for seq in seqs), "<i2")
    return Whereabouts(len(stored), len(kept.frames.keys() - stored.keys()), runs)


def _content(frame: EcgFrame) -> EcgFrame:
    """Return a frame without what an outbox may still change before it sends it."""
    return msgspec.structs.replace(frame, flags=0)


def _read_outbox(folder: Path) -> _Outbox:
    with closing(sqlite3.connect(f"{(folder / FILE).resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as db:
        db.execute("BEGIN")  # one state of all tables
        rows = db.execute("SELECT boot_id, seq, payload FROM frames WHERE stream = 'ecg'").fetchall()
        confirmed = db.execute("SELECT boot_id, highest FROM confirmed WHERE stream = 'ecg'").fetchall()
        facts: Final[Mapping[str, object]] = dict(db.execute("SELECT name, value FROM facts").fetchall())
    frames = {(boot_id, seq): msgspec.msgpack.decode(payload, type=EcgFrame) for boot_id, seq, payload in rows}
    assert all(key == (frame.boot_id, frame.seq) for key, frame in frames.items())
    lost = facts.get("lost_frames", 0)
    assert isinstance(lost, int)
    return _Outbox(frames, dict(confirmed), lost)


def _read_database(database: str, device: str) -> dict[tuple[int, int], EcgFrame]:
    with psycopg.connect(database) as connection:
        (patient_id,) = connection.execute("SELECT patient_id FROM devices WHERE device_id = %s", (device,)).fetchall()[
            0
        ]
        stored = [item for item in read_frames(connection, patient_id, *_EVER_US) if item.device_id == device]
    frames = {}
    for item in stored:
        frame, scale = item.frame, item.scale
        frames[item.boot_id, frame.seq] = EcgFrame(
            boot_id=item.boot_id,
            seq=frame.seq,
            t0=frame.t0_us,
            fs_mhz=scale.fs_mhz,
            lead=scale.lead,
            gain=scale.gain,
            baseline=scale.baseline,
            flags=frame.flags,
            samples=bytes(frame.samples),
        )
    assert len(frames) == len(stored), "a frame is in the database twice"
    return frames
