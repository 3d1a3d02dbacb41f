"""A message goes to the address that was looked at in the moment of sending, and nowhere else."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from analytics.webhooks.delivery import Outcome, Sender


class _Receiver:
    """A server that keeps what it is asked for, and answers as it is told to."""

    def __init__(self) -> None:
        self.answer: tuple[int, str] = (200, "")
        self.asked: Final[list[tuple[str, str]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.asked.append((self.path, self.headers["host"]))
                status, location = receiver.answer
                self.send_response(status)
                self.send_header("location", location)
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 # http.server's: as who follows a redirect asks

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server: Final = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: Final = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        """Take nothing any more."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    receiver = _Receiver()
    yield receiver
    receiver.end()


def _send(url: str, *, local_too: bool = True) -> Outcome:
    sender = Sender(local_too=local_too)
    try:
        return sender.send(url, {}, b"{}")
    finally:
        sender.close()


def test_a_name_that_leads_to_the_machine_is_asked_nothing() -> None:
    outcome = _send("https://localhost/alarms", local_too=False)
    assert outcome.problem == "localhost leads to this machine or its link: nothing is sent there"


def test_a_redirect_is_an_answer_and_leads_nowhere(receiver: _Receiver) -> None:
    for status in (301, 302, 303, 307, 308):
        receiver.answer = (status, f"http://127.0.0.1:{receiver.port}/elsewhere")
        outcome = _send(f"http://localhost:{receiver.port}/alarms")
        assert (outcome.arrived, outcome.problem) == (False, f"answered {status}")
    assert {path for path, _ in receiver.asked} == {"/alarms"}


def test_no_proxy_of_the_machine_is_told(receiver: _Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _send(f"http://localhost:{receiver.port}/alarms").arrived


def test_the_name_is_looked_up_once_and_that_address_is_asked(
    receiver: _Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever owns a name lets it lead elsewhere between two questions.
    find, found = socket.getaddrinfo, []

    def lead_here_once(host: Any, *more: Any, **words: Any) -> Any:  # noqa: ANN401 # the library's
        if host != "localhost":
            return find(host, *more, **words)
        found.append(host)
        return find("127.0.0.1" if len(found) == 1 else "192.0.2.1", *more, **words)

    monkeypatch.setattr(socket, "getaddrinfo", lead_here_once)
    assert _send(f"http://localhost:{receiver.port}/alarms").arrived
    assert (found, receiver.asked) == (["localhost"], [("/alarms", f"localhost:{receiver.port}")])
