"""docker-compose.yml is valid, careful, and a ward that runs: devices are paired, frames arrive, checks pass."""

import base64
import hashlib
import hmac
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import numpy as np
import psycopg
import pytest
import wfdb

from dashboard.users import add_user
from heartwire.storage.registry import add_patient
from heartwire.topics import new_device
from tests.acceptance.compose import Compose, read_compose
from tests.acceptance.system import write_scripted_record
from tests.conftest import ROOT, StartHeartwire
from tests.servers.install import find_docker_compose, find_mosquitto_clients
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.plain_http import PLAIN
from tests.servers.postgres import TimescaleServer
from tests.servers.process import Process
from tests.servers.waiting import wait_until

_PASSWORD: Final = "correct horse battery"  # noqa: S105 # of a test's own user
_ONE_SHOTS: Final = {"migrate", "broker-init", "prepare"}


def test_docker_compose_itself_finds_the_file_valid() -> None:
    try:
        words = find_docker_compose()
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    done = subprocess.run(
        [*words, "--profile", "*", "config", "--quiet"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_container_is_careful() -> None:
    file = read_compose()
    published = {name: service["ports"] for name, service in file["services"].items() if "ports" in service}
    assert published == {
        "mosquitto": ["8883:8883", "8884:8884"],
        "dashboard": ["127.0.0.1:8000:8000"],
        "prometheus": ["127.0.0.1:9090:9090"],
    }
    for name, service in file["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not service["user"].startswith(("0", "root")), name
        assert re.fullmatch(r"\d+[mg]", service["deploy"]["resources"]["limits"]["memory"]), name
        assert "privileged" not in service, name
        assert service["restart"] == ("no" if name in _ONE_SHOTS else "unless-stopped"), name
        assert ("healthcheck" in service) == (name not in _ONE_SHOTS), name
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value.startswith("/run/secrets/"), f"{name}: a secret in {variable}"
        secrets = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", [])}
        assert secrets <= set(file["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in file["volumes"] or source == "./secrets" or (ROOT / source).exists(), volume
    for name in ("store", "wire", "observe"):
        assert file["networks"][name] == {"internal": True}
    assert file["services"]["timescaledb"]["networks"] == ["store"]


def test_the_image_has_what_the_lock_says() -> None:
    """What runs in the containers is what the tests ran with: the same versions by the same hashes."""

    def pins(path: Path) -> set[str]:
        text = re.sub(r"^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        return {re.sub(r"\s+", " ", pin) for pin in re.split(r"^(?=\S)", text, flags=re.MULTILINE) if pin.strip()}

    small, whole = pins(ROOT / "deploy" / "requirements.lock"), pins(ROOT / "requirements.lock")
    names = {re.split(r"[=; ]", pin)[0] for pin in small}
    assert {"psycopg", "scipy", "fastapi", "soundfile", "cryptography", "prometheus-client"} <= names
    assert not {"pytest", "mypy", "amqtt", "neurokit2"} & names
    versions = {re.split(r"[; ]", pin)[0] for pin in whole}
    assert {re.split(r"[; ]", pin)[0] for pin in small} <= versions, "run `make lock`"
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER 10001:10001$", dockerfile, re.MULTILINE)
    assert "--require-hashes --no-deps -r deploy/requirements.lock" in dockerfile


def test_the_page_names_every_variable_script_and_port() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    variables = set(re.findall(r"\$\{(HEARTWIRE_[A-Z_]+)", text))
    assert variables == set(re.findall(r"^\| `(HEARTWIRE_[A-Z_]+)`", page, re.MULTILINE))
    for script in re.findall(r"/usr/local/bin/(\w+\.sh)", page):
        assert f"./deploy/{script}:/usr/local/bin/{script}:ro" in text, script
    for word in ("deploy/prepare.sh", "--profile watch", "timescaledb_pre_restore()", "heartwire_database", "9464"):
        assert word in page, word


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder that anybody may enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="heartwire-compose-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def _patient_with_code(database: str, pages: str) -> tuple[int, str]:
    """Register a patient, sign a nurse in, and return the patient and a pairing code."""
    with psycopg.connect(database) as connection:
        patient_id = add_patient(connection, "Ada Example", ward="B", device=new_device())
        add_user(connection, "nurse", name="Nora", role="nurse", password=_PASSWORD)
    with httpx.Client(base_url=pages, timeout=20, verify=PLAIN) as client:
        answer = client.post("/api/session", json={"login": "nurse", "password": _PASSWORD})
        assert answer.status_code == 200, answer.text
        session = answer.json()
        # A test is no browser: it carries the cookie over plain HTTP all the same.
        cookie = answer.headers["set-cookie"].partition(";")[0]
        headers = {"cookie": cookie, "x-csrf-token": session["csrf"]}
        answer = client.post("/api/pairing-codes", json={"patient_id": patient_id}, headers=headers)
        assert answer.status_code == 201, answer.text
        return patient_id, answer.json()["code"]


@pytest.mark.timeout(300)  # eight processes come up, one of them after the other
def test_the_ward_of_the_file_runs_and_stores_what_a_paired_device_sends(
    directory: Path, tmp_path: Path, heartwire_process: StartHeartwire
) -> None:
    try:
        find_mosquitto_clients()
        server = TimescaleServer(durable=True)
    except ServerMissingError as missing:
        skip_or_fail(str(missing))
    settings = Compose(tmp_path_of(directory, "settings"), 0).postgres_settings()
    server = TimescaleServer(durable=True, settings={**settings, "listen_addresses": "127.0.0.1"})
    compose = Compose(tmp_path_of(directory, "ward"), server.port)
    try:
        with server:
            with psycopg.connect(server.dsn(), autocommit=True) as connection:
                connection.execute("CREATE ROLE heartwire SUPERUSER LOGIN")
            server.create_database("heartwire")
            compose.prepare()
            _run_the_ward(compose, server.dsn("heartwire"), tmp_path, heartwire_process)
    finally:
        compose.stop()


def tmp_path_of(directory: Path, name: str) -> Path:
    """Return a folder in a folder."""
    made = directory / name
    made.mkdir()
    made.chmod(0o755)
    return made


def _run_the_ward(compose: Compose, database: str, tmp_path: Path, heartwire_process: StartHeartwire) -> None:
    for service in ("migrate", "broker-init"):
        for _ in range(2):  # the second time is every start after the first
            done = compose.run(service)
            assert done.returncode == 0, f"{service}: {done.stderr}"
    running: dict[str, Process] = {"mosquitto": compose.start("mosquitto")}
    try:
        wait_until(lambda: compose.is_healthy("mosquitto"), "the broker")
    except TimeoutError as error:
        raise AssertionError(running["mosquitto"].log) from error
    assert compose.is_healthy("timescaledb") or shutil.which("pg_isready") is None
    assert compose.file["services"]["ingest"]["deploy"]["replicas"] == 2
    running["ingest-1"] = compose.start("ingest", 1)
    running["ingest-2"] = compose.start("ingest", 2)
    running["analytics"] = compose.start("analytics")
    running["compactor"] = compose.start("compactor")
    running["notifier"] = compose.start("notifier")
    running["canary"] = compose.start("canary")
    running["dashboard"] = compose.start("dashboard")
    for service, number in (
        ("ingest", 1),
        ("ingest", 2),
        ("analytics", 1),
        ("compactor", 1),
        ("notifier", 1),
        ("canary", 1),
        ("dashboard", 1),
    ):
        port = compose.observe_ports[f"{service}-{number}"]
        wait_until(
            lambda: _get(f"http://127.0.0.1:{port}/readyz") == 200,  # noqa: B023 # called at once
            f"{service} to be ready; it says: {running.get(service, running['ingest-1']).log}",
        )
        assert compose.is_healthy(service, number)

    pages = f"http://127.0.0.1:{compose.pages_port}"
    # By the commands in the container of the pages' server, whose login may do this.
    _, code = _patient_with_code(_pages_database(compose), pages)
    paired = httpx.post(f"{pages}/api/pair", json={"code": code, "description": "a test"}, timeout=20, verify=PLAIN)
    assert paired.status_code == 201, paired.text
    credential = paired.json()
    assert credential["broker"]["ca"] == (compose.secrets / "ca.crt").read_text(encoding="utf-8")
    ca = tmp_path / "ca.crt"
    ca.write_text(credential["broker"]["ca"], encoding="utf-8")

    record = write_scripted_record(tmp_path)
    edge = heartwire_process(
        *("edge", "run", "--record", str(record), "--speed", "max", "--device", credential["device"]),
        env={
            "HEARTWIRE_EDGE_BROKER_HOST": credential["broker"]["host"],
            "HEARTWIRE_EDGE_BROKER_PORT": str(credential["broker"]["port"]),
            "HEARTWIRE_EDGE_BROKER_CA_FILE": str(ca),
            "HEARTWIRE_EDGE_BROKER_USERNAME": credential["username"],
            "HEARTWIRE_EDGE_BROKER_PASSWORD": credential["password"],
        },
    )
    assert edge.wait(timeout_s=60) == 0, edge.log
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT samples FROM ecg_frames WHERE device_id = %s ORDER BY seq", [credential["device"]]
        ).fetchall()
    stored = np.concatenate([np.frombuffer(samples, "<i2") for (samples,) in rows])
    np.testing.assert_array_equal(stored, wfdb.rdrecord(str(record), physical=False).d_signal[:, 0])

    # The canary's alarm comes through the same broker, with a certificate and a credential, to the ledger.
    wait_until(
        lambda: _is_proven(database),
        f"the way of an alarm to be proven; the canary says: {running['canary'].log}",
        timeout_s=60,
    )

    _reaches_the_database_as_nobody_much(compose, database)

    for name, process in running.items():
        assert process.is_running, f"{name}: {process.log}"
        assert credential["password"] not in process.log
        assert "Ada" not in process.log
    # The engine's machine code goes where the image cannot be written.
    written = [path for path in compose.temporary.iterdir() if not list(path.glob("compiled-*"))]
    assert written == [], "a service wrote where a container has nothing to write"
    for name in ("ingest-1", "ingest-2", "analytics", "compactor", "notifier", "canary", "dashboard"):
        assert running[name].stop() == 0, running[name].log


def _reaches_the_database_as_nobody_much(compose: Compose, database: str) -> None:
    """The pages' server signs in by a login that owns nothing, with a password that the database asks for."""
    login = "heartwire_dashboard"
    url = _pages_database(compose)
    with psycopg.connect(database) as connection:
        who = "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name LIKE '%%dashboard%%'"
        assert connection.execute(who).fetchall() == [(login,)]
        rights = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = %s"
        assert connection.execute(rights, [login]).fetchone() == (False, False, False, False)
        owns = "SELECT count(*) FROM pg_shdepend WHERE refobjid = %s::regrole AND deptype = 'o'"
        assert connection.execute(owns, [login]).fetchone() == (0,)
        kept = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [login]).fetchone()
        password = (compose.secrets / "pages.password").read_text(encoding="utf-8")
        assert f":{password}@" in url
        # Kept as the pages' server will be asked for it (RFC 5803): made of this password.
        assert kept is not None
        assert _is_verifier_of(password, kept[0])
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM ecg_frames").fetchone() == (0,), "who does not say as whom"
    for forbidden in (
        "DELETE FROM alarm_events",
        "CREATE TABLE public.own ()",
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
    ):
        with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden)


def _pages_database(compose: Compose) -> str:
    file = compose.environment("dashboard")["HEARTWIRE_DASHBOARD_DATABASE_FILE"]
    return Path(file).read_text(encoding="utf-8")


def _is_verifier_of(password: str, verifier: str) -> bool:
    method, rounds_and_salt, keys = verifier.split("$")
    rounds, salt = rounds_and_salt.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return method == "SCRAM-SHA-256" and base64.b64decode(keys.split(":")[0]) == stored


def _is_proven(database: str) -> bool:
    with psycopg.connect(database) as connection:
        proven = "SELECT FROM canary_runs WHERE ended_at IS NOT NULL AND failed_stage IS NULL"
        return connection.execute(proven).rowcount > 0


def _get(url: str) -> int:
    try:
        return httpx.get(url, timeout=10, verify=PLAIN).status_code
    except httpx.TransportError:
        return 0
