"""Thousands of devices in one thread: an epoll loop, and a clock that says whose frame is due.

A frame is due when its last sample's period ends, and its time says so: what comes between, this program's own delay
included, is the system's latency as it is measured.
"""

import gc
import heapq
import random
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from simulators.errors import SimulationError
from simulators.load.device import Counts, Credential, LoadDevice, State
from simulators.load.signal import Pool
from simulators.load.watermark import Held
from simulators.settings import SimulateSettings

_TURN_S: Final = 0.004
_OPEN_TIMEOUT_S: Final = 20.0
_FIRST_PAUSE_S: Final = 0.5
_RAMP_PATIENCE_S: Final = 30.0
_GOODBYE_S: Final = 2.0
_EVENTS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet does.

    Attributes
    ----------
    fs_hz : int
        Samples a second; a frame is a second of them.
    seconds : float
        For so long each device makes frames.
    connects_a_second : float
        Pace of connecting, at the start and after a break.
    hold_s : int
        Frames of the last so many seconds are kept until the database has them.
    again_s : float
        Without a word from the database for so long, they are sent again.
    patience_s : float
        After the last frame confirmations are waited for, at most so long.
    """

    fs_hz: int = 250
    seconds: float = 60.0
    connects_a_second: float = 500.0
    hold_s: int = 120
    again_s: float = 15.0
    patience_s: float = 60.0


class LoadFleet:
    """The devices of a run; `run` it once.

    Attributes
    ----------
    counts : Counts
        Kept while it runs.
    lag_max_s, lag_sum_s : float
        How late this program was with the frames that it sent, at most and in all.
    began_us : int
        When the signal began, UTC microseconds; 0 before.

    Parameters
    ----------
    say : callable
        Takes a line for a person.
    every : callable
        Called about twice a second while frames flow, with the seconds since they began.
    """

    def __init__(
        self, credentials: Sequence[Credential], plan: Plan, settings: SimulateSettings, say: Callable[[str], None]
    ) -> None:
        self.counts: Final = Counts()
        self.lag_max_s = 0.0
        self.lag_sum_s = 0.0
        self.began_us = 0
        self.pool: Final = Pool(plan.fs_hz, settings.cache_dir)
        self.devices: Final = [
            LoadDevice(
                number,
                one,
                held=Held(plan.hold_s, plan.again_s),
                pool=self.pool,
                fs_hz=plan.fs_hz,
                counts=self.counts,
            )
            for number, one in enumerate(credentials)
        ]
        self._plan: Final = plan
        self._settings: Final = settings
        self._say: Final = say
        self._context: Final = _tls(settings)
        self._address: Final = _resolve(settings.broker_host, settings.broker_port)
        self._poll: Final = select.epoll()
        self._by_descriptor: Final[dict[int, LoadDevice]] = {}
        self._agenda: Final[list[tuple[float, int]]] = [
            (number / plan.connects_a_second, number) for number in range(len(self.devices))
        ]
        self._opened_s: Final[dict[int, float]] = {}
        self._connect_s = 0.0
        self._up = 0
        self._stopping = False
        self._said_s = 0.0
        self._begin_s = 0.0
        self._due = 0

    def stop(self) -> None:
        """Ask `run` to make no more frames, wait for confirmations and leave."""
        self._stopping = True

    @property
    def committed(self) -> int:
        """Frames that the database is known to have."""
        return sum(device.held.committed for device in self.devices)

    @property
    def made(self) -> int:
        """Frames that became due."""
        return sum(device.held.made for device in self.devices)

    def run(self, began: Callable[[], None] = lambda: None, ended: Callable[[], None] = lambda: None) -> None:
        """Connect all, send for the plan's time, wait for confirmations, say goodbye.

        Parameters
        ----------
        began, ended : callable
            Called when the first frame is about to be due; when the last one was.
        """
        gc.collect()
        gc.freeze()  # nothing here is garbage: do not look through it again and again
        try:
            self._ramp()
            if not self._stopping:
                began()
                self._flow()
                ended()
                self._settle()
            self._leave()
        finally:
            gc.unfreeze()
            for device in self.devices:
                device.close()
            self._poll.close()

    def _ramp(self) -> None:
        now_s = time.monotonic()
        self._agenda[:] = [(now_s + when_s, number) for when_s, number in self._agenda]
        until_s = now_s + len(self.devices) / self._plan.connects_a_second + _RAMP_PATIENCE_S
        while self._up < len(self.devices) and not self._stopping and time.monotonic() < until_s:
            self._turn()
        if self._up < len(self.devices):
            self._say(f"{len(self.devices) - self._up} devices are not connected yet; the frames begin all the same")

    def _flow(self) -> None:
        # The first frame is due a second after the signal's beginning: when it is whole.
        self._begin_s = time.monotonic() + 0.05
        self.began_us = time.time_ns() // 1000 + 50_000
        n = len(self.devices)
        for device in self.devices:
            device.begin(self.began_us - 1_000_000 + device.number * 1_000_000 // n)
        total = round(self._plan.seconds) * n
        while self._due < total and not self._stopping:
            self._turn(total)

    def _settle(self) -> None:
        self._say(f"all frames are made; {self._line()}")
        until_s = time.monotonic() + self._plan.patience_s
        while self.committed < self.made and time.monotonic() < until_s:
            for _ in range(20):
                self._turn()
            self._send_again(time.monotonic())

    def _send_again(self, now_s: float) -> None:
        """Send what was never confirmed: of a last frame that was lost no later one tells."""
        for device in self.devices:
            if device.state is State.UP and device.held.committed < device.held.made:
                device.held.look(now_s)
                device.pump()
                if device.wants_write and device.socket is not None:
                    self._poll.modify(device.socket, select.EPOLLIN | select.EPOLLOUT)

    def _leave(self) -> None:
        t_us = time.time_ns() // 1000
        for device in self.devices:
            if device.state is State.UP:
                device.say_goodbye(t_us)
        until_s = time.monotonic() + _GOODBYE_S
        self._stopping = True
        while self._up and time.monotonic() < until_s:
            self._turn()

    def _turn(self, total: int = 0) -> None:
        now_s = time.monotonic()
        if total:
            self._send_due(now_s, total)
        self._connect_due(now_s)
        if now_s - self._said_s > self._settings.report_every_s:
            self._said_s = now_s
            self._close_late(now_s)
            self._say(self._line())
        for descriptor, event in self._poll.poll(_TURN_S, _EVENTS_MAX):
            device = self._by_descriptor.get(descriptor)
            if device is None:
                continue
            if event == select.EPOLLIN and device.state >= State.GREETED:  # nearly always
                problem = device.read(now_s, self._is_up)
            else:
                problem = self._advance(device, event, now_s)
            if problem is not None:
                self._lose(device, problem)
            elif device.wants_write:
                self._poll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)

    def _send_due(self, now_s: float, total: int) -> None:
        n = len(self.devices)
        due = min(total, int((now_s - self._begin_s) * n) + 1) if now_s >= self._begin_s else 0
        status_every = round(self._settings.status_every_s)
        while self._due < due:
            device = self.devices[self._due % n]
            lag_s = time.monotonic() - self._begin_s - self._due / n
            self.lag_sum_s += lag_s
            self.lag_max_s = max(self.lag_max_s, lag_s)
            device.held.look(now_s)
            device.frame_due(now_s)
            if (self._due // n + device.number) % status_every == 0 and device.state is State.UP:
                device.tell_status(time.time_ns() // 1000)
            if device.wants_write and device.socket is not None:
                self._poll.modify(device.socket, select.EPOLLIN | select.EPOLLOUT)
            self._due += 1

    def _connect_due(self, now_s: float) -> None:
        while self._agenda and self._agenda[0][0] <= now_s and self._connect_s <= now_s and not self._stopping:
            _, number = heapq.heappop(self._agenda)
            self._connect_s = max(self._connect_s, now_s - _TURN_S) + 1 / self._plan.connects_a_second
            device = self.devices[number]
            try:
                connection = device.open(self._address)
            except OSError as error:
                self._lose(device, error.strerror or str(error))
                continue
            self._watch(device, connection, select.EPOLLOUT)
            self._opened_s[number] = now_s

    def _watch(self, device: LoadDevice, connection: socket.socket, events: int) -> None:
        self._by_descriptor[connection.fileno()] = device
        self._poll.register(connection, events)

    def _advance(self, device: LoadDevice, event: int, now_s: float) -> str | None:
        """Everything that is not the broker's word on a connection that is up."""
        connection = device.socket
        assert connection is not None
        if device.state is State.TCP:
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                return f"cannot connect ({_name_of(code)})"
            if self._context is None:
                self._greet(device)
                return None
            self._poll.unregister(connection)
            del self._by_descriptor[connection.fileno()]
            connection = device.socket = self._context.wrap_socket(
                connection, server_hostname=self._settings.broker_host, do_handshake_on_connect=False
            )
            device.state = State.TLS
            self._watch(device, connection, select.EPOLLOUT)
        if device.state is State.TLS:
            return self._shake_hands(device)
        if event & select.EPOLLOUT:
            device.flush()
            if not device.wants_write:
                self._poll.modify(connection, select.EPOLLIN)
        return device.read(now_s, self._is_up) if event & ~select.EPOLLOUT else None

    def _shake_hands(self, device: LoadDevice) -> str | None:
        connection = device.socket
        assert isinstance(connection, ssl.SSLSocket)
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            self._poll.modify(connection, select.EPOLLIN)
        except ssl.SSLWantWriteError:
            self._poll.modify(connection, select.EPOLLOUT)
        except OSError as error:
            return f"no TLS: {error.strerror or error}"
        else:
            self._greet(device)
        return None

    def _greet(self, device: LoadDevice) -> None:
        assert device.socket is not None
        self._poll.modify(device.socket, select.EPOLLIN)
        device.greet(time.time_ns() // 1000)

    def _is_up(self, device: LoadDevice) -> None:
        self._up += 1
        self.counts.connects += 1
        device.attempts = 0
        self._opened_s.pop(device.number, None)
        device.held.connected(time.monotonic())
        device.tell_status(time.time_ns() // 1000)

    def _lose(self, device: LoadDevice, problem: str) -> None:
        """Close a connection, count it, and try again after a pause that grows."""
        was_up = device.state is State.UP
        if device.socket is not None:
            self._by_descriptor.pop(device.socket.fileno(), None)
        device.close()
        self._opened_s.pop(device.number, None)
        if was_up:
            self._up -= 1
        if self._stopping:
            return
        if was_up:
            self.counts.disconnects += 1
        else:
            self.counts.refusals += 1
        self.counts.problems[problem] = self.counts.problems.get(problem, 0) + 1
        pause_s = min(self._settings.retry_longest_s, _FIRST_PAUSE_S * 2**device.attempts)
        device.attempts = min(device.attempts + 1, 10)
        when_s = time.monotonic() + pause_s * random.uniform(0.5, 1.0)  # noqa: S311 # spreads, hides nothing
        heapq.heappush(self._agenda, (when_s, device.number))

    def _close_late(self, now_s: float) -> None:
        for number, opened_s in list(self._opened_s.items()):
            if now_s - opened_s > _OPEN_TIMEOUT_S:
                self._lose(self.devices[number], "no answer")

    def _line(self) -> str:
        counts = self.counts
        text = (
            f"{self._up} of {len(self.devices)} connected; frames: {counts.sent} sent, {counts.pubacked} PUBACKed,"
            f" {self.committed} committed"
        )
        for number, what in (
            (counts.sent_again, "sent again"),
            (counts.disconnects, "connections broke"),
            (counts.refusals, "refused"),
        ):
            if number:
                text += f", {number} {what}"
        if counts.problems and self._up < len(self.devices):
            text += f"; {max(counts.problems, key=lambda problem: counts.problems[problem])}"
        return text


def _tls(settings: SimulateSettings) -> ssl.SSLContext | None:
    if not settings.uses_tls:
        return None
    try:
        return ssl.create_default_context(cafile=str(settings.broker_ca_file) if settings.broker_ca_file else None)
    except OSError as error:
        raise SimulationError(f"TLS: {settings.broker_ca_file}: {error}; check the CA file") from None


def _resolve(host: str, port: int) -> tuple[str, int]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SimulationError(f"the broker's host {host}: {error.strerror or error}") from None
    address = min(found, key=lambda one: one[0])[4]
    return str(address[0]), int(address[1])


def _name_of(code: int) -> str:
    return OSError(code, "").__class__.__name__ if code else ""
