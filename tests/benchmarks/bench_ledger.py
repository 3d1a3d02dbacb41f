"""How long after its commit an event is sealed while many alarms are raised, and what a check of 100,000 entries takes.

On TimescaleDB with durable commits. Sealed by `heartwire analytics`, which watches, accounts and tells besides; commits
are told by the database itself (`track_commit_timestamp`). The check is the command, as an administrator calls it.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from heartwire.storage.migrate import migrate
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.benchmarks.load_stack import cpu_s, deployed_settings
from tests.benchmarks.results import SHORT, Bench, say
from tests.conftest import StartHeartwire
from tests.servers.postgres import TimescaleServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_ONLY: Final = "bench_ledger.py"
_SECONDS: Final = 10 if SHORT else 60
_ENTRIES: Final = 10_000 if SHORT else 100_000
_TICK_S: Final = 0.1
#: What becomes of an alarm after it was raised, each in a transaction of its own, as services and people write it.
_LIFE: Final = ("shown", "notified", "acknowledged", "ended")
_EVENTS: Final = 1 + len(_LIFE)
_RAISE: Final = """
    WITH new AS (
        INSERT INTO alarms (tenant_id, patient_id, device_id, call, priority, onset_at, signal_at, engine)
        SELECT
            1, patient_id, device_id, 'asystole', 'high', clock_timestamp() + n * interval '1 us', clock_timestamp(),
            'bench'
        FROM devices, generate_series(1, %s) AS n
        RETURNING alarm_id
    ), told AS (INSERT INTO alarm_events (alarm_id, tenant_id, kind) SELECT alarm_id, 1, 'raised' FROM new)
    SELECT array_agg(alarm_id) FROM new
"""
_HAPPEN: Final = "INSERT INTO alarm_events (alarm_id, tenant_id, kind, user_id) SELECT unnest(%s::bigint[]), 1, %s, %s"
_NURSE: Final = """
    INSERT INTO users (tenant_id, login, name, password_hash, role) VALUES (1, 'nora', 'Nora Keller', 'x', 'nurse')
    RETURNING user_id
"""
#: The command, which says at its end how much memory it had at most (`getrusage` would count its parent's, too).
_TELLING: Final = """
import atexit, pathlib, re, sys
from heartwire.cli import main
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(re.search("VmHWM:.*", status.read_text())[0], file=sys.stderr))
main()
"""
_LAGS: Final = """
    SELECT count(*), percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY extract(
        epoch FROM pg_xact_commit_timestamp(l.xmin) - pg_xact_commit_timestamp(e.xmin)
    ))
    FROM ledger AS l JOIN alarm_events AS e ON l.source_id = e.event_id
    WHERE l.source = 'alarm_events' AND l.seq > %s
