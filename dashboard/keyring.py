"""Keeps secrets that must be read again, sealed by a key outside the database: a copy of the database opens none.

Fernet (AES-128-CBC with HMAC-SHA-256, a fresh nonce for each); who owns a secret is sealed with it, so that it cannot
be moved to somebody else.
"""

import logging
from contextlib import suppress
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from dashboard.errors import ApiError, Code

_logger: Final = logging.getLogger(__name__)


class Keyring:
    """Seals and opens.

    Parameters
    ----------
    keys : SecretStr, optional
        Of the settings: the first seals, all open; ``None`` where there is none.
    """

    def __init__(self, keys: SecretStr | None) -> None:
        self._box: Final = None if keys is None else MultiFernet(read_keys(keys.get_secret_value()))

    @property
    def has_key(self) -> bool:
        """Whether anything can be sealed."""
        return self._box is not None

    def seal(self, owner: int, secret: bytes) -> bytes:
        """Return what may be kept.

        Raises
        ------
        ApiError
            `NO_FACTOR_KEY`.
        """
        if self._box is None:
            raise ApiError(Code.NO_FACTOR_KEY)
        return self._box.encrypt(b"%d " % owner + secret)

    def open(self, owner: int, sealed: bytes) -> bytes:
        """Return the secret.

        Raises
        ------
        ApiError
            `FACTOR_UNREADABLE` where the key is gone or another, or the secret somebody else's.
        """
        whose = secret = b""
        if self._box is not None:
            with suppress(InvalidToken):
                whose, _, secret = self._box.decrypt(sealed).partition(b" ")
        if whose != b"%d" % owner:
            _logger.error(
                "the second factor of user %d cannot be read: is HEARTWIRE_DASHBOARD_FACTOR_KEY another?", owner
            )
            raise ApiError(Code.FACTOR_UNREADABLE)
        return secret


def read_keys(text: str) -> list[Fernet]:
    """Return the keys of a setting, spaces or line ends between them.

    Raises
    ------
    ValueError
        With what is wanted.
    """
    words = text.split()
    try:
        keys = [Fernet(word + "=" * (-len(word) % 4)) for word in words]
    except ValueError:
        keys = []
    if not keys:
        raise ValueError(
            "wanted one or more keys of 32 bytes each in URL-safe base 64; make one with:"
            " head -c 32 /dev/urandom | base64 | tr '+/' '-_'"
        )
    return keys
