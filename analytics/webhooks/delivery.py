"""Sends one message to a webhook and says what became of it."""

import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlunsplit

import httpx

from heartwire.webhook_address import AddressError, is_open, split_address

_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt; without a problem it arrived. `status`: what the receiver answered, if it did."""

    problem: str = ""
    status: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has it."""
        return not self.problem


class Sender:
    """Sends over a connection that is kept; not for several threads at once.

    Parameters
    ----------
    local_too : bool
        Whether the machine itself and its link may be asked.
    """

    def __init__(self, *, local_too: bool) -> None:
        self._local_too: Final = local_too
        # No proxy and no netrc of the machine, no redirects: what is signed goes where the administrator said.
        self._client: Final = httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def send(self, url: str, headers: dict[str, str], body: bytes) -> Outcome:
        """Send; the receiver has it when it answers 2xx."""
        try:
            parts = split_address(url)
            address = self._find(parts)
        except AddressError as error:
            return Outcome(str(error))
        except OSError as error:
            return Outcome(f"{parts.hostname} is not found: {error}")
        # The address that was looked at is the one that is asked: the name might lead elsewhere by then.
        host = f"[{address}]" if ":" in address else address
        asked = urlunsplit((parts.scheme, f"{host}:{parts.port or _PORTS[parts.scheme]}", parts.path, parts.query, ""))
        request = self._client.build_request(
            "POST",
            asked,
            content=body,
            headers={"content-type": "application/json", **headers, "host": parts.netloc, "user-agent": "heartwire"},
            extensions={"sni_hostname": parts.hostname},
        )
        try:
            answer = self._client.send(request, stream=True)  # what it says besides its status is not read
            answer.close()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(f"{type(error).__name__}: {error}"[:300])
        return Outcome("" if answer.is_success else f"answered {answer.status_code}", answer.status_code)

    def _find(self, parts: SplitResult) -> str:
        assert parts.hostname is not None
        found = socket.getaddrinfo(parts.hostname, parts.port or _PORTS[parts.scheme], type=socket.SOCK_STREAM)
        for *_, address in found:
            if is_open(str(address[0]), local_too=self._local_too):
                return str(address[0])
        raise AddressError(f"{parts.hostname} leads to this machine or its link: nothing is sent there")
