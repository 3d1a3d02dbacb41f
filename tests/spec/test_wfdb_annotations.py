"""WFDB annotation files: what an evaluation writes, bxb, rxr and epicmp can read."""

from pathlib import Path

import numpy as np
import pytest
import wfdb

from analytics.evaluation.annotations import (
    Annotations,
    get_rhythms,
    put_on_samples,
    read_annotations,
    sort_annotations,
    write_annotations,
)
from analytics.evaluation.records import EcgRecord
from tests.annotated import annotate

FS_HZ = 250.0


def _make_record(directory: Path, seconds: float = 60.0) -> EcgRecord:
    return EcgRecord(
        directory, "rec", 0, "ECG", FS_HZ, FS_HZ, seconds, round(seconds * FS_HZ), 200.0, 0, is_single=True
    )


def _write(directory: Path, found: Annotations) -> list[tuple[int, str, str]]:
    write_annotations(directory / "rec", found, FS_HZ)
    read = wfdb.rdann(str(directory / "rec"), "hw")
    return list(zip(read.sample.tolist(), read.symbol, read.aux_note, strict=True))


def _make_found(changes: list[tuple[float, str]], seconds: float = 60.0) -> Annotations:
    return annotate(times_s=[], seconds=seconds)._replace(rhythms=get_rhythms([(0.0, "N"), *changes], seconds))


def test_beats_with_their_classes(tmp_path: Path) -> None:
    found = annotate("NSVFQ", 1.0, seconds=60.0)
    assert _write(tmp_path, found) == [
        (0, "+", "(N"), (250, "N", ""), (500, "S", ""), (750, "V", ""), (1000, "F", ""), (1250, "Q", "")
    ]  # fmt: skip


@pytest.mark.parametrize("rhythm", ["AFIB", "VT", "SVTA", "B", "T", "IVR"])
def test_rhythms(tmp_path: Path, rhythm: str) -> None:
    found = _make_found([(10.0, rhythm), (20.0, "N")])
    assert _write(tmp_path, found) == [(0, "+", "(N"), (2500, "+", f"({rhythm}"), (5000, "+", "(N")]


def test_fibrillation_between_brackets(tmp_path: Path) -> None:
    found = _make_found([(10.0, "VF"), (20.0, "N")])
    assert _write(tmp_path, found) == [(0, "+", "(N"), (2500, "[", ""), (5000, "]", "")]


def test_flutter_between_brackets_and_as_a_rhythm(tmp_path: Path) -> None:
    found = _make_found([(10.0, "VFL"), (20.0, "N")])
    assert _write(tmp_path, found) == [
        (0, "+", "(N"), (2500, "+", "(VFL"), (2500, "[", ""), (5000, "]", ""), (5000, "+", "(N")
    ]  # fmt: skip


def test_what_was_before_fibrillation_ends_with_it(tmp_path: Path) -> None:
    """Of rhythm annotations alone epicmp would let atrial fibrillation go on."""
    found = _make_found([(10.0, "AFIB"), (20.0, "VF"), (30.0, "VT")])
    assert _write(tmp_path, found) == [
        (0, "+", "(N"), (2500, "+", "(AFIB"), (5000, "+", "(N"), (5000, "[", ""), (7500, "]", ""), (7500, "+", "(VT")
    ]  # fmt: skip


def test_flutter_that_turns_into_fibrillation(tmp_path: Path) -> None:
    lines = _write(tmp_path, _make_found([(10.0, "VFL"), (20.0, "VF")]))
    assert [line for line in lines if line[1] in "[]"] == [(2500, "[", ""), (5000, "]", ""), (5000, "[", "")]
    assert sort_annotations(
        np.array([line[0] / FS_HZ for line in lines]), [line[1] for line in lines], [line[2] for line in lines], 60.0
    ).vf_s == [(10.0, 60.0)]


def test_times_lie_on_the_records_samples_one_beat_each(tmp_path: Path) -> None:
    found = annotate("NVNN", times_s=[-0.1, 1.0, 1.001, 60.5], seconds=60.0)
    placed = put_on_samples(
        found._replace(rhythms=get_rhythms([(0.0, "N"), (60.2, "VT")], 60.0)), _make_record(tmp_path)
    )
    assert placed.beats_s.tolist() == [0.0, 1.0, 59.996]
    assert placed.labels.tolist() == [b"N", b"V", b"N"]
    assert max(line[0] for line in _write(tmp_path, placed)) == 60 * FS_HZ - 1


def test_nothing_found_is_a_file_with_a_rhythm(tmp_path: Path) -> None:
    assert _write(tmp_path, _make_found([])) == [(0, "+", "(N")]


@pytest.mark.parametrize("spelling", ["(VFL", "(VF", "(VFIB", "(VFL\0"])
def test_fibrillation_as_databases_spell_it(tmp_path: Path, spelling: str) -> None:
    wfdb.wrann(
        "rec", "atr", np.array([1, 2500, 5000]), symbol=["+"] * 3, aux_note=["(N\0", spelling, "(NOISE\0"],
        write_dir=str(tmp_path),
    )  # fmt: skip
    read = read_annotations(_make_record(tmp_path))
    assert read is not None
    assert read.vf_s == [(10.0, 20.0)]
    assert [each.name for each in read.rhythms] == ["N", spelling.strip("(\0"), "NOISE"]
    assert not len(read.beats_s)


def test_annotations_that_know_only_n_tell_no_classes(tmp_path: Path) -> None:
    for symbols, has_classes in ((["N", "[", "]"], False), (["N", "V", "N"], True), (["N", "+", "N"], True)):
        wfdb.wrann("rec", "atr", np.array([1, 2, 3]), symbol=symbols, write_dir=str(tmp_path))
        read = read_annotations(_make_record(tmp_path))
        assert read is not None
        assert read.has_classes is has_classes
