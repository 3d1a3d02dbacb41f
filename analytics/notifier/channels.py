"""Delivers one message to one contact, and says what became of it. Runs on a thread of its own: it may hang."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

import apprise
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from analytics.notifier.web_push import PAYLOAD_MOST, authorization, encrypt, unbase64
from analytics.notifier.words import Message
from analytics.webhooks.delivery import Sender
from heartwire.channels import PushSubscription

_PROBLEM_MOST: Final = 300
_SECRET_LEAST: Final = 4
_TYPES: Final = {
    "high": apprise.NotifyType.FAILURE,
    "medium": apprise.NotifyType.WARNING,
    "low": apprise.NotifyType.INFO,
}
#: How long a push service keeps a message for a phone that is off, seconds: later than that it is history.
_PUSH_KEPT_S: Final = 600
_GONE: Final = frozenset({404, 410})


class Became(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    """The channel took it."""
    FAILED = "failed"
    """It did not; another attempt may succeed."""
    REFUSED = "refused"
    """It did not and never will: the address is wrong or gone."""
    TIMEOUT = "timeout"
    """Nothing was heard in time."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of an attempt, and why."""

    became: Became
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """What a delivery needs besides the contact.

    Attributes
    ----------
    patience_s : float
        Between two signs of life of a channel, seconds.
    push_key : EllipticCurvePrivateKey
        Signs Web Push messages.
    push_contact : str
        Of who runs this server, for push services.
    local_too : bool
        Whether push services may be on this machine, and without encryption.
    """

    patience_s: float
    push_key: ec.EllipticCurvePrivateKey
    push_contact: str
    local_too: bool


def warm_up() -> None:
    """Load what reaches people: the first message would wait a second for it."""
    apprise.Apprise.instantiate("json://localhost", suppress_exceptions=True)


def deliver(kind: str, address: str, message: Message, means: Means) -> Delivery:
    """Deliver a message; waits for the channel."""
    if kind == "canary":
        return Delivery(Became.DELIVERED)
    if kind == "web_push":
        return _push(address, message, means)
    return _send(address, message, means)


def _send(address: str, message: Message, means: Means) -> Delivery:
    channel = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if channel is None:
        return Delivery(Became.REFUSED, "the address is not understood")
    channel.socket_connect_timeout = channel.socket_read_timeout = means.patience_s
    channel.request_rate_per_sec = 0  # each message has a channel of its own; our pace is set elsewhere
    with _said.collected() as lines:
        arrived = channel.notify(
            title=message.title,
            body=message.body,
            notify_type=_TYPES[message.priority],
            body_format=apprise.NotifyFormat.TEXT,
        )
    if arrived:
        return Delivery(Became.DELIVERED)
    return Delivery(Became.FAILED, without_secrets(" ".join(lines) or "the channel said no", address))


def _push(address: str, message: Message, means: Means) -> Delivery:
    try:
        subscription = msgspec.json.decode(address, type=PushSubscription)
        body = encrypt(
            _payload(message),
            p256dh=unbase64(subscription.keys.p256dh),
            auth=unbase64(subscription.keys.auth),
            salt=secrets.token_bytes(16),
            sender=ec.generate_private_key(ec.SECP256R1()),
        )
    except (msgspec.DecodeError, ValueError):
        return Delivery(Became.REFUSED, "the browser's subscription is not understood")
    parts = urlsplit(subscription.endpoint)
    headers = {
        "authorization": authorization(
            means.push_key, f"{parts.scheme}://{parts.netloc}", means.push_contact, int(time.time())
        ),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(_PUSH_KEPT_S),
        "urgency": "high" if message.priority != "low" else "normal",
    }
    sender = Sender(local_too=means.local_too)
    try:
        outcome = sender.send(subscription.endpoint, headers, body)
    finally:
        sender.close()
    if outcome.arrived:
        return Delivery(Became.DELIVERED)
    became = Became.REFUSED if outcome.status in _GONE else Became.FAILED
    return Delivery(became, without_secrets(outcome.problem, subscription.endpoint))


def _payload(message: Message) -> bytes:
    """Return what the page's service worker shows; a long body is cut, the link never."""
    told = {"title": message.title, "body": message.body, "priority": message.priority, "link": message.link}
    payload = json.dumps(told, ensure_ascii=False).encode()
    while len(payload) > PAYLOAD_MOST:
        told["body"] = told["body"][: len(told["body"]) * 3 // 4] + "…"
        payload = json.dumps(told, ensure_ascii=False).encode()
    return payload


def without_secrets(problem: str, address: str) -> str:
    """Return what went wrong in one line, without any part of the address: it is a secret.  Pure."""
    parts = {address}
    pieces = address.replace("?", "/").replace("&", "/").replace("=", "/").replace("@", "/").replace(":", "/")
    for piece in pieces.split("/"):
        parts |= {piece, unquote(piece)}
    for part in sorted((part for part in parts if len(part) >= _SECRET_LEAST), key=len, reverse=True):
        problem = problem.replace(part, "…")
    return " ".join(problem.split())[:_PROBLEM_MOST]


class _Said(logging.Handler):
    """Collects what apprise says went wrong, by thread; it goes to no log, since it may name addresses."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: Final = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        lines = getattr(self._lines, "lines", None)
        if lines is not None:
            lines.append(record.getMessage())

    @contextmanager
    def collected(self) -> Iterator[list[str]]:
        """Collect what is said on this thread."""
        lines: list[str] = []
        self._lines.lines = lines
        try:
            yield lines
        finally:
            self._lines.lines = None


_said: Final = _Said()
_apprise_logger: Final = logging.getLogger("apprise")
_apprise_logger.handlers = [_said]
_apprise_logger.propagate = False
_apprise_logger.setLevel(logging.WARNING)
