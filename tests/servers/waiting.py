"""Waiting for a condition, and ports to listen on: what every test of a running system needs."""

import random
import socket
import time
from collections.abc import Callable
from typing import Final

#: How much later than it holds a condition may be seen: a share of what was waited for it, at most so many seconds.
_SHARE: Final = 0.05
_LONGEST_S: Final = 0.2


def wait_until(condition: Callable[[], bool], what: str, *, timeout_s: float = 20.0, poll_s: float = 0.01) -> float:
    """Poll until `condition` holds and return the seconds it took.

    Every `poll_s` at first; less often what takes longer, for what is waited for needs the processor, too.

    Raises
    ------
    TimeoutError
        If it does not hold within `timeout_s`; the text names `what`.
    """
    begin = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - begin
        if waited_s > timeout_s:
            raise TimeoutError(f"waited {timeout_s:g} s in vain for: {what}")
        time.sleep(max(poll_s, min(waited_s * _SHARE, _LONGEST_S)))
    return time.monotonic() - begin


def find_free_port() -> int:
    """Return a loopback TCP port that nobody listens on.

    Taken below the range from which the kernel serves outgoing connections, so that a server that is
    killed finds its port free when it starts again.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free TCP port between 20000 and 32000; stop some servers")


def accepts_connections(port: int) -> bool:
    """Whether something on the loopback address takes a TCP connection on `port`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False
