"""The test servers keep their own promises: what they say they keep is kept, what they say is fresh is fresh."""

import contextlib
import os
import signal
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from heartwire.storage.migrate import migrate
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.postgres import PostgresServer
from tests.servers.process import Process, is_alive
from tests.servers.waiting import accepts_connections, find_free_port, wait_until


def test_database_is_fresh_and_migrated(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('marker')").fetchone() == (None,)
        connection.execute("CREATE TABLE marker (only_one integer)")
    assert migrate(database) == []


def test_database_of_one_test_is_not_that_of_another(database: str) -> None:
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('marker')").fetchone() == (None,)


def test_empty_database_takes_the_migrations(empty_database: str) -> None:
    assert migrate(empty_database)


def test_timescaledb_is_real(database_server: PostgresServer) -> None:
    with psycopg.connect(database_server.dsn()) as connection:
        known = connection.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    assert known == (int(database_server.name == "timescaledb"),)


def test_committed_rows_survive_sigkill(killable_database_server: PostgresServer) -> None:
    server = killable_database_server
    with psycopg.connect(server.dsn("heartwire")) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (42)")
    family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]

    server.kill()

    assert not any(map(is_alive, family))
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.dsn("heartwire"), connect_timeout=2)
    server.start()
    with psycopg.connect(server.dsn("heartwire")) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(42,)]


def test_broker_comes_back_on_its_port(broker: BrokerServer) -> None:
    assert _echo(broker) == b"heard"
    broker.kill()
    assert not accepts_connections(broker.port)
    broker.start()
    assert _echo(broker) == b"heard"


def test_mosquitto_remembers_a_session_over_a_restart() -> None:
    with MosquittoServer() as server:
        subscriber = _client(server, "sleeper", clean=False)
        subscriber.loop_start()
        wait_until(subscriber.is_connected, "the subscriber")
        subscribed: list[int] = []
        subscriber.on_subscribe = lambda *_: subscribed.append(1)
        subscriber.subscribe("kept", qos=1)
        wait_until(lambda: bool(subscribed), "the subscription")
        subscriber.disconnect()
        subscriber.loop_stop()
        _publish(server, "kept", b"while asleep")

        server.stop()
        server.start()

        received: list[bytes] = []
        subscriber = _client(server, "sleeper", clean=False)
        subscriber.on_message = lambda *arguments: received.append(arguments[2].payload)
        subscriber.loop_start()
        wait_until(lambda: bool(received), "the message kept over the restart")
        subscriber.disconnect()
        subscriber.loop_stop()
        assert received == [b"while asleep"]


def test_heartwire_process_runs_the_command(heartwire_process: StartHeartwire) -> None:
    process = heartwire_process("--help")
    assert process.wait() == 0
    assert "ingest" in process.log


@pytest.mark.parametrize("cold", ["", "1"], ids=["warm", "cold"])
def test_a_command_runs_as_if_it_had_been_started_by_itself(
    heartwire_process: StartHeartwire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cold: str
) -> None:
    monkeypatch.setenv("HEARTWIRE_COLD", cold)
    monkeypatch.chdir(tmp_path)
    refused = heartwire_process("ingest", "--no-such-option")
    assert refused.wait() == 2
    assert "No such option '--no-such-option'" in refused.log
    env = {"HEARTWIRE_INGEST_DATABASE": "postgresql://127.0.0.1:1/nowhere", "HEARTWIRE_INGEST_BROKER_PORT": "1"}
    alone, other = (heartwire_process("ingest", env=env | more) for more in ({}, {"HEARTWIRE_INGEST_INSTANCE": "2"}))
    wait_until(lambda: "127.0.0.1" in alone.log and "127.0.0.1" in other.log, "both to ask in vain")
    assert os.getsid(alone.pid) == alone.pid
    assert psutil.Process(alone.pid).cwd() == str(tmp_path)
    assert alone.stop() == 0
    assert other.is_running
    other.kill()
    assert other.returncode == -signal.SIGKILL
    other.start()
    assert other.is_running


def test_commands_end_with_the_tests_that_are_killed(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys, time; from tests.servers.process import Process\n"
        "words = [sys.executable, '-m', 'heartwire', 'ingest']\n"
        "env = {'HEARTWIRE_INGEST_BROKER_PORT': '1', **os.environ}\n"
        "process = Process('ingest', words, pathlib.Path(sys.argv[1]), env=env); process.start()\n"
        "print(process.pid, flush=True); time.sleep(600)"
    )
    tests = Process("tests", [sys.executable, "-c", script, str(tmp_path / "ingest")], tmp_path / "log")
    tests.start(lambda: tests.log.endswith("\n"))
    command = psutil.Process(int(tests.log))
    parent = command.parent()
    assert parent is not None
    assert "tests.servers.warm_parent" in parent.cmdline()
    os.kill(tests.pid, signal.SIGKILL)
    assert tests.wait() == -signal.SIGKILL
    wait_until(lambda: not is_alive(parent) and not is_alive(command), "all to end")


def test_a_process_that_dies_before_it_is_ready_says_so(heartwire_process: StartHeartwire) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)before it was ready.*No such command"):
        heartwire_process("no-such-command", is_ready=lambda _: False)


def test_kill_ends_grandchildren_too(tmp_path: Path) -> None:
    sleep = "import time; time.sleep(600)"
    script = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {sleep!r}]).pid, flush=True); {sleep}"
    )
    process = Process("family", [sys.executable, "-c", script], tmp_path / "log")
    process.start(lambda: process.log.endswith("\n"))
    grandchild = psutil.Process(int(process.log))
    process.kill()
    assert not is_alive(grandchild)
    assert process.returncode == -signal.SIGKILL


def test_free_ports_differ_from_taken_ones() -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(MosquittoServer())
        assert accepts_connections(server.port)
        assert find_free_port() != server.port


def _client(server: BrokerServer | MosquittoServer, name: str, *, clean: bool) -> mqtt.Client:
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean, protocol=MQTTProtocolVersion.MQTTv311
    )
    client.connect(server.host, server.port)
    return client


def _publish(server: BrokerServer | MosquittoServer, topic: str, payload: bytes) -> None:
    publisher = _client(server, "publisher", clean=True)
    publisher.loop_start()
    publisher.publish(topic, payload, qos=1).wait_for_publish(timeout=10)
    publisher.disconnect()
    publisher.loop_stop()


def _echo(server: BrokerServer) -> bytes:
    """Publish to oneself through the broker and return what came back."""
    received: list[bytes] = []
    client = _client(server, "echo", clean=True)
    subscribed: list[int] = []
    client.on_message = lambda *arguments: received.append(arguments[2].payload)
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.loop_start()
    wait_until(client.is_connected, "the connection")
    client.subscribe("echo", qos=1)
    wait_until(lambda: bool(subscribed), "the subscription")
    client.publish("echo", b"heard", qos=1)
    wait_until(lambda: bool(received), "the echo")
    client.disconnect()
    client.loop_stop()
    return received[0]
