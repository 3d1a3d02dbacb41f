"""One signal out of raw frames and blocks: where every sample stands, what wins where recordings overlap."""

import numpy as np
import pytest
from numpy.typing import NDArray

from heartwire.storage.blocks import Frame, Layout, Scale, make_block, minute_of, read_layout
from heartwire.storage.ecg import Ecg, join_signal
from heartwire.storage.stored import Stored

BEGIN_US = 1_790_000_040_000_000
S_US = 1_000_000
SCALE = Scale(250_000, "II", 200.0, -12)


def noise(n: int, seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-0x8000, 0x8000, n, dtype=np.int16)


def cut(samples: NDArray[np.int16], t0_us: int, size: int = 250, fs_mhz: int = 250_000, first: int = 0) -> list[Frame]:
    return [
        Frame(first + seq, t0_us + round(at * 1e9 / fs_mhz), 0, t0_us, samples[at : at + size].tobytes())
        for seq, at in enumerate(range(0, samples.size, size))
    ]


def raw(frames: list[Frame], stream_id: int = 1, scale: Scale = SCALE) -> list[Stored]:
    rows = []
    for frame in frames:
        numbers = (frame.seq, frame.t0_us, len(frame.samples) // 2, frame.flags, frame.received_us)
        layout = Layout(*(np.array([number]) for number in numbers))
        rows.append(Stored(stream_id, "device", stream_id, scale, layout, frame.samples, is_block=False))
    return rows


def blocks(frames: list[Frame], stream_id: int = 1, scale: Scale = SCALE) -> list[Stored]:
    rows = []
    for minute_us in sorted({minute_of(frame.t0_us) for frame in frames}):
        block = make_block([frame for frame in frames if minute_of(frame.t0_us) == minute_us], scale)
        layout = read_layout(minute_us, scale.fs_mhz, block.layout)
        rows.append(Stored(stream_id, "device", stream_id, scale, layout, block.samples, is_block=True))
    return rows


def digital(ecg: Ecg, piece: int = 0) -> list[int]:
    first, end, _, _, gain, baseline = ecg.pieces[piece]
    return [int(value) for value in np.rint(ecg.ecg_mv[first:end] * gain + baseline)]


@pytest.mark.parametrize("form", [raw, blocks])
def test_every_digital_value_can_be_had_again(form: type) -> None:
    samples = noise(150 * 250)
    for scale in (SCALE, SCALE._replace(gain=1 / 3, baseline=0x7FFF), SCALE._replace(gain=12_345.678)):
        ecg = join_signal(form(cut(samples, BEGIN_US), scale=scale), BEGIN_US, BEGIN_US + 150 * S_US)
        assert (ecg.t0_us, ecg.fs_hz, ecg.lead, len(ecg.pieces)) == (BEGIN_US, 250.0, "II", 1)
        assert ecg.ecg_mv.dtype == np.float32
        assert digital(ecg) == samples.tolist()


def test_the_forms_are_one_signal() -> None:
    frames = cut(noise(300 * 250), BEGIN_US + 123_457)
    wanted = join_signal(raw(frames), BEGIN_US, BEGIN_US + 301 * S_US)
    for n in (1, 60, 100, 299):
        mixed = join_signal(raw(frames[n:]) + blocks(frames[:n]), BEGIN_US, BEGIN_US + 301 * S_US)
        assert np.array_equal(mixed.ecg_mv, wanted.ecg_mv, equal_nan=True)
        assert mixed.pieces == wanted.pieces


def test_the_stretch_is_covered_and_what_is_missing_is_nan() -> None:
    samples = noise(60 * 250)
    frames = cut(samples, BEGIN_US)
    del frames[20:23]
    for form in (raw, blocks):
        ecg = join_signal(form(frames), BEGIN_US - 2 * S_US, BEGIN_US + 70 * S_US)
        assert (ecg.t0_us, ecg.ecg_mv.size) == (BEGIN_US - 2 * S_US, 72 * 250)
        there = np.isfinite(ecg.ecg_mv)
        assert np.flatnonzero(np.diff(there)).tolist() == [499, 499 + 20 * 250, 499 + 23 * 250, 499 + 60 * 250]
        inner = join_signal(form(frames), BEGIN_US + 18 * S_US + 1, BEGIN_US + 25 * S_US)
        assert (inner.t0_us, inner.ecg_mv.size) == (BEGIN_US + 18 * S_US + 4_000, 7 * 250 - 1)
        assert digital(inner) == samples[18 * 250 + 1 : 20 * 250].tolist()
        assert digital(inner, 1) == samples[23 * 250 : 25 * 250].tolist()


def test_a_stretch_without_signal_is_empty() -> None:
    for rows in ([], raw(cut(noise(250), BEGIN_US))):
        ecg = join_signal(rows, BEGIN_US + 2 * S_US, BEGIN_US + 3 * S_US)
        assert (ecg.t0_us, ecg.fs_hz, ecg.lead, ecg.ecg_mv.size, ecg.pieces) == (BEGIN_US + 2 * S_US, 0.0, "", 0, ())


def test_of_two_recordings_the_later_one_stands() -> None:
    old, new = noise(60 * 250, 1), noise(10 * 250, 2)
    frames = cut(new, BEGIN_US + 20 * S_US)
    for rows in (raw(frames, 2) + blocks(cut(old, BEGIN_US)), blocks(cut(old, BEGIN_US)) + blocks(frames, 2)):
        ecg = join_signal(rows, BEGIN_US, BEGIN_US + 60 * S_US)
        wanted = old.copy()
        wanted[20 * 250 : 30 * 250] = new
        assert digital(ecg) == wanted.tolist()
        assert [piece[:4] for piece in ecg.pieces] == [(0, 15_000, "device", 1), (5000, 7500, "device", 2)]


def test_clocks_that_drift_neither_tear_a_hole_in_every_second_nor_hide_that_they_do() -> None:
    """A device whose second is 400 us short: each tenth frame has moved by a sample of 4 ms."""
    samples = noise(59 * 250)
    frames = [frame._replace(t0_us=frame.t0_us + 400 * frame.seq) for frame in cut(samples, BEGIN_US)]
    for form in (raw, blocks):
        ecg = join_signal(form(frames), BEGIN_US, BEGIN_US + 60 * S_US)
        holes = np.flatnonzero(np.isnan(ecg.ecg_mv[: 59 * 250]))
        assert holes.tolist() == [250 * second + number for number, second in enumerate((10, 20, 30, 40, 50))]


def test_a_microsecond_of_jitter_moves_no_sample() -> None:
    fs_mhz = 360_000
    samples = noise(59 * 360)
    jitter = np.random.default_rng(3).integers(-1, 2, 400)
    frames = cut(samples, BEGIN_US + 1_389, 57, fs_mhz)  # half a sample off: the worst place to round at
    frames = [frame._replace(t0_us=frame.t0_us + int(jitter[frame.seq])) for frame in frames]
    scale = SCALE._replace(fs_mhz=fs_mhz)
    for form in (raw, blocks):
        ecg = join_signal(
            form(frames, scale=scale) + form(cut(noise(3), BEGIN_US), 0, scale), BEGIN_US, BEGIN_US + 60 * S_US
        )
        assert digital(ecg, len(ecg.pieces) - 1) == samples.tolist()


def test_the_lead_with_most_signal_is_taken_and_the_highest_rate() -> None:
    slow, fast = SCALE._replace(fs_mhz=125_000), SCALE
    rows = raw(cut(noise(10 * 125, 1), BEGIN_US, 125, 125_000), 1, slow)
    rows += raw(cut(noise(10 * 250, 2), BEGIN_US + 20 * S_US), 2, fast)
    rows += raw(cut(noise(15 * 500, 3), BEGIN_US, 500, 500_000), 1, SCALE._replace(lead="V1", fs_mhz=500_000))
    ecg = join_signal(rows, BEGIN_US, BEGIN_US + 30 * S_US)
    assert (ecg.lead, ecg.fs_hz, ecg.ecg_mv.size) == ("II", 250.0, 30 * 250)
    assert digital(ecg) == np.repeat(noise(10 * 125, 1), 2).tolist()
    assert digital(ecg, 1) == noise(10 * 250, 2).tolist()
    assert np.isnan(ecg.ecg_mv[10 * 250 : 20 * 250]).all()
