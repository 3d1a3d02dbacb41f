"""Stamps: a digest of a product's inputs kept inside the product, so that work is done once.

A stamp lives and dies with what it vouches for: delete the product, and it is made again.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

_NAME = ".heartwire-stamp"


def digest(*parts: str | bytes | Path) -> str:
    """Digest texts and the contents (with names) of files."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            total.update(f"\0{part.name}\0".encode())
            total.update(part.read_bytes() if part.is_file() else b"\0absent")
        else:
            total.update(b"\0" + (part.encode() if isinstance(part, str) else part))
    return total.hexdigest()


def digest_tree(directory: Path, *, leave_out: Iterable[str] = ()) -> str:
    """Digest every file under `directory`, names and contents, less the named entries and hidden files."""
    skipped = set(leave_out)
    total = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        parts = path.relative_to(directory).parts
        if path.is_file() and parts[0] not in skipped and not parts[-1].startswith("."):
            total.update(f"\0{'/'.join(parts)}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def is_current(product: Path, wanted: str) -> bool:
    """Whether `product` (a directory) was made from inputs of this digest."""
    try:
        return (product / _NAME).read_text(encoding="utf-8") == wanted
    except OSError:
        return False


def write(product: Path, made_from: str) -> None:
    """Mark `product` as finished."""
    product.mkdir(parents=True, exist_ok=True)
    (product / _NAME).write_text(made_from, encoding="utf-8")
