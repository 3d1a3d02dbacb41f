"""The demo's patients: the same at each start, valid for the fleet, with a true alarm in the first minute."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from heartwire.topics import is_device
from simulators.config import ArrayPatient, SyntheticPatient, read_config
from simulators.demo_home import DemoError
from simulators.demo_ward import DemoPatient, find_records, make_ward, write_fleet
from simulators.scripts import Rhythm


def _secrets(ward: Sequence[DemoPatient]) -> dict[str, str]:
    return {patient.device: f"secret of {patient.device}" for patient in ward}


def test_the_fleet_takes_the_ward_as_it_is_and_it_stays_the_same(tmp_path: Path) -> None:
    ward = make_ward(30, tmp_path)
    assert ward == make_ward(30, tmp_path)
    assert len({patient.device for patient in ward}) == len({patient.name for patient in ward}) == 30
    assert all(is_device(patient.device) for patient in ward)
    assert len({patient.ward for patient in ward}) == 2
    config = read_config(write_fleet(tmp_path / "fleet.json", ward, 1883, _secrets(ward)))
    assert (config.broker_host, config.broker_port) == ("127.0.0.1", 1883)
    first = config.patients[0]
    assert isinstance(first, SyntheticPatient)
    asystole = next(number for number, segment in enumerate(first.script) if segment.rhythm is Rhythm.ASYSTOLE)
    # Onset, the call's own four seconds, and time to come up.
    assert sum(segment.seconds for segment in first.script[:asystole]) <= 40
    assert first.loop
    assert first.password == f"secret of {first.device}"
    assert (tmp_path / "fleet.json").stat().st_mode & 0o077 == 0
    shown = {s.rhythm for patient in config.patients if isinstance(patient, SyntheticPatient) for s in patient.script}
    wanted = {Rhythm.BRADYCARDIA, Rhythm.TACHYCARDIA, Rhythm.PAUSE, Rhythm.LEAD_OFF, Rhythm.NOISE}
    assert wanted <= shown


def test_two_of_eight_replay_a_real_ecg_from_different_places(tmp_path: Path) -> None:
    ward = make_ward(8, tmp_path)
    config = read_config(write_fleet(tmp_path / "fleet.json", ward, 1883, _secrets(ward)))
    real = [patient for patient in config.patients if isinstance(patient, ArrayPatient)]
    first, second = (np.load(patient.npy) for patient in real)
    assert len(first) == len(second) == 300 * 360
    assert np.array_equal(np.roll(first, -len(first) // 2), second)
    assert 1 < np.ptp(first) < 10, "not mV"


def test_a_folder_without_records_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="no WFDB record"):
        find_records(tmp_path)
    (tmp_path / "broken.hea").write_text("not a header", encoding="utf-8")
    with pytest.raises(DemoError, match="broken is left out"):
        find_records(tmp_path)


def test_more_records_than_are_played_is_said(ecg_dir: Path, tmp_path: Path) -> None:
    header = min((ecg_dir / "mitdb").glob("*.hea"))
    for number in range(17):
        for path in header.parent.glob(f"{header.stem}.*"):
            (tmp_path / f"r{number:02}").mkdir(exist_ok=True)
            (tmp_path / f"r{number:02}" / path.name).symlink_to(path)
    patients, left_out = find_records(tmp_path)
    assert len(patients) == len({patient.device for patient in patients}) == 16
    assert left_out == ("17 records are there; the first 16 are played",)
