"""The demo's patients: the same at each start, valid for the fleet, with a true alarm in the first minute."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from heartwire.calls import CALLS
from heartwire.topics import is_device
from simulators.config import ArrayPatient, SyntheticPatient, read_config
from simulators.demo_home import DemoError
from simulators.demo_stories import stories
from simulators.demo_ward import DemoPatient, find_records, make_ward, with_recorded, write_fleet
from simulators.scripts import Rhythm


def _secrets(ward: Sequence[DemoPatient]) -> dict[str, str]:
    return {patient.device: f"secret of {patient.device}" for patient in ward}


def test_the_fleet_takes_the_ward_as_it_is_and_it_stays_the_same(tmp_path: Path) -> None:
    ward = make_ward(30, tmp_path)
    assert ward == make_ward(30, tmp_path)
    assert len({patient.device for patient in ward}) == len({patient.name for patient in ward}) == 30
    assert all(is_device(patient.device) for patient in ward)
    assert len({patient.ward for patient in ward}) == 3
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
    wanted = {
        Rhythm.BRADYCARDIA,
        Rhythm.TACHYCARDIA,
        Rhythm.PAUSE,
        Rhythm.LEAD_OFF,
        Rhythm.NOISE,
        Rhythm.VT,
        Rhythm.AFIB,
    }
    assert wanted <= shown
    assert all(patient.battery is not None for patient in config.patients)
    assert {patient.device for patient in config.patients if patient.says} == {ward[n].device for n in (0, 4, 6)}


def test_devices_deliver_what_is_missing_and_no_more(tmp_path: Path) -> None:
    ward = make_ward(10, tmp_path)
    missing_s = {patient.device: 600 for patient in ward} | {ward[0].device: 30}
    again = with_recorded(ward, missing_s)
    config = read_config(write_fleet(tmp_path / "fleet.json", again, 1883, _secrets(ward)))
    recorded = {one.device: one.recorded for one in config.patients if isinstance(one, SyntheticPatient)}
    assert recorded[ward[0].device] is None, "too little to be worth it"
    assert {one.seconds for one in recorded.values() if one is not None} == {600}
    assert sum(one is not None for one in recorded.values()) == 7


def test_the_night_stays_clear_of_what_is_judged_by_no_story() -> None:
    known = {story.name: {each.call for each in story.reviews} for story in itertools.islice(stories(), 10)}
    assert all(call in CALLS for calls in known.values() for call in calls)
    assert known["Margaret Osei"] == {"bradycardia"}
    assert sum(not calls for calls in known.values()) >= 4, "something is left to a visitor's own judgement"


def test_one_of_them_replays_a_real_ecg(tmp_path: Path) -> None:
    ward = make_ward(10, tmp_path)
    config = read_config(write_fleet(tmp_path / "fleet.json", ward, 1883, _secrets(ward)))
    (real,) = [patient for patient in config.patients if isinstance(patient, ArrayPatient)]
    ecg_mv = np.load(real.npy)
    assert len(ecg_mv) == 300 * 360
    assert 1 < np.ptp(ecg_mv) < 10, "not mV"


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
