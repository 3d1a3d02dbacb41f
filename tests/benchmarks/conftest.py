"""One harness for every benchmark: the fixture `bench` takes figures, the session's end shows them."""

import os
from typing import Final

import pytest

from tests.benchmarks.results import RESULTS_PATH, SHORT, Bench

_BENCH: Final = Bench()


@pytest.fixture(scope="session", autouse=True)
def _cold_services() -> None:
    """Measured is what runs in a hospital: services that were started by themselves (tests/servers/warm.py)."""
    os.environ["HEARTWIRE_COLD"] = "1"


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Takes the figures of this session."""
    return _BENCH


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the table."""
    if _BENCH.results:
        terminalreporter.section(f"figures, also in {RESULTS_PATH}{' (short: they mean little)' if SHORT else ''}")
        for line in _BENCH.table():
            terminalreporter.write_line(line)
