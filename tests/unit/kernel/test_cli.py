"""The command line: every service by name, help for a stranger, and errors that are sentences."""

import subprocess
import sys

import pytest

from heartwire import cli

COMMANDS = list(cli._COMMANDS)


def _run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heartwire", *args], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_command_and_imports_none() -> None:
    code = (
        "import sys; from heartwire import cli\n"
        "try: cli.main()\n"
        "finally: print('loaded', sorted(m for m in sys.modules if m in ('numpy', 'psycopg', 'fastapi', 'scipy')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    assert "not a certified medical device" in " ".join(done.stdout.split())
    assert "loaded []" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_is_for(command: str) -> None:
    done = _run(command, "--help")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 200
    assert "Options" in done.stdout


def test_an_unknown_command_or_option_is_a_sentence() -> None:
    for args in (("heal",), ("ingest", "--heal")):
        done = _run(*args)
        assert done.returncode == 2
        assert "No such" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_extra_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli._COMMANDS, "migrate", ("heartwire.storage.nowhere", "migrate", "storage", ""))
    from click.testing import CliRunner  # noqa: PLC0415 # only this test's

    answer = CliRunner().invoke(cli._heartwire, ["migrate"])
    assert answer.exit_code == 1
    assert "pip install 'heartwire[storage]'" in answer.output
