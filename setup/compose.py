"""Check docker-compose.yml with Docker Compose itself, which needs no engine for that.

Run as ``python -m setup.compose`` from the root of the repository (``make check``). It is Docker's own program: the one
beside docker, or the one that `make servers` fetched from Debian.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from setup.report import SetupError, fail, note, run

_ROOT: Final = Path(__file__).resolve().parent.parent
#: Every profile, so that nothing stays unread.
_PROFILES: Final = ("--profile", "*")
_ADVICE: Final = "docker-compose.yml is wrong; the line above says where."


def cached_compose() -> Path:
    """Return where `make servers` keeps Docker Compose."""
    own = os.environ.get("HEARTWIRE_CACHE")
    cache = (
        Path(own).expanduser()
        if own
        else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heartwire"
    )
    return cache / "servers" / "docker-compose"


def find_compose() -> list[str] | None:
    """Return the words that run Docker Compose 2 or newer, ``None`` where there is none."""
    for words in (["docker", "compose"], [str(cached_compose())]):
        if shutil.which(words[0]) is None:
            continue
        if subprocess.run([*words, "version"], check=False, capture_output=True).returncode == 0:
            return words
    return None


def check() -> None:
    """Check the file; where there is no Docker Compose, say so.

    Raises
    ------
    SetupError
        If the file is wrong.
    """
    compose = find_compose()
    if compose is None:
        note("docker-compose.yml is not checked: no Docker Compose here (`make servers` as root fetches it)")
        return
    run([*compose, *_PROFILES, "config", "--quiet"], advice=_ADVICE, cwd=_ROOT)


if __name__ == "__main__":
    try:
        check()
    except (SetupError, OSError) as problem:
        fail(problem)
    sys.exit(0)
