"""What the tests of the notifier share: a mail server and an HTTP receiver on loopback, people on call, the process."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from psycopg.rows import TupleRow

from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.conftest import StartHeartwire
from tests.servers.process import Process
from tests.servers.waiting import find_free_port


class Mailbox:
    """A mail server that takes everything and keeps it."""

    def __init__(self) -> None:
        self.mails: Final[list[tuple[list[str], str, str]]] = []
        self.pages: Final[list[str]] = []
        self.port: Final = find_free_port()
        self._controller: Final = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 # aiosmtpd's
        """Keep to whom, the subject and the text; and the page, of mails that have one."""
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        body = mail.get_body(("plain",))
        page = mail.get_body(("html",))
        if page is not None:
            self.pages.append(page.get_content())
        self.mails.append((list(envelope.rcpt_tos), str(mail["subject"]), body.get_content() if body else ""))
        return "250 OK"

    def address(self, to: str) -> str:
        """Return the apprise URL of somebody's mail here."""
        return f"mailto://127.0.0.1:{self.port}?from=heartwire@ward.example&to={to}@ward.example"

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """End."""
        self._controller.stop()


class Receiver:
    """An HTTP server that keeps what is posted to it, by path."""

    def __init__(self) -> None:
        self.posts: Final[list[tuple[str, dict[str, str], bytes]]] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # http.server's
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                outer.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server: Final = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: Final = int(self._server.server_address[1])
        self._thread: Final = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def address(self, name: str) -> str:
        """Return the apprise URL of somebody here."""
        return f"json://127.0.0.1:{self.port}/{name}"

    def to(self, name: str) -> list[dict[str, Any]]:
        """Return what was said to somebody."""
        return [json.loads(body) for path, _, body in self.posts if path.strip("/") == name]

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def hanging_server() -> Iterator[int]:
    """Yield the port of a server that begins to answer and never comes to an end.

    A letter ten times a second: what waits for silence to call it hanging waits for ever.
    """
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while not ended.wait(0.1):
                connection.send(b"a")

    def take(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=take, args=(server,), daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


class OnCall:
    """A database with people who can be reached; the notifier is started apart."""

    def __init__(self, start: StartHeartwire, database: str) -> None:
        self._start: Final = start
        self.database: Final = database
        self.connection = self._connect()
        self.patient_id: Final = add_patient(self.connection, "Ada Example", ward="B", device=new_device())

    def connect_again(self) -> None:
        """Connect anew after the database was away."""
        self.close()
        self.connection = self._connect()

    def _connect(self) -> psycopg.Connection[TupleRow]:
        return psycopg.connect(self.database, autocommit=True, options="-c timezone=UTC")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def notifier(self, **env: str) -> Process:
        """Start a notifier; ready when it has given a sign of life."""
        n_before = len(self.rows("SELECT instance FROM service_heartbeats WHERE service = 'notifier'"))

        def is_ready(_process: Process) -> bool:
            return len(self.rows("SELECT instance FROM service_heartbeats WHERE service = 'notifier'")) > n_before

        return self._start(
            "notifier",
            env={
                "HEARTWIRE_NOTIFIER_DATABASE": self.database,
                "HEARTWIRE_NOTIFIER_RETRY_LONGEST_S": "0.5",
                "HEARTWIRE_NOTIFIER_SEND_PAUSE_LONGEST_S": "0.5",
                "HEARTWIRE_NOTIFIER_HEARTBEAT_EVERY_S": "0.2",
                "HEARTWIRE_NOTIFIER_TURN_S": "0.1",
                **env,
            },
            is_ready=is_ready,
        )

    def rows(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        cursor = self.connection.execute(statement, given)
        return cursor.fetchall() if cursor.description else []

    def person(self, login: str, step: int | None = None, *, language: str = "en") -> int:
        """Add somebody of the team, on call as `step`; return the user's id."""
        (user_id,) = self.rows(
            "INSERT INTO users (tenant_id, login, name, password_hash, role, language)"
            " VALUES (1, %s, %s, 'x', 'nurse', %s) RETURNING user_id",
            login,
            login.title(),
            language,
        )[0]
        if step is not None:
            self.rows(
                "INSERT INTO on_call (tenant_id, user_id, step, from_at, to_at, created_by)"
                " VALUES (1, %s, %s, now() - interval '1 hour', now() + interval '1 day', %s)",
                user_id,
                step,
                user_id,
            )
        return int(user_id)

    def contact(self, user_id: int, address: str, kind: str = "apprise") -> int:
        """Add a way to reach somebody."""
        return int(
            self.rows(
                "INSERT INTO contacts (tenant_id, user_id, kind, label, scheme, address, created_by)"
                " VALUES (1, %s, %s, 'x', %s, %s, %s) RETURNING contact_id",
                user_id,
                kind,
                address.split(":", maxsplit=1)[0],
                address,
                user_id,
            )[0][0]
        )

    def chain(self, *delays_s: int) -> None:
        """Set the delays of all priorities."""
        for priority in ("high", "medium", "low"):
            self.rows(
                "INSERT INTO escalation_chains (tenant_id, priority, delays_s, set_by)"
                " SELECT 1, %s, %s, min(user_id) FROM users ON CONFLICT (tenant_id, ward, priority)"
                " DO UPDATE SET delays_s = excluded.delays_s",
                priority,
                list(delays_s),
            )

    def alarm(self, call: str = "asystole", priority: str = "high", n: int = 1) -> list[int]:
        """Raise alarms as analytics does; return their ids."""
        return [
            alarm_id
            for (alarm_id,) in self.rows(
                "WITH new AS (INSERT INTO alarms (tenant_id, patient_id, call, priority, onset_at, signal_at, engine)"
                " SELECT 1, %s, %s, %s, clock_timestamp() + n * interval '1 us', now(), 'test'"
                " FROM generate_series(1, %s) AS n RETURNING alarm_id), told AS ("
                " INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, 1, 'raised' FROM new)"
                " SELECT alarm_id FROM new ORDER BY alarm_id",
                self.patient_id,
                call,
                priority,
                n,
            )
        ]

    def event(self, alarm_id: int, kind: str, user_id: int | None = None, detail: str = "{}") -> None:
        """Add what happened to an alarm."""
        self.rows(
            "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id, detail) VALUES (%s, 1, %s, %s, %s)",
            alarm_id,
            kind,
            user_id,
            detail,
        )

    def steps(self, alarm_id: int) -> list[tuple[int, str | None]]:
        """Return the steps that were taken, and to whom."""
        return [
            (step, to)
            for step, to in self.rows(
                "SELECT (detail ->> 'step')::integer, detail ->> 'to' FROM alarm_events"
                " WHERE alarm_id = %s AND kind = 'escalated' ORDER BY event_id",
                alarm_id,
            )
        ]

    def open_alarms(self, call: str) -> list[dict[str, Any]]:
        """Return what the alarms of a call that are not over say."""
        return [
            detail
            for (detail,) in self.rows(
                "SELECT detail FROM alarms WHERE call = %s AND NOT has_ended ORDER BY alarm_id", call
            )
        ]
