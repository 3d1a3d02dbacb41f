"""The demo's phones: a page on this machine that shows what the notifier sent, to whom, and when.

The team's contacts are apprise's ``json://`` addresses that lead here, so the whole way of a message is the real one.
"""

import html
import json
import re
import threading
from collections import deque
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, NamedTuple

from heartwire.embedded.ports import LOOPBACK

#: Most messages that are shown.
_MOST: Final = 100
_BODY_MOST: Final = 100_000
_LINK: Final = re.compile(r"http://[!-~]+")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Phones of the demo's team</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
article {{ border: 1px solid #8888; border-inline-start: 6px solid #36c; border-radius: 6px; }}
article {{ padding: .5rem 1rem; margin: 1rem 0; }}
article.failure {{ border-inline-start-color: #d22; }} article.warning {{ border-inline-start-color: #e8b800; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.1rem; margin: 0; }}
article p {{ margin: .25rem 0; white-space: pre-line; }}
time {{ font-variant-numeric: tabular-nums; }} small {{ opacity: .8; }} a {{ overflow-wrap: anywhere; }}
</style></head><body>
<h1>Phones of the demo's team</h1>
<p>What heartwire's notifier sends to the people on call arrives here instead of on their phones; the links work. The
newest is on top; the page looks again every three seconds.</p>
<main>{messages}</main>
</body></html>
"""
_NOTHING: Final = (
    "<p><strong>Nothing yet.</strong> When nobody answers an alarm for 20 seconds, the nurse's phone rings.</p>"
)


class Letter(NamedTuple):
    """A message that arrived; `kind` is apprise's: failure (high), warning (medium), info."""

    at: datetime
    to: str
    title: str
    body: str
    kind: str


class Mailbox:
    """The page and its server, on threads of its own, on the loopback address."""

    def __init__(self, port: int) -> None:
        letters: deque[Letter] = deque(maxlen=_MOST)
        self._server: Final = ThreadingHTTPServer((LOOPBACK, port), type("_Own", (_Handler,), {"letters": letters}))
        self._server.daemon_threads = True
        self.url: Final = f"http://{LOOPBACK}:{port}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="mailbox", daemon=True).start()

    def address(self, login: str) -> str:
        """Return where the notifier sends what is for somebody."""
        return f"json://{LOOPBACK}:{self._server.server_port}/{login}"

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    letters: deque[Letter]

    def do_GET(self) -> None:  # the base class's name
        """Show the page."""
        if self.path != "/":
            self._answer(HTTPStatus.NOT_FOUND, b"There is one page here: /\n", "text/plain")
            return
        self._answer(HTTPStatus.OK, render(tuple(self.letters)).encode(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """Take a message."""
        letter = self._read()
        if letter is None:
            self._answer(HTTPStatus.BAD_REQUEST, b"not a message\n", "text/plain")
            return
        self.letters.appendleft(letter)
        self._answer(HTTPStatus.NO_CONTENT, b"", "text/plain")

    def _read(self) -> Letter | None:
        try:
            length = int(self.headers["Content-Length"] or "")
            said = json.loads(self.rfile.read(length)) if 0 <= length <= _BODY_MOST else {}
            title, body, kind = (str(said[key]) for key in ("title", "message", "type"))
        except (ValueError, KeyError, TypeError):
            return None
        return Letter(datetime.now().astimezone(), self.path.strip("/")[:64], title, body, kind)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class's name
        """Say nothing on the demo's terminal."""

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def render(letters: tuple[Letter, ...]) -> str:
    """Return the page.  Pure."""
    return _PAGE.format(messages="\n".join(map(_article, letters)) or _NOTHING)


def _article(letter: Letter) -> str:
    body = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(letter.body))
    return (
        f'<article class="{html.escape(letter.kind)}"><h2>{html.escape(letter.title)}</h2>'
        f"<small><time>{letter.at:%H:%M:%S %Z}</time>, to {html.escape(letter.to)}</small><p>{body}</p></article>"
    )
