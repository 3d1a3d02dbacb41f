"""Noise is mixed in as WFDB's nst does it."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from analytics.evaluation.noise_stress import find_noise, get_noisy_spans, measure_noise, measure_qrs, mix
from analytics.evaluation.records import UnreadableRecordError, open_record, read_frames, read_signal
from analytics.rows import Floats
from tests.annotated import annotate

FS_HZ = 250
SECONDS = 700


def _write(directory: Path, name: str, signal_mv: Floats, fs_hz: float = FS_HZ) -> None:
    directory.mkdir(exist_ok=True)
    wfdb.wrsamp(
        name, fs=fs_hz, units=["mV"], sig_name=["ECG"], p_signal=signal_mv[:, None], fmt=["16"], adc_gain=[1000.0],
        baseline=[0], write_dir=str(directory),
    )  # fmt: skip


def _make_clean() -> tuple[Floats, Floats]:
    """Return spikes of 2 mV peak to peak each second, and when they are."""
    signal_mv, beats_s = np.zeros(SECONDS * FS_HZ), np.arange(1.0, SECONDS - 1.0)
    for at in (beats_s * FS_HZ).astype(np.int64).tolist():
        signal_mv[at], signal_mv[at + 5] = 1.5, -0.5
    return signal_mv, beats_s


def _make_noise(fs_hz: float = FS_HZ, seconds: int = 800) -> Floats:
    noise: Floats = np.random.default_rng(5).normal(0.0, 0.1, round(seconds * fs_hz))
    wander = np.repeat(np.random.default_rng(6).normal(0.0, 1.0, seconds), round(fs_hz))
    return noise + wander


def test_s_is_the_size_of_the_qrs(tmp_path: Path) -> None:
    signal_mv, beats_s = _make_clean()
    signal_mv[round(beats_s[7] * FS_HZ)] = 9.0  # one in the largest twentieth is left out
    _write(tmp_path, "clean", signal_mv)
    reference = annotate(times_s=beats_s.tolist(), seconds=SECONDS)
    assert measure_qrs(open_record(tmp_path, "clean", None), reference) == pytest.approx(2.0, abs=0.01)


def test_without_normal_beats_the_qrs_cannot_be_measured(tmp_path: Path) -> None:
    _write(tmp_path, "clean", _make_clean()[0])
    with pytest.raises(UnreadableRecordError, match="no normal beat"):
        measure_qrs(open_record(tmp_path, "clean", None), annotate("VV"))


def test_n_leaves_out_slow_wander() -> None:
    assert measure_noise(_make_noise(), FS_HZ) == pytest.approx(0.1, rel=0.01)


@pytest.mark.parametrize("noise_fs_hz", [250, 360])
@pytest.mark.parametrize("snr_db", [24.0, 6.0, -6.0])
def test_the_ratio_is_reached(tmp_path: Path, snr_db: float, noise_fs_hz: int) -> None:
    signal_mv, _ = _make_clean()
    _write(tmp_path / "db", "clean", signal_mv)
    noise_mv = np.interp(
        np.arange(800 * noise_fs_hz) / noise_fs_hz, np.arange(800 * 50) / 50, _make_noise(50)
    )  # slow enough that changing its rate costs nothing
    _write(tmp_path / "nstdb", "em", noise_mv, noise_fs_hz)
    noise = find_noise(tmp_path / "db", "em", None)
    record = open_record(tmp_path / "db", "clean", None)
    added_mv = mix(noise, record, 2.0, snr_db)
    begin, end = (round(each * FS_HZ) for each in get_noisy_spans(SECONDS)[0])
    power = measure_noise(added_mv[begin:end], FS_HZ) ** 2
    assert 10 * np.log10(2.0**2 / 8 / power) == pytest.approx(snr_db, abs=0.5)


def test_two_noisy_minutes_and_two_clean_ones_after_five() -> None:
    assert get_noisy_spans(1000.0) == [(300.0, 420.0), (540.0, 660.0), (780.0, 900.0)]
    assert get_noisy_spans(350.0) == [(300.0, 350.0)]
    assert get_noisy_spans(300.0) == []


def test_the_level_does_not_step_where_noise_begins_or_ends(tmp_path: Path) -> None:
    _write(tmp_path / "db", "clean", np.zeros(SECONDS * FS_HZ))
    _write(tmp_path / "nstdb", "bw", np.sin(np.arange(500 * FS_HZ) / FS_HZ) + 3)
    record = open_record(tmp_path / "db", "clean", None)
    added_mv = mix(find_noise(tmp_path / "db", "bw", None), record, 2.0, 0.0)
    assert not added_mv[: 300 * FS_HZ].any()
    assert np.unique(added_mv[421 * FS_HZ : 540 * FS_HZ]).size == 1
    assert np.abs(np.diff(added_mv[: 660 * FS_HZ])).max() < 0.05
    signal_mv = np.concatenate([frame.samples for frame in read_frames(record, added_mv)]) / record.gain_per_mv
    assert np.abs(signal_mv - added_mv).max() <= 0.6 / record.gain_per_mv


def test_noise_is_looked_for_beside_the_records_or_where_it_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    with pytest.raises(UnreadableRecordError, match=r"no noise record em in .*nstdb; .*--noise-dir"):
        find_noise(tmp_path / "db", "em", None)
    _write(tmp_path / "elsewhere", "em", _make_noise())
    assert find_noise(tmp_path / "db", "em", tmp_path / "elsewhere").fs_hz == FS_HZ


def test_a_part_of_a_signal_is_read(tmp_path: Path) -> None:
    signal_mv, _ = _make_clean()
    _write(tmp_path, "clean", signal_mv)
    part_mv, first_s = read_signal(open_record(tmp_path, "clean", None), 10.0, 12.0)
    assert first_s == 10.0
    assert part_mv == pytest.approx(signal_mv[2500:3000], abs=0.001)


def test_a_lead_at_a_multiple_of_the_records_rate(tmp_path: Path) -> None:
    signal_mv, beats_s = _make_clean()
    wfdb.wrsamp(
        "double", fs=FS_HZ / 2, units=["mV"], sig_name=["ECG"], e_p_signal=[signal_mv], samps_per_frame=[2], fmt=["16"],
        adc_gain=[1000.0], baseline=[0], write_dir=str(tmp_path),
    )  # fmt: skip
    record = open_record(tmp_path, "double", None)
    assert (record.fs_hz, record.lead_fs_hz) == (125, 250)
    assert measure_qrs(record, annotate(times_s=beats_s.tolist())) == pytest.approx(2.0, abs=0.01)
    added_mv = np.linspace(0.0, 1.0, record.n_samples)
    sums_mv = np.concatenate([frame.samples for frame in read_frames(record, added_mv)]) / record.gain_per_mv
    assert sums_mv[1:] - signal_mv[1:] == pytest.approx(np.repeat(added_mv, 2)[1:], abs=0.001)
