"""Secrets of second factors are sealed by a key outside the database; recovery codes are known again, and not kept."""

import secrets
from base64 import urlsafe_b64encode

import pytest
from pydantic import SecretStr, ValidationError

from dashboard.errors import ApiError, Code
from dashboard.keyring import Keyring
from dashboard.one_time_codes import is_one_time_code, new_recovery_codes, recovery_hash
from dashboard.settings import DashboardSettings


def _key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _refusal(keyring: Keyring, owner: int, sealed: bytes) -> Code:
    with pytest.raises(ApiError) as refused:
        keyring.open(owner, sealed)
    return Code(str(refused.value))


def test_what_is_sealed_is_opened_by_the_key_for_its_owner_alone() -> None:
    key = _key()
    keyring = Keyring(SecretStr(key))
    sealed = keyring.seal(7, b"a secret \x00 of bytes")
    assert b"secret" not in sealed
    assert sealed != keyring.seal(7, b"a secret \x00 of bytes")
    assert keyring.open(7, sealed) == b"a secret \x00 of bytes"
    assert _refusal(keyring, 8, sealed) is Code.FACTOR_UNREADABLE, "moved to somebody else"
    assert _refusal(Keyring(SecretStr(_key())), 7, sealed) is Code.FACTOR_UNREADABLE
    assert _refusal(Keyring(None), 7, sealed) is Code.FACTOR_UNREADABLE
    assert _refusal(keyring, 7, sealed[:-1] + b"A") is Code.FACTOR_UNREADABLE


def test_a_new_key_before_the_old_opens_what_the_old_sealed() -> None:
    old, new = _key(), _key()
    sealed = Keyring(SecretStr(old)).seal(7, b"secret")
    both = Keyring(SecretStr(f"{new}\n{old}\n"))
    assert both.open(7, sealed) == b"secret"
    assert Keyring(SecretStr(new)).open(7, both.seal(7, b"secret")) == b"secret"


def test_without_a_key_nothing_is_sealed() -> None:
    assert not Keyring(None).has_key
    with pytest.raises(ApiError, match="no_factor_key"):
        Keyring(None).seal(7, b"secret")


@pytest.mark.parametrize("key", [" ", "short", f"{'k' * 43}= short", "k" * 41])
def test_what_is_no_key_is_refused_at_the_start_with_how_to_make_one(key: str) -> None:
    with pytest.raises(ValidationError, match="urandom"):
        DashboardSettings(factor_key=SecretStr(key))


def test_a_key_without_its_padding_is_one() -> None:
    assert Keyring(SecretStr(secrets.token_urlsafe(32))).has_key


def test_recovery_codes_are_read_however_they_are_typed() -> None:
    codes = new_recovery_codes()
    assert len({recovery_hash(code) for code in codes}) == 10
    for code in codes:
        assert not is_one_time_code(code)
        kept = recovery_hash(code)
        assert kept is not None
        assert code.encode() not in kept
        assert kept == recovery_hash(code.lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    assert recovery_hash("123456") is None
    assert recovery_hash("") is None
