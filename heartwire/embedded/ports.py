"""TCP ports of the loopback address."""

import random
import socket
from typing import Final

from heartwire.embedded.errors import EmbeddedServerError

LOOPBACK: Final = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections only linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose_port(preferred: int) -> int:
    """Return `preferred` if it is free, or another free port.

    The others are below the range from which the kernel serves outgoing connections, so that a server that is
    killed finds its port free when it starts again.

    Raises
    ------
    EmbeddedServerError
        If there is none.
    """
    others = random.sample(range(20_000, 32_000), 200)
    for port in (preferred, *others):
        if is_free(port):
            return port
    raise EmbeddedServerError("no TCP port from 20000 to 31999 is free on this machine; stop some servers")


def accepts_connections(port: int) -> bool:
    """Whether something listens on the loopback address."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False
