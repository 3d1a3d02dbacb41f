"""The demo: everything comes up, is live, alarms, is whole the next time, and leaves nothing behind."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from tests.conftest import StartHeartwire
from tests.servers.plain_http import PLAIN
from tests.servers.process import Process, is_alive
from tests.servers.waiting import find_free_port, wait_until

_READY_S = 90.0
_ALARM_S = 75.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """`HEARTWIRE_HOME` of `heartwire_process`."""
    return tmp_path / "heartwire"


@pytest.fixture
def port() -> int:
    return find_free_port()


@pytest.fixture
def demo(heartwire_process: StartHeartwire, port: int) -> Process:
    """A demo that is ready."""
    return heartwire_process("demo", "--port", str(port), is_ready=_is_ready, timeout_s=_READY_S)


def _is_ready(process: Process) -> bool:
    return "Ctrl-C stops everything" in process.log


def _start_again(demo: Process) -> None:
    starts = demo.log.count("Ctrl-C stops everything")
    demo.start(lambda: demo.log.count("Ctrl-C stops everything") > starts, timeout_s=_READY_S)


def _passwords(demo: Process) -> list[str]:
    return re.findall(r"^    nurse +(\S+)", demo.log, re.MULTILINE)


def _family(demo: Process) -> list[psutil.Process]:
    return psutil.Process(demo.pid).children(recursive=True)


def _left_behind(home: Path) -> list[str]:
    """Return what still runs on a home: told by its environment or its words."""
    left = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("HEARTWIRE_HOME") == str(home) or any(
                str(home) in word for word in process.cmdline()
            )
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if is_ours and is_alive(process):
            left.append(f"{process.pid} {process.name()}")
    return left


class _Nurse:
    """Signed in at the dashboard; the nurse, or another of the team."""

    def __init__(self, port: int, password: str, login: str = "nurse") -> None:
        self._url: Final = f"http://127.0.0.1:{port}/api"
        answer = httpx.post(
            f"{self._url}/session", json={"login": login, "password": password}, timeout=20, verify=PLAIN
        )
        assert answer.status_code == 200, answer.text
        self._cookies: Final = answer.cookies

    def get(self, path: str) -> Any:  # noqa: ANN401 # JSON
        """Return what the API answers."""
        answer = httpx.get(f"{self._url}{path}", cookies=self._cookies, timeout=20, verify=PLAIN)
        if answer.status_code != 200:
            raise httpx.HTTPStatusError(answer.text, request=answer.request, response=answer)
        return answer.json()

    def ward(self) -> Mapping[str, Any]:
        """Return the ward's picture."""
        ward: Mapping[str, Any] = self.get("/ward")
        return ward


def _take_the_tour(nurse: _Nurse, demo: Process, port: int) -> None:
    """See that what docs/tour.md shows is there, each stop by its own condition."""

    def soon(what: str, condition: Callable[[], object], timeout_s: float = 60) -> None:
        wait_until(lambda: bool(condition()), what, timeout_s=timeout_s, poll_s=0.5)

    ids = {patient["name"]: patient["id"] for patient in nurse.ward()["patients"]}
    phones = re.findall(r"^    Phones +(\S+)", demo.log, re.MULTILINE)[-1]
    soon("a nurse for each patient", lambda: all(patient["nurse"] for patient in nurse.ward()["patients"]))
    soon(
        "a shift that is handed over",
        lambda: [each["to"]["name"] for each in nurse.ward()["hand_overs"]] == ["Nora Keller"],
    )
    soon("alarms that are off", lambda: [each["kind"] for each in nurse.ward()["pauses"]] == ["alarms_off"])
    assert {patient["battery_percent"] for patient in nurse.ward()["patients"]} > {14, 84}
    soon("charts", lambda: all(nurse.get(f"/patients/{patient}/notes")["notes"] for patient in ids.values()))
    soon("words to a patient", lambda: nurse.get(f"/patients/{ids['Arthur Lindqvist']}/messages")["messages"])
    soon("a symptom", lambda: nurse.get(f"/patients/{ids['Arthur Lindqvist']}/symptoms")["symptoms"], 120)
    soon("a message on the nurse's phone", lambda: "to nurse" in httpx.get(phones, verify=PLAIN).text, 90)
    own = nurse.get(f"/patients/{ids['Tomás Herrera']}/limits")["limits"]
    assert own == {"tachycardia": {"bpm": 135.0}}

    def numbers() -> Mapping[str, Any]:
        return next(
            (
                limit
                for limit in nurse.get("/statistics/alarms?days=1")["limits"]
                if limit["patient"] == "Margaret Osei"
            ),
            {},
        )

    # What the devices recorded comes late, is analysed, and is judged by the colleague: a limit rings for nothing.
    soon("a limit that rings for nothing", lambda: numbers().get("suggestion"), 150)
    assert numbers()["n_true"] == 0
    assert 45 <= numbers()["suggestion"]["value"] < 50
    soon("late signal", lambda: any(each["late"] for each in nurse.get("/review?days=1&limit=300")["waiting"]), 150)
    for login, page in (
        ("physician", "/review"),
        ("technician", "/ledger"),
        ("administrator", "/on-call?from_us=0&to_us=1"),
    ):
        password = re.findall(rf"^    {login} +(\S+)", demo.log, re.MULTILINE)[-1]
        _Nurse(port, password, login).get(page)


