"""Where PostgreSQL's programs are, and as whom they run: TimescaleDB's, and those from the Python package index."""

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from heartwire.embedded.errors import EmbeddedServerError
from heartwire.embedded.programs import find_programs
from tests.servers.missing import ServerMissingError

TIMESCALE_SUITE: Final = "trixie"
TIMESCALE_PACKAGES: Final = ("postgresql-17", "postgresql-17-timescaledb")
_DIE_WITH_PARENT: Final = ("--pdeathsig", "KILL")


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """One installation of PostgreSQL.

    Attributes
    ----------
    name : str
        How tests call it.
    programs : Path
        Directory of `postgres` and `initdb`, as seen from inside `tree`.
    tree : Path, optional
        Root of a Debian tree to change into first.
    user_id, group_id : int, optional
        Run as this user, since PostgreSQL refuses to be root; ``None`` is the user of the tests.
    has_timescale : bool
        Whether the extension is there.
    """

    name: str
    programs: Path
    tree: Path | None = None
    user_id: int | None = None
    group_id: int | None = None
    has_timescale: bool = False

    def command(self, program: str, *arguments: str) -> list[str]:
        """Return the words that run a program of this installation, to die with its parent."""
        words: list[str] = []
        drop: list[str] = []
        if self.tree is not None:
            words = ["chroot", f"--userspec={self.user_id}:{self.group_id}", "--groups=", str(self.tree)]
        elif self.user_id is not None:
            drop = [f"--reuid={self.user_id}", f"--regid={self.group_id}", "--clear-groups"]
        if self.user_id is not None or shutil.which("setpriv"):
            words += ["setpriv", *drop, *_DIE_WITH_PARENT]
        return [*words, str(self.programs / program), *arguments]

    def make_directory(self) -> Path:
        """Make a private directory that its user owns and can reach."""
        parent = None if self.tree is None else self.tree / "var" / "tmp"
        directory = Path(tempfile.mkdtemp(prefix=f"heartwire-{os.getpid()}-", dir=parent))
        if self.user_id is not None and self.group_id is not None:
            os.chown(directory, self.user_id, self.group_id)
        return directory

    def inside(self, path: Path) -> str:
        """Return how its programs see a path."""
        return str(path) if self.tree is None else f"/{path.relative_to(self.tree)}"


def cache_directory() -> Path:
    """Return where unpacked servers are kept: `HEARTWIRE_CACHE`, or the user's cache."""
    if own := os.environ.get("HEARTWIRE_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heartwire"


def timescale_tree() -> Path:
    """Return where the Debian tree with TimescaleDB is, or will be."""
    return cache_directory() / "servers" / f"timescaledb-{TIMESCALE_SUITE}"


def find_timescale() -> PostgresBinaries:
    """Return TimescaleDB: the system's, or the one in the Debian tree.

    Raises
    ------
    ServerMissingError
        If there is none, or only root could run it.
    """
    for library in sorted(Path("/usr/lib/postgresql").glob("*/lib/timescaledb.so"), reverse=True):
        user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        return PostgresBinaries(
            "timescaledb",
            library.parent.parent / "bin",
            user_id=user.pw_uid if user else None,
            group_id=user.pw_gid if user else None,
            has_timescale=True,
        )
    if os.geteuid() != 0:
        raise ServerMissingError("TimescaleDB needs root, or the system's package postgresql-17-timescaledb")
    tree = timescale_tree()
    if not tree.is_dir():
        raise ServerMissingError(f"TimescaleDB is not installed (no {tree}); run `make servers` as root")
    for line in (tree / "etc" / "passwd").read_text(encoding="utf-8").splitlines():
        name, _, user_id, group_id, *_ = line.split(":")
        if name == "postgres":
            programs = Path("/usr/lib/postgresql/17/bin")
            return PostgresBinaries("timescaledb", programs, tree, int(user_id), int(group_id), has_timescale=True)
    raise ServerMissingError(f"the Debian tree {tree} has no user postgres; remove it and run `make servers`")


def find_embedded() -> PostgresBinaries:
    """Return PostgreSQL 18 as it comes from the Python package index.

    Raises
    ------
    ServerMissingError
        If the package is not installed, or cannot be run here.
    """
    try:
        programs = find_programs()
    except EmbeddedServerError as missing:
        raise ServerMissingError(str(missing)) from None
    account = programs.account
    return PostgresBinaries(
        "embedded-postgresql",
        programs.directory,
        user_id=account.user_id if account else None,
        group_id=account.group_id if account else None,
    )
