"""Named, described queries in ``.sql`` files.

A file holds queries of one idea, each begun by ``-- name --`` on a line of its own, followed by a comment
that says what it is for.
"""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import LiteralString

_NAME = re.compile(r"^-- ([a-z][a-z0-9_]*) --$", re.MULTILINE)


def load_queries(package: str, file: str) -> Mapping[str, LiteralString]:
    """Return the queries of `file` in `package`, by name.

    Raises
    ------
    ValueError
        If the file has no query or a name twice.
    """
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    pieces = _NAME.split(text)
    names, bodies = pieces[1::2], pieces[2::2]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{package}/{file}: wanted queries with different names, got {names}")
    return MappingProxyType({name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)})
