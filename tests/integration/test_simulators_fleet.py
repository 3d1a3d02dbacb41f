"""A simulated fleet against real brokers, ingest and databases: every frame once, whatever breaks on the way."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Protocol

import numpy as np
import psycopg
import pytest
import wfdb

from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from simulators.beat import load_shape
from simulators.patient import render
from simulators.scripts import Rhythm, Segment
from tests.conftest import StartHeartwire
from tests.integration.ingest_stack import Stack, on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_SCRIPT = [{"rhythm": "normal", "seconds": 6, "bpm": 66}, {"rhythm": "asystole", "seconds": 5}]
_ENDED = re.compile(r"ended: .* (\d+) frames made, (\d+) confirmed, (\d+) waiting$", re.MULTILINE)


@pytest.fixture
def stack(heartwire_process: StartHeartwire, database: str, broker: BrokerServer) -> Stack:
    return Stack(heartwire_process, database, broker)


@pytest.fixture
def fleet_file(stack: Stack, tmp_path: Path) -> Path:
    """Three synthetic patients, one of them with heart rates, and two arrays; all registered."""
    np.save(tmp_path / "ecg.npy", np.sin(np.arange(2000) / 20))
    devices = [new_device() for _ in range(5)]
    patients: list[dict[str, object]] = [
        {"device": device, "kind": "synthetic", "script": _SCRIPT, "seed": seed, "hr": not seed}
        for seed, device in enumerate(devices[:3])
    ]
    patients += [{"device": device, "kind": "array", "npy": "ecg.npy", "fs_hz": 200} for device in devices[3:]]
    config = {"broker_host": stack.broker.host, "broker_port": stack.broker.port, "patients": patients}
    with psycopg.connect(stack.database) as connection:
        for device in devices:
            add_patient(connection, "Ada Example", device=device)
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(config))
    return path


class StartSimulate(Protocol):
    """Start ``heartwire simulate <args>``."""

    def __call__(self, *args: str) -> Process: ...


@pytest.fixture(scope="session")
def shapes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shapes of beats, made once: NeuroKit2's import takes seconds."""
    directory = tmp_path_factory.mktemp("shapes")
    for seed in (0, 1, 2, 5):
        load_shape(seed, directory)
    return directory


@pytest.fixture
def simulate(heartwire_process: StartHeartwire, shapes_dir: Path) -> StartSimulate:
    env = {
        "HEARTWIRE_SIMULATE_RETRY_LONGEST_S": "0.5",
        "HEARTWIRE_SIMULATE_REPORT_EVERY_S": "1",  # more often than a device is away
        "HEARTWIRE_SIMULATE_CACHE_DIR": str(shapes_dir),
    }
    return lambda *args: heartwire_process("simulate", *args, env=env)


def _end(process: Process) -> tuple[int, int, int]:
    """Return the frames made, confirmed and waiting that the last line tells."""
    found = _ENDED.search(process.log)
    assert found, process.log
    made, confirmed, waiting = map(int, found.groups())
    return made, confirmed, waiting


def _assert_complete(stack: Stack, frames: int, devices: int) -> None:
    """Every device's ECG frames are there once, from 0 on, one second after the other."""
    seqs = defaultdict(list)
    for device, boot_id, seq, t0_us, *_ in stack.stored():
        seqs[device, boot_id].append((seq, t0_us))
    assert len(seqs) == devices
    for rows in seqs.values():
        assert [seq for seq, _ in rows] == list(range(len(rows)))
        assert set(np.diff([t0_us for _, t0_us in rows])) == {1_000_000}
    hr_frames = stack.rows("SELECT count(*) FROM hr_frames")[0][0]
    assert sum(map(len, seqs.values())) + hr_frames == frames
    assert stack.reasons() == []


