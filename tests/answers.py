"""A web server that answers as it is told: for answers that the real one gives only when something is wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple


class Question(NamedTuple):
    method: str
    path: str
    authorization: str | None


class Answer(NamedTuple):
    status: int
    content: bytes
    location: str = ""


@contextmanager
def answering(answer: Callable[[Question], Answer]) -> Iterator[str]:
    """Serve; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = answer(Question(self.command, self.path, self.headers["Authorization"]))
            self.send_response(said.status)
            self.send_header("Content-Length", str(len(said.content)))
            if said.location:
                self.send_header("Location", said.location)
            self.end_headers()
            self.wfile.write(said.content)

        do_POST = do_GET  # noqa: N815 # the library's word

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # likewise
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
