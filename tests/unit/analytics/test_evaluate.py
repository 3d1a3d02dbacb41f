"""``heartwire evaluate`` takes any WFDB record, and says what it cannot read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner, Result

from analytics.evaluate_command import evaluate
from tests.unit.analytics.ecg import every, make_ecg

SECONDS = 30
BEATS_S = every(0.8, 0.6, SECONDS - 1)


def _write(directory: Path, name: str, fs_hz: float, *, atr: bool = True, **options: Any) -> None:  # noqa: ANN401 # wfdb's own
    ecg_mv = options.pop("ecg_mv", None)
    if ecg_mv is None:
        ecg_mv = make_ecg(BEATS_S, SECONDS, fs_hz)
    columns = [*options.pop("others", []), ecg_mv]
    fields: dict[str, Any] = {"units": ["mV"], "sig_name": ["ECG"], "fmt": ["16"], **options}
    wfdb.wrsamp(name, fs=fs_hz, p_signal=np.stack(columns, axis=1), write_dir=str(directory), **fields)
    if atr:
        samples = np.array([round(beat * fs_hz) for beat in BEATS_S])
        wfdb.wrann(name, "atr", samples, symbol=["N"] * len(samples), write_dir=str(directory))


def _evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(evaluate, [str(each) for each in arguments])


def _check_beats(out: Path, name: str, fs_hz: float, *, missed: int = 0) -> None:
    found = wfdb.rdann(str(out / name), "hw").sample / fs_hz
    assert len(BEATS_S) - missed <= len(found) <= len(BEATS_S)
    assert max(np.abs(np.array(BEATS_S) - time).min() for time in found) < 0.008 + 1 / fs_hz


@pytest.mark.parametrize("fs_hz", [62.5, 128, 249.89, 360, 1000, 2000, 5000])
def test_any_rate(tmp_path: Path, fs_hz: float) -> None:
    _write(tmp_path, "rec", fs_hz)
    result = _evaluate(tmp_path, "--annotations", tmp_path / "out", "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    _check_beats(tmp_path / "out", "rec", fs_hz)
    document = json.loads((tmp_path / "all.json").read_text())
    record = document["records"]["rec"]
    assert record["fs_hz"] == pytest.approx(fs_hz)
    assert record["seconds"] == pytest.approx(SECONDS, abs=0.1)
    assert "qrs" not in record  # five minutes of learning, and no more
    assert record["qrs_first_5_min"]["se"] == 100.0
    assert document["alarms"] == []


def test_wide_numbers_other_units_and_signals_first(tmp_path: Path) -> None:
    fs_hz = 250
    pulse = 80 + np.sin(np.arange(SECONDS * fs_hz) / 40)
    _write(
        tmp_path,
        "wide",
        fs_hz,
        ecg_mv=make_ecg(BEATS_S, SECONDS, fs_hz) * 1000 + 3000,
        others=[pulse],
        units=["NU", "uV"],
        sig_name=["PLETH", "II"],
        fmt=["24", "24"],
        adc_gain=[100.0, 500.0],
        baseline=[0, -1_500_000],
    )
    result = _evaluate(tmp_path, "--annotations", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert " II " in result.output
    _check_beats(tmp_path / "out", "wide", fs_hz)


def test_missing_samples_are_a_gap(tmp_path: Path) -> None:
    ecg_mv = make_ecg(BEATS_S, SECONDS, 250)
    ecg_mv[10 * 250 : 16 * 250] = np.nan
    _write(tmp_path, "gap", 250, ecg_mv=ecg_mv)
    result = _evaluate(tmp_path, "--json", tmp_path / "all.json")
    document = json.loads((tmp_path / "all.json").read_text())
    assert result.exit_code == 0, result.output
    assert document["alarms"] == []
    assert document["records"]["gap"]["seconds_unanalysable"] == pytest.approx(6, abs=1.2)


def test_segments_of_a_record(tmp_path: Path) -> None:
    ecg_mv = make_ecg(BEATS_S, SECONDS, 250)
    for number in (0, 1):
        part = ecg_mv[number * 15 * 250 : (number + 1) * 15 * 250]
        _write(tmp_path, f"part{number}", 250, ecg_mv=part, atr=False, adc_gain=[1000.0], baseline=[0])
    (tmp_path / "whole.hea").write_text("whole/2 1 250 7500\npart0 3750\npart1 3750\n", encoding="utf-8")
    result = _evaluate(tmp_path, "--annotations", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "part0" not in result.output
    _check_beats(tmp_path / "out", "whole", 250)


def test_a_record_that_cannot_be_read_is_named_and_the_next_served(tmp_path: Path) -> None:
    _write(tmp_path, "good", 250)
    _write(tmp_path, "cut", 250)
    (tmp_path / "cut.dat").write_bytes(b"\0" * 100)
    (tmp_path / "garbage.hea").write_bytes(b"\xff\xfe\0garbage")
    (tmp_path / "orphan.hea").write_text("orphan 1 250 1000\norphan.dat 16 200 16 0 0 0 0 ECG\n", encoding="utf-8")
    (tmp_path / "pulse.hea").write_text("pulse 1 250 1000\npulse.dat 16 200/NU 16 0 0 0 0 PLETH\n", encoding="utf-8")
    result = _evaluate(tmp_path)
    assert result.exit_code == 0, result.output
    for name in ("cut", "garbage", "orphan", "pulse"):
        assert f"not read: {name}: " in result.stderr
    assert "good " in result.stdout


def test_exit_status_and_sentences(tmp_path: Path) -> None:
    assert "is not a folder" in _evaluate(tmp_path / "nowhere").output
    empty = _evaluate(tmp_path)
    assert empty.exit_code == 1
    assert "holds no WFDB records" in empty.output
    _write(tmp_path, "good", 250)
    assert _evaluate(tmp_path, "good").exit_code == 0
    missing = _evaluate(tmp_path, "good", "bad")
    assert missing.exit_code == 1
    assert "there is no header bad.hea" in missing.output
    lead = _evaluate(tmp_path, "--lead", "3")
    assert lead.exit_code == 1
    assert "its signals are 0 ECG" in lead.output


def test_a_silent_record_has_an_empty_annotation_file(tmp_path: Path) -> None:
    _write(tmp_path, "silent", 250, ecg_mv=make_ecg([], 9, 250), atr=False)
    result = _evaluate(tmp_path, "--annotations", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "silent.hw").read_bytes() == b"\0\0"
    assert "asystole" in result.output
