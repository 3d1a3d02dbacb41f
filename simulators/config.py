"""The fleet's file: which devices there are and what each of them sends.

::

    {"broker_host": "127.0.0.1", "broker_port": 1883,
     "patients": [
       {"device": "0123456789abcdef", "kind": "synthetic", "seed": 1,
        "script": [{"rhythm": "normal", "seconds": 40, "bpm": 70}, {"rhythm": "asystole", "seconds": 8}]},
       {"device": "0123456789abcdeg", "kind": "record", "record": "mitdb/100", "lead": "MLII"},
       {"device": "0123456789abcdeh", "kind": "array", "npy": "ecg.npy", "fs_hz": 250, "gain": 200}]}

=============  ==========================================================================================
kind           keys besides `device`, `kind`, `loop` (default true: for ever), `password` (at the broker; none)
=============  ==========================================================================================
``synthetic``  `script` (see `simulators.scripts`), `seed` (0), `fs_hz` (250), `lead` ("II"), `hr` (false: no heart
               rate frames)
``record``     `record` (a WFDB header, with or without .hea), `lead` (name or number; the first)
``array``      `npy`, `fs_hz`, `gain` (200 per mV), `baseline` (0), `lead` (""); floats in the file are mV
=============  ==========================================================================================

Each may have, too:

============  ===========================================================================================
``battery``   percent of its battery at the start; it falls by one in ten minutes
``says``      what its patient says, once: a list of {"after_s": 60, "chips": ["dizzy"], "note": ""} (the symptom
              button) or {"after_s": 60, "message": "..."}
``away``      when it is out of reach, again and again: {"after_s": 200, "lasts_s": 90, "every_s": 1200}; it
              goes on recording, and delivers afterwards
``recorded``  (synthetic ones) what it recorded before, and delivers besides: {"seconds": 3600, "script": [...]}
============  ===========================================================================================

Paths are relative to the file. Unknown keys are refused. Devices must be registered with a patient before the
system stores their frames.
"""

import random
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from heartwire.care import Chip, Note
from heartwire.care import Said as Words
from heartwire.topics import is_device
from simulators.beat import load_shape
from simulators.errors import SimulationError
from simulators.patient import GAIN
from simulators.scripts import SEGMENT_S_MIN, Rhythm, Script, Segment, read_json
from simulators.sources import Source, SyntheticSource, load_array, load_record

_Rate = Annotated[float, Meta(ge=100, le=1000)]
_Lead = Annotated[str, Meta(max_length=32)]
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a patient says so long after the start: a press of the symptom button, or a message."""

    after_s: Annotated[float, Meta(ge=0, le=86_400)]
    chips: tuple[Chip, ...] = ()
    note: Note = ""
    message: Words | None = None


class Away(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a device is out of reach: from `after_s` on for `lasts_s`, and so again every `every_s`."""

    after_s: Annotated[float, Meta(ge=0, le=86_400)]
    lasts_s: Annotated[float, Meta(ge=1, le=3600)]
    every_s: Annotated[float, Meta(ge=2, le=86_400)]

    def __post_init__(self) -> None:
        """Refuse one that never comes back."""
        if self.lasts_s >= self.every_s:
            raise ValueError(f"lasts_s is {self.lasts_s:g}, wanted less than every_s, {self.every_s:g}")

    def left_s(self, now_s: float) -> float:
        """Return how long it is out of reach yet, at so many seconds after the start; 0: it is not."""
        if now_s < self.after_s:
            return 0.0
        return max(0.0, self.lasts_s - (now_s - self.after_s) % self.every_s)


class Recorded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device recorded up to the start: so many seconds of a synthetic patient's script, again and again."""

    seconds: Annotated[int, Meta(ge=60, le=86_400)]
    script: Script


class _Patient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    device: str
    loop: bool = True
    password: str | None = None
    battery: Annotated[int, Meta(ge=1, le=100)] | None = None
    says: tuple[Said, ...] = ()
    away: Away | None = None

    def __post_init__(self) -> None:
        if not is_device(self.device):
            raise ValueError(f"{self.device!r} is not a device's name: 16 of 0-9 and a-z without i, l, o, u")


class SyntheticPatient(_Patient, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="synthetic"):
    """A script's patient."""

    script: Script
    seed: Annotated[int, Meta(ge=0, le=0xFFFF_FFFF)] = 0
    fs_hz: _Rate = 250.0
    lead: _Lead | None = None
    hr: bool = False
    recorded: Recorded | None = None


class RecordPatient(_Patient, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="record"):
    """A WFDB record's patient."""

    record: str
    lead: str | int | None = None


