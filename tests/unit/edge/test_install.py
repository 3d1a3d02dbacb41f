"""What `pip install heartwire[edge]` brings is enough (no arrays, no database), and systemd takes its unit."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import setup

_ROOT = Path(setup.__file__).parents[1]
#: Refuses what an edge device has not.
_BLOCKED = """
import sys
blocked = frozenset({blocked!r})
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
sys.path.insert(0, {root!r})
"""


def _of_the_edge() -> frozenset[str]:
    """Return the distributions that the extra brings, with all that they need."""
    found: set[str] = set()
    wanted = [Requirement("heartwire[edge]")]
    while wanted:
        one = wanted.pop()
        name = one.name.lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or ():
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in one.extras or {""}):
                wanted.append(need)
    return frozenset(found)


def _python(program: str, *args: str, stdin: bytes = b"", home: Path) -> subprocess.CompletedProcess[bytes]:
    edge = _of_the_edge()
    blocked = [
        module
        for module, names in metadata.packages_distributions().items()
        if not any(name.lower().replace("_", "-") in edge for name in names)
    ]
    assert {"numpy", "scipy", "wfdb", "fastapi", "psycopg"} <= set(blocked)
    assert not {"bleak", "msgspec", "paho"} & set(blocked)
    return subprocess.run(
        [sys.executable, "-c", _BLOCKED.format(blocked=blocked, root=str(_ROOT)) + program, *args],
        input=stdin,
        env={"HEARTWIRE_HOME": str(home), "PATH": ""},
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_an_edge_device_plays_a_pipe_into_its_outbox_with_no_more_than_its_extra(
    tmp_path: Path, free_port: int
) -> None:
    run = ["edge", "run", "--stdin", "--fs", "130", "--gain", "1000", "--device", "0123456789abcdef"]
    result = _python(
        "from heartwire.cli import main; main()",
        *run,
        *("--broker-port", str(free_port), "--patience", "0", "--start", "2026-11-24T08:30:00Z"),
        stdin=bytes(2 * 130 * 20),
        home=tmp_path,
    )
    said = result.stderr.decode()
    assert result.returncode == 1, said
    assert "25 frames are not confirmed by the database; they are kept in" in said
    status = _python("from heartwire.cli import main; main()", "edge", "status", "--device", run[-1], home=tmp_path)
    assert b"waiting for the database: 25 frames, signal from 2026-11-24 08:30:00 UTC" in status.stdout


def test_an_edge_device_finds_its_wearables_with_no_more_than_its_extra(tmp_path: Path) -> None:
    program = (
        "from edge.wearables.radio import Radio; from edge.wearables.wearable import kinds\n"
        "Radio(); print([kind.kind for kind in kinds()])"
    )
    result = _python(program, home=tmp_path)
    assert result.stdout == b"['polar_h10', 'heart_rate']\n", result.stderr.decode()


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd-analyze is not installed")
    text = (_ROOT / "deploy" / "heartwire-edge.service").read_text(encoding="utf-8")
    text, count = re.subn(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE)
    assert count == 1
    unit = tmp_path / "heartwire-edge.service"
    unit.write_text(text, encoding="utf-8")
    result = subprocess.run([systemd, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")
