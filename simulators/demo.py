"""``heartwire demo``: the whole system on one machine, with patients that do not exist."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, NoReturn

import click
import psycopg

from heartwire.access import PROVISIONER
from heartwire.embedded.broker import EmbeddedBroker, find_mosquitto
from heartwire.embedded.child import Child
from heartwire.embedded.ports import LOOPBACK, choose_port
from heartwire.embedded.postgres import EmbeddedPostgres
from heartwire.storage.errors import translated
from heartwire.storage.migrate import migrate
from simulators.demo_access import DemoAccess, prepare_access
from simulators.demo_checks import (
    DEFAULT_PORT,
    answers_health,
    choose_dashboard_port,
    count_live,
    require_pages,
    wait_for,
)
from simulators.demo_console import Console
from simulators.demo_home import DemoError, Home
from simulators.demo_mailbox import Mailbox
from simulators.demo_services import Services, heartwire_command, make_environment
from simulators.demo_shift import Shift
from simulators.demo_stop import SIGNALS, StopAskedError, StopSignals
from simulators.demo_stories import ADMINISTRATOR, TEAM
from simulators.demo_team import let_in
from simulators.demo_ward import (
    PATIENTS_MAX,
    DemoPatient,
    find_missing,
    find_records,
    make_ward,
    register,
    with_recorded,
    write_fleet,
)

_DATABASE_PORT: Final = 54_320
_BROKER_PORT: Final = 18_830
_WEBSOCKET_PORT: Final = 18_880
_MAILBOX_PORT: Final = 18_950
_HEALTH_TIMEOUT_S: Final = 60.0
_SAMPLES_TIMEOUT_S: Final = 60.0
_COMMAND_TIMEOUT_S: Final = 120.0
_LOOK_EVERY_S: Final = 0.25
#: Often, so that somebody who looks can see it.
_CANARY_CYCLE_S: Final = 60
_ENDED_BY_SIGNAL: Final = 130
_console: Final = Console()


class _Wishes(NamedTuple):
    """What the command line asks for; see `demo`."""

    fresh: bool
    records: Path | None
    port: int | None
    n_patients: int
    broker_name: str | None


class _Wires(NamedTuple):
    """Where things are: the database as a libpq URL, TCP ports of the loopback address, who is let in."""

    database: str
    broker_port: int
    websocket_port: int
    dashboard_port: int
    access: DemoAccess


@click.command()
@click.option("--fresh", is_flag=True, help="Delete what an earlier demo kept, and start anew.")
@click.option(
    "--records",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of WFDB records: the first 16 are played besides the simulated patients.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    help=f"Port of the care team's pages.  [default: {DEFAULT_PORT}, or the next free one]",
)
@click.option(
    "--patients",
    "n_patients",
    type=click.IntRange(1, PATIENTS_MAX),
    default=10,
    show_default=True,
    help="How many patients to simulate; one of the first ten replays a real ECG, the last two are of a ward that"
    " the nurse does not see.",
)
@click.option(
    "--broker",
    "broker_name",
    type=click.Choice(["mosquitto", "amqtt"]),
    help="Which MQTT broker.  [default: Mosquitto where it is installed]",
)
def demo(**given: Any) -> None:  # noqa: ANN401 # as `_Wishes` names them
    """Run everything at once, with simulated patients.

    Starts a database, an MQTT broker, ingest, analytics, the notifier, the compactor, the canary, the dashboard and a
    ward of simulated patients on this machine alone (loopback), and prints where to look and how to sign in, as nurse,
    physician, technician or administrator; docs/tour.md leads through it. Within the first minute one patient has an
    asystole; others follow with atrial fibrillation, bradycardia, a lead off, tachycardia, a pause, noise, again and
    again. Their devices deliver what they recorded while the demo was off, four hours at most. A colleague acknowledges
    what you leave unanswered, and what is sent to phones is seen on a page of its own.

    Everything is kept in HEARTWIRE_HOME/demo (default ./.heartwire/demo): the next start goes on with the same
    patients, history and passwords. Patients of an earlier start with more of them stay on the ward, silent. Ten
    patients fill some hundred megabytes a day; --fresh empties it.
    Ctrl-C stops everything; a second Ctrl-C at once.
    """
    base = Path(os.environ.get("HEARTWIRE_HOME") or ".heartwire")
    os.environ["HEARTWIRE_HOME"] = str(base.absolute())
    services = Services(lambda line: _console.say(f"  ! {line}"))
    stop_signals = StopSignals()
    try:
        with Home(base) as home:
            try:
                _run(home, services, stop_signals, _Wishes(**given))
            except StopAskedError:
                _console.say("stopping ... (Ctrl-C again: at once)")
            finally:
                _stop(services)
    except StopAskedError:
        pass
    _console.say("stopped; nothing runs any more")


def _run(home: Home, services: Services, stop_signals: StopSignals, wishes: _Wishes) -> NoReturn:
    require_pages()
    dashboard_port = choose_dashboard_port(wishes.port)
    if wishes.port is None and dashboard_port != DEFAULT_PORT:
        _console.say(f"Port {DEFAULT_PORT} is taken; the pages are at {dashboard_port}.")
    _console.say(f"Starting heartwire; data and logs are in {home.directory}")
    if wishes.fresh:
        with _console.step("deleting what an earlier demo kept"):
            home.clear()
    logs = home.make_directory("logs")
    database = _start_database(home, logs, services)
    with _console.step("schema"), stop_signals.hold():
        migrate(database)
    groups = _register_patients(home, database, stop_signals, wishes)
    with _console.step("who may connect"), stop_signals.hold():
        access = prepare_access(home, database, [one for group in groups.values() for one in group])
    broker_port, websocket_port = _start_broker(home, logs, services, wishes.broker_name, access)
    begin = time.time()
    wires = _Wires(database, broker_port, websocket_port, dashboard_port, access)
    _start_services(home, logs, services, wires)
    _start_fleets(home, logs, services, groups, wires)
    # While they come up.
    _make_administrator(home, database, stop_signals)
    mailbox = Mailbox(choose_port(_MAILBOX_PORT))
    url = f"http://{LOOPBACK}:{dashboard_port}"
    with _console.step("pages"):
        if not wait_for(lambda: answers_health(dashboard_port), services.look, _HEALTH_TIMEOUT_S):
            raise DemoError(f"the dashboard does not answer at {url}; see {logs / 'dashboard.log'}")
    with _console.step("people"), stop_signals.hold():
        let_in(home, dashboard_port, are_records="records" in groups)

    def live() -> int:
        with stop_signals.hold():
            return count_live(database, devices, begin)

    devices = [patient.device for patients in groups.values() for patient in patients]
    with _console.step("first samples"):
        if not wait_for(lambda: live() >= 1, services.look, _SAMPLES_TIMEOUT_S):
            raise DemoError(f"no sample arrived in {_SAMPLES_TIMEOUT_S:.0f} s; see patients.log, ingest.log in {logs}")
        wait_for(lambda: live() == len(devices), services.look, 10.0)
    home.announce(url, mailbox.url)
    passwords = {member.login: home.password(member.login)[1] for member in TEAM}
    _console.say(_farewell(url, mailbox.url, passwords, f"{live()} of {len(devices)}", logs))
    Shift(home, dashboard_port, mailbox, lambda line: _console.say(f"  ! {line}")).start()
    while True:
        services.look()
        time.sleep(_LOOK_EVERY_S)


def _register_patients(
    home: Home, database: str, stop_signals: StopSignals, wishes: _Wishes
) -> dict[str, tuple[DemoPatient, ...]]:
    """Return the patients of each fleet, all registered."""
    with _console.step("patients"):
        ward = make_ward(wishes.n_patients, home.make_directory("ward"))
        with stop_signals.hold():
            register(database, ward)
            groups = {"patients": with_recorded(ward, find_missing(database, ward))}
    if wishes.records is not None:
        with _console.step(f"records in {wishes.records}"):
            groups["records"], left_out = find_records(wishes.records)
            with stop_signals.hold():
                register(database, groups["records"])
        for line in left_out:
            _console.say(f"    {line}")
    return groups


def _start_database(home: Home, logs: Path, services: Services) -> str:
    postgres = EmbeddedPostgres(home.directory / "postgresql", logs / "database.log", choose_port(_DATABASE_PORT))
    if postgres.is_new:
        with _console.step("making the database"):
            postgres.create()
    with _console.step("database"):
        services.start_stage([(postgres.child, postgres.start)], stop_timeout_s=3.0)
    return postgres.url


def _start_broker(home: Home, logs: Path, services: Services, name: str | None, access: DemoAccess) -> tuple[int, int]:
    mosquitto = None if name == "amqtt" else find_mosquitto()
    if name == "mosquitto" and mosquitto is None:
        raise DemoError("Mosquitto is not installed; install it (apt-get install mosquitto), or leave --broker out")
    websocket_port = choose_port(_WEBSOCKET_PORT)
    broker = EmbeddedBroker(
        home.directory / "broker",
        logs / "broker.log",
        choose_port(_BROKER_PORT),
        mosquitto,
        access.document,
        ws_port=websocket_port,
    )
    with _console.step(f"broker ({broker.name})"):
        services.start_stage([(broker.child, broker.start)], stop_timeout_s=1.0)
    return broker.port, websocket_port


def _start_services(home: Home, logs: Path, services: Services, wires: _Wires) -> None:
    def child(name: str, *words: str) -> tuple[Child, Callable[[], None]]:
        prefix = f"HEARTWIRE_{name.upper()}"
        settings = {f"{prefix}_DATABASE": wires.database}
        if name in {"ingest", "dashboard"}:
            settings |= {
                f"{prefix}_BROKER_HOST": LOOPBACK,
                f"{prefix}_BROKER_PORT": str(wires.broker_port),
                f"{prefix}_BROKER_USERNAME": name,
                f"{prefix}_BROKER_PASSWORD": wires.access.services[name],
            }
        if name == "canary":
            settings |= {
                f"{prefix}_BROKER_HOST": LOOPBACK,
                f"{prefix}_BROKER_PORT": str(wires.broker_port),
                f"{prefix}_BROKER_PASSWORD": wires.access.canary,
                f"{prefix}_CYCLE_S": str(_CANARY_CYCLE_S),
                f"{prefix}_PAGES_URL": f"http://{LOOPBACK}:{wires.dashboard_port}",
            }
        if name == "dashboard":
            settings |= {
                f"{prefix}_PROVISIONER_USERNAME": PROVISIONER,
                f"{prefix}_PROVISIONER_PASSWORD": wires.access.services[PROVISIONER],
                f"{prefix}_FACTOR_KEY": wires.access.factor_key,
                f"{prefix}_DEVICE_BROKER_WS_URL": f"ws://{LOOPBACK}:{wires.websocket_port}",
            }
        if name == "notifier":
            settings |= {f"{prefix}_PAGES_URL": f"http://{LOOPBACK}:{wires.dashboard_port}"}
        if name == "compactor":
            # Soon, so that somebody who looks can see it; a ward has hours.
            settings |= {f"{prefix}_AFTER_S": "300", f"{prefix}_STRETCH_S": "300"}
        environment = make_environment(home.base, settings)
        one = Child(name, heartwire_command(*words), logs / f"{name}.log", env=environment)
        return one, one.start

    # Ingest ends last: it commits what it has, and tells the devices.
    services.start_stage([child("ingest", "ingest")], stop_timeout_s=2.0)
    dashboard = child("dashboard", "dashboard", "serve", "--host", LOOPBACK, "--port", str(wires.dashboard_port))
    helpers = {"analytics": "analytics", "notifier": "notifier", "compactor": "compact", "canary": "canary"}
    others = [*(child(name, word) for name, word in helpers.items()), dashboard]
    services.start_stage(others, stop_timeout_s=4.0)


def _start_fleets(
    home: Home, logs: Path, services: Services, groups: dict[str, tuple[DemoPatient, ...]], wires: _Wires
) -> None:
    children = []
    for name, patients in groups.items():
        path = write_fleet(home.directory / "ward" / f"{name}.json", patients, wires.broker_port, wires.access.devices)
        command = heartwire_command("simulate", "ward", "--config", str(path))
        environment = make_environment(home.base, {"HEARTWIRE_SIMULATE_STOP_PATIENCE_S": "1"})
        one = Child(name, command, logs / f"{name}.log", env=environment)
        children.append((one, one.start))
    services.start_stage(children, stop_timeout_s=5.0)


def _make_administrator(home: Home, database: str, stop_signals: StopSignals) -> None:
    """Let the administrator in by the password that is kept, who lets in all others."""
    login = ADMINISTRATOR.login
    path, _, is_new = home.password(login)
    with stop_signals.hold(), translated(), psycopg.connect(database) as connection:
        exists = connection.execute("SELECT FROM users WHERE login = %s", [login]).rowcount
    words: tuple[str, ...] = ()
    if not exists:
        words = ("add", login, "--name", ADMINISTRATOR.name, "--role", ADMINISTRATOR.role)
    elif is_new:
        words = ("password", login)
    if words:
        with _console.step("administrator"):
            _call(
                home,
                *("dashboard", "user", *words, "--password-file", str(path)),
                settings={"HEARTWIRE_DASHBOARD_DATABASE": database},
            )


def _call(home: Home, *words: str, settings: dict[str, str]) -> None:
    """Run one of heartwire's own commands to its end."""
    done = subprocess.run(
        heartwire_command(*words),
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=make_environment(home.base, settings),
        timeout=_COMMAND_TIMEOUT_S,
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise DemoError(f"`heartwire {' '.join(words[:3])}` failed: {said[-1] if said else done.returncode}")


def _stop(services: Services) -> None:
    def at_once(_number: int, _frame: FrameType | None) -> None:
        services.kill()
        _console.say("killed")
        os._exit(_ENDED_BY_SIGNAL)

    for number in SIGNALS:
        signal.signal(number, at_once)
    services.stop()


def _farewell(url: str, phones: str, passwords: Mapping[str, str], live: str, logs: Path) -> str:
    shown = [member for member in TEAM if member.is_shown]
    people = "\n".join(f"    {each.login:<15}{passwords[each.login]:<27}{each.sees}" for each in shown)
    return f"""
heartwire is ready: {live} patients are live.

    Open           {url}
    Phones         {phones}   what is sent to the people on call

    User           Password
{people}

This is a demonstration: patients and team are made up; the first alarm comes in about half a minute, what was recorded
before within minutes. docs/tour.md leads through it. Logs: {logs}
heartwire is not a certified medical device: do not rely on it for a real patient.
Ctrl-C stops everything.
"""
