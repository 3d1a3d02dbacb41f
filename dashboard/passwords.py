"""Passwords are kept as argon2id hashes (RFC 9106, with the library's parameters for interactive use)."""

import asyncio
import secrets
from base64 import b64encode
from typing import Final

import argon2
from argon2 import low_level
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARACTERS: Final = 10
MOST_CHARACTERS: Final = 200

_hasher: Final = argon2.PasswordHasher()
# Each attempt takes 64 MiB for a moment: a few at once, the others wait.
_at_once: Final = asyncio.Semaphore(2)


def _unmatched() -> str:
    """Return a hash that no password has, of the hasher's own parameters: it takes as long to find that out."""
    salt, digest = (
        b64encode(secrets.token_bytes(n)).decode().rstrip("=") for n in (_hasher.salt_len, _hasher.hash_len)
    )
    return (
        f"$argon2id$v={low_level.ARGON2_VERSION}$m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
        f"${salt}${digest}"
    )


# For a user who does not exist: the answer must take as long.
_NOBODY: Final = _unmatched()


def hash_password(password: str) -> str:
    """Return a salted hash; takes some 50 ms of work by design."""
    return _hasher.hash(password)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


async def is_password(password_hash: str | None, password: str) -> bool:
    """Whether it is the user's password; ``None`` for no such user takes as long and is never right."""
    async with _at_once:
        right = await asyncio.to_thread(_verify, password_hash or _NOBODY, password[: MOST_CHARACTERS + 1])
    return right and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
