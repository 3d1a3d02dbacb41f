"""Build the care team's pages (dashboard/web) and the patient's app (edge/phone), and run their own checks and tests.

Run as ``python -m setup.pages build|check|test|types`` from the root of the repository.
"""

import os
import sys
from pathlib import Path
from typing import Final

from setup import stamp
from setup.node import Node, find_node
from setup.report import SetupError, fail, need_space, run, step

_ROOT: Final = Path(__file__).resolve().parent.parent
#: The folders with a package.json and what people call them.
_FRONTS: Final = {_ROOT / "dashboard" / "web": "the pages", _ROOT / "edge" / "phone": "the patient's app"}
_BYTES_NEEDED: Final = 600_000_000
_ADVICE: Final = "Is the network up, and the npm registry within reach? Run this again: it goes on from here."


def pages_are_built() -> bool:
    """Whether what is served was made from the sources as they are now."""
    return all(_is_built(front) for front in _fronts())


def build() -> None:
    """Build what is not current."""
    for front in _fronts():
        if not _is_built(front):
            _build(front)


def run_script(name: str) -> None:
    """Run a script of each package.json."""
    for front in _fronts():
        with find_node() as node:
            install_packages(front, node, _FRONTS[front])
            words = [*node.npm, "run", "--silent", "--if-present", name]
            run(words, cwd=front, env=node.environment, advice="Mend it, and try again.")


def _fronts() -> list[Path]:
    return [front for front in _FRONTS if (front / "package.json").exists()]


def _is_built(front: Path) -> bool:
    return stamp.is_current(front / "dist", _sources(front))


def _build(front: Path) -> None:
    with find_node() as node:
        install_packages(front, node, _FRONTS[front])
        with step(f"Building {_FRONTS[front]}"):
            advice = f"The sources of {_FRONTS[front]} are in error."
            run([*node.npm, "run", "build"], cwd=front, env=node.environment, advice=advice)
    if not (front / "dist" / "index.html").is_file():
        raise SetupError(f"the build left no {front / 'dist' / 'index.html'}; see vite.config.ts")
    stamp.write(front / "dist", _sources(front))


def _sources(front: Path) -> str:
    return stamp.digest_tree(front, leave_out=("node_modules", "dist", "coverage"))


def has_packages(folder: Path, node: Node) -> bool:
    """Whether a folder has the packages that its lock names, for this machine."""
    return stamp.is_current(folder / "node_modules", _wanted(folder, node))


def install_packages(folder: Path, node: Node, called: str) -> None:
    """Give a folder the packages that its lock names, unless it has them."""
    if has_packages(folder, node):
        return
    need_space(_ROOT, _BYTES_NEEDED, f"Installing the packages of {called}")
    with step(f"Installing the packages of {called} (npm ci)"):
        run([*node.npm, "ci", "--no-audit", "--no-fund"], cwd=folder, env=node.environment, advice=_ADVICE)
    stamp.write(folder / "node_modules", _wanted(folder, node))


def _wanted(folder: Path, node: Node) -> str:
    return stamp.digest(folder / "package.json", folder / "package-lock.json", node.version, os.uname().machine)


def main(action: str) -> None:
    """Do one of build, check, test, types (the API's, for the pages); nothing where there are no sources."""
    if action == "build":
        build()
    else:
        run_script(action)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (SetupError, OSError) as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
