"""What the agent asks of the pages' server: for whom a code is, and the credential that it is good for."""

import base64
import contextlib
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from edge.errors import PairingError, ServerError, ServerReason
from edge.server_clock import Said
from edge.wearables.timeline import Arrival
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


class _Now(msgspec.Struct, frozen=True):
    now_us: int


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


def ask_time(
    server: str,
    username: str,
    password: str,
    now: Callable[[], Arrival],
    *,
    times: int = 3,
    timeout_s: float = _TIMEOUT_S,
) -> list[Said]:
    """Ask the server for its time, a few times over one connection: the way there is no part of the answer's.

    Parameters
    ----------
    username, password : str
        The device's credential.
    now : callable
        This machine's clocks.

    Raises
    ------
    ServerError
        If it does not say; `REVOKED` when the care team has revoked this device.
    """
    parts = urlsplit(server)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    credential = base64.b64encode(f"{username}:{password}".encode()).decode()
    with contextlib.closing(kind(parts.netloc, timeout=timeout_s)) as connection:
        try:
            connection.connect()
            return [_ask_once(connection, f"{parts.path}/api/my", credential, now) for _ in range(times)]
        except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
            raise ServerError(ServerReason.UNREACHABLE, f"{server} cannot be reached: {error!r}") from error


def _ask_once(connection: http.client.HTTPConnection, path: str, credential: str, now: Callable[[], Arrival]) -> Said:
    asked = now()
    connection.request("GET", path, headers={"Authorization": f"Basic {credential}"})
    response = connection.getresponse()
    answered = now()
    content = response.read(_ANSWER_BYTES_MAX)
    if response.status != http.client.OK:
        code = _reason(content).code
        reason = ServerReason.REVOKED if code == "device_revoked" else ServerReason.REFUSED
        raise ServerError(reason, f"the server refused ({response.status} {code})")
    return Said(asked, msgspec.json.decode(content, type=_Now).now_us, answered)


def _ask(server: str, path: str, given: dict[str, str], answer: type[_T]) -> _T:
    request = urllib.request.Request(  # noqa: S310 # http or https: read_invitation has looked
        server + path, json.dumps(given).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310 # likewise
            content = response.read(_ANSWER_BYTES_MAX)
    except urllib.error.HTTPError as error:
        raise PairingError(_why(error)) from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", error)
        if isinstance(why, ssl.SSLCertVerificationError):
            raise PairingError(
                f"{server} has a certificate that this machine does not trust ({why.verify_message}): is the address"
                " right, and the clock? An authority of one's own is named by SSL_CERT_FILE"
            ) from error
        raise PairingError(
            f"{server} cannot be reached: {why or repr(why)}; is this machine online, and the address right?"
        ) from error
    try:
        return msgspec.json.decode(content, type=answer)
    except msgspec.DecodeError as error:
        raise PairingError(f"{server} is no heartwire server, or of another version: {error}") from error


def _why(error: urllib.error.HTTPError) -> str:
    content = b""
    with contextlib.suppress(OSError):
        content = error.read(_ANSWER_BYTES_MAX)
    reason = _reason(content)
    if error.code in {301, 302, 303, 307, 308}:
        address = error.headers.get("Location", "").partition("/api/")[0]
        return f"the server's address is another: try again with --server {address or 'https://…'}"
    if reason.code == "too_many_attempts":
        return f"too many wrong codes came from here; wait {reason.params.get('retry_s', 60)} s, then try again"
    return _SAID.get(reason.code, f"the server refused ({error.code} {reason.code}); ask whoever runs it")


def _reason(content: bytes) -> _Reason:
    try:
        return msgspec.json.decode(content, type=_Refused).error
    except msgspec.DecodeError:
        return _Reason()
