"""The embedded PostgreSQL: made once, whole again after any end, and never left behind."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from heartwire.embedded.errors import EmbeddedServerError
from heartwire.embedded.postgres import EmbeddedPostgres
from heartwire.embedded.programs import find_programs, is_reachable_by_all
from tests.servers.process import is_alive
from tests.servers.waiting import find_free_port, wait_until


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = _made(tmp_path)
    yield server
    server.child.kill()


def _made(home: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(home / "postgresql", home / "log", find_free_port())
    if server.is_new:
        server.create()
    return server


def _family(server: EmbeddedPostgres) -> list[psutil.Process]:
    postmaster = psutil.Process(server.child.pid)
    return [postmaster, *postmaster.children(recursive=True)]


def _count(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert row is not None
        return int(row[0])


def _keep_row(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 1")


def test_it_lives_again_after_a_stop_and_after_a_kill(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    _keep_row(postgres)
    postgres.stop()
    assert not (tmp_path / "postgresql" / "data" / "postmaster.pid").exists()
    again = _made(tmp_path)
    again.start()
    family = _family(again)
    again.child.kill()
    # The file names the dead server. Its backends may still be ending: the next start waits for nobody.
    assert (tmp_path / "postgresql" / "data" / "postmaster.pid").exists()
    wait_until(lambda: not any(map(is_alive, family)), "the backends to notice")
    again.start()
    assert _count(again) == 1
    again.stop()


def test_a_file_that_names_somebody_else_is_not_believed(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    # After a restart of the machine any process may have the dead server's number; here it is the tests' own.
    pid_file = tmp_path / "postgresql" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{tmp_path}\n0\n1\n\n127.0.0.1\n", encoding="ascii")
    postgres.start()
    _keep_row(postgres)
    assert _count(postgres) == 1


def test_a_server_of_an_earlier_life_is_ended_first(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    first = psutil.Process(postgres.child.pid)
    second = _made(tmp_path)
    second.start()
    try:
        assert not is_alive(first)
        _keep_row(second)
    finally:
        second.child.kill()


def test_making_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    (tmp_path / "postgresql" / "data.new" / "base").mkdir(parents=True)
    server = _made(tmp_path)
    server.start()
    _keep_row(server)
    server.stop()


def test_it_listens_here_only_and_wants_its_password(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    postgres.start()
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(postgres.child.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    password_path = tmp_path / "postgresql.password"
    assert stat.S_IMODE(password_path.stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace(password_path.read_text(encoding="utf-8"), "guess"))
    postgres.stop()


def test_what_is_wrong_is_said(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    (tmp_path / "postgresql" / "data" / "PG_VERSION").write_text("12\n", encoding="ascii")
    with pytest.raises(EmbeddedServerError, match="incompatible") as failed:
        postgres.start()
    assert str(tmp_path / "log") in str(failed.value)


def test_it_ends_in_order_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import time; from pathlib import Path; from heartwire.embedded.postgres import EmbeddedPostgres;"
        f"home = Path({str(tmp_path)!r});"
        f"server = EmbeddedPostgres(home / 'postgresql', home / 'log', {find_free_port()});"
        "server.create(); server.start(); print(server.child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        postmaster = psutil.Process(int(parent.stdout.readline()))
        family = [postmaster, *postmaster.children(recursive=True)]
        assert len(family) > 3
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, family)), "the server to end", timeout_s=10)
    assert "database system is shut down" in (tmp_path / "log").read_text(encoding="utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_under_root_it_is_somebody_else_and_opens_no_door(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    closed = [path for path in (tmp_path, *tmp_path.parents) if not path.stat().st_mode & 0o001]
    assert closed, "the tests' own directory is open; the test says nothing"
    postgres.start()
    assert psutil.Process(postgres.child.pid).uids().real == find_programs().account.user_id  # type: ignore[union-attr]
    assert all(not path.stat().st_mode & 0o001 for path in closed)
    assert not is_reachable_by_all(tmp_path)
