"""Install the servers that the tests run against, and what they check docker-compose.yml with.

Run as ``python -m tests.servers.install``.

The OpenID provider is a package of npm's, for anybody. As root on Debian or Ubuntu it installs what else is missing:
Mosquitto, Chromium and libfaketime with apt-get, TimescaleDB with apt-get where the system has a package of it, and
otherwise a small Debian 13 with TimescaleDB in the cache directory. Anybody else is told what the tests will skip.
With CI=true a missing server is an error.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from setup.compose import cached_compose, find_compose
from setup.report import SetupError, fail, install_debian_packages, is_root, need_space, note, run, step
from tests.servers.missing import ServerMissingError, in_ci
from tests.servers.mosquitto import find_mosquitto
from tests.servers.openid_provider import find_openid_provider, install_openid_provider
from tests.servers.postgres import find_faketime
from tests.servers.postgres_binaries import TIMESCALE_PACKAGES, TIMESCALE_SUITE, find_timescale, timescale_tree

_CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
#: By package of Debian a file of it. Letters that the typesetter's own fonts lack: deploy/Dockerfile has the same.
FONTS: Final = {
    "fonts-noto-core": Path("/usr/share/fonts/truetype/noto/NotoNaskhArabic-Regular.ttf"),
    "fonts-wqy-microhei": Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
}
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


def find_fonts() -> None:
    """Look for the fonts of names in any script.

    Raises
    ------
    ServerMissingError
        If one is not installed.
    """
    for package, file in FONTS.items():
        if not file.exists():
            raise ServerMissingError(f"fonts for names in any script are missing; apt-get install {package}")


def find_mosquitto_clients() -> Path:
    """Return `mosquitto_sub`, with which the broker's container looks whether it is well.

    Raises
    ------
    ServerMissingError
        If it is not installed.
    """
    path = shutil.which("mosquitto_sub")
    if path is None:
        raise ServerMissingError("mosquitto_sub is not installed; apt-get install mosquitto-clients")
    return Path(path)


def find_docker_compose() -> list[str]:
    """Return the words that run Docker Compose.

    Raises
    ------
    ServerMissingError
        If it is not installed.
    """
    words = find_compose()
    if words is None:
        raise ServerMissingError("Docker Compose is not installed; run `make servers` as root")
    return words


def install_docker_compose() -> None:
    """Fetch Debian's Docker Compose, as its signature vouches for it, and keep its one program in the cache.

    Debian 12 has version 1 only; the tree of TimescaleDB is a Debian 13, and the program runs on both.
    """
    tree = timescale_tree()
    inside = ["chroot", str(tree)] if tree.is_dir() else []
    with tempfile.TemporaryDirectory(dir=tree / "var" / "tmp" if inside else None) as name:
        here = Path(name)
        seen = f"/{here.relative_to(tree)}" if inside else name
        fetch = [*inside, "sh", "-c", f"cd {seen} && apt-get --quiet download docker-compose"]
        try:
            run(fetch, advice="Trying again with new lists.")
        except SetupError:
            run([*inside, "apt-get", "--quiet", "update"], advice="Is the network up?")
            run(fetch, advice="Is the network up, and Debian 13 or newer within reach?")
        (package,) = here.glob("docker-compose_*.deb")
        run(["dpkg-deb", "--extract", package, here / "unpacked"], advice="The package is broken; run this again.")
        program = here / "unpacked" / "usr" / "libexec" / "docker" / "cli-plugins" / "docker-compose"
        cached_compose().parent.mkdir(parents=True, exist_ok=True)
        shutil.move(program, cached_compose())


def main() -> None:
    """Install what is missing, as far as this user may."""
    wanted: tuple[tuple[str, Callable[[], object], Callable[[], None]], ...] = (
        ("Mosquitto", find_mosquitto, lambda: install_debian_packages("mosquitto")),
        ("Chromium", find_chromium, lambda: install_debian_packages("chromium", "fonts-dejavu-core")),
        ("fonts of reports", find_fonts, lambda: install_debian_packages(*FONTS)),
        ("TimescaleDB", find_timescale, install_timescale),
        ("libfaketime", find_faketime, lambda: install_debian_packages("libfaketime")),
        ("Mosquitto's clients", find_mosquitto_clients, lambda: install_debian_packages("mosquitto-clients")),
        ("OpenID provider", find_openid_provider, install_openid_provider),
        ("Docker Compose", find_docker_compose, install_docker_compose),
    )
    for name, find, install in wanted:
        try:
            find()
            continue
        except ServerMissingError as missing:
            if install is not install_openid_provider and (not is_root() or shutil.which("apt-get") is None):
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
