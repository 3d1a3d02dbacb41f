"""The audit trail in words: whatever is written into it has a name on its page, in every language."""

import json
from typing import Final

import pytest

from dashboard.access import Action
from dashboard.device_access import OwnAction
from dashboard.errors import Code
from dashboard.pairing import PairingAction
from tests.conftest import ROOT

#: Why somebody who came from a provider is not let in (dashboard/openid).
_REFUSALS: Final = (
    Code.PROVIDER_DENIED,
    Code.PROVIDER_REFUSED,
    Code.PROVIDER_DISTRUSTED,
    Code.UNUSABLE_CLAIM,
    Code.NO_ROLE,
    Code.NOT_KNOWN,
    Code.LOGIN_TAKEN,
    Code.ACCOUNT_DISABLED,
)


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_all_that_the_trail_names_has_words_and_no_words_are_left_over(language: str) -> None:
    file = ROOT / f"dashboard/web/src/messages/{language}.json"
    words = json.loads(file.read_text(encoding="utf-8"))
    wanted = {f"act.{action}" for action in (*Action, *PairingAction, *OwnAction)}
    assert {key for key in words if key.startswith("act.")} == wanted
    assert {key for key in words if key.startswith("refusal.")} == {f"refusal.{code}" for code in _REFUSALS} | {
        "refusal.from"
    }
