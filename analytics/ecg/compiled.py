"""Compiled functions: how the stages of the engine become machine code.

A stage is a plain Python function over one row's record of state (a NumPy structured scalar), compiled by numba. The
compiled code is kept between processes, in a folder named after the sources: numba itself does not see that a
function changed which another file calls.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

import numba
import numba.core.config

#: One row's state, or a part of it: a record of a structured array, changed in place.
Record: TypeAlias = Any

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _choose_cache() -> Path:
    sources = hashlib.sha256(numba.__version__.encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(source.read_bytes())
    name = f"compiled-{sources.hexdigest()[:16]}"
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "heartwire" / name
    try:
        kept.mkdir(parents=True, exist_ok=True)
        if os.access(kept, os.W_OK):
            return kept
    except OSError:
        pass  # a file system that cannot be written, as in a container
    own = Path(tempfile.gettempdir()) / f"heartwire-{os.getuid()}" / name
    if kept.is_dir() and not own.exists():
        shutil.copytree(kept, own)  # numba keeps nothing in a folder that it cannot write
    return own


#: Read by numba when a function is decorated.
CACHE: Final = _choose_cache()
if "NUMBA_CACHE_DIR" not in os.environ:
    setattr(numba.core.config, "CACHE_DIR", str(CACHE))  # noqa: B010 # the module makes its attributes itself


def compiled(function: _Function) -> _Function:
    """Compile a function when it is first called, or take it from the cache.  No fast-math: results are exact."""
    return cast("_Function", numba.njit(cache=True, error_model="numpy")(function))
