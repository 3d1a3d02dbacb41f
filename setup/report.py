"""How set-up talks to a person: one line a step, one sentence when something is missing."""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

_FULL_BYTES: Final = 20_000_000  # less than this left is why a step failed


class SetupError(Exception):
    """Set-up cannot go on; the message says what happened and what to do next."""


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    print(f"==> {text}", flush=True)
    begin = time.monotonic()
    yield
    print(f"    done in {time.monotonic() - begin:.1f} s", flush=True)


def note(text: str) -> None:
    """Print one line that a person should read."""
    print(f"    {text}", flush=True)


def run(
    command: Sequence[str | Path],
    *,
    advice: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program, its output in sight.

    Raises
    ------
    SetupError
        If it fails: the program, its exit code and `advice`, or that the disk is full.
    """
    words = [str(word) for word in command]
    try:
        code = subprocess.run(words, cwd=cwd, env=env, check=False, stdin=subprocess.DEVNULL).returncode
    except FileNotFoundError:
        raise SetupError(f"the program {words[0]} is not installed. {advice}") from None
    if code:
        _refuse_full_disk(cwd or Path.cwd())
        raise SetupError(f"`{' '.join(words[:3])} …` ended with exit code {code} (its own words stand above). {advice}")


def need_space(directory: Path, needed_bytes: int, purpose: str) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises
    ------
    SetupError
        If the file system of `directory` has less than `needed_bytes` left.
    """
    free = shutil.disk_usage(directory).free
    if free < needed_bytes:
        raise SetupError(
            f"{purpose} needs {needed_bytes / 1e9:.1f} GB on the disk of {directory}, which has {free / 1e9:.1f} GB"
            " left. Free some space, then run this again."
        )


def is_root() -> bool:
    """Whether this process may install packages of the operating system."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def install_debian_packages(*packages: str) -> None:
    """Install packages with apt-get, refreshing its lists only when it does not know them.

    Raises
    ------
    SetupError
        If this is not root, not Debian, or apt-get fails.
    """
    names = " ".join(packages)
    advice = f"Check the network, or install by hand: apt-get install {names}"
    if shutil.which("apt-get") is None:
        raise SetupError(f"{names}: this system has no apt-get. Install the same programs with its own package tool.")
    if not is_root():
        raise SetupError(f"{names}: only root may install it. Ask for: sudo apt-get install {names}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", *packages]
    known = subprocess.run([*install, "--simulate"], env=env, check=False, capture_output=True).returncode == 0
    if not known:
        run(["apt-get", "-qq", "update"], advice=advice, env=env)
    run(install, advice=advice, env=env)


def fail(error: SetupError | OSError) -> NoReturn:
    """End this program with one sentence."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error = SetupError("the disk is full. Free some space, then run this again.")
    print(f"\nset-up stopped: {error}", file=sys.stderr)
    sys.exit(1)


def _refuse_full_disk(directory: Path) -> None:
    if shutil.disk_usage(directory).free < _FULL_BYTES:
        raise SetupError(f"the disk of {directory} is full. Free some space, then run this again.")
