"""Codes that an app and the server make of a secret and the time (RFC 6238), and codes for who lost the app.  Pure.

SHA-1, six digits, thirty seconds: what every app can do, and the RFC's own defaults. The secret has the 160 bits that
RFC 4226 (4, R6) recommends.
"""

import base64
import hashlib
import hmac
import re
import secrets
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from heartwire.access import new_code, read_code

#: A code holds for this time, seconds.
STEP_S: Final = 30
_DIGITS: Final = 6
_SECRET_BYTES: Final = 20
#: The app's clock may be off by this many steps (RFC 6238, 5.2 recommends one).
_DRIFT_STEPS: Final = 1
_ISSUER: Final = "heartwire"
#: How many codes there are for who lost the app, and how long each is: 80 bits, so their hash need not be slow.
RECOVERY_CODES: Final = 10
_RECOVERY_LENGTH: Final = 16
_GROUP: Final = 4
_SPACES: Final = re.compile(r"[\s-]")


def new_secret() -> bytes:
    """Return a secret to share with an app."""
    return secrets.token_bytes(_SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """Return a secret as a person types it into an app: base 32 in groups of four."""
    return _grouped(base64.b32encode(secret).decode(), " ")


def enrolment_uri(secret: bytes, login: str) -> str:
    """Return what an app reads from a QR code (`otpauth://totp/...`)."""
    return _codes(secret).get_provisioning_uri(login, _ISSUER)


def is_one_time_code(code: str) -> bool:
    """Whether a text has the form of an app's code; otherwise it may be a recovery code."""
    return re.fullmatch(r"[0-9]{6}", _SPACES.sub("", code)) is not None


def matching_step(secret: bytes, code: str, now_s: float, last_step: int) -> int | None:
    """Return the step whose code this is; ``None`` for one that is wrong, out of its time, or was used.

    Parameters
    ----------
    now_s : float
        The server's clock, seconds since 1970.
    last_step : int
        The newest step whose code was accepted: it and those before it are never accepted again (RFC 6238, 5.2).
    """
    given = _SPACES.sub("", code).encode()
    codes = _codes(secret)
    now_step = int(now_s // STEP_S)
    found = None
    for step in range(now_step - _DRIFT_STEPS, now_step + _DRIFT_STEPS + 1):
        # All are compared, each in constant time.
        if hmac.compare_digest(codes.generate(step * STEP_S), given) and step > last_step:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Return codes for who lost the app, in groups of four."""
    return [_grouped(new_code(_RECOVERY_LENGTH), "-") for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> bytes | None:
    """Return what is kept of a recovery code, however it was typed; ``None`` where it has not the form of one."""
    read = read_code(code, _RECOVERY_LENGTH)
    return None if read is None else hashlib.sha256(read.encode()).digest()


def _codes(secret: bytes) -> TOTP:
    return TOTP(secret, _DIGITS, SHA1(), STEP_S)  # noqa: S303 # as an HMAC it is sound, and what apps do


def _grouped(text: str, between: str) -> str:
    return between.join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
