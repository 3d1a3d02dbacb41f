"""Devices that were away for an hour deliver it at full speed, and nobody who is live waits for them (P3)."""

import json
from pathlib import Path
from typing import Final

import numpy as np
import psycopg
import pytest

from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.acceptance.invariant import find_every_sample
from tests.acceptance.system import FS_HZ, System, write_scripted_record
from tests.conftest import StartHeartwire
from tests.servers.fixtures import BrokerServer
from tests.servers.waiting import wait_until

_LIVE: Final = 60
_LIVE_S: Final = 30.0
_AWAY: Final = 5
_AWAY_S: Final = 3600
#: A live device's frame to its commit, with everything on one busy machine; it is 0.1 s on a quiet one.
_COMMITTED_MS: Final = 1_000.0
#: To its analysis; 1.5 s were measured, and 2 s with the late frames taking no turns: edges are paced by what is
#: confirmed, so an hour never comes at once. That turns are taken is what test_analytics_backlog.py is for.
_ANALYSED_S: Final = 5.0


@pytest.mark.parametrize(("database_server", "broker"), [("timescaledb", "mosquitto")], indirect=True)
@pytest.mark.timeout(300)
def test_five_devices_catch_up_an_hour_each_while_sixty_live_ones_are_stored_and_analysed_in_time(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    ward = System(heartwire_process, database, broker)
    names = [new_device() for _ in range(_AWAY)]
    with psycopg.connect(database) as connection:
        for name in names:
            add_patient(connection, f"Away {name[:4]}", ward="B", device=name)
    ward.start_ingest()
    ward.start_analytics()
    record = write_scripted_record(tmp_path, more_s=_AWAY_S - 80)
    report_file = tmp_path / "report.json"
    fleet = heartwire_process(
        *("simulate", "fleet", "--devices", str(_LIVE), "--minutes", str(_LIVE_S / 60), "--register"),
        *("--database", database, "--json", str(report_file)),
        env=ward.broker_env("SIMULATE"),
    )
    live_frames = "SELECT count(*) FROM ecg_frames WHERE device_id <> ALL(%s)"
    wait_until(lambda: ward.rows(live_frames, names)[0][0] > 5 * _LIVE, "the live devices", timeout_s=60)

    away = [System(heartwire_process, database, broker, name) for name in names]
    boxes = {name: tmp_path / f"outbox-{name}" for name in names}
    edges = [
        system.start_edge(record, "max", env={"HEARTWIRE_EDGE_OUTBOX": str(boxes[system.device])}) for system in away
    ]
    for edge in edges:
        assert edge.wait(timeout_s=_LIVE_S) == 0, edge.log
    assert fleet.is_running, "they took longer than the live ones lasted, so nobody was in their way"

    assert fleet.wait(timeout_s=120) == 0, fleet.log
    report = json.loads(report_file.read_text())
    assert (report["lost"], report["duplicates"]) == (0, 0), report
    assert report["latency"]["p99_ms"] < _COMMITTED_MS, report["latency"]
    assert report["analysed"]["p99_s"] < _ANALYSED_S, report["analysed"]

    for system in away:
        system.wait_until_analysed(timeout_s=120)
        whereabouts = find_every_sample(database, system.device, boxes[system.device])
        assert whereabouts.held == 0
        assert sum(run.size for run in whereabouts.runs.values()) == _AWAY_S * FS_HZ
        assert system.alarm_events("asystole") == ["raised", "ended"]
        (late,) = system.rows("SELECT late FROM alarms WHERE call = 'asystole' AND device_id = %s", system.device)
        assert late == (True,)
        beats = np.diff(system.beats_us())
        assert beats.max() < 12e6
        assert np.median(beats) == pytest.approx(60e6 / 66, rel=0.02)
