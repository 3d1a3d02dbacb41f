"""Install the servers that the tests run against. Run as ``python -m tests.servers.install``.

As root on Debian or Ubuntu it installs what is missing: Mosquitto and Chromium with apt-get, TimescaleDB with
apt-get where the system has a package of it, and otherwise a small Debian 13 with TimescaleDB in the cache
directory. Anybody else is told what the tests will skip. With CI=true a missing server is an error.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from setup.report import SetupError, fail, install_debian_packages, is_root, need_space, note, run, step
from tests.servers.missing import ServerMissingError, in_ci
from tests.servers.mosquitto import find_mosquitto
from tests.servers.postgres_binaries import TIMESCALE_PACKAGES, TIMESCALE_SUITE, find_timescale, timescale_tree

_CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_TREE_BYTES: Final = 1_500_000_000


def find_chromium() -> Path:
    """Return the browser for tests: `HEARTWIRE_CHROMIUM`, or one on the PATH.

    Raises
    ------
    ServerMissingError
        If there is none.
    """
    for name in (os.environ.get("HEARTWIRE_CHROMIUM", ""), *_CHROMIUM_NAMES):
        path = shutil.which(name) if name else None
        if path is not None:
            return Path(path)
    raise ServerMissingError("Chromium is not installed; run `make servers` as root, or apt-get install chromium")


def install_timescale() -> None:
    """Install TimescaleDB: the system's package where there is one, otherwise a Debian tree of its own."""
    packages = [package for package in TIMESCALE_PACKAGES if package.endswith("timescaledb")]
    simulated = subprocess.run(["apt-get", "-qq", "install", "--simulate", *packages], check=False, capture_output=True)
    if simulated.returncode == 0:
        install_debian_packages(*packages)
        return
    if shutil.which("debootstrap") is None:
        install_debian_packages("debootstrap", "debian-archive-keyring")
    tree = timescale_tree()
    tree.parent.mkdir(parents=True, exist_ok=True)
    need_space(tree.parent, _TREE_BYTES, "The test server TimescaleDB")
    unfinished = tree.with_name(f"{tree.name}.unfinished-{os.getpid()}")
    try:
        # No mirror is named: debootstrap knows Debian's own.
        run(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={','.join(TIMESCALE_PACKAGES)}",
                TIMESCALE_SUITE,
                unfinished,
            ],
            advice="Is the network up? What it printed last is in debootstrap/debootstrap.log; then run this again.",
        )
        for package_file in (unfinished / "var/cache/apt/archives").glob("*.deb"):
            package_file.unlink()
        unfinished.rename(tree)
    finally:
        if unfinished.exists():
            run(["rm", "-rf", "--one-file-system", unfinished], advice=f"Remove {unfinished} by hand.")


def main() -> None:
    """Install what is missing, as far as this user may."""
    wanted: tuple[tuple[str, Callable[[], object], Callable[[], None]], ...] = (
        ("Mosquitto", find_mosquitto, lambda: install_debian_packages("mosquitto")),
        ("Chromium", find_chromium, lambda: install_debian_packages("chromium", "fonts-dejavu-core")),
        ("TimescaleDB", find_timescale, install_timescale),
    )
    for name, find, install in wanted:
        try:
            find()
            continue
        except ServerMissingError as missing:
            if not is_root() or shutil.which("apt-get") is None:
                _go_without(name, str(missing))
                continue
        try:
            with step(f"Installing the test server {name}"):
                install()
                find()
        except (SetupError, ServerMissingError) as error:
            _go_without(name, str(error))


def _go_without(name: str, reason: str) -> None:
    if in_ci():
        raise SetupError(f"CI=true and no {name}: {reason}")
    note(f"Tests that need {name} will be skipped: {reason}")


if __name__ == "__main__":
    try:
        main()
    except (SetupError, OSError) as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
