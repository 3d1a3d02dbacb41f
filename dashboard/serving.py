"""The pages' server as a process: the address it listens at, how it begins and ends."""

import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Final

import uvicorn

from dashboard.app import create_app
from dashboard.errors import ServeError
from dashboard.metrics import make_observer
from dashboard.settings import DashboardSettings
from heartwire.logs import set_up_logging

#: How long open connections may take to end when the server stops, seconds.
_STOP_S: Final = 2
#: How long what was sent may wait for a peer that is gone or reads nothing, milliseconds; then its memory is freed.
_PEER_MS: Final = 60_000
_SEND_BYTES: Final = 262_144


class _Server(uvicorn.Server):
    """Ends in time, also when a database that neither answers nor breaks off holds a task."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and leave without the last goodbyes when that takes too long."""
        super().handle_exit(sig, frame)
        leaving = threading.Timer(_STOP_S + 0.5, os._exit, (0,))
        leaving.daemon = True
        leaving.start()


def serve_pages(settings: DashboardSettings) -> None:
    """Serve until SIGINT or SIGTERM; ends the process with an error where it cannot go on.

    Raises
    ------
    ServeError
        If the address is taken.
    """
    set_up_logging("dashboard", settings.log_level)
    broken: list[bool] = []
    server: uvicorn.Server | None = None

    def stop() -> None:
        broken.append(True)
        if server is not None:
            server.should_exit = True

    listener = _listen(settings.host, settings.port)
    app = create_app(settings, stop)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_STOP_S,
    )
    server = _Server(config)
    # When all is closed the library raises the signal once more, to whoever handled it before.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    observer = make_observer(settings, app.state.parts)
    observer.start()
    server.run(sockets=[listener])
    observer.stop()
    if broken:
        sys.exit(1)


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else starts, with a sentence when it is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ServeError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; is another server there? Choose another"
            " with --port, or another address with --host"
        ) from None
    # Connections inherit these. What the system itself holds for a screen is late already: megabytes, if it may.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
    # An answer's body does not wait until its head was acknowledged: that takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _PEER_MS)
    return listener