@on_both_pairs
def test_a_fleet_of_five_is_stored_once_without_gaps(stack: Stack, simulate: StartSimulate, fleet_file: Path) -> None:
    stack.start_ingest()
    fleet = simulate("ward", "--config", str(fleet_file), "--seconds", "8")
    wait_until(lambda: not fleet.is_running, "the fleet's end", timeout_s=60)
    assert fleet.returncode == 0, fleet.log
    made, confirmed, waiting = _end(fleet)
    assert (confirmed, waiting) == (made, 0), fleet.log
    assert made > 5 * 6
    _assert_complete(stack, made, 5)
    assert stack.rows("SELECT count(*) FROM hr_frames")[0][0] > 3
    wait_until(lambda: stack.rows("SELECT bool_or(online) FROM device_status") == [(False,)], "the devices' goodbye")


@on_both_pairs
def test_nothing_is_lost_when_the_broker_is_killed(
    stack: Stack, broker: BrokerServer, simulate: StartSimulate, fleet_file: Path
) -> None:
    stack.start_ingest()
    fleet = simulate("ward", "--config", str(fleet_file))
    wait_until(lambda: stack.rows("SELECT count(*) >= 15 FROM ecg_frames") == [(True,)], "frames", timeout_s=60)
    broker.kill()
    wait_until(lambda: "0 of 5 devices connected" in fleet.log, "the devices to notice")
    broker.start()
    wait_until(lambda: "5 of 5 devices connected" in fleet.log.rpartition("0 of 5 devices")[2], "the devices' return")
    before = stack.rows("SELECT count(*) FROM ecg_frames")[0][0]
    wait_until(lambda: stack.rows("SELECT count(*) FROM ecg_frames")[0][0] > before + 15, "new frames", timeout_s=40)
    assert fleet.stop() == 0
    made, confirmed, waiting = _end(fleet)
    assert (confirmed, waiting) == (made, 0), fleet.log
    _assert_complete(stack, made, 5)


@on_both_pairs
def test_what_nobody_heard_is_sent_again(stack: Stack, simulate: StartSimulate, fleet_file: Path) -> None:
    fleet = simulate("ward", "--config", str(fleet_file))
    # Taken by the broker, which has no reader to give them to.
    wait_until(lambda: re.search(r"5 of 5 devices connected, [1-9]", fleet.log) is not None, "frames", timeout_s=60)
    stack.start_ingest()
    wait_until(lambda: stack.rows("SELECT count(*) > 40 FROM ecg_frames") == [(True,)], "frames", timeout_s=60)
    assert fleet.stop() == 0
    made, confirmed, waiting = _end(fleet)
    assert (confirmed, waiting) == (made, 0), fleet.log
    _assert_complete(stack, made, 5)


@pytest.mark.parametrize(("database_server", "broker"), [("embedded-postgresql", "amqtt")], indirect=True)
def test_a_device_has_a_life_besides_its_signal(stack: Stack, simulate: StartSimulate, tmp_path: Path) -> None:
    stack.start_ingest()
    device = new_device()
    life = {
        "battery": 14,
        "says": [
            {"after_s": 0.5, "chips": ["dizzy"], "note": "grey"},
            {"after_s": 0.6, "message": "Is all well?"},
        ],
        "away": {"after_s": 3, "lasts_s": 4, "every_s": 3600},
        "recorded": {"seconds": 95, "script": [{"rhythm": "normal", "seconds": 40}, {"rhythm": "afib", "seconds": 20}]},
    }
    patient = {"device": device, "kind": "synthetic", "script": _SCRIPT, "seed": 0, **life}
    path = tmp_path / "fleet.json"
    path.write_text(
        json.dumps({"broker_host": stack.broker.host, "broker_port": stack.broker.port, "patients": [patient]})
    )
    with psycopg.connect(stack.database) as connection:
        add_patient(connection, "Ada Example", device=device)
    fleet = simulate("ward", "--config", str(path))
    wait_until(lambda: "1 of 1 devices" in fleet.log, "the device to be there", timeout_s=60)
    wait_until(lambda: "0 of 1 devices" in fleet.log.partition("1 of 1 devices")[2], "the device to be away")
    wait_until(lambda: "1 of 1 devices" in fleet.log.rpartition("0 of 1 devices")[2], "its return", timeout_s=60)
    wait_until(lambda: stack.rows("SELECT count(*) >= 95 + 12 FROM ecg_frames") == [(True,)], "frames", timeout_s=60)
    assert fleet.stop() == 0
    made, confirmed, waiting = _end(fleet)
    assert (confirmed, waiting) == (made, 0), fleet.log
    # What it recorded is another boot, whole, and ends where the live signal begins.
    frames = defaultdict(list)
    for _, boot_id, seq, t0_us, *_ in stack.stored():
        frames[boot_id].append((t0_us, seq))
    recorded, live = sorted(map(sorted, frames.values()))
    for boot in (recorded, live):
        assert [seq for _, seq in boot] == list(range(len(boot)))
        assert set(np.diff([t0_us for t0_us, _ in boot])) == {1_000_000}
    assert len(recorded) == 95
    assert 0 <= live[0][0] - (recorded[-1][0] + 1_000_000) < 5_000_000
    assert stack.rows("SELECT chips, note FROM symptoms") == [(["dizzy"], "grey")]
    assert stack.rows("SELECT text FROM care_messages") == [("Is all well?",)]
    assert stack.rows("SELECT battery_percent FROM device_status") == [(14,)]
    assert stack.reasons() == []


