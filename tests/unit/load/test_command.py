"""``heartwire simulate fleet``: its files, its bounds, and what it says when something is missing."""

import resource
from pathlib import Path

import pytest
from click.testing import CliRunner

from heartwire.errors import HeartwireError
from heartwire.topics import is_device
from simulators.command import simulate
from simulators.errors import SimulationError
from simulators.load.command import allow_descriptors, load_credentials
from simulators.load.device import Credential


def test_names_are_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "names"
    made = load_credentials(path, 5)
    assert all(is_device(one.device) and one.password is None for one in made)
    assert load_credentials(path, 3) == made[:3]


def test_secrets_are_made_only_for_a_new_file_that_nobody_else_reads(tmp_path: Path) -> None:
    path = tmp_path / "names"
    made = load_credentials(path, 2, with_secrets=True)
    assert len({one.password for one in made}) == 2
    assert load_credentials(path, 2) == made
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(SimulationError, match="is there already"):
        load_credentials(path, 2, with_secrets=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0123456789abcdef\n", "has 1 devices, wanted 2"),
        ("0123456789abcdef\nsomebody secret\n", "line 2: wanted a device's name"),
        ("0123456789abcdef one two\n0123456789abcdeg\n", "line 1: wanted a device's name"),
    ],
)
def test_a_file_that_is_none_of_names_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "names"
    path.write_text(text)
    with pytest.raises(SimulationError, match=message):
        load_credentials(path, 2)


def test_passwords_stand_behind_the_names(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text("0123456789abcdef secret\n\n0123456789abcdeg\n")
    assert load_credentials(path, 2) == [Credential("0123456789abcdef", "secret"), Credential("0123456789abcdeg")]


def test_more_sockets_than_the_system_allows_is_a_sentence() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("no bound here")
    with pytest.raises(SimulationError, match=f"{hard} are allowed; run `ulimit"):
        allow_descriptors(hard + 1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--register"], "--register needs --database"),
        (["--register", "--database", "postgresql://nowhere", "--secrets"], "--secrets needs --register, and --names"),
    ],
)
def test_options_that_need_each_other(words: list[str], message: str) -> None:
    done = CliRunner().invoke(simulate, ["fleet", "--devices", "3", *words])
    assert isinstance(done.exception, HeartwireError)
    assert message in str(done.exception)