def _live(ward: Mapping[str, Any]) -> list[str]:
    """Return the patients of whom the server has samples of the last five seconds."""
    now_us = ward["now_us"]
    return [
        patient["name"]
        for patient in ward["patients"]
        if patient["last_received_us"] and now_us - patient["last_received_us"] < 5_000_000
    ]


def _call_demo(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heartwire", "demo", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"HEARTWIRE_HOME": str(home), "PATH": "/usr/bin:/bin"},
    )


@pytest.mark.timeout(600)
def test_the_ward_is_live_alarms_and_is_there_again_the_next_time(demo: Process, home: Path, port: int) -> None:
    assert f"http://127.0.0.1:{port}" in demo.log
    assert "not a certified medical device" in demo.log
    assert "This is a demonstration" in demo.log
    nurse = _Nurse(port, _passwords(demo)[0])
    wait_until(lambda: len(_live(nurse.ward())) == 8, "eight live patients", timeout_s=30, poll_s=0.5)
    wait_until(
        lambda: any(alarm["call"] == "asystole" for alarm in nurse.ward()["alarms"]),
        "the first patient's asystole",
        timeout_s=_ALARM_S,
        poll_s=0.5,
    )
    patients = {patient["id"]: patient["name"] for patient in nurse.ward()["patients"]}
    asystoles = [alarm for alarm in nurse.ward()["alarms"] if alarm["call"] == "asystole"]
    assert [patients[alarm["patient_id"]] for alarm in asystoles] == ["Arthur Lindqvist"]
    assert all(state["live"] for state in nurse.ward()["services"].values())
    # The canary is seen by its proof alone: it is nobody's patient.
    wait_until(lambda: nurse.ward()["canary"]["state"] == "proven", "the way of an alarm to be proven", timeout_s=60)
    assert len(nurse.ward()["patients"]) == 8
    _take_the_tour(nurse, demo, port)

    # A second one on the same home says where the first one is, and lets it be.
    for words in ((), ("--fresh",)):
        second = _call_demo(home, *words)
        assert second.returncode == 1
        assert f"a demo runs already at http://127.0.0.1:{port}" in second.stderr
    assert demo.is_running

    family = _family(demo)
    assert len(family) > 6
    assert demo.stop(signal.SIGINT, timeout_s=25) == 0
    assert demo.log.rstrip().endswith("stopped; nothing runs any more")
    assert "was killed" not in demo.log
    assert not any(map(is_alive, family))
    assert _left_behind(home) == []

    _start_again(demo)
    assert len(set(_passwords(demo))) == 1
    nurse = _Nurse(port, _passwords(demo)[0])
    assert {patient["name"] for patient in nurse.ward()["patients"]} == set(patients.values())
    # Even when nobody can say farewell.
    family = _family(demo)
    psutil.Process(demo.pid).kill()
    wait_until(lambda: not any(map(is_alive, family)), "all children to end by themselves", timeout_s=10)
    assert _left_behind(home) == []
    _start_again(demo)
    assert demo.stop(signal.SIGTERM, timeout_s=25) == 0


