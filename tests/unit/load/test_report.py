"""The report's numbers, and the parts that they come from."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.load.processes import ProcessUse, Sampler, find_by_port, program_of, slope
from simulators.load.report import Latency, Report, Stored
from simulators.load.sightings import Snapshots

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc: not Linux")


def _report(stored: Stored | None = None, latency: Latency | None = None) -> Report:
    return Report(
        devices=4,
        fs_hz=250,
        seconds=25.0,
        made=100,
        sent=100,
        sent_again=3,
        pubacked=103,
        committed=97,
        connects=5,
        disconnects=1,
        refusals=0,
        problems={"the broker closed the connection": 1},
        lag_mean_ms=1.0,
        lag_max_ms=9.0,
        generator_cpu_us=20.0,
        stored=stored,
        latency=latency,
        processes=[ProcessUse("ingest", 5.0, 48.0, 0.5)],
    )


def test_without_a_database_what_was_not_confirmed_counts_as_lost() -> None:
    report = _report()
    assert (report.lost, report.duplicates) == (3, None)
    assert "lost 3, duplicates not looked for" in "\n".join(report.lines())


def test_with_a_database_it_has_the_word() -> None:
    report = _report(Stored(103, 99, 98, 3, 40, 1, {"invalid": 2}), Latency(98, 30.0, 60.0, 90.4, 120.0))
    assert (report.lost, report.duplicates) == (2, 4)
    text = "\n".join(report.lines())
    assert "p50 30 ms, p95 60 ms, p99 90 ms, max 120 ms (of 98 frames)" in text
    assert "dead letters: 2 invalid" in text
    assert "1 times: the broker closed the connection" in text
    assert "50000.0" in text  # 5 s of 100 frames, in microseconds
    content = json.loads(report.to_json())
    assert (content["lost"], content["duplicates"], content["latency"]["p99_ms"]) == (2, 4, 90.4)


def test_a_transaction_is_seen_when_it_is_no_longer_in_progress() -> None:
    snapshots = Snapshots()
    snapshots.add(100, frozenset({97}), 1)  # before it nothing is known: 98 may be long over
    snapshots.add(104, frozenset({97, 102}), 2)
    snapshots.add(104, frozenset({102}), 3)
    snapshots.add(105, frozenset(), 4)
    assert snapshots.seen() == {100: 2, 101: 2, 103: 2, 97: 3, 102: 4, 104: 4}


def test_slope_is_that_of_the_line() -> None:
    assert slope([(0.0, 5.0), (1.0, 7.0), (2.0, 9.0)]) == pytest.approx(2.0)
    assert slope([(0.0, 5.0)]) == 0.0
    assert slope([]) == 0.0


@needs_proc
def test_a_process_is_measured() -> None:
    sampler = Sampler(lambda: {os.getpid(): "me"})
    sampler.start()
    end_s = time.process_time() + 0.2
    while time.process_time() < end_s:
        pass
    (use,) = sampler.stop()
    assert use.name == "me"
    assert 0.1 < use.cpu_s < 5
    assert use.memory_mb > 5


@needs_proc
def test_a_process_is_found_by_its_port() -> None:
    listen = (
        "import socket, sys; server = socket.create_server(('127.0.0.1', 0));"
        " print(server.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", listen], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        assert find_by_port({port}, ()) == {port: child.pid}
        assert find_by_port((), {port}) == {}
        assert program_of(child.pid).startswith("python")
        child.communicate()
    assert find_by_port({port}, ()) == {}
