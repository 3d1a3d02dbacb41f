"""PostgreSQL and TimescaleDB servers that tests start, kill and start again on the same data and port."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import psutil
import psycopg
from psycopg import sql

from tests.servers.lifetime import Lifetime
from tests.servers.missing import ServerMissingError
from tests.servers.postgres_binaries import PostgresBinaries, find_embedded, find_timescale, timescale_tree
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

#: Longest life of a backend whose server was killed, seconds.
_ORPHANS_S: Final = 15.0
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
_HASTY_SETTINGS: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_TIMESCALE_SETTINGS: Final = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.max_background_workers": "0",  # none that holds a template database open
    "timescaledb.telemetry_level": "off",
}


class PostgresServer(Lifetime):
    """A server with its own data directory and port, both kept over `kill` and `start`.

    Parameters
    ----------
    binaries : PostgresBinaries
        Which installation.
    durable : bool
        With ``True`` a commit is on disk when it returns, as in a hospital; with ``False`` tests run faster.
    settings : mapping, optional
        Further lines of postgresql.conf, in its own units.

    Attributes
    ----------
    directory : Path
        Where its data are.
    """

    def __init__(
        self, binaries: PostgresBinaries, *, durable: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self.name: Final = binaries.name
        self.has_timescale: Final = binaries.has_timescale
        self.port: Final = find_free_port()
        self._binaries = binaries
        self.directory: Final = binaries.make_directory()
        self._data = self.directory / "data"
        self._origin: PostgresServer | None = None
        chosen = {
            **_SETTINGS,
            **({} if durable else _HASTY_SETTINGS),
            **(_TIMESCALE_SETTINGS if binaries.has_timescale else {}),
            **(settings or {}),
        }
        options = [word for key, value in chosen.items() for word in ("-c", f"{key}={value}")]
        where = ("-D", binaries.inside(self._data), "-p", str(self.port))
        self.process: Final = Process(
            self.name,
            self._command(*where, *options),
            Path(tempfile.gettempdir()) / f"{self.directory.name}.log",
            dies_with_tests=False,
        )

    def start(self) -> Self:
        """Start, making the data directory the first time; return when queries are answered."""
        if not self._data.exists():
            self._initialise()
        deadline_s = time.monotonic() + _ORPHANS_S
        while True:
            try:
                self.process.start(self._answers)
            except RuntimeError as error:
                # A backend that began in the moment of a kill outlives its server by moments.
                if "shared memory block" not in str(error) or time.monotonic() > deadline_s:
                    raise
                continue
            return self

    def begin_as(self, other: "PostgresServer") -> None:
        """Let it begin, at its first start, with a copy of what another one has, which is stopped."""
        self._origin = other

    def stop(self) -> None:
        """Stop, ending every connection."""
        self.process.stop(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL the server and all its backends."""
        self.process.kill()

    def remove(self) -> None:
        """Kill the server and delete its data."""
        self.process.kill()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.process.log_path.unlink(missing_ok=True)

    def dsn(self, database: str = "postgres") -> str:
        """Return the libpq URL of a database on this server."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database as a copy of `template` and return its URL."""
        # By files, not page by page through the log: a tenth of the work.
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(words)
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending connections to it."""
        words = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(words)

    def _command(self, *arguments: str) -> list[str]:
        """Return the words that run the server."""
        return self._binaries.command("postgres", *arguments)

    def _initialise(self) -> None:
        if self._origin is not None:
            subprocess.run(["cp", "--archive", self._origin._data, self._data], check=True)
            return
        arguments = ("-D", self._binaries.inside(self._data), "-U", "postgres", "--auth=trust", "--no-sync")
        command = self._binaries.command("initdb", *arguments, "--encoding=UTF8", "--locale=C")
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", timeout=120)
        if done.returncode:
            raise RuntimeError(f"initdb of {self.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.dsn(), connect_timeout=2) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False


class TimescaleServer(PostgresServer):
    """Real TimescaleDB.

    Raises
    ------
    ServerMissingError
        If it is not installed here.
    """

    def __init__(self, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(find_timescale(), durable=durable, settings=settings)


class EmbeddedPostgres(PostgresServer):
    """PostgreSQL 18 from the Python package index: the database of laptops.

    Raises
    ------
    ServerMissingError
        If it is not installed here.
    """

    def __init__(self, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(find_embedded(), durable=durable, settings=settings)


class SteppingPostgres(EmbeddedPostgres):
    """The same, with a clock that tests set; what is counted by a steady clock goes on.

    Raises
    ------
    ServerMissingError
        If it, or libfaketime, is not installed here.
    """

    def step(self, hours: int) -> None:
        """Let its clock be off by so many hours from now on."""
        new = self._clock.with_suffix(".new")
        new.write_text(f"{hours * 3600:+d}\n", encoding="ascii")
        new.rename(self._clock)

    def remove(self) -> None:
        """Likewise, and what the library leaves of a process that was killed."""
        super().remove()
        for path in Path("/dev/shm").glob(f"*faketime_*_{self.process.pid}"):  # noqa: S108 # where Linux has it
            path.unlink()

    @property
    def _clock(self) -> Path:
        return self.directory / "clock"

    def _command(self, *arguments: str) -> list[str]:
        self.step(0)
        told = {
            "LD_PRELOAD": find_faketime(),
            "FAKETIME_TIMESTAMP_FILE": self._clock,
            "FAKETIME_NO_CACHE": 1,
            "FAKETIME_DONT_FAKE_MONOTONIC": 1,
            "NO_FAKE_STAT": 1,
        }
        # Not in the environment of who changes the user: the library shares memory with what its user starts.
        words = [f"{name}={value}" for name, value in told.items()]
        return self._binaries.command("/usr/bin/env", *words, str(self._binaries.programs / "postgres"), *arguments)


def find_faketime() -> Path:
    """Return the library that tells a program another time.

    Raises
    ------
    ServerMissingError
        If it is not installed.
    """
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not found:
        raise ServerMissingError(
            "libfaketime is not installed; run `make servers` as root, or apt-get install libfaketime"
        )
    return found[0]


def remove_leftovers() -> None:
    """Delete data directories of test runs that are gone."""
    for parent in (Path(tempfile.gettempdir()), timescale_tree() / "var" / "tmp"):
        for path in parent.glob("heartwire-*"):
            owner = re.match(r"heartwire-(\d+)-", path.name)
            if owner is None or psutil.pid_exists(int(owner[1])) or path.stat().st_uid not in _own_users(path):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _own_users(path: Path) -> set[int]:
    """Whose leftovers this user may delete: his own; anybody's for root."""
    return {path.stat().st_uid} if os.geteuid() == 0 else {os.geteuid()}