"""


class _Ledger:
    """A database with one patient, and an analytics that seals."""

    def __init__(self, database: str, start: StartHeartwire) -> None:
        self.database: Final = database
        migrate(database)
        self.connection: Final = psycopg.connect(database, autocommit=True)
        add_patient(self.connection, "Ada Example", device=new_device())
        self._nurse: Final = self.value(_NURSE)
        self.analytics: Final[Process] = start(
            "analytics",
            env={"HEARTWIRE_ANALYTICS_DATABASE": database},
            is_ready=lambda process: "seals the ledger" in process.log,
        )

    def value(self, statement: str, *given: object) -> Any:  # noqa: ANN401
        row = self.connection.execute(statement, given).fetchone()
        return None if row is None else row[0]

    def live(self, count: int) -> None:
        """Let so many alarms be raised and come to their end."""
        alarms = self.value(_RAISE, count)
        for kind in _LIFE:
            self.connection.execute(_HAPPEN, [alarms, kind, self._nurse if kind == "acknowledged" else None])

    @property
    def length(self) -> int:
        """How many entries there are."""
        return int(self.value("SELECT coalesce(max(seq), 0) FROM ledger WHERE tenant_id = 1"))

    def wait_until_sealed(self) -> None:
        """Return when nothing is due."""
        wait_until(lambda: not self.value("SELECT count(*) FROM ledger_due"), "all to be sealed", timeout_s=300)


@pytest.fixture
def ledger(heartwire_process: StartHeartwire) -> Iterator[_Ledger]:
    with TimescaleServer(durable=True, settings=deployed_settings() | {"track_commit_timestamp": "on"}) as server:
        ledger = _Ledger(server.create_database("heartwire"), heartwire_process)
        yield ledger
        ledger.connection.close()
        ledger.analytics.kill()


def _measure_lag(ledger: _Ledger, bench: Bench, name: str, alarms_a_s: float) -> None:
    """Raise alarms at a pace, and tell how long their events waited to be sealed."""
    before, cpu_before_s = ledger.length, cpu_s(ledger.analytics)
    begin_s = time.monotonic()
    raised = 0
    for tick in range(round(_SECONDS / _TICK_S)):
        time.sleep(max(0.0, begin_s + tick * _TICK_S - time.monotonic()))
        count = round((tick + 1) * _TICK_S * alarms_a_s) - raised
        if count:
            ledger.live(count)
        raised += count
    took_s = time.monotonic() - begin_s
    ledger.wait_until_sealed()
    cores = (cpu_s(ledger.analytics) - cpu_before_s) / took_s
    _record_lags(ledger, bench, name, before, f"{raised} alarms in {took_s:.0f} s, analytics had {cores:.2f} of a core")


def _record_lags(ledger: _Ledger, bench: Bench, name: str, before: int, what: str) -> None:
    row = ledger.connection.execute(_LAGS, [before]).fetchone()
    assert row is not None
    events, (median, p99, longest) = row
    say(f"{what}: {events} events, sealed after {median:.2f} / {p99:.2f} / {longest:.2f} s")
    peers = {"median": float(median), "longest": float(longest)}
    bench.record(name, float(p99), "s, 99th percentile", peers=peers, only=_ONLY)


def test_ledger(ledger: _Ledger, bench: Bench) -> None:
    """Lags at two paces and of 500 alarms at once; then a chain of 100,000 entries is sealed and checked."""
    _measure_lag(ledger, bench, "ledger_sealed_500_alarms_a_minute", 500 / 60)
    _measure_lag(ledger, bench, "ledger_sealed_50_alarms_a_second", 50)
    before = ledger.length
    ledger.live(500)
    ledger.wait_until_sealed()
    _record_lags(ledger, bench, "ledger_sealed_500_alarms_at_once", before, "500 alarms at once")
    missing = _ENTRIES - ledger.length
    begin_s = time.monotonic()
    ledger.live(missing // _EVENTS)
    ledger.wait_until_sealed()
    sealed_a_s = missing / (time.monotonic() - begin_s)
    bench.record("ledger_sealed_a_second", sealed_a_s, "entries/s, written and sealed", only=_ONLY)
    assert ledger.analytics.stop() == 0
    _measure_check(ledger, bench)


def _measure_check(ledger: _Ledger, bench: Bench) -> None:
    took_s, peak_mb, said = _run(ledger, "check")
    _, empty_mb, _ = _run(ledger, "head")
    assert "all as it was sealed" in said, said
    say(said.strip())
    of = "100,000 entries" if not SHORT else f"{_ENTRIES:,} entries"
    bench.record("ledger_check_s", took_s, f"s, {of}", only=_ONLY)
    peers = {"a command that reads one entry": empty_mb}
    bench.record("ledger_check_peak_mb", peak_mb, f"MB at most, {of}", peers=peers, only=_ONLY)


def _run(ledger: _Ledger, command: str) -> tuple[float, float, str]:
    """Run a command of the ledger; return how long it took, how much memory it had at most, MB, and what it said."""
    begin_s = time.monotonic()
    words = [sys.executable, "-c", _TELLING, "ledger", "--database", ledger.database, command]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    took_s = time.monotonic() - begin_s
    return took_s, int(done.stderr.split()[-2]) / 1024, done.stdout
