"""Compile the engine's stages once for this version and machine, so that no service waits for it.

Run as ``python -m setup.engine`` in the environment that `setup.environment` made.
"""

import sys

from analytics.ecg.compiled import CACHE
from setup import stamp
from setup.report import fail, note, step


def main() -> None:
    """Compile what is not compiled yet; do nothing where all is."""
    if stamp.is_current(CACHE, CACHE.name):
        return
    with step("Compiling the analytics engine (once for each version)"):
        note("This takes about a minute.")
        from analytics.engine import compile_engine  # noqa: PLC0415 # loads the models

        compile_engine()
    stamp.write(CACHE, CACHE.name)


if __name__ == "__main__":
    try:
        main()
    except OSError as problem:
        fail(problem)
    except KeyboardInterrupt:
        sys.exit(130)
