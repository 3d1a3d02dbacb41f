"""HTTP to a server on the loopback address, without TLS."""

import ssl
import urllib.request
from typing import Final

#: For httpx (`verify=PLAIN`): trusts nobody, and so loads no authorities, which takes 50 ms of each client.
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def answers(url: str) -> bool:
    """Whether a server answers there, and is well."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 # a test's own address
            return bool(answer.status == 200)
    except OSError:
        return False
