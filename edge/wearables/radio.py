"""Bluetooth LE by bleak: who is near, and a connection.  The only file that knows bleak.

bleak speaks with BlueZ (Linux), Core Bluetooth (macOS) or WinRT (Windows). It is imported here only, and only when a
radio is wanted: an agent that plays a record needs none.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from edge.errors import SourceError, WearableError, WearableReason
from edge.wearables.wearable import Seen

if TYPE_CHECKING:
    from bleak import BleakClient
    from bleak.backends.client import BaseBleakClient
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import BaseBleakScanner

_CONNECT_S: Final = 20.0
_DISCONNECT_S: Final = 5.0
_NEXT_STEP: Final = {
    "POWERED_OFF": "it is turned off; turn it on, with `bluetoothctl power on` on Linux",
    "DENIED_BY_USER": "this program may not use it; allow it in the system's settings",
    "DENIED_BY_SYSTEM": "this program may not use it; allow it in the system's settings",
}


class Radio:
    """Bluetooth of the machine that this runs on.

    Parameters
    ----------
    scanner, client : type, optional
        bleak's backends, where not those of this machine's system.

    Raises
    ------
    SourceError
        If bleak is not installed.
    """

    def __init__(
        self, scanner: "type[BaseBleakScanner] | None" = None, client: "type[BaseBleakClient] | None" = None
    ) -> None:
        try:
            import bleak  # noqa: PLC0415 # see above
        except ModuleNotFoundError as error:
            raise SourceError(
                f"a wearable needs the package {error.name!r}; install it with: pip install 'heartwire[edge]'"
            ) from error
        self._bleak: Final = bleak
        self._scanning: Final[dict[str, Any]] = {} if scanner is None else {"backend": scanner}
        self._client: Final = client

    async def look(self, seconds: float) -> list[Seen]:
        """Return who is near, the strongest signal first.

        Raises
        ------
        WearableError
            `NO_BLUETOOTH`.
        """
        with self._told():
            found = await self._bleak.BleakScanner.discover(seconds, return_adv=True, **self._scanning)
        seen = [
            Seen(
                device.address,
                said.local_name or device.name or "",
                said.rssi,
                frozenset(uuid.lower() for uuid in said.service_uuids),
            )
            for device, said in found.values()
        ]
        return sorted(seen, key=lambda one: -one.rssi_dbm)

    @asynccontextmanager
    async def connection(self, address: str, find_s: float, lost: asyncio.Event) -> AsyncIterator["Connection"]:
        """Find a wearable and connect; `lost` is set when the connection breaks.

        Raises
        ------
        WearableError
            `NO_BLUETOOTH`, `NOT_FOUND`, or `LOST` when it is there and cannot be connected with.
        """
        rssi_dbm: list[int] = []

        def is_it(device: "BLEDevice", said: Any) -> bool:  # noqa: ANN401 # bleak's AdvertisementData
            if device.address.lower() != address.lower():
                return False
            rssi_dbm.append(said.rssi)
            return True

        with self._told():
            device = await self._bleak.BleakScanner.find_device_by_filter(is_it, find_s, **self._scanning)
        if device is None:
            raise WearableError(WearableReason.NOT_FOUND, "not near, or connected to another phone")
        client = self._bleak.BleakClient(device, lambda _: lost.set(), timeout=_CONNECT_S, backend=self._client)
        try:
            with self._told():
                await asyncio.wait_for(client.connect(), _CONNECT_S + 1.0)
            yield Connection(client, rssi_dbm[-1], self._told)
        finally:
            # Whatever becomes of it: a wearable that believes to be connected is not found again.
            with suppress(Exception):
                await asyncio.wait_for(client.disconnect(), _DISCONNECT_S)

    def _told(self) -> "_Told":
        return _Told(self._bleak)


class Connection:
    """See `Gatt`."""

    def __init__(self, client: "BleakClient", rssi_dbm: int, told: Callable[[], "_Told"]) -> None:
        self.rssi_dbm: Final = rssi_dbm
        self._client: Final = client
        self._told: Final = told

    def has(self, uuid: str) -> bool:
        """See `Gatt`."""
        return self._client.services.get_characteristic(uuid) is not None

    async def read(self, uuid: str) -> bytes:
        """See `Gatt`."""
        with self._told():
            return bytes(await self._client.read_gatt_char(uuid))

    async def write(self, uuid: str, value: bytes) -> None:
        """See `Gatt`."""
        with self._told():
            await self._client.write_gatt_char(uuid, value, response=True)

    async def subscribe(self, uuid: str, hear: Callable[[bytes], None]) -> None:
        """See `Gatt`."""
        with self._told():
            await self._client.start_notify(uuid, lambda _, value: hear(bytes(value)))


class _Told:
    """Turns bleak's errors, and the system's behind it, into what they mean."""

    def __init__(self, bleak: Any) -> None:  # noqa: ANN401 # a module
        self._exc: Final = bleak.exc

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        del kind, trace
        if isinstance(error, self._exc.BleakBluetoothNotAvailableError):
            reason = error.reason.name
            step = _NEXT_STEP.get(reason, "is there an adapter, and does the Bluetooth service run?")
            raise WearableError(WearableReason.NO_BLUETOOTH, f"no Bluetooth: {step}") from error
        if isinstance(error, self._exc.BleakError | TimeoutError | EOFError):
            raise WearableError(WearableReason.LOST, str(error) or type(error).__name__) from error
        if isinstance(error, OSError):  # the system's bus is not there
            raise WearableError(
                WearableReason.NO_BLUETOOTH, f"no Bluetooth: {error}; on Linux, are BlueZ and D-Bus running?"
            ) from error
