"""The ledger's arithmetic: what a row and an entry are hashed as (docs/adr/0024).  Pure.

A row's content is the SHA-256 of its columns as one JSON list in UTF-8, without spaces: whole numbers, text, true,
false and null; an instant is UTC microseconds, a number with a fraction the text that PostgreSQL writes. An entry is
hashed as such a list too: the form, the hash before it, tenant, number, time, source, the row's number in it, its
alarm, its content (hashes as hexadecimal digits). The first entry of a tenant follows 32 zero bytes.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

#: What the first entry follows.
GENESIS: Final = bytes(32)
#: What is sealed of a row that was gone before it was sealed.
GONE: Final = bytes(32)
_FORM: Final = "heartwire ledger 1"

Column: TypeAlias = str | int | bool | None


class Entry(NamedTuple):
    """One entry of a tenant's chain; `hash` covers all before it, and is empty until it is sealed."""

    tenant_id: int
    seq: int
    at_us: int
    source: str
    source_id: int
    alarm_id: int | None
    content: bytes
    hash: bytes = b""


def content_of(columns: Sequence[Column]) -> bytes:
    """Return the hash of a row, 32 bytes."""
    return _digest(list(columns))


def sealed(entry: Entry, previous: bytes) -> Entry:
    """Return the entry as it follows the one whose hash is `previous`, whatever hash it had."""
    content = entry.content.hex()
    columns: list[Column] = [_FORM, previous.hex(), *entry[:6], content]
    return entry._replace(hash=_digest(columns))


def follows(entry: Entry, previous: bytes) -> bool:
    """Whether an entry is as it was sealed, after the one whose hash is `previous`."""
    return sealed(entry, previous).hash == entry.hash


def _digest(columns: list[Column]) -> bytes:
    return hashlib.sha256(json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()).digest()
