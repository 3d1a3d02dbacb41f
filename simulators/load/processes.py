"""What the system's processes cost while a fleet runs: CPU and memory by process, from /proc (Linux, this machine)."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

_EVERY_S: Final = 5.0
#: Processes come and go; who belongs to the system is looked up again so often, seconds.
_FIND_EVERY_S: Final = 30.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")
_LISTENS: Final = "0A"


class ProcessUse(msgspec.Struct, frozen=True):
    """One process with all its descendants, from the first frame to the last.

    Attributes
    ----------
    cpu_s : float
        Seconds of a core.
    memory_mb : float
        At the end: proportional set size, that is memory of its own and its share of what several have in common.
    growth_mb_a_minute : float
        Slope of its own memory over the last half: what it allocated, without files and without shared buffers, which
        fill up to their bound.
    """

    name: str
    cpu_s: float
    memory_mb: float
    growth_mb_a_minute: float


class _Memory(NamedTuple):
    at_s: float
    mb: float
    own_mb: float


class _Process(NamedTuple):
    parent: int
    cpu_s: float


class Sampler:
    """A thread that looks every few seconds.

    Parameters
    ----------
    find : callable
        Returns the system's processes: name by process id.
    """

    def __init__(self, find: Callable[[], Mapping[int, str]]) -> None:
        self._find: Final = find
        self._names: dict[int, str] = {}
        self._first: dict[int, float] = {}
        self._last: dict[int, float] = {}
        self._memory: Final[dict[int, list[_Memory]]] = {}
        self._found_s = float("-inf")
        self._stopping: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="processes", daemon=True)

    def start(self) -> None:
        """Begin to count, now."""
        self._look()
        self._thread.start()

    def stop(self) -> list[ProcessUse]:
        """Count to this moment, and return what each process used, the dearest first."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
            self._look()
        uses = [
            ProcessUse(
                name,
                cpu_s=self._last[pid] - self._first[pid],
                memory_mb=self._memory[pid][-1].mb,
                growth_mb_a_minute=60 * slope([(one.at_s, one.own_mb) for one in _last_half(self._memory[pid])]),
            )
            for pid, name in self._names.items()
            if pid in self._last
        ]
        return sorted(uses, key=lambda use: -use.cpu_s)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._found_s > _FIND_EVERY_S:
            self._found_s = now_s
            self._names.update(self._find())
        table = _table()
        for root in self._names:
            tree = _descendants(root, table)
            if not tree:
                continue
            cpu_s = sum(table[pid].cpu_s for pid in tree)
            self._first.setdefault(root, cpu_s)
            self._last[root] = max(cpu_s, self._last.get(root, 0.0))
            parts = [_memory_mb(pid) for pid in tree]
            memory = _Memory(now_s, sum(mb for mb, _ in parts), sum(own_mb for _, own_mb in parts))
            self._memory.setdefault(root, []).append(memory)


def _last_half(memory: list[_Memory]) -> list[_Memory]:
    return memory[len(memory) // 2 :]


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line through points (x, y); 0 of fewer than two."""
    if len(points) < 2:
        return 0.0
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def find_by_port(listening: Iterable[int], connected: Iterable[int]) -> dict[int, int]:
    """Return which local TCP ports belong to which process of this machine: the process id by port.

    Parameters
    ----------
    listening : iterable of int
        Ports on which a server listens.
    connected : iterable of int
        Ports on this side of connections.
    """
    servers, clients = {*listening}, {*connected}
    inodes: dict[str, int] = {}
    for table in (_PROC / "net" / "tcp", _PROC / "net" / "tcp6"):
        if not table.exists():
            continue
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            words = line.split()
            port = int(words[1].rpartition(":")[2], 16)
            if port in (servers if words[3] == _LISTENS else clients):
                inodes[f"socket:[{words[9]}]"] = port
    found: dict[int, int] = {}
    for pid in _pids():
        if len(found) == len(inodes):
            break
        if pid != os.getpid():
            for port in _ports_of(pid, inodes):
                found.setdefault(port, pid)
    return found


def program_of(pid: int) -> str:
    """Return a process's program, as the kernel calls it; empty when it is gone."""
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _ports_of(pid: int, inodes: Mapping[str, int]) -> list[int]:
    try:
        with os.scandir(_PROC / str(pid) / "fd") as descriptors:
            return [inodes[link] for one in descriptors if (link := _link(Path(one.path))) in inodes]
    except OSError:
        return []


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _pids() -> list[int]:
    return sorted(int(path.name) for path in _PROC.iterdir() if path.name.isdecimal()) if _PROC.exists() else []


def _table() -> dict[int, _Process]:
    return {pid: process for pid in _pids() if (process := _read(pid)) is not None}


def _read(pid: int) -> _Process | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()
    # proc(5): ppid is field 4, utime, stime, cutime, cstime are 14 to 17; the list begins with field 3.
    return _Process(int(words[1]), sum(int(word) for word in words[11:15]) / _TICKS)


def _descendants(root: int, table: Mapping[int, _Process]) -> list[int]:
    tree = [root] if root in table else []
    for pid in tree:
        tree.extend(child for child, process in table.items() if process.parent == pid)
    return tree


def _memory_mb(pid: int) -> tuple[float, float]:
    """Return a process's memory and, of it, what it allocated (proc(5), smaps_rollup), MB."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    except OSError:  # another user's, or gone
        return 0.0, 0.0
    found = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return _kb(found.get("Pss")) / 1024, _kb(found.get("Pss_Anon")) / 1024


def _kb(text: str | None) -> int:
    return int(text.split()[0]) if text else 0
