"""The safety case names tests that exist, and says something of every promise."""

import re

from tests.conftest import ROOT

_TEXT = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")


def test_every_file_that_carries_a_promise_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", _TEXT))
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_promise_has_a_line() -> None:
    assert re.findall(r"^\| (P\d+) ", _TEXT, re.MULTILINE) == [f"P{number}" for number in range(1, 13)]
