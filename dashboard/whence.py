"""From where somebody acts: the network address, and the kind of browser. Kept with every step of an alarm's life."""

import re
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from starlette.requests import HTTPConnection

from dashboard.access import Viewer

#: The first that is found counts: each of these also names those after it.
_BROWSERS: Final = (
    ("Edge", r"\bEdg(e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Samsung Internet", r"\bSamsungBrowser/"),
    ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS: Final = (
    ("Android", r"\bAndroid\b"),
    ("iOS", r"\b(iPhone|iPad|iPod)\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


class Whence(msgspec.Struct, frozen=True):
    """Where a request came from; `agent` is a family ("Firefox on Android"), never the whole header."""

    address: str
    agent: str


class Hand(NamedTuple):
    """Who does something: over which connection to the database, in whose name, from where."""

    connection: psycopg.AsyncConnection[Any]
    viewer: Viewer
    at: Whence

    def detail(self, **more: object) -> dict[str, object]:
        """Return what an event says of its circumstances."""
        return {**more, "from": msgspec.to_builtins(self.at)}


def whence(connection: HTTPConnection) -> Whence:
    """Return where a request or a live connection comes from."""
    address = connection.client.host if connection.client else ""
    return Whence(address, agent_family(connection.headers.get("user-agent", "")))


def agent_family(user_agent: str) -> str:
    """Return the family of a browser; "other" where it names none that is known.  Pure."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    return f"{browser} on {system}" if browser and system else browser or "other"


def _first(kinds: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in kinds if re.search(pattern, text)), None)
