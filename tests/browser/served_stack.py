"""What stands behind every page: a database, a broker with a door, ingest, the pages' server, who may sign in."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import psycopg

from dashboard.users import add_user
from tests.integration.ingest_stack import is_ready
from tests.servers.migrated import TEMPLATE, make_migrated
from tests.servers.plain_http import answers
from tests.servers.postgres import remove_leftovers
from tests.servers.process import Process
from tests.servers.secured import SecuredBroker
from tests.servers.waiting import find_free_port

#: A service that is started, and how one sees that it is ready.
Service = tuple[Process, Callable[[], bool]]


class User(NamedTuple):
    """Who signs in."""

    login: str
    name: str
    password: str


class ServedStack:
    """Real services; ends with everything it started.

    Parameters
    ----------
    broker : SecuredBroker
        Its own, not started yet.
    ingest, dashboard : dict
        Further variables of these services.
    """

    def __init__(self, broker: SecuredBroker, *, ingest: dict[str, str], dashboard: dict[str, str]) -> None:
        self.directory: Final = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-browser-"))
        self.port: Final = find_free_port()
        self.url: Final = f"http://127.0.0.1:{self.port}"
        self.broker: Final = broker
        self.database = ""
        self.dashboard: Process
        self._postgres: Final = make_migrated("embedded-postgresql")
        self._processes: Final[list[Process]] = []
        self._ingest_env: Final = ingest
        self._dashboard_env: Final = dashboard

    def __enter__(self) -> Self:
        """Start everything; ready when the pages answer."""
        try:
            remove_leftovers()
            self._postgres.start()
            self.broker.start()
            self.database = self._postgres.create_database("heartwire", template=TEMPLATE)
            services = self._services()
            for process, _ in services:
                process.start()
            for process, is_ready in services:
                process.wait_until_ready(is_ready)
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
        self.broker.remove()
        self._postgres.remove()
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill_dashboard(self) -> None:
        """Let the pages' server be gone."""
        self.dashboard.kill()

    def start_dashboard(self) -> None:
        """Start it again, on the same port."""
        self.dashboard.start(self._answers)

    def add_user(self, name: str, role: str = "nurse", language: str = "en") -> User:
        """Let somebody sign in."""
        user = User(f"{name.split(maxsplit=1)[0].lower()}-{secrets.token_hex(3)}", name, secrets.token_urlsafe(12))
        with psycopg.connect(self.database) as connection:
            add_user(connection, user.login, name=name, role=role, password=user.password, language=language)
        return user

    def query(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        """Run a statement on the database, commit, and return its rows."""
        with psycopg.connect(self.database) as connection:
            cursor = connection.execute(statement, given)
            return cursor.fetchall() if cursor.description else []

    def _services(self) -> Sequence[Service]:
        """Make what is started besides database and broker, all at once."""
        where = {f"HEARTWIRE_{service}_DATABASE": self.database for service in ("INGEST", "DASHBOARD")}
        soon = {"HEARTWIRE_INGEST_RETRY_LONGEST_S": "0.5"}
        ingest = self.make("ingest", env=self.broker.env("ingest") | where | soon | self._ingest_env)
        door = self.broker.env("dashboard") | self.broker.provisioner_env()
        words = ("dashboard", "serve", "--port", str(self.port))
        self.dashboard = self.make(*words, env=door | where | self._dashboard_env)
        return [
            (ingest, lambda: is_ready(ingest)),
            (self.dashboard, self._answers),
        ]

    def make(self, *words: str, env: Mapping[str, str]) -> Process:
        """Make a process of heartwire, not started yet; it ends with the stack."""
        name = f"{words[0]}-{len(self._processes)}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
        process = Process(
            name,
            [sys.executable, "-m", "heartwire", *words],
            self.directory / f"{name}.log",
            env={**inherited, "HEARTWIRE_HOME": str(self.directory), "PYTHONUNBUFFERED": "1", **env},
        )
        self._processes.append(process)
        return process

    def _answers(self) -> bool:
        return answers(f"{self.url}/api/health")
