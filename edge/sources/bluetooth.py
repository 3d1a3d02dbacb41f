"""A wearable as a source: connected, heard, and connected again by itself, for as long as the agent runs.

bleak's loop runs in a thread of its own and is never kept waiting: what the agent does not take in time waits in a
queue. The queue has a bound; beyond it the newest is left out, which its time shows as a gap, and it is counted.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from edge.errors import WearableError, WearableReason
from edge.server_clock import machine_time
from edge.sources.source import Item
from edge.wearables.radio import Radio
from edge.wearables.strap import Strap
from edge.wearables.timeline import Arrival
from edge.wearables.wearable import Reading, Stopped, Wearable, shown
from heartwire.backoff import Backoff

_logger: Final = logging.getLogger(__name__)
#: What waits for the agent, at most: half an hour of a Polar H10.
_WAITING_MAX: Final = 4096
_LOOK_S: Final = 0.25
#: A wearable is looked for so long at a time.
_FIND_S: Final = 10.0
_BEGIN_S: Final = 30.0
#: One that is connected and says nothing for so long is connected anew.
_SILENCE_S: Final = 6.0
_PAUSE_FIRST_S: Final = 0.5
#: Reconnecting is a matter of seconds, after hours too.
_PAUSE_LONGEST_S: Final = 4.0
_END_S: Final = 8.0
_WHY: Final = {
    WearableReason.NO_BLUETOOTH: "no Bluetooth",
    WearableReason.NOT_FOUND: "not found",
    WearableReason.LOST: "not connected",
    WearableReason.REFUSED: "refuses",
    WearableReason.UNFIT: "unfit",
}


class BluetoothSource:
    """One wearable.

    Parameters
    ----------
    address, name : str
        Its address, and what it calls itself.
    kind : Wearable
        What it is.
    radio : Radio
        This machine's Bluetooth.
    now : callable
        The time: this machine's, or what the server says of it.

    Attributes
    ----------
    connections : int
        How often it was connected.
    refused : int
        Notifications that could not be read.
    left_out : int
        Items that the agent did not take in time.
    """

    def __init__(
        self,
        address: str,
        name: str,
        kind: Wearable,
        radio: Radio,
        *,
        now: Callable[[], Arrival] = machine_time,
    ) -> None:
        self.connections = 0
        self.refused = 0
        self.left_out = 0
        self._address: Final = address
        self._name: Final = name
        self._kind: Final = kind
        self._radio: Final = radio
        self._now: Final = now
        self._strap: Final = Strap(name, has_ecg=kind.has_ecg)
        self._items: Final[queue.Queue[Item]] = queue.Queue(_WAITING_MAX)
        self._failure: BaseException | None = None
        self._heard_s = 0.0
        self._has_stopped = False

    @property
    def name(self) -> str:
        """See `Source`."""
        return shown(self._name)[:64] or self._kind.title

    def chunks(self, stop: threading.Event) -> Iterator[Item]:
        """See `Source`; never ends by itself."""
        thread = threading.Thread(target=self._run, args=(stop,), name="bluetooth", daemon=True)
        thread.start()
        while not stop.is_set() and thread.is_alive():
            try:
                yield self._items.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
        thread.join(_END_S)
        while not self._items.empty():
            yield self._items.get_nowait()
        if self._failure is not None:
            raise self._failure

    def _run(self, stop: threading.Event) -> None:
        try:
            asyncio.run(self._serve(stop))
        except BaseException as error:  # noqa: BLE001 # raised again where the agent reads
            self._failure = error

    async def _serve(self, stop: threading.Event) -> None:
        backoff = Backoff(_PAUSE_LONGEST_S, first_s=_PAUSE_FIRST_S)
        while not stop.is_set():
            before = self.connections
            try:
                await self._connect(stop)
            except WearableError as error:
                if self.connections > before:
                    backoff.reset()
                _logger.info("wearable: %s: %s", error.reason, error)
                # Words for the care team are short; why a wearable is unfit or there is no Bluetooth is worth saying.
                self._hand_out(self._strap.disconnected(f"{_WHY[error.reason]}: {error}"))
            else:
                self._hand_out(self._strap.disconnected("not connected"))
            await asyncio.to_thread(stop.wait, backoff.next_s())

    async def _connect(self, stop: threading.Event) -> None:
        """Connect, and hear until the connection breaks, the wearable is silent, or the agent stops."""
        lost = asyncio.Event()
        self._has_stopped = False
        async with self._radio.connection(self._address, _FIND_S, lost) as connection:
            try:
                async with asyncio.timeout(_BEGIN_S):
                    await self._kind.begin(connection, self._hear, self._refuse)
            except TimeoutError:
                raise WearableError(WearableReason.LOST, "it did not answer in time") from None
            self.connections += 1
            self._heard_s = time.monotonic()
            self._hand_out(self._strap.connected(connection.rssi_dbm))
            while not stop.is_set():
                if lost.is_set():
                    raise WearableError(WearableReason.LOST, "out of reach")
                if self._has_stopped:
                    raise WearableError(WearableReason.LOST, "it stopped its ECG")
                if time.monotonic() - self._heard_s > _SILENCE_S:
                    raise WearableError(WearableReason.LOST, "silent")
                await asyncio.sleep(0.1)

    def _hear(self, reading: Reading) -> None:
        arrival = self._now()
        if isinstance(reading, Stopped):
            self._has_stopped = True
            return
        self._heard_s = time.monotonic()
        self._hand_out(self._strap.take(reading, arrival))

    def _refuse(self, why: str) -> None:
        self.refused += 1
        if self.refused & (self.refused - 1) == 0:  # the 1st, 2nd, 4th, 8th, ...: a log is no flood
            _logger.warning("wearable: %s (%d such until now)", why, self.refused)

    def _hand_out(self, items: list[Item]) -> None:
        for item in items:
            try:
                self._items.put_nowait(item)
            except queue.Full:
                self.left_out += 1
                if self.left_out & (self.left_out - 1) == 0:
                    _logger.warning(
                        "the agent takes nothing: %d packets of the wearable are lost until now", self.left_out
                    )
