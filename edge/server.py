"""What the agent asks of the pages' server: for whom a code is, and the credential that it is good for."""

import contextlib
import json
import urllib.error
import urllib.request
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from edge.errors import PairingError
from heartwire.access import read_code

_TIMEOUT_S: Final = 15.0
_ANSWER_BYTES_MAX: Final = 262_144
_PAGE: Final = "/phone"
_SAID: Final = {
    "wrong_code": "that is no code of this server; read it once more from the care team's screen",
    "used_code": "a device was paired by this code already; ask the care team for a new one",
    "expired_code": "this code's time is over; ask the care team for a new one",
    "no_broker": "the server cannot let devices in just now; the code holds: try again in a minute",
    "unavailable": "the server's database is away; the code holds: try again in a minute",
}


class Invitation(NamedTuple):
    """A code, and the server that made it."""

    server: str
    code: str


class CodeOwner(msgspec.Struct, frozen=True):
    """For whom a code was made."""

    patient: str
    ward: str = ""


class Broker(msgspec.Struct, frozen=True):
    """Where a device connects."""

    host: str
    port: int
    tls: bool
    ca: str | None = None


class Credential(msgspec.Struct, frozen=True):
    """What a code is good for."""

    device: str
    username: str
    password: str
    broker: Broker


class _Reason(msgspec.Struct, frozen=True):
    code: str = ""
    params: dict[str, Any] = {}


class _Refused(msgspec.Struct, frozen=True):
    error: _Reason


_T = TypeVar("_T")


def read_invitation(text: str, server: str | None) -> Invitation:
    """Read what was typed or scanned: the code, or the text of the QR code (``https://…/phone/?code=XXXXXXXX``).

    Parameters
    ----------
    server : str, optional
        The server's address, for a code that stands alone.

    Raises
    ------
    PairingError
        If there is no code in it, or no server is known.
    """
    text = text.strip()
    if "://" in text:
        parts = urlsplit(text)
        server = f"{parts.scheme}://{parts.netloc}{parts.path.partition(_PAGE)[0]}"
        text = parse_qs(parts.query).get("code", [""])[0]
    code = read_code(text)
    if code is None:
        raise PairingError(f"{text[:40]!r} is no pairing code: it has eight letters and digits, such as 4F7K-92QX")
    if not server:
        raise PairingError(
            "which server made this code? Give its address with --server https://…, or the whole text of the QR code"
        )
    parts = urlsplit(server)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise PairingError(f"{server[:80]!r} is no server's address; wanted one such as https://heart.example.org")
    return Invitation(server.rstrip("/"), code)


def is_encrypted(server: str) -> bool:
    """Whether nobody on the way can read along: HTTPS, or no way at all."""
    parts = urlsplit(server)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "::1", "localhost"}


def look(invitation: Invitation) -> CodeOwner:
    """Ask for whom a code is; it is not used up.

    Raises
    ------
    PairingError
        With what to do next.
    """
    return _ask(invitation.server, "/api/pair/look", {"code": invitation.code}, CodeOwner)


def pair(invitation: Invitation, description: str) -> Credential:
    """Use a code up for a credential.

    Raises
    ------
    PairingError
        With what to do next.
    """
    given = {"code": invitation.code, "description": description}
    return _ask(invitation.server, "/api/pair", given, Credential)


def _ask(server: str, path: str, given: dict[str, str], answer: type[_T]) -> _T:
    request = urllib.request.Request(  # noqa: S310 # http or https: read_invitation has looked
        server + path, json.dumps(given).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 # likewise
            content = response.read(_ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        raise PairingError(_why(error)) from error
    except OSError as error:
        why = getattr(error, "reason", error)
        raise PairingError(
            f"{server} cannot be reached: {why}; is this machine online, and the address right?"
        ) from error
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.DecodeError as error:
        raise PairingError(f"{server} is no heartwire server, or of another version: {error}") from error


def _why(error: urllib.error.HTTPError) -> str:
    said = _Refused(_Reason())
    with contextlib.suppress(msgspec.DecodeError, OSError):
        said = msgspec.json.decode(error.read(_ANSWER_BYTES_MAX), type=_Refused)
    code = said.error.code
    if code == "too_many_attempts":
        return f"too many wrong codes came from here; wait {said.error.params.get('retry_s', 60)} s, then try again"
    return _SAID.get(code, f"the server refused ({error.code} {code}); ask whoever runs it")
