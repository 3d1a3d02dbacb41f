"""An app that makes one-time codes, as RFC 6238 says it: not the one that the server uses."""

import base64
import hmac
import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

STEP_S: Final = 30


class Authenticator:
    """Somebody's phone.

    Parameters
    ----------
    secret : str
        Base 32, as typed.
    """

    def __init__(self, secret: str) -> None:
        self._key: Final = base64.b32decode(secret.replace(" ", ""))
        self._next_step = 0

    @classmethod
    def scan(cls, uri: str) -> "Authenticator":
        """Read what a QR code says."""
        parts = urlsplit(uri)
        assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
        said = {name: value for name, (value,) in parse_qs(parts.query).items()}
        assert (said["digits"], said["period"], said["algorithm"], said["issuer"]) == ("6", "30", "SHA1", "heartwire")
        return cls(said["secret"])

    def at(self, now_s: float) -> str:
        """The code of a time, seconds since 1970."""
        digest = hmac.digest(self._key, int(now_s // STEP_S).to_bytes(8, "big"), "sha1")
        offset = digest[-1] & 15
        return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"

    def code(self) -> str:
        """A code that was not used yet; the third within thirty seconds waits for its time."""
        while True:
            step = int(time.time() // STEP_S)
            wanted = max(self._next_step, step)
            if wanted <= step + 1:
                break
            time.sleep(0.2)
        self._next_step = wanted + 1
        return self.at(wanted * STEP_S)
