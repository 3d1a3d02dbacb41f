"""What the tests of the pages' server share: the server as a process, people who are signed in, screens, alarms."""

import contextlib
import json
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, Self

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection
from websockets.typing import Origin

from dashboard.passwords import hash_password
from heartwire.storage.queries import load_queries
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process
from tests.servers.waiting import find_free_port, wait_until

on_one_pair: Final = pytest.mark.parametrize(
    ("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True
)
PASSWORD: Final = "correct horse battery"  # noqa: S105 # of a test's own user
_STAFF: Final = (("nurse", "Nora Nurse", "nurse", "en"), ("doctor", "Dr. Day", "physician", "fr"))
_ADD_USER: Final = load_queries("dashboard", "users.sql")["add"]
_ENGINE: Final = "test"
_SERVER: Final = "heartwire_test_dashboard"
_SEVERAL: Final = 4


@cache
def _password_hash() -> str:
    """Return the one hash for everybody: to make it is a quarter of a second of work, by design."""
    return hash_password(PASSWORD)


class Patient(NamedTuple):
    """A registered patient and the device."""

    patient_id: int
    device: str


class Screen:
    """One live connection, read by a thread of its own so that what comes is kept with its time.

    Parameters
    ----------
    connection : Connection
        Open.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection: Final = connection
        self._messages: Final[list[bytes]] = []
        self._close_code: int | None = None
        self._thread: Final = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for message in self.connection:
                assert isinstance(message, bytes), "the server sends binary messages only"
                self._messages.extend(_parts(message))
        except ConnectionClosed:
            pass
        self._close_code = self.connection.close_code

    def watch(self, *patients: int) -> None:
        """Say which patients are on the screen."""
        self.connection.send(json.dumps({"watch": patients}))

    @property
    def wards(self) -> list[dict[str, Any]]:
        """The pictures that came."""
        return [json.loads(message[1:]) for message in self._of(1)]

    @property
    def ward(self) -> dict[str, Any]:
        """The last picture that came."""
        return self.wards[-1]

    @property
    def ecg(self) -> list[tuple[int, bytes]]:
        """Patient and samples of each ECG record that came."""
        found = []
        for message in self._of(2):
            lead_length = struct.unpack_from("<H", message, 28)[0]
            found.append((struct.unpack_from("<I", message, 4)[0], message[30 + lead_length + lead_length % 2 :]))
        return found

    @property
    def beats(self) -> list[dict[str, Any]]:
        """The new beats that came."""
        return [json.loads(message[1:]) for message in self._of(3)]

    def wait_for_close(self) -> int | None:
        """Wait until the connection has ended, and return the code."""
        wait_until(lambda: not self._thread.is_alive(), "the live connection to end")
        return self._close_code

    def _of(self, kind: int) -> list[bytes]:
        return [message for message in list(self._messages) if message[0] == kind]


def _parts(message: bytes) -> list[bytes]:
    """Return the messages that came as one."""
    if message[0] != _SEVERAL:
        return [message]
    found, begin = [], 1
    while begin < len(message):
        (length,) = struct.unpack_from("<I", message, begin)
        found.append(message[begin + 4 : begin + 4 + length])
        begin += 4 + length
    return found


class Person:
    """Somebody in front of a browser."""

    def __init__(self, url: str) -> None:
        self.http: Final = httpx.Client(base_url=url, timeout=10, verify=PLAIN)
        self._url: Final = url

    def sign_in(self, login: str = "nurse", password: str = PASSWORD) -> httpx.Response:
        """Sign in; from then on changes carry the session's token."""
        answer = self.http.post("/api/session", json={"login": login, "password": password})
        if answer.status_code == 200:
            self.http.headers["x-csrf-token"] = answer.json()["csrf"]
        return answer

    def open(self, *, origin: str | None = None, cookie: bool = True) -> ClientConnection:
        """Open a live connection, as the page does."""
        token = self.http.cookies.get("heartwire_session") if cookie else None
        return connect(
            self._url.replace("http", "ws") + "/api/live",
            origin=Origin(origin or self._url),
            additional_headers={"cookie": f"heartwire_session={token}"} if token else {},
            proxy=None,
            max_size=None,
        )

    @contextlib.contextmanager
    def screen(self) -> Iterator[Screen]:
        """Look at the ward."""
        with self.open() as connection:
            yield Screen(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()


class Stack:
    """A database, a broker and the pages' server, with a nurse and a colleague who may sign in."""

    def __init__(
        self, start: StartHeartwire, database: str, broker: BrokerServer, env: Mapping[str, str] | None = None
    ) -> None:
        self.database: Final = database
        with psycopg.connect(database) as connection:
            for login, name, role, language in _STAFF:
                add_person(connection, login, name, role=role, language=language)
        port = find_free_port()
        self.url: Final = f"http://127.0.0.1:{port}"
        self.server: Final = start(
            "dashboard",
            "serve",
            "--port",
            str(port),
            env={
                "HEARTWIRE_DASHBOARD_DATABASE": as_the_pages_server(database),
                "HEARTWIRE_DASHBOARD_BROKER_HOST": broker.host,
                "HEARTWIRE_DASHBOARD_BROKER_PORT": str(broker.port),
                "HEARTWIRE_DASHBOARD_RETRY_LONGEST_S": "0.5",
                **(env or {}),
            },
            is_ready=self._is_ready,
        )

    def _is_ready(self, _process: Process) -> bool:
        try:
            return bool(httpx.get(self.url + "/api/health", timeout=2, verify=PLAIN).json()["broker"]["live"])
        except httpx.HTTPError:
            return False

    def person(self, login: str | None = "nurse") -> Person:
        """Return somebody, signed in unless `login` is none."""
        person = Person(self.url)
        if login is not None:
            assert person.sign_in(login).status_code == 200
        return person

    def add_patient(self, name: str = "Ada Example", tenant: str = "default") -> Patient:
        """Register a patient."""
        device = new_device()
        with psycopg.connect(self.database) as connection:
            return Patient(add_patient(connection, name, ward="B", device=device, tenant=tenant), device)

    def execute(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement, commit, and return its rows."""
        with psycopg.connect(self.database) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def raise_alarm(self, patient: Patient | None, call: str = "asystole", priority: str = "high") -> int:
        """Raise an alarm as analytics does, and return its id."""
        alarm_id = self.execute(
            "INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)"
            " VALUES (1, %s, %s, %s, %s, now() - interval '4 s', now(), %s) RETURNING alarm_id",
            *(patient or (None, None)),
            call,
            priority,
            _ENGINE,
        )[0][0]
        self.add_event(alarm_id, "raised")
        return int(alarm_id)

    def add_event(self, alarm_id: int, kind: str) -> None:
        """Add what analytics says about an alarm."""
        self.execute("INSERT INTO alarm_events (alarm_id, tenant_id, kind) VALUES (%s, 1, %s)", alarm_id, kind)


def add_person(
    connection: psycopg.Connection[Any],
    login: str,
    name: str,
    *,
    role: str,
    language: str = "en",
    tenant: str = "default",
) -> None:
    """Let somebody sign in with the password of everybody."""
    given = {"login": login, "name": name, "role": role, "language": language, "tenant": tenant}
    connection.execute(_ADD_USER, given | {"password_hash": _password_hash()})


def as_the_pages_server(database: str) -> str:
    """Return the URL by which the pages' server signs in where it has no more rights than it needs: owns nothing."""
    with psycopg.connect(database, autocommit=True) as connection, contextlib.suppress(psycopg.errors.DuplicateObject):
        connection.execute(f"CREATE ROLE {_SERVER} LOGIN IN ROLE heartwire_pages, heartwire_door")
    return database.replace("//postgres@", f"//{_SERVER}@")


def now_us() -> int:
    """Return the clock, UTC microseconds."""
    return time.time_ns() // 1000
