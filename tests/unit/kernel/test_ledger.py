"""The ledger's hashes can be counted anew by anybody who knows the rule, and nothing in an entry can change unseen."""

import hashlib
from typing import Any

import pytest

from heartwire.ledger import GENESIS, Entry, content_of, follows, sealed


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def test_a_row_is_the_hash_of_its_columns_as_json() -> None:
    assert content_of([1, "é", None, True, '{"a": 1}']) == _digest('[1,"é",null,true,"{\\"a\\": 1}"]')


def test_no_two_rows_are_the_same_text() -> None:
    assert content_of(["a", "b"]) != content_of(["a,b"]) != content_of(["ab", ""])
    assert content_of([None]) != content_of(["null"])


def test_an_entry_covers_the_one_before_it_and_all_that_it_says() -> None:
    content = content_of([1])
    first = sealed(Entry(7, 1, 1_000, "alarm_events", 5, None, content), GENESIS)
    zeros = "0" * 64
    assert first.hash == _digest(f'["heartwire ledger 1","{zeros}",7,1,1000,"alarm_events",5,null,"{content.hex()}"]')
    second = sealed(Entry(7, 2, 1_000, "alarm_events", 6, 3, content), first.hash)
    assert follows(first, GENESIS)
    assert follows(second, first.hash)
    assert not follows(second, GENESIS)


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": 8},
        {"seq": 3},
        {"at_us": 1_001},
        {"source": "retention_log"},
        {"source_id": 7},
        {"alarm_id": 4},
        {"alarm_id": None},
        {"content": bytes(32)},
        {"hash": bytes(32)},
    ],
)
def test_no_part_of_an_entry_changes_unseen(change: dict[str, Any]) -> None:
    entry = sealed(Entry(7, 2, 1_000, "alarm_events", 6, 3, content_of([1])), GENESIS)
    assert not follows(entry._replace(**change), GENESIS)
