"""A child on a leash: it ends with the process that started it, whatever ends that one."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import psutil
import pytest

from heartwire.embedded import leash
from heartwire.embedded.child import Child
from heartwire.embedded.errors import EmbeddedServerError
from tests.servers.process import is_alive
from tests.servers.waiting import wait_until

_SLEEP: Final = "import time; print('up', flush=True); time.sleep(60)"
_STUBBORN: Final = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SLEEP}"


def _python(words: str) -> list[str]:
    return [sys.executable, "-c", words]


def _started(child: Child) -> Child:
    child.start()
    wait_until(lambda: "up" in child.log, f"{child.name} to be up")
    return child


def test_it_stops_when_asked_and_its_words_are_kept(tmp_path: Path) -> None:
    child = _started(Child("sleeper", _python(_SLEEP), tmp_path / "log"))
    child.stop()
    assert not child.is_running
    assert child.returncode == -signal.SIGTERM
    assert child.log_end() == "up"
    _started(child).stop()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "up\nup\n"
    assert child.log == "up\n"


def test_one_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = _started(Child("stubborn", _python(_STUBBORN), tmp_path / "log"))
    child.stop(timeout_s=0.2)
    assert child.returncode == -signal.SIGKILL


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 10_000_001)
    _started(Child("sleeper", _python(_SLEEP), tmp_path / "log")).stop()
    assert (tmp_path / "log").read_text(encoding="utf-8") == "up\n"
    assert (tmp_path / "log.1").stat().st_size == 10_000_001


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="sleeper cannot be started"):
        Child("sleeper", _python(_SLEEP), tmp_path / "nowhere" / "log").start()


def test_it_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import time; from pathlib import Path; from heartwire.embedded.child import Child;"
        f"child = Child('orphan', {_python(_STUBBORN)!r}, Path({str(log)!r})); child.start();"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(_python(program), stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        orphan = psutil.Process(int(parent.stdout.readline()))
        wait_until(lambda: log.exists() and "up" in log.read_text(encoding="utf-8"), "the child to be up")
        assert is_alive(orphan)
        parent.kill()
    wait_until(lambda: not is_alive(orphan), "the orphan to end", timeout_s=5)


def test_without_the_kernels_help_the_leash_looks_itself(tmp_path: Path) -> None:
    # As where there is no Linux: a leash that stays, below a parent that is killed.
    log = tmp_path / "log"
    watching = (
        f"import sys; sys.path.insert(0, {str(Path(leash.__file__).parent)!r}); import leash;"
        f"leash.watch(int(sys.argv[1]), {int(signal.SIGKILL)}, {_python(_SLEEP)!r})"
    )
    program = (
        "import os, subprocess, sys, time;"
        f"subprocess.Popen([sys.executable, '-c', {watching!r}, str(os.getpid())], stdout=open({str(log)!r}, 'w'));"
        "time.sleep(60)"
    )
    with subprocess.Popen(_python(program)) as parent:
        wait_until(lambda: log.exists() and "up" in log.read_text(encoding="utf-8"), "the program to be up")
        family = psutil.Process(parent.pid).children(recursive=True)
        assert len(family) == 2
        parent.kill()
    wait_until(lambda: not any(map(is_alive, family)), "both to end", timeout_s=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_another_user_it_reaches_a_directory_behind_a_closed_door(tmp_path: Path) -> None:
    from heartwire.embedded.child import Account  # noqa: PLC0415

    closed = tmp_path / "closed"
    inner = closed / "inner"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    os.chown(inner, 65534, 65534)
    child = Child(
        "guest",
        ["/bin/sh", "-c", 'id -u > "$0" && echo up', "{directory}/who"],
        tmp_path / "log",
        account=Account(65534, 65534),
        directory=inner,
    )
    child.start()
    assert child.wait(10)
    assert child.returncode == 0, child.log
    assert (inner / "who").read_text(encoding="ascii") == "65534\n"
