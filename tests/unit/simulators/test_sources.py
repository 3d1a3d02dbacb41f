"""Samples from files go out as they are; what cannot be sent is refused with the reason."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from heartwire.frames import EcgFlag
from simulators import beat
from simulators.errors import SimulationError
from simulators.sources import ArraySource, load_array, load_record


def test_an_array_that_ends_is_played_once_less_what_is_no_frame() -> None:
    samples = np.arange(1040, dtype=np.int16)
    chunks = list(ArraySource(samples, fs_hz=250, loop=False).chunks())
    assert [chunk.n_samples for chunk in chunks] == [250] * 4
    longer = list(ArraySource(np.arange(1050, dtype=np.int16), fs_hz=250, loop=False).chunks())
    assert [chunk.n_samples for chunk in longer] == [250] * 4 + [50]
    assert b"".join(chunk.samples for chunk in chunks) == samples[:1000].tobytes()


def test_an_array_that_begins_anew_says_so() -> None:
    source = ArraySource(np.arange(500, dtype=np.int16), fs_hz=250, loop=True)
    flags = [chunk.flags for chunk in itertools.islice(source.chunks(), 6)]
    gap = EcgFlag.GAP_BEFORE
    assert flags == [EcgFlag(0), EcgFlag(0), gap, EcgFlag(0), gap, EcgFlag(0)]


def test_floats_are_millivolts(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([0.5, np.nan, -1.0] * 100))
    chunk = next(load_array(tmp_path / "x.npy", fs_hz=250, gain=400, baseline=10).chunks())
    assert np.frombuffer(chunk.samples, "<i2")[:3].tolist() == [210, 10, -390]


@pytest.mark.parametrize(
    ("array", "fs_hz", "said"),
    [
        (np.zeros((2, 500)), 250, "one dimension"),
        (np.zeros(500, dtype=complex), 250, "complex128"),
        (np.full(500, 40_000), 250, "wanted int16"),
        (np.zeros(10), 250, "10 samples are less than a frame"),
        (np.zeros(500), 50, "50 Hz, wanted 100 to 1000 Hz"),
    ],
)
def test_an_array_that_cannot_be_sent(tmp_path: Path, array: np.ndarray, fs_hz: float, said: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(SimulationError, match=said):
        load_array(tmp_path / "x.npy", fs_hz=fs_hz)


def test_a_file_that_is_no_array(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_text("no")
    with pytest.raises(SimulationError, match="cannot be read as a NumPy array"):
        load_array(tmp_path / "x.npy", fs_hz=250)


def test_any_lead_of_a_record(ecg_dir: Path) -> None:
    path = min((ecg_dir / "mitdb").glob("*.hea"))
    first, second = load_record(path, None, loop=False), load_record(path.with_suffix(""), "1", loop=False)
    assert load_record(path, second.lead, loop=False).lead == second.lead != first.lead
    with pytest.raises(SimulationError, match=f"no lead 'aVR'; it has: {first.lead}, {second.lead}"):
        load_record(path, "aVR", loop=False)


def test_a_converter_of_more_than_16_bits_loses_its_last_ones(tmp_path: Path) -> None:
    import wfdb  # noqa: PLC0415

    digital = np.arange(-80_000, 80_000, 160).reshape(-1, 1)
    wfdb.wrsamp(
        *("wide", 250, ["mV"], ["II"]),
        d_signal=digital,
        fmt=["24"],
        adc_gain=[10_000.0],
        baseline=[4],
        write_dir=str(tmp_path),
    )
    source = load_record(tmp_path / "wide", "II", loop=False)
    assert (source.gain, source.baseline) == (2500.0, 1)
    samples = np.frombuffer(b"".join(chunk.samples for chunk in source.chunks()), "<i2")
    assert np.array_equal(samples, digital[:, 0] >> 2)


def test_a_beats_shape_is_kept_and_a_broken_file_is_no_harm(tmp_path: Path) -> None:
    shape = beat.load_shape(beat.HEARTS + 2, tmp_path)
    (path,) = tmp_path.iterdir()
    assert shape[400] == shape.max() == 1
    assert abs(shape[[0, -1]]).max() < 1e-9
    path.write_bytes(path.read_bytes()[:500])
    assert np.array_equal(beat.load_shape(2, tmp_path), shape)
    kept = np.load(path)
    assert np.array_equal(kept, shape)
    assert np.array_equal(beat.load_shape(2, Path("/proc/nowhere")), shape)
