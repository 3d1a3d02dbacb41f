"""The demo's directory: one demo at a time, nothing deleted that it did not make, one password for ever."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from simulators.demo_home import DemoError, Home


def test_one_demo_at_a_time_and_the_second_is_told_where_the_first_is(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        home.announce("http://127.0.0.1:8000", "http://127.0.0.1:18950/")
        with pytest.raises(DemoError, match=r"runs already at http://127\.0\.0\.1:8000.*process \d+"):
            Home(tmp_path)
    with Home(tmp_path), pytest.raises(DemoError, match="runs already, with its data"):
        Home(tmp_path)


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    program = (
        f"import os; from pathlib import Path; from simulators.demo_home import Home; Home(Path({str(tmp_path)!r}))"
    )
    subprocess.run(
        [sys.executable, "-c", f"{program}; os.kill(os.getpid(), 9)"], check=False, stderr=subprocess.DEVNULL
    )
    with Home(tmp_path) as home:
        assert home.directory == tmp_path / "demo"


def test_fresh_deletes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept", encoding="utf-8")
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept", encoding="utf-8")
    with Home(tmp_path) as home:
        (home.make_directory("logs") / "ingest.log").write_text("gone", encoding="utf-8")
        (home.directory / "link").symlink_to(precious)
        first = home.password("nurse")
        home.clear()
        assert sorted(path.name for path in home.directory.iterdir()) == ["lock", "made-by-heartwire-demo"]
        assert home.password("nurse")[1] != first[1]
    assert (tmp_path / "mine").exists()
    assert (precious / "file").exists()
    with Home(tmp_path):
        pass


def test_what_somebody_else_made_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "letters").write_text("dear", encoding="utf-8")
    with pytest.raises(DemoError, match="was not made by the demo"):
        Home(tmp_path)


def test_a_password_is_kept_to_oneself(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        path, password, is_new = home.password("nurse")
        assert is_new
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert home.password("nurse") == (path, password, False)
        assert len(password) >= 16
        assert not home.has_password("physician")
        path = home.keep_password("physician", "given by somebody")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert home.password("physician") == (path, "given by somebody", False)


def test_a_full_disk_and_a_place_that_cannot_be_written_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        total: int
        used: int
        free: int

    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DemoError, match=r"cannot be written.*HEARTWIRE_HOME"):
        Home(tmp_path / "file" / "home")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(DemoError, match="1 MB left"):
        Home(tmp_path)
