"""Passwords are known again and not kept, and who does not exist takes as much work as who does."""

import asyncio

import argon2
import pytest
from argon2.exceptions import VerifyMismatchError

from dashboard import passwords
from dashboard.passwords import hash_password, is_password, needs_rehash


def test_a_password_is_known_again_and_not_kept() -> None:
    kept = hash_password("correct horse battery")
    assert "horse" not in kept
    assert kept != hash_password("correct horse battery"), "the same password twice is not seen to be the same"
    assert not needs_rehash(kept)
    assert asyncio.run(is_password(kept, "correct horse battery"))
    assert not asyncio.run(is_password(kept, "correct horse batter"))


def test_nobody_has_no_password_and_as_much_work_is_done_for_him() -> None:
    assert not asyncio.run(is_password(None, "correct horse battery"))
    kept = argon2.extract_parameters(hash_password("correct horse battery"))
    assert argon2.extract_parameters(passwords._NOBODY) == kept
    # Not refused for its form, which would be at once.
    with pytest.raises(VerifyMismatchError):
        argon2.PasswordHasher().verify(passwords._NOBODY, "correct horse battery")
