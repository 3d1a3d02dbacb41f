"""How the edge meets brokers: TLS, passwords, silence, and a backlog larger than its outbox."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartHeartwire
from tests.integration.edge_stack import EdgeStack, made_record, wait_for_end
from tests.integration.ingest_stack import on_both_pairs
from tests.servers.fixtures import BrokerServer
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

DEVICE = "0123456789abcdef"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and key for 127.0.0.1, signed by itself, and another one that signed nothing."""
    openssl = shutil.which("openssl")
    if openssl is None:
        skip_or_fail("openssl is not installed; apt-get install openssl")
    folder = tmp_path_factory.mktemp("authority")
    for name in ("broker", "stranger"):
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
                *("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:TRUE"),
                *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
            ],
            check=True,
            capture_output=True,
        )
    return folder


def _mosquitto(*configuration: str) -> MosquittoServer:
    try:
        return MosquittoServer(configuration=configuration)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))


def _edge(start: StartHeartwire, record: Path, port: int, **env: str) -> Process:
    variables = {f"HEARTWIRE_EDGE_{name}": value for name, value in env.items()}
    return start(
        *("edge", "run", "--record", str(record), "--device", DEVICE, "--broker-port", str(port)),
        env={"HEARTWIRE_EDGE_REPORT_EVERY_S": "0.5", "HEARTWIRE_EDGE_RETRY_LONGEST_S": "0.5", **variables},
    )


def test_speaks_tls_to_a_broker_that_it_trusts_and_to_no_other(
    heartwire_process: StartHeartwire, tmp_path: Path, authority: Path
) -> None:
    record = made_record(tmp_path, seconds=60)
    with _mosquitto(f"certfile {authority / 'broker.pem'}", f"keyfile {authority / 'broker.key'}") as broker:
        edge = _edge(heartwire_process, record, broker.port, BROKER_CA_FILE=str(authority / "stranger.pem"))
        wait_until(lambda: "TLS failed" in edge.log, "the broker to be mistrusted")
        assert "connected to" not in edge.log
        assert edge.stop() == 0
        edge = _edge(heartwire_process, record, broker.port, BROKER_CA_FILE=str(authority / "broker.pem"))
        wait_until(lambda: "connected to" in edge.log and " 0 sent" not in edge.log.splitlines()[-1], "frames over TLS")
        assert edge.stop() == 0


def test_a_password_is_asked_for_in_words(heartwire_process: StartHeartwire, tmp_path: Path) -> None:
    record = made_record(tmp_path, seconds=60)
    passwords = tmp_path / "passwords"
    passwords.write_text("edge:secret\n")
    subprocess.run(["mosquitto_passwd", "-U", str(passwords)], check=True, capture_output=True)
    with _mosquitto("allow_anonymous false", f"password_file {passwords}") as broker:
        edge = _edge(heartwire_process, record, broker.port)
        wait_until(lambda: "refused: Not authorized; has the care team revoked this device?" in edge.log, "the refusal")
        assert edge.stop() == 0
        word = "secret"
        edge = _edge(heartwire_process, record, broker.port, BROKER_USERNAME="edge", BROKER_PASSWORD=word)
        wait_until(lambda: "connected to" in edge.log, "the connection")
        assert edge.stop() == 0
        assert word not in edge.log


def test_a_second_agent_under_one_name_is_told(heartwire_process: StartHeartwire, tmp_path: Path) -> None:
    record = made_record(tmp_path, seconds=60)
    with _mosquitto() as broker:
        edge = _edge(heartwire_process, record, broker.port)
        wait_until(lambda: "connected to" in edge.log, "the first")
        locked = _edge(heartwire_process, record, broker.port)
        assert wait_for_end(locked) == 1
        assert "is in use by another agent" in locked.log
        elsewhere = _edge(heartwire_process, record, broker.port, OUTBOX=str(tmp_path / "elsewhere"))
        wait_until(lambda: "does another program run under" in edge.log, "the first to be told")
        assert edge.stop() == 0
        assert elsewhere.stop() == 0


@on_both_pairs
def test_a_record_larger_than_the_outbox_waits_for_the_database(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    record = made_record(tmp_path, seconds=2400)  # 1.2 MB of samples, 3,000 frames
    edge = stack.start_edge(
        *("--record", str(record), "--speed", "max"), env={"HEARTWIRE_EDGE_OUTBOX_MAX_BYTES": "1000000"}
    )
    wait_until(lambda: re.search(r"32 sent, 0 confirmed .* \d+ bytes left", edge.log) is not None, "a full outbox")
    assert edge.is_running
    stack.start_ingest()
    assert wait_for_end(edge) == 0, edge.log
    assert "LOST" not in edge.log
    stack.assert_arrived(record)
    assert stack.reasons() == []


@on_both_pairs
def test_standard_input_arrives_bit_for_bit(
    heartwire_process: StartHeartwire, database: str, broker: BrokerServer, tmp_path: Path
) -> None:
    stack = EdgeStack(heartwire_process, database, broker)
    stack.start_ingest()
    values = [(number * 7919) % 65536 - 32768 for number in range(5000)]
    text = tmp_path / "samples.txt"
    text.write_text("\n".join(map(str, values)) + "\n")
    edge = stack.start_piped_edge(
        text,
        *("--stdin", "--fs", "250", "--gain", "1000", "--baseline", "-5", "--lead-name", "I", "--format", "text"),
        *("--start", "2026-11-01T00:00:00Z"),
    )
    assert wait_for_end(edge) == 0, edge.log
    assert stack.samples().tolist() == values
    assert stack.rows("SELECT DISTINCT lead, gain, baseline, fs_mhz FROM ecg_frames") == [("I", 1000.0, -5, 250_000)]
    assert stack.rows("SELECT min(t0) = '2026-11-01T00:00:00Z' FROM ecg_frames") == [(True,)]
