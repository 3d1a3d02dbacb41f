"""Build the care team's pages (dashboard/web), and run their own checks and tests.

Run as ``python -m setup.pages build|check|test`` from the root of the repository.
"""

import os
import sys
from pathlib import Path
from typing import Final

from setup import stamp
from setup.node import Node, find_node
from setup.report import SetupError, fail, need_space, run, step

_ROOT: Final = Path(__file__).resolve().parent.parent
_WEB: Final = _ROOT / "dashboard" / "web"
_PACKAGES: Final = _WEB / "node_modules"
_DIST: Final = _WEB / "dist"
_BYTES_NEEDED: Final = 600_000_000
_ADVICE: Final = "Is the network up, and the npm registry within reach? Run this again: it goes on from here."


def pages_are_built() -> bool:
    """Whether dashboard/web/dist was made from the sources as they are now."""
    return stamp.is_current(_DIST, _sources())


def build() -> None:
    """Build the pages unless they are current."""
    if pages_are_built():
        return
    with find_node() as node:
        _install_packages(node)
        with step("Building the pages"):
            run([*node.npm, "run", "build"], cwd=_WEB, env=node.environment, advice="The pages' sources are in error.")
    if not (_DIST / "index.html").is_file():
        raise SetupError(f"the build left no {_DIST / 'index.html'}; see vite.config.ts")
    stamp.write(_DIST, _sources())


def run_script(name: str) -> None:
    """Run a script of package.json."""
    with find_node() as node:
        _install_packages(node)
        run([*node.npm, "run", "--silent", name], cwd=_WEB, env=node.environment, advice="Mend it, and run this again.")


def _sources() -> str:
    return stamp.digest_tree(_WEB, leave_out=("node_modules", "dist", "coverage"))


def _install_packages(node: Node) -> None:
    wanted = stamp.digest(_WEB / "package.json", _WEB / "package-lock.json", node.version, os.uname().machine)
    if stamp.is_current(_PACKAGES, wanted):
        return
    need_space(_ROOT, _BYTES_NEEDED, "Building the pages")
    with step("Installing the pages' packages (npm ci)"):
        run([*node.npm, "ci", "--no-audit", "--no-fund"], cwd=_WEB, env=node.environment, advice=_ADVICE)
    stamp.write(_PACKAGES, wanted)


def main(action: str) -> None:
    """Do one of build, check, test; nothing where there are no pages."""
    if not (_WEB / "package.json").exists():
        return
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
