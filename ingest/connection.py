"""A socket to the broker, read and written by one thread; others leave what is to be sent.

At thousands of small messages a second it is the number of system calls that costs. So what was left meanwhile goes
out in one send, and a read that brought little is followed by a short rest in which more arrives.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from typing import Final, Self

_READ_BYTES: Final = 262_144
#: After a read of less than this, rest: bytes and seconds.
_LITTLE_BYTES: Final = 65_536
_REST_S: Final = 0.005
_CONNECT_TIMEOUT_S: Final = 5.0


class ConnectionEndedError(OSError):
    """The broker closed the connection."""


class Connection:
    """From a connected socket to its end.

    Parameters
    ----------
    host, port : str, int
        The broker.
    tls : ssl.SSLContext, optional
        Encrypts, and checks the broker's certificate.

    Raises
    ------
    OSError
        If it cannot be reached, or its certificate is not trusted.
    """

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        plain = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket: Final = plain if tls is None else tls.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        self._socket.setblocking(False)  # the socket's own word
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._lock: Final = threading.Lock()
        self._out = bytearray()
        self._sending = b""
        self._is_woken = False

    @property
    def waiting_bytes(self) -> int:
        """What is left to be sent."""
        return len(self._out) + len(self._sending)

    def send(self, data: bytes) -> None:
        """Leave bytes to be sent soon; from any thread."""
        with self._lock:
            self._out += data
            wakes = not self._is_woken
            self._is_woken = True
        if wakes:
            try:
                self._waker.send(b"\0")
            except OSError:  # closed meanwhile, or so full of it that the thread is awake anyway
                return

    def turn(self, timeout_s: float) -> bytes:
        """Send what is left, wait for bytes, at most so long, and return them; none when there were none.

        Raises
        ------
        OSError
            When the connection has ended.
        """
        self._wait(timeout_s)
        self._flush()
        data = self._read_decrypted() if isinstance(self._socket, ssl.SSLSocket) else self._read()
        if 0 < len(data) < _LITTLE_BYTES:
            time.sleep(_REST_S)
        return data

    def finish(self, timeout_s: float) -> None:
        """Send what is left, as far as it can be sent in time."""
        end_s = time.monotonic() + timeout_s
        try:
            self._flush()
            while self.waiting_bytes and (left_s := end_s - time.monotonic()) > 0:
                select.select([], [self._socket], [], left_s)
                self._flush()
        except OSError:
            return

    def close(self) -> None:
        """Close the socket, without a word."""
        for one in (self._socket, self._woken, self._waker):
            one.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _wait(self, timeout_s: float) -> None:
        writing = [self._socket] if self._sending else []
        select.select([self._socket, self._woken], writing, [], timeout_s)

    def _read(self) -> bytes:
        try:
            data = self._socket.recv(_READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        if not data:
            raise ConnectionEndedError("the broker closed the connection")
        return data

    def _read_decrypted(self) -> bytes:
        """Read until nothing is left: of what is decrypted already the operating system knows nothing."""
        pieces: list[bytes] = []
        while piece := self._read():
            pieces.append(piece)
        return b"".join(pieces)

    def _flush(self) -> None:
        if self._is_woken:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
            with self._lock:
                self._is_woken = False
                self._sending += bytes(self._out)
                self._out.clear()
        while self._sending:
            try:
                sent = self._socket.send(self._sending)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                # The same bytes again, later: TLS insists on it.
                return
            self._sending = self._sending[sent:]