@on_both_pairs
def test_one_patient_is_stored_sample_for_sample_as_rendered(
    stack: Stack, simulate: StartSimulate, shapes_dir: Path, tmp_path: Path
) -> None:
    stack.start_ingest()
    device = new_device()
    with psycopg.connect(stack.database) as connection:
        add_patient(connection, "Ada Example", device=device)
    script = tmp_path / "script.json"
    script.write_text('[{"rhythm": "normal", "seconds": 3.5}, {"rhythm": "lead_off", "seconds": 2}]')
    patient = simulate(
        *("patient", "--device", device, "--script", str(script), "--once", "--seed", "5", "--fs", "360"),
        *("--broker-host", stack.broker.host, "--broker-port", str(stack.broker.port)),
    )
    wait_until(lambda: not patient.is_running, "the script's end", timeout_s=60)
    rendered = render(
        (Segment(Rhythm.NORMAL, 3.5), Segment(Rhythm.LEAD_OFF, 2)), seed=5, fs_hz=360, shape=load_shape(5, shapes_dir)
    )
    stored = stack.stored()
    assert [row[-1] for row in stored] == [part.samples.tobytes() for part in rendered]
    assert [row[-2] for row in stored] == [0, 0, 0, 1, 1, 1]
    assert {row[4:8] for row in stored} == {(360_000, "II", 200.0, 0)}


@on_both_pairs
def test_a_record_is_replayed_digit_for_digit_and_ends_now(
    stack: Stack, simulate: StartSimulate, ecg_dir: Path
) -> None:
    stack.start_ingest()
    record = min((ecg_dir / "mitdb").glob("*.hea")).with_suffix("")
    signal = wfdb.rdrecord(str(record), physical=False)
    device = new_device()
    with psycopg.connect(stack.database) as connection:
        add_patient(connection, "Ada Example", device=device)
    replay = simulate(
        *("replay", str(record), "--device", device, "--lead", signal.sig_name[1], "--speed", "20", "--seconds", "2"),
        *("--broker-host", stack.broker.host, "--broker-port", str(stack.broker.port)),
    )
    wait_until(lambda: not replay.is_running, "the replay's end", timeout_s=60)
    made, confirmed, _ = _end(replay)
    assert made == confirmed >= 30, replay.log
    stored = stack.stored()
    samples = np.concatenate([np.frombuffer(row[-1], "<i2") for row in stored])
    assert np.array_equal(samples, signal.d_signal[: len(samples), 1])
    assert stored[0][4:8] == (360_000, signal.sig_name[1], signal.adc_gain[1], signal.baseline[1])
    (behind_s,) = stack.rows("SELECT extract(epoch FROM received_at - t0)::float FROM ecg_frames WHERE seq = 0")[0]
    assert behind_s == pytest.approx(signal.sig_len / 360 * (1 - 1 / 20), abs=5)
