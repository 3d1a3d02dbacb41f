"""What the demo looks at before it starts and before it says that it is ready."""

import http.client
import importlib.util
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import psycopg

from heartwire.embedded.ports import LOOPBACK, is_free
from simulators.demo_home import DemoError

DEFAULT_PORT: Final = 8000
_OTHER_PORTS: Final = 100
_LISTENING: Final = "0A"  # in /proc/net/tcp


def require_pages() -> None:
    """See that the care team's pages are built.

    Raises
    ------
    DemoError
        If they are not.
    """
    dashboard = importlib.util.find_spec("dashboard")
    assert dashboard is not None
    assert dashboard.origin is not None
    page = Path(dashboard.origin).parent / "web" / "dist" / "index.html"
    if not page.is_file():
        raise DemoError(f"the care team's pages are not built ({page} is missing); run `make setup`, then start again")


def choose_dashboard_port(wanted: int | None) -> int:
    """Return the wanted port, or 8000 or the first free one after it.

    Raises
    ------
    DemoError
        If the wanted port is taken.
    """
    if wanted is None:
        for port in range(DEFAULT_PORT, DEFAULT_PORT + _OTHER_PORTS):
            if is_free(port):
                return port
        raise DemoError(f"ports {DEFAULT_PORT} to {DEFAULT_PORT + _OTHER_PORTS - 1} are all taken; give one by --port")
    if not is_free(wanted):
        holder = find_listener(wanted)
        who = f"by {holder}" if holder else f"by another program (`ss -ltnp sport = :{wanted}` says by which)"
        raise DemoError(f"port {wanted} is taken {who}; end it, or choose another port with --port")
    return wanted


def find_listener(port: int) -> str | None:
    """Return which process listens on a port, as far as this user may know (Linux)."""
    sockets = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rsplit(":", 1)[1], 16) == port:
                sockets.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(descriptor.readlink()) in sockets for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"
        except OSError:
            continue
    return None


def answers_health(port: int) -> bool:
    """Whether the dashboard says that it is well."""
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/api/health", timeout=2.0) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, http.client.HTTPException, OSError):
        return False


def count_live(database: str, devices: Sequence[str], since: float) -> int:
    """Return how many of the devices have samples in the database that came since a Unix time, seconds.

    None have while the database is away.
    """
    try:
        with psycopg.connect(database, connect_timeout=5) as connection:
            row = connection.execute(
                "SELECT count(DISTINCT device_id) FROM streams"
                " WHERE stream = 'ecg' AND device_id = ANY(%s) AND last_received_at > to_timestamp(%s)",
                [list(devices), since],
            ).fetchone()
    except psycopg.OperationalError:
        return 0
    return 0 if row is None else int(row[0])


def wait_for(condition: Callable[[], bool], meanwhile: Callable[[], None], timeout_s: float) -> bool:
    """Poll until a condition holds, doing something else meanwhile; return whether it held in time."""
    begin_s = time.monotonic()
    while not condition():
        if time.monotonic() - begin_s > timeout_s:
            return False
        meanwhile()
        time.sleep(0.1)
    return True
