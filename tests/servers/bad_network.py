"""A network of one's own that loses, delays and cuts: a host in a namespace, joined by a wire that tests spoil.

Packets cross in user space, between two TUN devices, because the kernels of small machines have no `netem`. So what is
lost are packets, as on the air, and TCP's own recovery is part of what is tested.
"""

import contextlib
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.servers.missing import ServerMissingError

_TUN: Final = Path("/dev/net/tun")
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_PACKET_MAX: Final = 65_536
_TCP: Final = 6
_number: Final = itertools.count()


class BadNetwork:
    """This machine at `here`, another at `there`, and what happens to packets between them.

    Attributes
    ----------
    loss : float
        Share of packets that are lost, each way.
    delay_s : float
        Time that each packet takes, each way.
    is_cut : bool
        Nothing passes.

    Raises
    ------
    ServerMissingError
        If this machine has no TUN devices or namespaces, or we are not root.
    """

    def __init__(self, seed: int) -> None:
        process, number = os.getpid(), next(_number)
        self._namespace: Final = f"hw-{process}-{number}"
        # Several test processes may run, each with wires of its own.
        net: Final = f"10.{process >> 8 & 0xFF}.{process & 0xFF}"
        self.here: Final = f"{net}.{2 * number % 250 + 1}"
        self.there: Final = f"{net}.{2 * number % 250 + 2}"
        self.loss = 0.0
        self.delay_s = 0.0
        self.is_cut = False
        self.n_lost = 0
        self._dead_ports: frozenset[int] = frozenset()
        self._seen_ports: Final[set[int]] = set()
        self._chance: Final = random.Random(seed)  # noqa: S311 # not a secret
        self._ends: list[int] = []
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._carry, name="wire", daemon=True)

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the words that run a program there."""
        return ["ip", "netns", "exec", self._namespace, *words]

    def kill_connections(self) -> None:
        """Let no packet of the present connections pass any more; neither side is told. New ones work."""
        self._dead_ports = frozenset(self._seen_ports)

    def __enter__(self) -> Self:
        """Put the wire up."""
        if os.geteuid() != 0 or not _TUN.exists():
            raise ServerMissingError("a network of one's own needs root and /dev/net/tun")
        here, there = f"hwa{os.getpid()}"[:15], f"hwb{os.getpid()}"[:15]
        try:
            _run("ip", "netns", "add", self._namespace)
            self._ends = [_open_tun(here), _open_tun(there)]
            _run("ip", "link", "set", there, "netns", self._namespace)
            _run("ip", "addr", "add", self.here, "peer", self.there, "dev", here)
            _run("ip", "link", "set", here, "up")
            inside = ("ip", "-n", self._namespace)
            _run(*inside, "addr", "add", self.there, "peer", self.here, "dev", there)
            _run(*inside, "link", "set", there, "up")
            _run(*inside, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self._remove()
            raise ServerMissingError(f"no network of one's own can be made here: {error}") from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it down."""
        self._stopping.set()
        self._thread.join(timeout=5)
        self._remove()

    def _remove(self) -> None:
        for end in self._ends:
            os.close(end)
        self._ends = []
        subprocess.run(["ip", "netns", "del", self._namespace], check=False, capture_output=True)

    def _carry(self) -> None:
        other = {self._ends[0]: self._ends[1], self._ends[1]: self._ends[0]}
        under_way: list[tuple[float, int, int, bytes]] = []
        order = itertools.count()
        while not self._stopping.is_set():
            wait_s = min(0.1, max(0.0, under_way[0][0] - time.monotonic())) if under_way else 0.1
            for end in select.select(self._ends, [], [], wait_s)[0]:
                packet = os.read(end, _PACKET_MAX)
                if self._loses(packet):
                    self.n_lost += 1
                else:
                    heapq.heappush(under_way, (time.monotonic() + self.delay_s, next(order), other[end], packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, end, packet = heapq.heappop(under_way)
                with contextlib.suppress(OSError):  # the other side is down
                    os.write(end, packet)

    def _loses(self, packet: bytes) -> bool:
        ports = _tcp_ports(packet)
        self._seen_ports.update(ports)
        if self.is_cut or not self._dead_ports.isdisjoint(ports):
            return True
        return self._chance.random() < self.loss


def _tcp_ports(packet: bytes) -> set[int]:
    """Return the ephemeral ports of a TCP packet over IPv4."""
    if packet[0] >> 4 != 4 or packet[9] != _TCP:
        return set()
    begin = (packet[0] & 0xF) * 4
    return {port for port in struct.unpack_from(">HH", packet, begin) if port >= 32_768}


def _open_tun(name: str) -> int:
    descriptor = os.open(_TUN, os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
