"""The whole system once for all browser tests: database, broker, ingest, analytics, dashboard, simulated patients."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from pydantic import SecretStr

from heartwire.access import PROVISIONER, new_secret
from heartwire.broker_orders import admit
from heartwire.calls import get_call
from heartwire.settings import BrokerSettings
from heartwire.storage.migrate import migrate
from heartwire.storage.registry import add_patient, set_limit
from heartwire.topics import new_device
from tests.servers.postgres import EmbeddedPostgres, remove_leftovers
from tests.servers.process import Process
from tests.servers.secured import SecuredEmbedded
from tests.servers.waiting import find_free_port

_DAYS: Final = """
    FROM devices AS d JOIN patients AS p USING (patient_id), generate_series(
        date_trunc('minute', now()) - %s * interval '1 day', date_trunc('minute', now()) - interval '10 min', '1 min'
    ) AS m (minute)
    WHERE p.name = %s AND extract(hour FROM minute) <> 3
"""
_DAYS_OF_BEATS: Final = f"""
    INSERT INTO beat_minutes (
        patient_id, minute, device_id, engine, rr_sum_us, tenant_id, rr_n, rr_min_us, rr_max_us,
        beats_n, beats_s, beats_v, beats_f, beats_q
    )
    SELECT
        patient_id, minute, device_id, 'test',
        70 * (60e6 / (72 + 14 * sin(extract(epoch FROM minute) / 13751)))::bigint, p.tenant_id,
        70, 500000, 1100000, 70, 0, 0, 0, 0 {_DAYS}
"""  # noqa: S608
_DAYS_OF_SIGNAL: Final = f"""
    INSERT INTO ecg_minutes (patient_id, minute, device_id, lead, ecg_us, tenant_id)
    SELECT patient_id, minute, device_id, 'II', 60000000, p.tenant_id {_DAYS}
