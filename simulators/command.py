"""``heartwire simulate``: devices that do not exist, one or many."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from paho.mqtt.enums import MQTTProtocolVersion

from heartwire.logs import set_up_logging
from heartwire.mqtt import make_client
from heartwire.topics import is_device, new_device
from simulators.config import FleetConfig, SyntheticPatient, invent_ward, load_recorded, load_source, read_config
from simulators.device import Device, Life
from simulators.errors import SimulationError
from simulators.fleet import run_fleet
from simulators.load.command import fleet
from simulators.scripts import Rhythm, Segment, read_script
from simulators.settings import SimulateSettings
from simulators.sources import FRAME_S, Source, load_array, load_record

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH: Final = click.Path(dir_okay=False, path_type=Path)


def _broker_options(command: _Command) -> _Command:
    # The last one stands first in --help.
    for option in (
        click.option(
            "--seconds", type=click.FloatRange(min=0.1), help="Stop after this time; without it, on Ctrl-C or SIGTERM."
        ),
        click.option(
            "--broker-port", type=int, help="Broker's port. [env: HEARTWIRE_SIMULATE_BROKER_PORT; default: 1883]"
        ),
        click.option("--broker-host", help="Broker's host. [env: HEARTWIRE_SIMULATE_BROKER_HOST; default: 127.0.0.1]"),
    ):
        command = option(command)
    return command


@click.group()
def simulate() -> None:
    """Run devices that do not exist.

    They speak the wire as real devices do: each with its own connection, frames of a second in real time, sent
    again until the database has them. The system stores only the frames of devices that are registered with a
    patient. `patient`, `replay` and `ward` play what is scripted or recorded; `fleet` loads the system with thousands
    of devices and reports what became of every frame.

    User, password, TLS and bounds are variables HEARTWIRE_SIMULATE_...; lines on standard error say how it goes.
    """


@simulate.command()
@click.option("--device", help="The device's name as registered; a new one is made and printed when not given.")
@click.option(
    "--rhythm",
    type=click.Choice([rhythm.value for rhythm in Rhythm]),
    help="One rhythm for ever. [default: normal]",
)
@click.option("--bpm", type=click.FloatRange(20, 250), help="Mean heart rate of --rhythm.")
@click.option("--script", "script_path", type=_PATH, help="JSON file of segments, played again and again.")
@click.option("--once", is_flag=True, help="Play the script once.")
@click.option("--seed", type=click.IntRange(0, 0xFFFF_FFFF), default=0, show_default=True, help="Which patient.")
@click.option("--fs", "fs_hz", type=click.FloatRange(100, 1000), default=250, show_default=True, help="Samples/s.")
@click.option("--hr", is_flag=True, help="Send heart rate frames too.")
@_broker_options
def patient(
    *,
    device: str | None,
    rhythm: str | None,
    bpm: float | None,
    script_path: Path | None,
    once: bool,
    seed: int,
    fs_hz: float,
    hr: bool,
    broker_host: str | None,
    broker_port: int | None,
    seconds: float | None,
) -> None:
    """Run one synthetic patient.

    A script is a JSON list, such as [{"rhythm": "normal", "seconds": 40, "bpm": 70}, {"rhythm": "asystole",
    "seconds": 8}]. Rhythms: normal, tachycardia, bradycardia, pause, asystole, ectopy, afib, vt, vf, lead_off, flat,
    noise. The same seed
    and script give the same samples.
    """
    if script_path is not None and (rhythm is not None or bpm is not None):
        raise SimulationError("--script says rhythms and rates itself; leave --rhythm and --bpm out")
    settings = _settings(broker_host, broker_port)
    script = read_script(script_path) if script_path else _forever(Rhythm(rhythm or "normal"), bpm)
    config = SyntheticPatient(
        device=_device(device), script=script, seed=seed, fs_hz=fs_hz, hr=hr, loop=not (once and script_path)
    )
    source = load_source(config, Path(), settings.cache_dir)
    _play([Device(config.device, source, settings, sends_hr=hr)], settings, seconds)


@simulate.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--device", help="The device's name as registered; a new one is made and printed when not given.")
@click.option("--lead", help="Name or number (from 0) of the record's lead. [default: the first]")
@click.option("--loop", is_flag=True, help="Begin again at the end.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 100),
    default=1,
    show_default=True,
    help="Seconds of signal a second. Faster, the signal begins in the past and ends now; not with --loop.",
)
@click.option("--fs", "fs_hz", type=click.FloatRange(100, 1000), help="For .npy: samples a second.")
@click.option("--gain", type=click.FloatRange(0, 1e6, min_open=True), default=200, help="For .npy: units per mV.")
@_broker_options
def replay(
    *,
    record: Path,
    device: str | None,
    lead: str | None,
    loop: bool,
    speed: float,
    fs_hz: float | None,
    gain: float,
    broker_host: str | None,
    broker_port: int | None,
    seconds: float | None,
) -> None:
    """Play RECORD as a device: a WFDB record (its header, with or without .hea), or a .npy file.

    A .npy file has one dimension; integers are digital values, floats are mV.
    """
    if loop and speed != 1:
        raise SimulationError("--loop and --speed exclude each other: a signal without end cannot end now")
    settings = _settings(broker_host, broker_port)
    source: Source
    if record.suffix == ".npy":
        if fs_hz is None:
            raise SimulationError(f"{record} does not say its sampling rate; give --fs")
        source = load_array(record, fs_hz=fs_hz, gain=gain, lead=lead or "", loop=loop)
    else:
        source = load_record(record, lead, loop=loop)
    _play([Device(_device(device), source, settings, speed=speed)], settings, seconds)


@simulate.command()
@click.option("--config", "config_path", type=_PATH, help="JSON file of patients; `simulators/config.py` describes it.")
@click.option("--patients", type=click.IntRange(1, 5000), help="Without --config: invent so many synthetic patients.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which ones.")
@click.option("--devices", "devices_path", type=_PATH, help="With --patients: file of devices' names, one a line.")
@_broker_options
def ward(
    *,
    config_path: Path | None,
    patients: int | None,
    seed: int,
    devices_path: Path | None,
    broker_host: str | None,
    broker_port: int | None,
    seconds: float | None,
) -> None:
    """Run a ward: scripted patients and records, each device with an outbox, as real ones have.

    The file is {"broker_host": ..., "broker_port": ..., "patients": [...]}, each patient {"device": NAME, "kind":
    "synthetic", "script": [...], "seed": 1} or {..., "kind": "record", "record": PATH, "lead": null} or {..., "kind":
    "array", "npy": PATH, "fs_hz": 250}; "loop" is true unless said. With --patients instead, the devices' names
    are printed on standard output, one a line: register them.
    """
    if (config_path is None) == (patients is None):
        raise SimulationError("give either --config FILE or --patients N")
    if config_path is not None and devices_path is not None:
        raise SimulationError("--config names the devices itself; leave --devices out")
    if config_path is not None:
        config = read_config(config_path)
    else:
        config = invent_ward(patients or 0, seed, _read_devices(devices_path))
        click.echo("\n".join(one.device for one in config.patients))
        sys.stdout.flush()
    settings = _settings(broker_host or config.broker_host, broker_port or config.broker_port)
    _play(_devices(config, config_path.parent if config_path else Path(), settings), settings, seconds)


simulate.add_command(fleet)


def _devices(config: FleetConfig, base: Path, settings: SimulateSettings) -> Sequence[Device]:
    n = len(config.patients)
    devices = []
    said_s = time.monotonic()
    for number, one in enumerate(config.patients):
        if time.monotonic() - said_s > 2:
            _say(f"preparing: {number} of {n} patients")
            said_s = time.monotonic()
        try:
            source = load_source(one, base, settings.cache_dir)
        except SimulationError as error:
            raise SimulationError(f"patient {number + 1} of {n} (device {one.device}): {error}") from None
        hr = isinstance(one, SyntheticPatient) and one.hr
        own = settings if one.password is None else settings.as_device(one.device, one.password)
        life = Life(one.battery, one.says, one.away, load_recorded(one, settings.cache_dir))
        devices.append(Device(one.device, source, own, phase_s=FRAME_S * number / n, sends_hr=hr, life=life))
    return devices


def _play(devices: Sequence[Device], settings: SimulateSettings, seconds: float | None) -> None:
    _say(f"{len(devices)} devices for the broker at {settings.broker_host}:{settings.broker_port}; Ctrl-C stops")
    run_fleet(devices, settings, _say, seconds)


def _settings(broker_host: str | None, broker_port: int | None) -> SimulateSettings:
    settings = SimulateSettings.load(broker_host=broker_host, broker_port=broker_port)
    set_up_logging("simulate", "warning")
    make_client(settings, "check", MQTTProtocolVersion.MQTTv5)  # a wrong certificate is said at the start
    return settings


def _forever(rhythm: Rhythm, bpm: float | None) -> tuple[Segment, ...]:
    try:
        if rhythm is Rhythm.PAUSE:  # one that never ends would be none
            return (Segment(Rhythm.NORMAL, 26, bpm), Segment(rhythm, 6 if bpm and bpm < 40 else 4, bpm))
        return (Segment(rhythm, 3600, bpm),)
    except ValueError as error:
        raise SimulationError(str(error)) from None


def _device(name: str | None) -> str:
    if name is None:
        name = new_device()
        click.echo(name)
        sys.stdout.flush()
    elif not is_device(name):
        raise SimulationError(f"{name!r} is not a device's name: 16 of 0-9 and a-z without i, l, o, u")
    return name


def _read_devices(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        return tuple(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise SimulationError(f"{path} cannot be read: {error}") from None


def _say(line: str) -> None:
    click.echo(f"simulate: {line}", err=True)