class ArrayPatient(_Patient, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="array"):
    """A NumPy array's patient."""

    npy: str
    fs_hz: _Rate
    gain: Annotated[float, Meta(gt=0, le=1e6)] = GAIN
    baseline: Annotated[int, Meta(ge=-0x8000, le=0x7FFF)] = 0
    lead: _Lead | None = None


Patient = SyntheticPatient | RecordPatient | ArrayPatient


class FleetConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file's content."""

    patients: Annotated[tuple[Patient, ...], Meta(min_length=1, max_length=5000)]
    broker_host: str | None = None
    broker_port: Annotated[int, Meta(ge=1, le=65_535)] | None = None

    def __post_init__(self) -> None:
        """Refuse two patients on one device."""
        twice = [device for device, count in Counter(patient.device for patient in self.patients).items() if count > 1]
        if twice:
            raise ValueError(f"device {twice[0]} is there twice; each patient has his own")


def read_config(path: Path) -> FleetConfig:
    """Read a fleet's file (errors as `simulators.scripts.read_json`)."""
    return read_json(path, FleetConfig)


def load_source(patient: Patient, base: Path, cache_dir: Path) -> Source:
    """Return what a patient's device sends; relative paths begin at `base`.

    Raises
    ------
    SimulationError
        If a record or an array cannot be played.
    """
    if isinstance(patient, SyntheticPatient):
        return SyntheticSource(
            patient.script,
            patient.seed,
            load_shape(patient.seed, cache_dir),
            fs_hz=patient.fs_hz,
            loop=patient.loop,
            lead="II" if patient.lead is None else patient.lead,
        )
    if isinstance(patient, RecordPatient):
        return load_record(base / patient.record, patient.lead, loop=patient.loop)
    return load_array(
        base / patient.npy,
        fs_hz=patient.fs_hz,
        gain=patient.gain,
        baseline=patient.baseline,
        lead=patient.lead or "",
        loop=patient.loop,
    )


def load_recorded(patient: Patient, cache_dir: Path) -> SyntheticSource | None:
    """Return what a patient's device recorded before, if it did."""
    if not isinstance(patient, SyntheticPatient) or patient.recorded is None:
        return None
    script = _cut(patient.recorded.script, patient.recorded.seconds)
    shape = load_shape(patient.seed, cache_dir)
    return SyntheticSource(script, patient.seed, shape, fs_hz=patient.fs_hz, loop=False, lead=patient.lead or "II")


def _cut(script: tuple[Segment, ...], seconds: float) -> tuple[Segment, ...]:
    """Return a script, again and again, for so long; what is left at its end is of its first segment's rhythm."""
    whole_s = sum(segment.seconds for segment in script)
    n = int(seconds // whole_s)
    left_s = seconds - n * whole_s
    last = (msgspec.structs.replace(script[0], seconds=left_s),) if left_s >= SEGMENT_S_MIN else ()
    return script * n + last


def invent_ward(n: int, seed: int, devices: tuple[str, ...] = ()) -> FleetConfig:
    """Return `n` synthetic patients: most are well most of the time; each kind of episode comes around.

    Parameters
    ----------
    devices : tuple of str
        Their devices' names; made from the seed when not given.

    Raises
    ------
    SimulationError
        If there are not as many devices as patients.
    """
    if devices and len(devices) != n:
        raise SimulationError(f"{n} patients and {len(devices)} devices; give as many of one as of the other")
    rng = random.Random(seed)  # noqa: S311 # not a secret
    names = devices or tuple("".join(rng.choices(_ALPHABET, k=16)) for _ in range(n))
    try:
        patients = tuple(
            SyntheticPatient(device=name, seed=rng.getrandbits(32), script=_invent_script(number, rng))
            for number, name in enumerate(names)
        )
        return FleetConfig(patients=patients)
    except ValueError as error:
        raise SimulationError(f"the devices: {error}") from None


def _invent_script(number: int, rng: random.Random) -> tuple[Segment, ...]:
    bpm = round(rng.uniform(58, 92))
    episodes = (
        Segment(Rhythm.TACHYCARDIA, 40, 135),
        Segment(Rhythm.BRADYCARDIA, 40, 44),
        Segment(Rhythm.PAUSE, 4, bpm),
        Segment(Rhythm.ASYSTOLE, 8),
        Segment(Rhythm.LEAD_OFF, 15, bpm),
        Segment(Rhythm.NOISE, 30, bpm),
    )
    normal = Segment(Rhythm.NORMAL, round(rng.uniform(60, 240)), bpm)
    return (normal, episodes[number // 2 % len(episodes)]) if number % 2 else (normal,)
