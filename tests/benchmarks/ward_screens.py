"""Screens in great number, read by one thread with as little work as can be: the server is what is measured.

Handshake and frames as in RFC 6455; the server's frames are not masked and not compressed.
"""

import base64
import selectors
import socket
import struct
import threading
import time
from typing import Final
from urllib.parse import urlsplit

_CHUNK: Final = 1 << 18
_ECG, _SEVERAL = 2, 4
_HEAD: Final = struct.Struct("<BBHIdIfhHH")
_LENGTH: Final = struct.Struct("<I")


class Screens:
    """Open live connections that all show the same patients.

    Attributes
    ----------
    latencies_s : list of float
        Of each record of ECG that came: from its last sample, by this machine's clock, until it was read here.
    pictures : int
        Pictures of the ward that came.
    n_messages : int
        Messages, of whatever kind.
    closed : int
        Connections that the server ended.
    """

    def __init__(self, url: str, cookie: str, number: int, patients: list[int]) -> None:
        self.latencies_s: list[float] = []
        self.pictures = 0
        self.n_messages = 0
        self.closed = 0
        self._selector: Final = selectors.DefaultSelector()
        self._stopping: Final = threading.Event()
        for _ in range(number):
            peer = _connect(url, cookie)
            peer.sendall(_masked(f'{{"watch":{patients}}}'.encode()))
            peer.setblocking(False)
            self._selector.register(peer, selectors.EVENT_READ, bytearray())
        self._thread: Final = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Begin to measure anew."""
        self.latencies_s = []
        self.pictures = self.n_messages = 0

    def close(self) -> None:
        """Leave."""
        self._stopping.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _read(self) -> None:
        while not self._stopping.is_set():
            for key, _ in self._selector.select(timeout=0.2):
                peer, waiting = key.fileobj, key.data
                assert isinstance(peer, socket.socket)
                try:
                    piece = peer.recv(_CHUNK)
                except BlockingIOError:
                    continue
                except OSError:
                    piece = b""
                if not piece:
                    self._selector.unregister(peer)
                    self.closed += 1
                    continue
                waiting += piece
                self._take(waiting, time.time())

    def _take(self, waiting: bytearray, now_s: float) -> None:
        at = 0
        while len(waiting) >= at + 2:
            length, head = waiting[at + 1], 2
            if length >= 126:
                head = 4 if length == 126 else 10
                if len(waiting) < at + head:
                    break
                length = int.from_bytes(waiting[at + 2 : at + head], "big")
            if len(waiting) < at + head + length:
                break
            if waiting[at] == 0x82:
                self._message(waiting, at + head, at + head + length, now_s)
            at += head + length
        del waiting[:at]

    def _message(self, data: bytearray, begin: int, end: int, now_s: float) -> None:
        self.n_messages += 1
        if data[begin] == _SEVERAL:
            begin += 1
            while begin < end:
                (length,) = _LENGTH.unpack_from(data, begin)
                self._record(data, begin + 4, now_s)
                begin += 4 + length
        else:
            self._record(data, begin, now_s)

    def _record(self, data: bytearray, begin: int, now_s: float) -> None:
        if data[begin] == 1:
            self.pictures += 1
        if data[begin] == _ECG:
            _, _, _, _, t0_us, fs_mhz, _, _, n_samples, _ = _HEAD.unpack_from(data, begin)
            self.latencies_s.append(now_s - t0_us / 1e6 - n_samples / fs_mhz * 1e3)


def _connect(url: str, cookie: str) -> socket.socket:
    host, port = urlsplit(url).hostname, urlsplit(url).port
    peer = socket.create_connection((host, port), timeout=30)
    peer.sendall(
        (
            f"GET /api/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Origin: {url}\r\nCookie: heartwire_session={cookie}\r\n\r\n"
        ).encode()
    )
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = peer.recv(1)
        if not piece:
            raise RuntimeError(f"the server hung up: {answer!r}")
        answer += piece
    if b" 101 " not in answer.splitlines()[0]:
        raise RuntimeError(f"not a live connection: {answer!r}")
    return peer


def _masked(text: bytes) -> bytes:
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text  # a mask of zeros
