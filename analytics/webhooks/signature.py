"""The signature of a webhook's messages: symmetric, as the Standard Webhooks specification has it.  Pure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from typing import Final

_VERSION: Final = "v1"


def sign(secret: bytes, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers that say which message it is, when it was sent, and that it is ours.

    Parameters
    ----------
    secret : bytes
        What only the receiver and we know.
    message_id : str
        The same for each attempt at one message: a receiver that has it already may forget the other.
    at_s : int
        Now, seconds since 1970: a receiver refuses what is old.
    """
    signed = f"{message_id}.{at_s}.".encode() + body
    digest = hmac.new(secret, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"{_VERSION},{base64.b64encode(digest).decode()}",
    }
