"""The whole system as it is deployed, on this machine: TimescaleDB, Mosquitto, the services; and fleets against it."""

import json
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import psutil

from heartwire.access import hash_secret, new_secret
from heartwire.storage.migrate import migrate
from heartwire.topics import new_device
from tests.benchmarks.results import say
from tests.conftest import ROOT
from tests.servers.postgres import TimescaleServer
from tests.servers.process import Process
from tests.servers.secured import SecuredMosquitto
from tests.servers.waiting import find_free_port, wait_until

_POSTGRES_CONF: Final = ROOT / "deploy" / "postgres" / "heartwire.conf"
#: Shapes of beats, made once.
_SHAPES: Final = ROOT / ".cache" / "simulators"


def deployed_settings() -> dict[str, str]:
    """Return the database's settings as they are shipped."""
    lines = (line.partition("#")[0].strip() for line in _POSTGRES_CONF.read_text(encoding="utf-8").splitlines())
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines if line)}


class LoadStack:
    """Servers and services; ends with everything it started.

    Parameters
    ----------
    services : sequence of str
        What runs besides: ``ingest`` (once for each mention), ``analytics``, ``dashboard``,
        ``compactor``.
    devices : int
        How many have a credential at the broker: fleets may be so large.
    """

    def __init__(self, services: Sequence[str], devices: int) -> None:
        self._directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-load-"))
        self._postgres: Final = TimescaleServer(durable=True, settings=deployed_settings())
        #: With the configuration of deploy/mosquitto: TLS, and a credential for everybody.
        self.broker: Final = SecuredMosquitto()
        self._names: Final = self._directory / "names"
        self._devices: Final = devices
        self._services: Final = tuple(services)
        self._processes: Final[dict[str, Process]] = {}
        self.database = ""

    def __enter__(self) -> Self:
        """Start everything."""
        try:
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (most, most)
            )  # the broker inherits it, and has a socket a device
            self._postgres.start()
            self._admit()
            self.broker.start()
            self.database = self._postgres.create_database("heartwire")
            migrate(self.database)
            for number, service in enumerate(self._services):
                self._start(f"{service}-{number}", service)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill everything and delete its data."""
        self.close()

    def close(self) -> None:
        """Kill everything and delete its data."""
        for process in reversed(self._processes.values()):
            process.kill()
        self.broker.remove()
        self._postgres.remove()
        shutil.rmtree(self._directory, ignore_errors=True)

    def run_fleet(self, devices: int, seconds: float, *, fs_hz: int = 250) -> dict[str, Any]:
        """Run a fleet and return its report (`simulators.load.report`); a line now and then says how it goes."""
        path = self._directory / "report.json"
        path.unlink(missing_ok=True)
        words = (
            *("simulate", "fleet", "--devices", str(devices), "--fs", str(fs_hz), "--minutes", str(seconds / 60)),
            *("--names", str(self._names), "--register", "--database", self.database),
            *("--json", str(path)),
        )
        settings = self.environment("SIMULATE", database=False) | {"HEARTWIRE_SIMULATE_CACHE_DIR": str(_SHAPES)}
        fleet = self._process(f"fleet-{len(self._processes)}", words, settings)
        say(f"{devices} devices for {seconds:.0f} s ...")
        fleet.start()
        wait_until(lambda: not fleet.is_running, f"the fleet of {devices}", timeout_s=seconds + 600, poll_s=0.5)
        if fleet.returncode:
            raise RuntimeError(f"the fleet ended with {fleet.returncode}:\n{fleet.log_end()}")
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report

    def environment(self, service: str, *, database: bool = True) -> dict[str, str]:
        """Return the variables by which a service finds broker and database."""
        settings: dict[str, str] = {}
        if service in {"INGEST", "DASHBOARD"}:
            settings = self.broker.env(service.lower())
        elif service == "SIMULATE":  # each device has its own name and password
            settings = {
                "HEARTWIRE_SIMULATE_BROKER_HOST": self.broker.host,
                "HEARTWIRE_SIMULATE_BROKER_PORT": str(self.broker.port),
                "HEARTWIRE_SIMULATE_BROKER_CA_FILE": str(self.broker.ca_file),
            }
        if database:
            settings[f"HEARTWIRE_{service}_DATABASE"] = self.database
        return settings

    def start_program(self, name: str, command: Sequence[str], is_ready: str) -> Process:
        """Start any program; return when its output says `is_ready`."""
        process = Process(name, command, self._directory / f"{name}.log")
        self._processes[name] = process
        process.start(lambda: is_ready in process.log)
        return process

    def _admit(self) -> None:
        """Make the fleet's names and passwords, and let them in."""
        secrets = {new_device(): new_secret() for _ in range(self._devices)}
        self._names.write_text("".join(f"{name} {secret}\n" for name, secret in secrets.items()), encoding="utf-8")
        self.broker.forget({name: hash_secret(secret) for name, secret in secrets.items()})

    def _start(self, name: str, service: str) -> None:
        words = {
            "dashboard": ("dashboard", "serve", "--port", str(find_free_port())),
            "compactor": ("compact",),
        }.get(service, (service,))
        process = self._process(name, words, self.environment(service.upper()))
        process.start(lambda: service != "ingest" or "subscribed at" in process.log)

    def _process(self, name: str, words: Sequence[str], settings: Mapping[str, str]) -> Process:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HEARTWIRE_")}
        home = {"HEARTWIRE_HOME": str(self._directory), "PYTHONUNBUFFERED": "1"}
        process = Process(
            name,
            [sys.executable, "-m", "heartwire", *words],
            self._directory / f"{name}.log",
            env={**inherited, **home, **settings},
        )
        self._processes[name] = process
        return process


def cpu_s(process: Process) -> float:
    """Return what a process has taken of a core, seconds, its ended children included."""
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)
