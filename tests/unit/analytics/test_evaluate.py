"""``heartwire evaluate`` takes any WFDB record, and says what it cannot read."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

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
    read = wfdb.rdann(str(out / name), "hw")
    found = read.sample[np.isin(read.symbol, list("NSVFQ"))] / fs_hz
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


def test_a_silent_record_has_a_file_without_beats(tmp_path: Path) -> None:
    _write(tmp_path, "silent", 250, ecg_mv=make_ecg([], 9, 250), atr=False)
    result = _evaluate(tmp_path, "--annotations", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert wfdb.rdann(str(tmp_path / "out" / "silent"), "hw").symbol == ["+"]
    assert "asystole" in result.output


LONG_S = 430
LONG_BEATS_S = every(0.8, 0.6, LONG_S - 1)


def _write_long(directory: Path, name: str, symbols: list[str] | None = None) -> None:
    directory.mkdir(exist_ok=True)
    _write(directory, name, 250, ecg_mv=make_ecg(LONG_BEATS_S, LONG_S, 250), atr=False)
    samples = np.array([round(beat * 250) for beat in LONG_BEATS_S])
    symbols = ["N"] * len(samples) if symbols is None else symbols
    wfdb.wrann(
        name,
        "atr",
        np.concatenate([[1], samples]),
        symbol=["+", *symbols],
        aux_note=["(N", *[""] * len(samples)],
        write_dir=str(directory),
    )


def test_all_figures_of_an_annotated_record(tmp_path: Path) -> None:
    symbols = ["V" if place % 10 == 0 else "N" for place in range(len(LONG_BEATS_S))]
    _write_long(tmp_path, "rec", symbols)
    result = _evaluate(tmp_path, "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    gross = json.loads((tmp_path / "all.json").read_text())["gross"]
    beats = sum(beat >= 300 for beat in LONG_BEATS_S)
    ectopic = sum(symbol == "V" and beat >= 300 for symbol, beat in zip(symbols, LONG_BEATS_S, strict=True))
    assert gross["qrs"] == {"se": 100.0, "ppv": 100.0, "f1": 100.0, "tp": beats, "fn": 0, "fp": 0}
    assert gross["veb"]["tp"] + gross["veb"]["fn"] == ectopic
    assert "sveb" not in gross
    assert gross["vf"] == {"sp_1s": 100.0}
    assert gross["heart_rate"]["mean_abs_bpm"] < 0.1
    for title in ("QRS detection", "Ectopic beats", "Heart rate", "Gross", "Average"):
        assert title in result.output
    assert "Runs of" not in result.output


def test_alarms_of_the_challenge_hear_nothing_after_five_minutes(tmp_path: Path) -> None:
    beats_s = [beat for beat in LONG_BEATS_S if not 305 < beat < 330]
    _write(tmp_path, "late", 250, ecg_mv=make_ecg(beats_s, LONG_S, 250), atr=False)
    beats_s = [beat for beat in LONG_BEATS_S if not 290 < beat < 330]
    _write(tmp_path, "soon", 250, ecg_mv=make_ecg(beats_s, LONG_S, 250), atr=False)
    (tmp_path / "ALARMS").write_text("late,Asystole,0\nsoon,Asystole,1\n", encoding="utf-8")
    result = _evaluate(tmp_path, "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "all.json").read_text())
    assert document["records"]["late"]["seconds"] == 300
    score = {"score": 100.0, "tp": 1, "fp": 0, "tn": 1, "fn": 0}
    assert document["gross"]["alarm_score"] == {**score, "by_call": {"asystole": score}}
    assert {alarm["record"] for alarm in document["alarms"]} == {"soon"}
    assert all(0 <= alarm["confidence"] <= 1 for alarm in document["alarms"])
    assert "Challenge 2015" in result.output


def test_records_by_atrial_fibrillation(tmp_path: Path) -> None:
    for name in ("a1", "a2"):
        _write(tmp_path, name, 300, ecg_mv=make_ecg(BEATS_S, SECONDS, 300), atr=False)
    (tmp_path / "REFERENCE.csv").write_text("a1,N\na2,O\n", encoding="utf-8")
    result = _evaluate(tmp_path, "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "all.json").read_text())
    assert document["records"]["a2"]["af_coverage"] == 0.0
    assert document["gross"]["af_by_record"] == {"sp": 100.0, "tp": 0, "fn": 0, "fp": 0, "tn": 2}
    (tmp_path / "REFERENCE.csv").write_text("a1,N,N\n", encoding="utf-8")
    assert "'a1,N,N', wanted record,class" in _evaluate(tmp_path).output


def test_noise_stress(tmp_path: Path) -> None:
    _write_long(tmp_path / "db", "rec")
    noise = np.random.default_rng(1).normal(0, 0.2, LONG_S * 250)
    _write(tmp_path, "em", 250, ecg_mv=noise, atr=False)
    arguments = (tmp_path / "db", "--noise", "em", "--noise-dir", tmp_path, "--json", tmp_path / "all.json")
    result = _evaluate(*arguments, "--snr", "24", "-6")
    assert result.exit_code == 0, result.output
    quiet, loud = json.loads((tmp_path / "all.json").read_text())["noise"]
    assert [quiet["snr_db"], loud["snr_db"]] == [24, -6]
    assert quiet["qrs"]["f1"] > 99
    assert loud["qrs_noisy"]["f1"] < quiet["qrs_noisy"]["f1"]
    scored = loud["qrs"]["tp"] + loud["qrs"]["fn"], loud["qrs_noisy"]["tp"] + loud["qrs_noisy"]["fn"]
    assert scored == (sum(beat >= 300 for beat in LONG_BEATS_S), 150)
    assert "Noise stress test with em" in result.output


@pytest.mark.parametrize(
    "snr",
    [
        ["--snr", "24", "12", "-6"],
        ["--snr", "24,12,-6"],
        ["--snr=24,12", "-6"],
        ["--snr", "24", "--snr", "12", "--snr", "-6"],
        ["--snr", "24", "12", "-6", "--json", "no/such/../../else.json"],
    ],
)
def test_ratios_may_be_given_as_one_likes(snr: list[str]) -> None:
    context = evaluate.make_context("evaluate", ["db", "118", *snr])
    assert context.params["snr"] == (24, 12, -6)
    assert context.params["records"] == ("118",)


def test_mistakes_about_noise(tmp_path: Path) -> None:
    _write(tmp_path, "good", 250)
    assert "name it too, as in --noise em" in _evaluate(tmp_path, "--snr", "6").output
    assert "wanted -60 to 60; a RECORD" in _evaluate(tmp_path, "--noise", "em", "--snr", "24", "118").output
    assert "nothing, wanted numbers of dB" in _evaluate(tmp_path, "--noise", "em", "--snr").output
    missing = _evaluate(tmp_path, "--noise", "em")
    assert missing.exit_code == 1
    assert f"no noise record em in {tmp_path.parent / 'nstdb'}" in missing.output


def test_noise_needs_annotated_beats(tmp_path: Path) -> None:
    _write(tmp_path, "good", 250, atr=False)
    result = _evaluate(tmp_path, "--noise", "good", "--noise-dir", tmp_path, "--json", tmp_path / "all.json")
    assert result.exit_code == 0, result.output
    assert "not read: no record to mix noise into" in result.stderr
    assert "noise" not in json.loads((tmp_path / "all.json").read_text())


def test_report_is_one_page_that_needs_nothing(tmp_path: Path) -> None:
    symbols = ["V" if place % 10 == 0 else "N" for place in range(len(LONG_BEATS_S))]
    _write_long(tmp_path / "db<&", "rec", symbols)
    result = _evaluate(tmp_path / "db<&", "--report", tmp_path / "new" / "page.html")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "new" / "page.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|<script|<link", text)
    page = ET.fromstring(re.sub(r"<!doctype html>|<meta[^>]*>", "", text))  # noqa: S314 # our own
    assert all(table.find("caption") is not None for table in page.iter("table"))
    assert all(cell.get("scope") in {"row", "col"} for cell in page.iter("th"))
    drawings = list(page.iter("svg"))
    assert len(drawings) >= 3  # heart rate, and strips of beats whose class was not found
    names = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(names) == len(set(names))
    for drawing in drawings:
        labels = (drawing.get("aria-labelledby") or "").split()
        assert drawing.get("role") == "img"
        assert [child.get("id") for child in drawing if child.tag in {"title", "desc"}] == labels
        assert all(child.text for child in drawing if child.tag in {"title", "desc"})
    assert "prefers-color-scheme: dark" in text
    assert "annotated beats" in text
