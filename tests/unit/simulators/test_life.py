"""What a device does besides sending: it is away and comes back, and delivers what it recorded, as room allows."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from heartwire.frames import Ack
from simulators.beat import SHAPE_FS_HZ
from simulators.config import Away, SyntheticPatient, load_recorded
from simulators.recorded import RecordedSignal
from simulators.scripts import Rhythm, Segment
from simulators.sources import SyntheticSource


@pytest.mark.parametrize(
    ("now_s", "left_s"), [(0, 0), (199, 0), (200, 90), (250, 40), (290, 0), (1399, 0), (1400, 90), (1410, 80)]
)
def test_away_again_and_again(now_s: float, left_s: float) -> None:
    assert Away(after_s=200, lasts_s=90, every_s=1200).left_s(now_s) == left_s


def test_one_that_never_comes_back_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="lasts_s is 90, wanted less than every_s, 90"):
        msgspec.convert({"after_s": 0, "lasts_s": 90, "every_s": 90}, Away)


def test_what_was_recorded_is_as_long_as_it_says(tmp_path: Path) -> None:
    np.save(tmp_path / "beat-1-3.npy", np.zeros(SHAPE_FS_HZ))
    recorded = {"seconds": 130, "script": [{"rhythm": "normal", "seconds": 40}, {"rhythm": "vt", "seconds": 10}]}
    patient = msgspec.convert(
        {
            "kind": "synthetic",
            "device": "0" * 16,
            "seed": 3,
            "script": [{"rhythm": "vf", "seconds": 9}],
            "recorded": recorded,
        },
        SyntheticPatient,
    )
    source = load_recorded(patient, tmp_path)
    assert source is not None
    assert source.duration_s == 130
    assert sum(chunk.n_samples for chunk in source.chunks()) == 130 * 250


def test_it_ends_at_the_start_and_leaves_room_for_what_is_live() -> None:
    source = SyntheticSource((Segment(Rhythm.NORMAL, 400),), 0, np.zeros(SHAPE_FS_HZ), loop=False)
    signal = RecordedSignal(source, end_us=1_000_000_000)
    assert signal.next(0, in_flight=10) is None
    frames = []
    while (frame := signal.next(0, in_flight=0)) is not None:
        frames.append(frame)
    # No more than its room: the rest is made when the database has these.
    assert len(frames) == len(signal.outbox) == 300
    signal.confirm(Ack(signal.boot_id, "ecg", 299, (), 299), 0)
    while (frame := signal.next(0, in_flight=0)) is not None:
        frames.append(frame)
    assert [frame.seq for frame in frames] == list(range(400))
    assert (frames[0].t0, frames[-1].t0 + 1_000_000) == (600_000_000, 1_000_000_000)
