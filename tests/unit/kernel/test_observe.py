"""A service is seen from outside, whatever it does and whoever asks."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import httpx
import pytest
from pydantic_settings import SettingsConfigDict

from heartwire.observe import ObserveError, Observer, counter
from heartwire.settings import ObserveSettings, ServiceSettings
from tests.servers.plain_http import PLAIN
from tests.servers.waiting import wait_until


class _Settings(ServiceSettings, ObserveSettings):
    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_UNIT_")


class _Service:
    """What an observer looks at."""

    def __init__(self, port: int | None) -> None:
        self.age_s = 0.5
        self.has_broker = True
        self.hangs = threading.Event()
        self.settings = _Settings.load(observe_port=port)
        self.observer = self.observe()

    def observe(self) -> Observer:
        return Observer(
            self.settings,
            "unit",
            age_s=lambda: self.age_s,
            stuck_after_s=10.0,
            reaches={"broker": lambda: self.has_broker, "database": lambda: not self.hangs.wait(0)},
            collect=lambda: [counter("heartwire_unit_things", "Things", 7)],
        )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.settings.observe_port}{path}", timeout=20, verify=PLAIN)


@pytest.fixture
def service(free_port: int) -> Iterator[_Service]:
    service = _Service(free_port)
    service.observer.start()
    yield service
    service.observer.stop()


def test_metrics_are_there_with_those_of_the_process(service: _Service) -> None:
    answer = service.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "heartwire_unit_things_total 7.0" in answer.text
    assert "heartwire_unit_round_age_seconds 0.5" in answer.text
    assert 'heartwire_service_info{service="unit"' in answer.text
    assert "process_resident_memory_bytes" in answer.text


def test_a_service_that_hangs_is_neither_well_nor_ready(service: _Service) -> None:
    assert service.get("/healthz").status_code == 200
    service.age_s = 61.0
    for path in ("/healthz", "/readyz"):
        answer = service.get(path)
        assert answer.status_code == 503
        assert "has not come by for 61 s" in answer.text


def test_ready_says_what_is_missing_and_well_does_not_care(service: _Service) -> None:
    assert service.get("/readyz").text == "ok\n"
    service.has_broker = False
    assert service.get("/readyz").status_code == 503
    assert service.get("/readyz").text == "no broker\n"
    assert service.get("/healthz").status_code == 200


def test_the_command_ends_as_the_service_is(service: _Service) -> None:
    port = str(service.settings.observe_port)
    command = [sys.executable, "-m", "heartwire", "health", "--port", port, "--ready"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    service.has_broker = False
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: no broker\n"


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/", "GET", 404), ("/metrics/x", "GET", 404), ("/metrics", "POST", 405)]
)
def test_nothing_else_is_there(service: _Service, path: str, method: str, status: int) -> None:
    answer = httpx.request(method, f"http://127.0.0.1:{service.settings.observe_port}{path}", timeout=20, verify=PLAIN)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "sent", [b"", b"GET /metr", b"\x00" * 20_000, b"nonsense\r\n\r\n", b"GET /healthz HTTP/1.1\r\n" * 999]
)
def test_whoever_sends_nonsense_or_nothing_holds_nobody_up(service: _Service, sent: bytes) -> None:
    address = ("127.0.0.1", service.settings.observe_port)
    with socket.create_connection(address) as stranger:
        stranger.sendall(sent)
        assert service.get("/healthz").status_code == 200
        stranger.settimeout(20)
        try:
            while stranger.recv(4096):
                pass  # to the end, which comes by itself
        except ConnectionResetError:
            pass


def test_connections_are_bounded_and_come_back(service: _Service) -> None:
    strangers = [socket.create_connection(("127.0.0.1", service.settings.observe_port)) for _ in range(40)]
    wait_until(lambda: service.observer._n_connections >= 16, "the bound to be reached", timeout_s=1.5)
    strangers[-1].settimeout(20)
    assert strangers[-1].recv(1) == b"", "one too many was served"
    assert service.observer._n_connections <= 16
    for stranger in strangers:
        stranger.close()
    wait_until(lambda: service.observer._n_connections == 0, "the strangers to be let go")
    assert service.get("/healthz").status_code == 200


def test_a_look_that_hangs_is_a_no(service: _Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heartwire.observe._LOOK_S", 0.05)
    hangs = threading.Event()
    monkeypatch.setattr(service.observer, "_reaches", {"database": lambda: hangs.wait(20)})
    assert service.get("/readyz").text == "no database\n"
    hangs.set()


def test_a_port_that_is_taken_is_a_sentence(service: _Service) -> None:
    with pytest.raises(ObserveError, match="HEARTWIRE_UNIT_OBSERVE_PORT"):
        service.observe().start()


def test_without_a_port_nothing_listens() -> None:
    service = _Service(None)
    service.observer.start()
    assert not service.observer._thread.is_alive()
    service.observer.stop()
