"""``heartwire simulate fleet``: thousands of devices, and what became of their frames."""

import resource
import signal
from pathlib import Path
from typing import Final

import click

from heartwire.access import new_secret
from heartwire.logs import set_up_logging
from heartwire.private_files import write_private
from heartwire.topics import is_device, new_device
from simulators.errors import SimulationError
from simulators.load.device import Credential
from simulators.load.fleet import LoadFleet, Plan
from simulators.load.run import measure
from simulators.settings import SimulateSettings

_PATH: Final = click.Path(dir_okay=False, path_type=Path)
#: Descriptors besides the devices' sockets.
_SPARE_DESCRIPTORS: Final = 64


@click.command()
@click.option("--devices", type=click.IntRange(1, 25_000), required=True, help="How many.")
@click.option("--fs", "fs_hz", type=click.IntRange(100, 1000), default=250, show_default=True, help="Samples/s.")
@click.option(
    "--minutes", type=click.FloatRange(0, 24 * 60, min_open=True), default=5, show_default=True, help="How long."
)
@click.option(
    "--names",
    "names_path",
    type=_PATH,
    help="File of devices, one a line: name, and password where the broker asks for one. Made when it is not there.",
)
@click.option("--database", help="Check and measure in this database, as a libpq URL.")
@click.option("--register", is_flag=True, help="Register devices that are not yet, each with a patient, in --database.")
@click.option(
    "--secrets",
    is_flag=True,
    help="Only prepare a fleet, for a broker that asks for passwords: with --register, writes a new --names file.",
)
@click.option("--json", "json_path", type=_PATH, help="Write the report here too, as JSON.")
@click.option(
    "--connects", type=click.FloatRange(1, 10_000), default=500, show_default=True, help="Connections begun a second."
)
@click.option(
    "--hold",
    "hold_s",
    type=click.IntRange(10, 86_400),
    default=120,
    show_default=True,
    help="Seconds of frames that a device holds until the database has them; older ones are given up.",
)
@click.option(
    "--patience",
    "patience_s",
    type=click.FloatRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds that confirmations are waited for after the last frame, at most.",
)
@click.option("--broker-port", type=int, help="Broker's port. [env: HEARTWIRE_SIMULATE_BROKER_PORT; default: 1883]")
@click.option("--broker-host", help="Broker's host. [env: HEARTWIRE_SIMULATE_BROKER_HOST; default: 127.0.0.1]")
def fleet(
    *,
    devices: int,
    fs_hz: int,
    minutes: float,
    names_path: Path | None,
    database: str | None,
    register: bool,
    secrets: bool,
    json_path: Path | None,
    connects: float,
    hold_s: int,
    patience_s: float,
    broker_host: str | None,
    broker_port: int | None,
) -> None:
    """Load the system with many devices, and report what became of every frame.

    Each has a connection of its own, sends a frame a second spread evenly over it, a status now and then, listens for
    what the database has, sends again what it does not have, and comes back when it is cut off. Ctrl-C ends the frames
    early; the report comes all the same.
    """
    if register and database is None:
        raise SimulationError("--register needs --database: that is where devices are registered")
    if secrets and (names_path is None or not register):
        raise SimulationError("--secrets needs --register, and --names FILE to write them to")
    settings = SimulateSettings.load(broker_host=broker_host, broker_port=broker_port)
    set_up_logging("simulate", "warning")
    allow_descriptors(devices + _SPARE_DESCRIPTORS)
    credentials = load_credentials(names_path, devices, with_secrets=secrets)
    if register and database is not None:
        from simulators.load.database import register_devices  # noqa: PLC0415 # a fleet can do without a database

        _say(f"{register_devices(database, credentials)} devices registered")
    if secrets:
        _say(f"stop the broker, run `heartwire broker restore`, start it, and run this again with --names {names_path}")
        return
    plan = Plan(fs_hz=fs_hz, seconds=minutes * 60, connects_a_second=connects, hold_s=hold_s, patience_s=patience_s)
    run = LoadFleet(credentials, plan, settings, _say)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: run.stop())
    _say(f"{devices} devices for the broker at {settings.broker_host}:{settings.broker_port}; Ctrl-C ends it early")
    report = measure(run, plan, settings, database, _say)
    click.echo("\n".join(report.lines()))
    if json_path is not None:
        json_path.write_bytes(report.to_json())


def allow_descriptors(wanted: int) -> None:
    """Let this process open so many files.

    Raises
    ------
    SimulationError
        If the system does not allow as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise SimulationError(
                f"{wanted} open files are needed and {hard} are allowed;"
                f" run `ulimit -Hn {wanted}` as root, or ask for fewer devices"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def load_credentials(path: Path | None, n: int, *, with_secrets: bool = False) -> list[Credential]:
    """Read the fleet's names (and passwords) from a file; make new names where there is none, and keep them there.

    Raises
    ------
    SimulationError
        If the file cannot be read or written, has too few lines, or one that is not a device's; or if it is there,
        and secrets are to be made.
    """
    if path is None:
        return [Credential(new_device()) for _ in range(n)]
    try:
        if not path.exists():
            made = [Credential(new_device(), new_secret() if with_secrets else None) for _ in range(n)]
            text = "".join(f"{one.device} {one.password or ''}".rstrip() + "\n" for one in made)
            write_private(path, text.encode())
            return made
        if with_secrets:
            raise SimulationError(f"{path} is there already; give --secrets another file")
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise SimulationError(f"{path} cannot be read or written: {error}") from None
    if len(lines) < n:
        raise SimulationError(f"{path} has {len(lines)} devices, wanted {n}")
    for number, words in enumerate(lines[:n], 1):
        if not is_device(words[0]) or len(words) > 2:
            raise SimulationError(f"{path}, line {number}: wanted a device's name, and its password if it has one")
    return [Credential(words[0], words[1] if len(words) == 2 else None) for words in lines[:n]]


def _say(line: str) -> None:
    click.echo(f"simulate: {line}", err=True)
