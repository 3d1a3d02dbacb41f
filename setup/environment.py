"""Make `.venv`: a virtual environment with exactly what requirements.lock says, hashes checked.

Run as ``python3 -m setup.environment`` from the root of the repository, by any Python from 3.11 on.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from setup import stamp
from setup.node import NODE_LOCK, has_system_node
from setup.report import SetupError, fail, install_debian_packages, is_root, need_space, note, run, step

_ROOT: Final = Path(__file__).resolve().parent.parent
_VENV: Final = _ROOT / ".venv"
_PYTHON: Final = _VENV / "bin" / "python"
_LOCK: Final = _ROOT / "requirements.lock"
_BYTES_NEEDED: Final = 1_500_000_000  # environment 0.8 GB, downloads on the way there
_NETWORK: Final = "Is the network up, and the Python package index within reach? Run this again: it goes on from here."


def main() -> None:
    """Bring the environment up to date; do nothing, at once, when it is."""
    with_node = not has_system_node()
    wanted = _digest(with_node=with_node)
    if _works(_PYTHON) and stamp.is_current(_VENV, wanted):
        return
    if not _works(_PYTHON):
        _create()
    with step("Installing the packages of requirements.lock (hashes checked)"):
        _install(with_node=with_node)
    stamp.write(_VENV, wanted)


def _digest(*, with_node: bool) -> str:
    """Digest what decides what is installed: the locks, the project's own table, this Python."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    node = NODE_LOCK if with_node else "node of the system"
    return stamp.digest(_LOCK, node, repr(project), ".".join(map(str, sys.version_info[:2])))


def _works(python: Path) -> bool:
    if not python.exists():
        return False
    ask = subprocess.run([python, "-V"], check=False, capture_output=True, text=True)
    return ask.returncode == 0 and ask.stdout.split()[-1].startswith("{}.{}.".format(*sys.version_info))


def _create() -> None:
    need_space(_ROOT, _BYTES_NEEDED, "The Python environment")
    if importlib.util.find_spec("ensurepip") is None:
        if not is_root():
            raise SetupError(
                "this Python cannot make virtual environments (no ensurepip)."
                " On Debian or Ubuntu: sudo apt-get install python3-venv; then run this again."
            )
        with step("Installing python3-venv"):
            install_debian_packages("python3-venv")
    with step(f"Making .venv with Python {sys.version.split()[0]}"):
        shutil.rmtree(_VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", _VENV], advice="Remove .venv and run this again.")


def _install(*, with_node: bool) -> None:
    """Install with uv, itself taken from the lock: 10 s where pip needs 70.

    pip is the way out where uv cannot work, for example with a package mirror that only pip is told of.
    """
    locks: list[str | Path] = ["--requirement", _LOCK]
    if with_node:
        note("No Node 20 or newer on the PATH: Node comes from the Python package index instead.")
        locks += ["--requirement", NODE_LOCK]
    _install_uv()
    try:
        uv: list[str | Path] = [_VENV / "bin" / "uv", "pip", "install", "--python", _PYTHON]
        run([*uv, "--require-hashes", *locks], advice=_NETWORK, cwd=_ROOT)
    except SetupError:
        note("uv could not do it; once more with pip, which is slower.")
        pip: list[str | Path] = [_PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]
        run([*pip, "--require-hashes", *locks], advice=_NETWORK, cwd=_ROOT)
    # heartwire itself, in place; its build backend is in the lock, so this asks no index.
    own: list[str | Path] = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", _ROOT]
    run(
        [_PYTHON, "-m", "pip", "--disable-pip-version-check", *own],
        advice="Remove .venv and run this again.",
        cwd=_ROOT,
        env={**os.environ, "PIP_NO_INDEX": "1"},
    )


def _install_uv() -> None:
    found = re.search(r"^uv==.*?(?=^\S)", _LOCK.read_text(encoding="utf-8") + "\nend", re.MULTILINE | re.DOTALL)
    if found is None:
        raise SetupError("requirements.lock does not name uv. Bring it back: git checkout requirements.lock")
    with tempfile.TemporaryDirectory() as directory:
        only_uv = Path(directory) / "uv.lock"
        only_uv.write_text(found[0], encoding="utf-8")
        pip: list[str | Path] = [_PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        run([*pip, "--require-hashes", "--requirement", only_uv], advice=_NETWORK)


if __name__ == "__main__":
    try:
        main()
    except (SetupError, OSError) as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