"""
Script = Sequence[Mapping[str, str | float]]


class User(NamedTuple):
    """Who signs in."""

    login: str
    name: str
    password: str


class WardStack:
    """Real services around an embedded database and broker; ends with everything it started."""

    def __init__(self) -> None:
        self._directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-browser-"))
        self.port: Final = find_free_port()
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self._postgres: Final = EmbeddedPostgres()
        self._broker: Final = SecuredEmbedded()
        self._processes: Final[list[Process]] = []
        self._provisioner: Final = BrokerSettings(
            broker_host=self._broker.host,
            broker_port=self._broker.port,
            broker_username=PROVISIONER,
            broker_password=SecretStr(self._broker.secrets[PROVISIONER]),
        )
        self._database = ""
        self.dashboard: Process

    def __enter__(self) -> Self:
        """Start everything; ready when the pages answer."""
        try:
            remove_leftovers()
            self._postgres.start()
            self._broker.start()
            self._database = self._postgres.create_database("heartwire")
            migrate(self._database)
            ingest = self._make("ingest", env=self._settings("INGEST", RETRY_LONGEST_S="0.5", LINKS_EVERY_S="1"))
            analytics = self._make("analytics", env=self._settings("ANALYTICS", broker=False))
            pages = self._settings("DASHBOARD") | self._broker.provisioner_env()
            self.dashboard = self._make("dashboard", "serve", "--port", str(self.port), env=pages)
            ingest.start(lambda: "subscribed at" in ingest.log and "the database is there" in ingest.log)
            analytics.start(lambda: "devices taken up" in analytics.log)
            self.start_dashboard()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Kill everything and delete its data."""
        self.close()

    def close(self) -> None:
        """Kill everything and delete its data."""
        for process in reversed(self._processes):
            process.kill()
        self._broker.remove()
        self._postgres.remove()
        shutil.rmtree(self._directory, ignore_errors=True)

    def start_dashboard(self) -> None:
        """Start the dashboard, again after a kill, on the same port."""
        self.dashboard.start(self._answers)

    def add_user(self, name: str, role: str = "nurse", language: str = "en") -> User:
        """Let somebody sign in, by the command that a person uses."""
        user = User(f"{name.split(maxsplit=1)[0].lower()}-{secrets.token_hex(3)}", name, secrets.token_urlsafe(12))
        file = self._directory / "password"
        file.write_text(user.password, encoding="utf-8")
        words = ("user", "add", user.login, "--name", name, "--role", role, "--language", language)
        self._call("dashboard", *words, "--password-file", str(file), env=self._settings("DASHBOARD", broker=False))
        return user

    def add_patient(self, name: str, script: Script, *, ward: str = "Cardiology") -> Process:
        """Register a patient and start the device that plays his script; kill it and he goes quiet."""
        device, secret = new_device(), new_secret()
        admit(self._provisioner, device, secret)
        with psycopg.connect(self._database) as connection:
            add_patient(connection, name, ward=ward, device=device)
        file = self._directory / f"{device}.json"
        file.write_text(json.dumps(script), encoding="utf-8")
        process = self._make(
            "simulate",
            "patient",
            "--device",
            device,
            "--script",
            str(file),
            env=self._settings(
                "SIMULATE", database=False, broker=False, BROKER_USERNAME=device, BROKER_PASSWORD=secret, **self._where
            ),
        )
        process.start()
        return process

    def pair(self, code: str) -> dict[str, Any]:
        """Pair a phone by the code that a page shows, and return its credential."""
        body = json.dumps({"code": code, "description": "Polar H10"}).encode()
        with urllib.request.urlopen(f"{self.url}/api/pair", body, timeout=20) as answer:  # noqa: S310 # our own address
            return dict(json.load(answer))

    def expire_codes(self) -> None:
        """Let the time of every code that was not used be over."""
        with psycopg.connect(self._database) as connection:
            connection.execute("UPDATE pairing_codes SET expires_at = now() WHERE used_at IS NULL")

    def set_limit(self, name: str, call: str, limit: str, value: float) -> None:
        """Give the patient of that name a limit of his own."""
        with psycopg.connect(self._database) as connection:
            row = connection.execute("SELECT patient_id FROM patients WHERE name = %s", (name,)).fetchone()
            assert row is not None
            set_limit(connection, row[0], call, limit, value)

    def raise_alarm(self, name: str, call: str, detail: Mapping[str, float]) -> int:
        """Raise an alarm of the patient of that name, as analytics does, and return its id."""
        with psycopg.connect(self._database) as connection:
            row = connection.execute(
                "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, detail,"
                " engine)"
                " SELECT d.tenant_id, d.patient_id, d.device_id, %s, %s, now() - interval '4 s', now(), %s, 'test'"
                " FROM devices AS d JOIN patients AS p USING (patient_id) WHERE p.name = %s RETURNING alarm_id",
                (call, str(get_call(call).priority), Jsonb(dict(detail)), name),
            ).fetchone()
            assert row is not None
            self._add_event(connection, row[0], "raised")
            return int(row[0])

    def settle_alarm(self, alarm_id: int, user: User) -> None:
        """End an alarm and acknowledge it."""
        with psycopg.connect(self._database) as connection:
            self._add_event(connection, alarm_id, "ended")
            self._add_event(connection, alarm_id, "acknowledged", user.login)

    @staticmethod
    def _add_event(connection: psycopg.Connection[TupleRow], alarm_id: int, kind: str, login: str = "") -> None:
        connection.execute(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id)"
            " SELECT %s, 1, %s, (SELECT user_id FROM users WHERE login = %s)",
            (alarm_id, kind, login),
        )

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Leave a transaction open, so that nothing that is stored from now on can be analysed."""
        with psycopg.connect(self._database) as connection:
            connection.execute("SELECT pg_current_xact_id()")
            yield

    def remember_days(self, name: str, days: int) -> None:
        """Let the patient of that name have minutes of so many days behind him, but for an hour of each night."""
        with psycopg.connect(self._database) as connection:
            connection.execute(_DAYS_OF_BEATS, (days, name))
            connection.execute(_DAYS_OF_SIGNAL, (days, name))

    def _settings(self, service: str, *, broker: bool = True, database: bool = True, **more: str) -> dict[str, str]:
        settings = dict(more)
        if database:
            settings["DATABASE"] = self._database
        if broker:
            name = service.lower()
            settings |= {**self._where, "BROKER_USERNAME": name, "BROKER_PASSWORD": self._broker.secrets[name]}
        return {f"HEARTWIRE_{service}_{name}": value for name, value in settings.items()}

    @property
    def _where(self) -> dict[str, str]:
        return {"BROKER_HOST": self._broker.host, "BROKER_PORT": str(self._broker.port)}

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
        return {**inherited, "HEARTWIRE_HOME": str(self._directory), "PYTHONUNBUFFERED": "1", **settings}

    def _make(self, *words: str, env: Mapping[str, str]) -> Process:
        name = f"{words[0]}-{len(self._processes)}"
        command = [sys.executable, "-m", "heartwire", *words]
        process = Process(name, command, self._directory / f"{name}.log", env=self._environment(env))
        self._processes.append(process)
        return process

    def _call(self, *words: str, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", "heartwire", *words]
        subprocess.run(command, check=True, capture_output=True, env=self._environment(env), timeout=60)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=2) as answer:  # noqa: S310 # our own address
                return bool(answer.status == 200)
        except OSError:
            return False
