"""The words of the pages and of the patient's app: the same in every language, none empty, none that nothing uses."""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT

#: The folders with words, and the languages that each speaks.
_FRONTS: Final = {ROOT / "dashboard/web/src": ("en", "fr", "de"), ROOT / "edge/phone/src": ("en", "fr")}
pytestmark = pytest.mark.parametrize("source", _FRONTS, ids=["dashboard", "phone"])


def _catalogues(source: Path) -> dict[str, dict[str, str]]:
    return {
        language: json.loads((source / f"messages/{language}.json").read_text(encoding="utf-8"))
        for language in _FRONTS[source]
    }


def test_every_language_has_the_same_keys_and_placeholders(source: Path) -> None:
    english, *others = _catalogues(source).values()

    def placeholders(text: str) -> list[str]:
        return sorted(re.findall(r"\{(\w+)\}", text))

    for other in others:
        assert english.keys() == other.keys()
        assert [key for key in english if placeholders(english[key]) != placeholders(other[key])] == []


def test_no_words_are_empty(source: Path) -> None:
    for language, words in _catalogues(source).items():
        assert [key for key, text in words.items() if not text.strip()] == [], language


def test_an_apostrophe_is_the_typographers(source: Path) -> None:
    for language, words in _catalogues(source).items():
        assert [key for key, text in words.items() if "'" in text] == [], language


def test_there_are_no_words_that_nothing_uses(source: Path) -> None:
    files = [path for path in source.rglob("*.ts*") if not path.name.endswith(".test.ts")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)

    def is_used(key: str) -> bool:
        base = re.sub(r"\.(one|other)$", "", key)
        family = f"`{base.split('.', maxsplit=1)[0]}.${{"
        return f'"{base}"' in text or family in text or base.startswith("error.")

    assert [key for key in _catalogues(source)["en"] if not is_used(key)] == []