@pytest.mark.timeout(240)
def test_a_child_that_dies_is_started_again_and_it_is_said(heartwire_process: StartHeartwire, port: int) -> None:
    # With the other broker: that of a laptop where nothing is installed.
    words = ("demo", "--port", str(port), "--broker", "amqtt")
    demo = heartwire_process(*words, is_ready=_is_ready, timeout_s=_READY_S)
    assert "broker (amqtt)" in demo.log
    nurse = _Nurse(port, _passwords(demo)[0])
    for name in ("ingest", "broker", "database"):
        _victim(demo, name).kill()
        for said in (f"! {name} was ended by signal 9", f"! {name} is started again"):
            wait_until(partial(_has_said, demo, said), said, timeout_s=30)
    # Whatever was killed: in the end the ward is live.
    wait_until(partial(_is_live_again, nurse), "eight live patients", timeout_s=60, poll_s=0.5)
    assert demo.stop(signal.SIGINT, timeout_s=25) == 0


def _is_live_again(nurse: _Nurse) -> bool:
    try:
        return len(_live(nurse.ward())) == 8
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            raise
        return False  # the database is away: the pages may say that, and nothing else


def _has_said(demo: Process, words: str) -> bool:
    return words in demo.log


def _victim(demo: Process, name: str) -> psutil.Process:
    marks = {"ingest": "ingest", "broker": "amqtt_server", "database": "bin/postgres"}
    found = [
        process
        for process in psutil.Process(demo.pid).children()
        if any(marks[name] in word for word in process.cmdline())
    ]
    assert len(found) == 1, [process.cmdline() for process in found]
    return found[0]


@pytest.mark.timeout(240)
def test_records_are_played_besides_the_ward(
    heartwire_process: StartHeartwire, home: Path, port: int, ecg_dir: Path
) -> None:
    records = home.parent / "records"
    records.mkdir()
    header = min((ecg_dir / "mitdb").glob("*.hea"))
    for path in header.parent.glob(f"{header.stem}.*"):
        (records / path.name).symlink_to(path)
    (records / "broken.hea").write_text("broken 1 360 1000\nmissing.dat 212 200 11 1024 995 0 0 MLII\n")
    demo = heartwire_process(
        *("demo", "--port", str(port), "--patients", "2", "--records", str(records)),
        is_ready=_is_ready,
        timeout_s=_READY_S,
    )
    assert "broken is left out" in demo.log
    nurse = _Nurse(port, _passwords(demo)[0])
    wait_until(lambda: len(_live(nurse.ward())) == 3, "three live patients", timeout_s=30, poll_s=0.5)
    assert f"Record {header.stem}" in {patient["name"] for patient in nurse.ward()["patients"]}
    assert demo.stop(signal.SIGHUP, timeout_s=25) == 0
    assert _left_behind(home) == []


def test_what_prevents_a_start_is_a_sentence(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    failed = _call_demo(file / "home")
    assert failed.returncode == 1
    assert "cannot be written" in failed.stderr
    assert "HEARTWIRE_HOME" in failed.stderr

    home.mkdir(exist_ok=True)
    (home / "demo").mkdir()
    (home / "demo" / "letters").write_text("dear", encoding="utf-8")
    failed = _call_demo(home, "--fresh")
    assert failed.returncode == 1
    assert "was not made by the demo" in failed.stderr
    assert (home / "demo" / "letters").exists()


def test_a_taken_port_is_said_with_its_holder(home: Path, port: int) -> None:
    server = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    with subprocess.Popen(server, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as other:
        try:
            wait_until(lambda: _serves(port), "the other server")
            failed = _call_demo(home, "--port", str(port))
        finally:
            other.kill()
    assert failed.returncode == 1
    assert f"port {port} is taken by" in failed.stderr
    assert f"(process {other.pid})" in failed.stderr
    assert "--port" in failed.stderr
    assert _left_behind(home) == []


def _serves(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", verify=PLAIN).status_code > 0
    except httpx.HTTPError:
        return False


def test_help_is_understood_by_a_stranger() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "heartwire", "demo", "--help"], check=True, capture_output=True, text=True, timeout=60
    )
    for word in ("--fresh", "--records", "--port", "--patients", "HEARTWIRE_HOME", "Ctrl-C"):
        assert word in done.stdout
