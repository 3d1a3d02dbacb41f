"""A script or a fleet's file that cannot be played is refused, with the place and the reason."""

import json
from pathlib import Path

import pytest

from heartwire.topics import is_device
from simulators.config import SyntheticPatient, invent_ward, load_source, read_config
from simulators.errors import SimulationError
from simulators.scripts import Rhythm, Segment, read_script

_DEVICE = "0123456789abcdef"
_SYNTHETIC = {"device": _DEVICE, "kind": "synthetic", "script": [{"rhythm": "normal", "seconds": 40, "bpm": 70}]}


def _write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "file.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_script_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path, [{"rhythm": "normal", "seconds": 40, "bpm": 70}, {"rhythm": "asystole", "seconds": 8}])
    assert read_script(path) == (Segment(Rhythm.NORMAL, 40, 70), Segment(Rhythm.ASYSTOLE, 8))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "truncated"),
        ([], r"length >= 1"),
        ([{"rhythm": "samba", "seconds": 5}], r"'samba' - at `\$\[0\].rhythm`"),
        ([{"rhythm": "normal"}], "`seconds`"),
        ([{"rhythm": "normal", "seconds": 0.1}], r">= 0.5 - at `\$\[0\].seconds`"),
        ([{"rhythm": "normal", "seconds": 5, "bpm": 300}], r"<= 250.* - at `\$\[0\].bpm`"),
        ([{"rhythm": "normal", "seconds": 5, "rate": 70}], "unknown field `rate`"),
        ([{"rhythm": "normal", "seconds": 5}, {"rhythm": "asystole", "seconds": 5, "bpm": 3}], r"bpm"),
        ([{"rhythm": "asystole", "seconds": 5, "bpm": 70}], r"asystole has no bpm.*\$\[0\]"),
        ([{"rhythm": "pause", "seconds": 1, "bpm": 60}], "a pause of 1 s is none at 60 bpm; wanted at least 1.5 s"),
    ],
)
def test_a_script_that_cannot_be_played_is_refused(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        read_script(_write(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match="No such file"):
        read_script(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "`patients`"),
        ({"patients": []}, "length >= 1"),
        ({"patients": [_SYNTHETIC], "broker": "x"}, "unknown field `broker`"),
        ({"patients": [{**_SYNTHETIC, "device": "me"}]}, r"'me' is not a device's name.*\$.patients\[0\]"),
        ({"patients": [_SYNTHETIC, _SYNTHETIC]}, f"device {_DEVICE} is there twice"),
        ({"patients": [{**_SYNTHETIC, "kind": "wax"}]}, "'wax'"),
        ({"patients": [{**_SYNTHETIC, "record": "100"}]}, "unknown field `record`"),
        ({"patients": [{**_SYNTHETIC, "fs_hz": 20}]}, r">= 100.*\$.patients\[0\].fs_hz"),
        ({"patients": [{"device": _DEVICE, "kind": "array", "npy": "x.npy"}]}, "`fs_hz`"),
        ({"patients": [{"device": _DEVICE, "kind": "record"}]}, "`record`"),
    ],
)
def test_a_fleet_that_cannot_be_run_is_refused(tmp_path: Path, content: object, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        read_config(_write(tmp_path, content))


def test_paths_begin_at_the_fleets_file(tmp_path: Path) -> None:
    record = {"device": _DEVICE, "kind": "record", "record": "here/nothing"}
    config = read_config(_write(tmp_path, {"patients": [record]}))
    with pytest.raises(SimulationError, match=f"{tmp_path}/here/nothing cannot be read"):
        load_source(config.patients[0], tmp_path, tmp_path)


def test_a_ward_is_invented_from_its_seed() -> None:
    ward = invent_ward(40, 3)
    assert ward == invent_ward(40, 3) != invent_ward(40, 4)
    assert len({patient.device for patient in ward.patients}) == 40
    assert all(is_device(patient.device) for patient in ward.patients)
    rhythms = {s.rhythm for one in ward.patients if isinstance(one, SyntheticPatient) for s in one.script}
    assert rhythms >= {Rhythm.NORMAL, Rhythm.ASYSTOLE, Rhythm.PAUSE, Rhythm.TACHYCARDIA, Rhythm.BRADYCARDIA}


@pytest.mark.parametrize(("devices", "said"), [(("a", "b"), "not a device's name"), ((_DEVICE,), "2 patients and 1")])
def test_a_ward_on_devices_that_cannot_be(devices: tuple[str, ...], said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        invent_ward(2, 0, devices)
