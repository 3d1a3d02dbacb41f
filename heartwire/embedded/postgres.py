"""The embedded PostgreSQL: made once, started and stopped with heartwire, whole again after any end."""

import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

import psycopg

from heartwire.embedded.child import Child
from heartwire.embedded.errors import EmbeddedServerError
from heartwire.embedded.ports import LOOPBACK
from heartwire.embedded.programs import Programs, find_programs, is_reachable_by_all

_USER: Final = "heartwire"
_DATABASE: Final = "heartwire"
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # containers have little /dev/shm
    "max_wal_size": "128MB",  # of a laptop's disk
    "min_wal_size": "32MB",
    "huge_pages": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
}
_INITDB_TIMEOUT_S: Final = 120.0
_START_TIMEOUT_S: Final = 60.0
_ORPHAN_TIMEOUT_S: Final = 15.0


class EmbeddedPostgres:
    """One server; one process at a time may use its directory (the caller sees to that).

    Parameters
    ----------
    directory : Path
        Its data and password are kept here; made if missing.
    log_path : Path
        Its log.
    port : int
        Loopback TCP port.

    Raises
    ------
    EmbeddedServerError
        If PostgreSQL is not installed.
    """

    def __init__(self, directory: Path, log_path: Path, port: int) -> None:
        self.port: Final = port
        self._directory: Final = directory
        self._data: Final = directory / "data"
        self._password_path: Final = directory.with_name(f"{directory.name}.password")
        self._log_path: Final = log_path
        self._programs: Final[Programs] = find_programs(self._data)
        # Another user may not be able to pass the directories above his own (root's home, say).
        self._needs_door: Final = self._programs.account is not None and not is_reachable_by_all(directory.parent)
        words = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self.child: Final = self._child("database", "postgres", "-D", self._seen("data"), "-p", str(port), *words)

    @property
    def is_new(self) -> bool:
        """Whether it was never made."""
        return not self._data.exists()

    @property
    def url(self) -> str:
        """The database as a libpq URL, with its password."""
        return self._url(_DATABASE)

    def create(self) -> None:
        """Make the data directory; takes a few seconds.

        Raises
        ------
        EmbeddedServerError
            If that fails, with the reason.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._directory / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self._directory / "password.new"
        _write_secret(self._password_path, secrets.token_urlsafe(18))
        _write_secret(password_file, self._password_path.read_text(encoding="utf-8"))
        if self._programs.account is not None:
            os.chown(self._directory, *self._programs.account)
            os.chown(password_file, *self._programs.account)
        initdb = self._child(
            "initdb",
            "initdb",
            *("-D", self._seen("data.new"), "-U", _USER, "--encoding=UTF8", "--locale=C"),
            *("--auth=scram-sha-256", f"--pwfile={self._seen('password.new')}"),
        )
        initdb.start()
        in_time = initdb.wait(_INITDB_TIMEOUT_S)
        initdb.kill()
        password_file.unlink(missing_ok=True)
        if not in_time or initdb.returncode != 0:
            raise EmbeddedServerError(
                f"the database could not be made in {self._directory}: {_because(initdb.log, self._log_path)}"
            )
        # Only a finished one gets the name.
        unfinished.replace(self._data)

    def start(self) -> None:
        """Start it, and return when it answers; after a kill it first brings its data into order.

        Raises
        ------
        EmbeddedServerError
            If it does not come up, with the reason.
        """
        self._end_orphan()
        self.child.start()
        begin_s = time.monotonic()
        while not self._answers():
            if not self.child.is_running:
                raise EmbeddedServerError(
                    f"the database ended as soon as it started: {_because(self.child.log, self._log_path)}"
                )
            if time.monotonic() - begin_s > _START_TIMEOUT_S:
                self.child.kill()
                raise EmbeddedServerError(
                    f"the database did not answer within {_START_TIMEOUT_S:.0f} s; see {self._log_path}"
                )
            time.sleep(0.05)

    def stop(self, timeout_s: float = 8.0) -> None:
        """Stop it, ending every connection."""
        self.child.stop(timeout_s)

    def _child(self, name: str, program: str, *arguments: str) -> Child:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
        if home := os.environ.get("HEARTWIRE_HOME"):
            environment["HEARTWIRE_HOME"] = home  # tells whose process it is
        return Child(
            name,
            [str(self._programs.directory / program), *arguments],
            self._log_path,
            env=environment,
            account=self._programs.account,
            directory=self._directory if self._needs_door else None,
            stop_signal=signal.SIGINT,  # "fast": ends connections, writes everything
            orphan_signal=signal.SIGINT,
        )

    def _seen(self, name: str) -> str:
        """Return a path in its directory as its programs see it."""
        return f"{{directory}}/{name}" if self._needs_door else str(self._directory / name)

    def _url(self, database: str) -> str:
        try:
            password = self._password_path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise EmbeddedServerError(
                f"the database's password in {self._password_path} cannot be read: {error.strerror};"
                f" put the file back, or delete {self._directory} with all that is in it"
            ) from None
        return f"postgresql://{_USER}:{password}@{LOOPBACK}:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self._url("postgres"), connect_timeout=2, autocommit=True) as connection:
                found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [_DATABASE]).rowcount
                if not found:
                    connection.execute(f"CREATE DATABASE {_DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def _end_orphan(self) -> None:
        """See that no server of an earlier life is left, and no file that names one.

        It may still be ending; and a process of its number may be another one by now.
        """
        pid_file = self._data / "postmaster.pid"
        deadline_s = time.monotonic() + _ORPHAN_TIMEOUT_S
        asked = False
        while pid_file.exists():
            try:
                pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
            except (OSError, ValueError):
                pid = 0
            if not _is_postgres(pid):
                pid_file.unlink(missing_ok=True)
                return
            if time.monotonic() > deadline_s:
                raise EmbeddedServerError(
                    f"process {pid} still serves the data in {self._data}; end it (kill -INT {pid}) and start again"
                )
            if not asked:
                os.kill(pid, signal.SIGINT)
                asked = True
            time.sleep(0.1)


def _is_postgres(pid: int) -> bool:
    if pid <= 0:
        return False
    if Path("/proc/self").exists():
        try:
            return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
    done = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return "postgres" in done.stdout


def _because(log: str, log_path: Path) -> str:
    """Return why PostgreSQL failed, from its own words."""
    if "No space left on device" in log:
        return "the disk is full; make room and start again"
    said = [line for line in log.splitlines() if line.strip()]
    lines = [line for line in said if "FATAL" in line or "error" in line.lower()] or said
    word = lines[-1].split("FATAL:", 1)[-1].strip() if lines else "it does not say why"
    return f"{word} (log: {log_path})"


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
