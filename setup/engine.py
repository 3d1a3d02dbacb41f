"""Compile the engine's stages once for this version and machine, so that no service waits for it.

Run as ``python -m setup.engine`` in the environment that `setup.environment` made.
"""

import sys
from pathlib import Path
from typing import Final

from analytics.ecg import compiled
from setup import stamp
from setup.report import fail, note, step

_SOURCES: Final = Path(compiled.__file__).parent


def main() -> None:
    """Compile what is not compiled yet; do nothing where all is."""
    # As numba tells sources apart: by their path and the time of their last change. Each clone has a mark of its own.
    wanted = stamp.digest(*(f"{path} {path.stat().st_mtime_ns}" for path in sorted(_SOURCES.glob("*.py"))))
    mark = compiled.CACHE / f"of-{stamp.digest(str(_SOURCES))[:16]}"
    if stamp.is_current(mark, wanted):
        return
    with step("Compiling the analytics engine (once for each version)"):
        note("This takes about a minute.")
        from analytics.engine import compile_engine  # noqa: PLC0415 # loads the models

        compile_engine()
    stamp.write(mark, wanted)


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
