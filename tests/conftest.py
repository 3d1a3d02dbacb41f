"""What every test may ask for: ports, real ECG, a browser, heartwire's own processes, and (see
tests/servers/fixtures.py) real databases and brokers.
"""

import itertools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import hypothesis
import pytest

from tests.servers.install import find_chromium
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.process import Process
from tests.servers.waiting import find_free_port

pytest_plugins = ("tests.servers.fixtures",)

ROOT: Final = Path(__file__).resolve().parent.parent

# The machine may be busy: an example is judged by its answer, not by its time.
hypothesis.settings.register_profile("house", deadline=None, print_blob=True)
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the pages first: one of the parallel workers is busy with its browser, the others with what mostly waits."""
    items.sort(key=lambda item: not item.path.is_relative_to(ROOT / "tests/browser"))


class StartHeartwire(Protocol):
    """Start ``heartwire <args>`` and return its process, ready."""

    def __call__(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        is_ready: Callable[[Process], bool] | None = None,
        timeout_s: float = 30.0,
        prefix: Sequence[str] = (),
    ) -> Process:
        """See `heartwire_process`; `prefix` are words that run a program elsewhere."""


@pytest.fixture
def free_port() -> int:
    """A loopback TCP port that nobody listens on."""
    return find_free_port()


@pytest.fixture(scope="session")
def ecg_dir() -> Path:
    """Real ECG records: `HEARTWIRE_ECG_DIR`, or ../shared/ecg beside the clone."""
    directory = Path(os.environ.get("HEARTWIRE_ECG_DIR") or ROOT.parent / "shared" / "ecg")
    if not directory.is_dir():
        pytest.skip(f"no real ECG: {directory} does not exist; set HEARTWIRE_ECG_DIR")
    return directory


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser's program."""
    try:
        return find_chromium()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))


@pytest.fixture
def heartwire_process(tmp_path: Path) -> Iterator[StartHeartwire]:
    """Start heartwire's own processes; each ends with the test, with all its descendants.

    ``heartwire_process("ingest", env={...}, is_ready=lambda process: "subscribed" in process.log)`` returns a
    `Process` whose `log`, `stop`, `kill` and `start` the test uses. Variables ``HEARTWIRE_*`` of the caller
    are not inherited, and `HEARTWIRE_HOME` is the test's own directory.
    """
    started: list[Process] = []
    numbers = itertools.count(1)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEARTWIRE_")}
    home = tmp_path / "heartwire"
    home.mkdir()

    def start(
        *args: str,
        env: Mapping[str, str] | None = None,
        is_ready: Callable[[Process], bool] | None = None,
        timeout_s: float = 30.0,
        prefix: Sequence[str] = (),
    ) -> Process:
        name = f"{args[0] if args else 'heartwire'}-{next(numbers)}"
        process = Process(
            name,
            [*prefix, sys.executable, "-m", "heartwire", *args],
            tmp_path / f"{name}.log",
            env={**inherited, "HEARTWIRE_HOME": str(home), "PYTHONUNBUFFERED": "1", **(env or {})},
        )
        started.append(process)
        process.start(None if is_ready is None else (lambda: is_ready(process)), timeout_s=timeout_s)
        return process

    try:
        yield start
    finally:
        _kill_all(started)


def _kill_all(processes: Sequence[Process]) -> None:
    for process in reversed(processes):
        process.kill()
