"""`heartwire edge pair`, `status` and `unpair` for a person: whatever is wrong is said, and what to do next."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest
from bleak.exc import BleakBluetoothNotAvailableReason
from click.testing import CliRunner, Result

from edge.agent import Outcome
from edge.command import edge
from edge.errors import LinkError, LinkReason
from edge.outbox import Outbox
from edge.paired import Paired, PairedWearable, keep_paired, load_settings, read_paired
from edge.server_clock import machine_time
from edge.sources.bluetooth import BluetoothSource
from edge.wearables.wearable import uuid_of
from heartwire.frames import EcgFrame
from tests.air import Air, HeartRateStrap, Peripheral, PolarH10
from tests.answers import Answer, Question, answering
from tests.servers.waiting import wait_until

_OWNER: Final = b'{"patient":"Marie D.","ward":"Cardiology Ward B","language":"en","expires_us":1}'
_CREDENTIAL: Final = (
    b'{"device":"0123456789abcdef","username":"0123456789abcdef","password":"secret",'
    b'"broker":{"host":"127.0.0.1","port":1,"tls":false,"ca":null}}'
)
Said = Callable[[Question], Answer]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HEARTWIRE_HOME", str(tmp_path))
    return tmp_path


def _good(question: Question) -> Answer:
    if question.path == "/api/pair":
        return Answer(201, _CREDENTIAL)
    return Answer(200, _OWNER if question.path == "/api/pair/look" else b'{"now_us":1}')


def _refusing(status: int, code: str) -> Said:
    return lambda _: Answer(status, b'{"error":{"code":"%s","params":{"retry_s":42}}}' % code.encode())


def _run(*args: str, say: str = "") -> Result:
    return CliRunner().invoke(edge, args, input=say)


def _pair(
    monkeypatch: pytest.MonkeyPatch, *near: Peripheral, answer: Said = _good, args: tuple[str, ...] = (), say: str = ""
) -> Result:
    monkeypatch.setattr("edge.pair_command.Radio", Air(*near).radio)
    with answering(answer) as url:
        return _run("pair", "--server", url, "--look-for", "0.2", *args, say=say)


def _keep(server: str = "http://127.0.0.1:1") -> Paired:
    wearable = PairedWearable("24:AC:AC:01:02:03", "Polar H10 1A2B3C4D", "polar_h10")
    paired = Paired(
        server, "Marie D.", "", "0123456789abcdef", "0123456789abcdef", "secret", "127.0.0.1", 1, False, None, wearable
    )
    keep_paired(paired)
    return paired


def _outbox(frames: int) -> Outbox:
    paired = read_paired()
    settings = load_settings(paired)
    box = Outbox(settings.outbox_dir, settings.device, settings.outbox_max_bytes)
    boot = box.new_boot(1)
    box.commit(
        [EcgFrame(boot, seq, seq * 1_000_000, 130_000, "ECG", 1000.0, 0, 0, bytes(260)) for seq in range(frames)]
    )
    return box


def test_of_two_that_are_near_the_one_of_the_number_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    near = PolarH10(), PolarH10("11:22:33:44:55:66", "Polar H10 9999"), Peripheral("1:2", "Kettle", [uuid_of(1)], {})
    result = _pair(monkeypatch, *near, args=("4F7K92QX",), say="y\n2\n")
    assert result.exit_code == 0, result.output
    assert "This code is for Marie D., cared for by Cardiology Ward B." in result.output
    assert "  1. Polar H10 9999: Polar H10 (ECG), near (-59 dBm), 11:22:33:44:55:66\n" in result.output
    assert "  2. Polar H10 1A2B3C4D: Polar H10 (ECG), near (-60 dBm), 24:AC:AC:01:02:03\n" in result.output
    assert "Kettle" not in result.output
    paired = read_paired()
    assert paired is not None
    assert paired.wearable == PairedWearable("24:AC:AC:01:02:03", "Polar H10 1A2B3C4D", "polar_h10")


def test_without_a_terminal_everything_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    near = PolarH10(), HeartRateStrap()
    result = _pair(monkeypatch, *near, args=("4F7K92QX", "--yes", "--wearable", "24:ac:ac:01:02:03"))
    assert result.exit_code == 0, result.output
    paired = read_paired()
    assert paired is not None
    assert paired.wearable is not None
    assert paired.wearable.name == "Polar H10 1A2B3C4D"


@pytest.mark.parametrize("args", [(), ("4F7K92QX",), ("4F7K92QX", "--yes")])
def test_without_a_terminal_what_would_be_asked_is_said(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    result = _pair(monkeypatch, PolarH10(), HeartRateStrap(), args=args)
    assert "nobody is there to be asked; give CODE, --yes, and --wearable ADDRESS" in str(result.exception)
    assert read_paired() is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_refusing(403, "wrong_code"), "no code of this server; read it once more"),
        (_refusing(403, "used_code"), "a device was paired by this code already; ask the care team for a new one"),
        (_refusing(403, "expired_code"), "this code's time is over; ask the care team for a new one"),
        (_refusing(429, "too_many_attempts"), "wait 42 s, then try again"),
        (_refusing(503, "no_broker"), "the code holds: try again in a minute"),
        (_refusing(500, "odd"), "the server refused (500 odd); ask whoever runs it"),
        (lambda _: Answer(502, b"<html>"), "the server refused (502 )"),
        (lambda _: Answer(200, b"<html>"), "is no heartwire server"),
        (lambda _: Answer(308, b"", "https://a.org/api/pair/look"), "try again with --server https://a.org"),
    ],
)
def test_a_server_that_says_no_is_told_in_words(answer: Said, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = _pair(monkeypatch, PolarH10(), answer=answer, args=("4F7K92QX", "--yes"))
    assert words in str(result.exception)
    assert read_paired() is None


def test_a_credential_does_not_go_over_a_way_without_tls_unless_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run("pair", "--server", "http://ward.example.org", "4F7K92QX")
    assert "not encrypted" in str(result.exception)
    assert "https://" in str(result.exception)
    monkeypatch.setattr("edge.pair_command.is_encrypted", lambda _: False)
    args = ("4F7K92QX", "--yes", "--unencrypted", "--without-wearable")
    assert _pair(monkeypatch, args=args).exit_code == 0


def test_http_spoken_to_something_else_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(_good) as url:
        result = _run("pair", "--server", url.replace("http:", "https:"), "4F7K92QX")
    assert "cannot be reached" in str(result.exception)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, "is there an adapter"),
        (BleakBluetoothNotAvailableReason.POWERED_OFF, "turn it on"),
        (BleakBluetoothNotAvailableReason.DENIED_BY_USER, "allow it in the system's settings"),
    ],
)
def test_without_bluetooth_it_says_so_and_the_code_holds(
    reason: BleakBluetoothNotAvailableReason, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    air = Air(PolarH10())
    air.reason = reason
    monkeypatch.setattr("edge.pair_command.Radio", air.radio)
    with answering(_good) as url:
        result = _run("pair", "--server", url, "4F7K92QX", "--yes")
    assert words in str(result.exception)
    assert "the code holds" in str(result.exception)
    assert read_paired() is None


def test_the_one_that_is_asked_for_and_not_near_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _pair(monkeypatch, HeartRateStrap(), args=("4F7K92QX", "--yes", "--wearable", "24:AC:AC:01:02:03"))
    assert "no wearable was found with the address 24:AC:AC:01:02:03" in str(result.exception)
    assert "the code holds" in str(result.exception)


def test_unpair_while_an_agent_runs_says_how_to_stop_it() -> None:
    _keep()
    box = _outbox(0)
    result = _run("unpair", "--yes")
    box.close()
    assert "an agent is running; stop it first" in str(result.exception)
    assert read_paired() is not None
    assert _run("unpair", "--yes").exit_code == 0
    assert read_paired() is None
    assert not list(box.folder.iterdir())


@pytest.mark.parametrize(
    ("args", "say", "is_parted", "is_deleted"),
    [
        ((), "n\n", False, False),
        ((), "y\nn\n", True, False),
        ((), "y\ny\n", True, True),
        ((), "", False, False),
        ((), "y\n", False, False),
        (("--yes",), "", True, False),
        (("--yes", "--delete-unsent"), "", True, True),
    ],
)
def test_what_waits_unsent_is_said_and_asked_about_before_it_is_deleted(
    args: tuple[str, ...], say: str, is_parted: bool, is_deleted: bool
) -> None:
    _keep()
    box = _outbox(3)
    box.close()
    result = _run("unpair", *args, say=say)
    assert "3 frames (1.2 KB) of signal are not in the database yet: `heartwire edge run` sends them" in result.output
    assert (read_paired() is None) == is_parted
    assert (not list(box.folder.iterdir())) == is_deleted
    assert (f"stay in {box.folder}" in result.output) == (is_parted and not is_deleted)
    assert result.exit_code == (0 if is_parted else 1)


@pytest.mark.parametrize("wrong_us", [0, -7_200_000_000])
def test_run_takes_the_time_from_the_server_and_waits_for_it_only_where_its_own_cannot_be(
    wrong_us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    class Agent:
        def __init__(
            self, _settings: object, source: BluetoothSource, *_: object, clock_s: Callable[[], float], **__: object
        ) -> None:
            self._source = source
            self._clock_s = clock_s

        def run(self) -> Outcome:
            wait_until(lambda: not self._source._now().is_doubtful, "the server's time")
            ran.append(self._source._now().utc_us)
            assert abs(self._clock_s() * 1e6 - ran[0]) < 1_000_000
            return Outcome.STOPPED

    monkeypatch.setattr("edge.command.Agent", Agent)
    monkeypatch.setattr("edge.command.Radio", Air().radio)
    now_us = machine_time().utc_us - wrong_us
    with answering(lambda _: Answer(200, b'{"now_us":%d}' % now_us)) as url:
        keep_paired(msgspec.structs.replace(_keep(url), paired_us=now_us - 60_000_000))
        result = _run("run")
    assert result.exit_code == 0, result.exception
    assert abs(ran[0] - now_us) < 5_000_000
    wait_until(lambda: all(thread.name != "server clock" for thread in threading.enumerate()), "the thread's end")


def test_status_of_a_machine_that_was_never_paired() -> None:
    result = _run("status")
    assert result.exit_code == 0
    assert result.output == "this machine is not paired; `heartwire edge pair` with the care team's code does it\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_good, "server: reachable; it knows this device"),
        (_refusing(401, "device_revoked"), "server: the care team has REVOKED this device"),
        (_refusing(401, "wrong_credentials"), "server: the server refused (401 wrong_credentials)"),
    ],
)
def test_status_says_what_the_server_says_of_this_device(answer: Said, words: str) -> None:
    with answering(answer) as url:
        _keep(url)
        assert words in _run("status").output


def test_status_while_running_stopped_and_offline() -> None:
    paired = _keep()
    assert "server: http://127.0.0.1:1 cannot be reached" in _run("status").output
    assert "agent: no agent is running" in _run("status").output
    box = _outbox(3)
    problem = LinkError(LinkReason.UNREACHABLE, "127.0.0.1:1: [Errno 111] Connection refused")
    box.keep_fact("link", f"NOT connected: {problem}")
    box.keep_fact("condition", "Polar H10 1A2B3C4D, worn, battery 80 %")
    running = _run("status").output
    assert "agent: an agent is running" in running
    assert re.search(r"broker: NOT connected: 127.0.0.1:1: \[Errno 111\] Connection refused; so since 20\d\d-", running)
    assert re.search(r"wearable: Polar H10 1A2B3C4D, worn, battery 80 %; so since 20\d\d-", running)
    assert "waiting for the database: 3 frames, signal from 1970-01-01 00:00:00 UTC" in running
    box.close()
    stopped = _run("status").output
    assert "agent: no agent is running; `heartwire edge run` sends what waits" in stopped
    # What was so while it ran is not known to be so now.
    assert "broker:" not in stopped
    assert "worn" not in stopped
    assert msgspec.json.decode(_run("status", "--json").output)["frames"] == 3
    assert paired.device in stopped


@pytest.mark.parametrize(("mode", "of_folder"), [(0o644, False), (0o640, False), (0o777, True), (0o720, True)])
def test_a_credential_that_others_may_read_or_put_another_in_its_place_is_refused(mode: int, of_folder: bool) -> None:
    path = keep_paired(_keep())
    (path.parent if of_folder else path).chmod(mode)
    for command in ("run", "status", "pair"):
        result = _run(command)
        assert "by others" in str(result.exception), command
        assert "chmod" in str(result.exception)
    assert _run("unpair", "--yes").exit_code == 0
