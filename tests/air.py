# ruff: noqa: ANN401, ARG002, C901 # the signatures are those of bleak's backends
"""Wearables that are near, at bleak's border: bleak's own client and scanner run on these backends.

What a peripheral sends are the bytes of the specifications; no radio and no controller is needed.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from edge.wearables.heart_rate import BATTERY_LEVEL, BATTERY_SERVICE, HEART_RATE_MEASUREMENT, HEART_RATE_SERVICE
from edge.wearables.polar_h10 import PMD_CONTROL_POINT, PMD_DATA, PMD_SERVICE, start_ecg
from edge.wearables.radio import Radio

H10: Final = "24:AC:AC:01:02:03"
PACKET: Final = 73


class Peripheral:
    """A wearable that is near."""

    def __init__(
        self, address: str, name: str, advertised: Sequence[str], services: Mapping[str, Sequence[str]]
    ) -> None:
        self.address: Final = address
        self.name: Final = name
        self.advertised: Final = list(advertised)
        self.services: Final = services
        self.is_near = True
        self.refuses_connections = 0
        self.connections = 0
        self.battery = 80
        self._hearers: dict[str, Callable[[bytearray], None]] = {}
        self._lost: Callable[[], None] | None = None

    @property
    def is_connected(self) -> bool:
        return self._lost is not None

    def read(self, uuid: str) -> bytes:
        if uuid == BATTERY_LEVEL:
            return bytes([self.battery])
        raise BleakError(f"nothing to read at {uuid}")

    def write(self, uuid: str, value: bytes) -> None:
        raise BleakError(f"nothing to write at {uuid}: {value.hex()}")

    def notify(self, uuid: str, value: bytes) -> None:
        """Say something, if anybody listens."""
        if hear := self._hearers.get(uuid):
            hear(bytearray(value))

    def leave(self) -> None:
        """Be out of reach."""
        self.is_near = False
        self.drop()

    def drop(self) -> None:
        """End the connection."""
        lost, self._lost = self._lost, None
        self._hearers.clear()
        if lost is not None:
            lost()

    def take(self, lost: Callable[[], None]) -> None:
        if self.refuses_connections:
            self.refuses_connections -= 1
            raise BleakError("connection refused")
        self.connections += 1
        self._lost = lost

    def subscribe(self, uuid: str, hear: Callable[[bytearray], None]) -> None:
        self._hearers[uuid] = hear


class HeartRateStrap(Peripheral):
    def __init__(self, address: str = "00:22:D0:01:02:03", name: str = "TICKR 1A2B") -> None:
        services = {HEART_RATE_SERVICE: [HEART_RATE_MEASUREMENT], BATTERY_SERVICE: [BATTERY_LEVEL]}
        super().__init__(address, name, [HEART_RATE_SERVICE], services)


class PolarH10(Peripheral):
    """A Polar H10: its clock begins at 2019-01-01, and it sends ECG once it was asked rightly."""

    def __init__(self, address: str = H10, name: str = "Polar H10 1A2B3C4D") -> None:
        services = {
            HEART_RATE_SERVICE: [HEART_RATE_MEASUREMENT],
            BATTERY_SERVICE: [BATTERY_LEVEL],
            PMD_SERVICE: [PMD_CONTROL_POINT, PMD_DATA],
        }
        super().__init__(address, name, [HEART_RATE_SERVICE, "0000feee-0000-1000-8000-00805f9b34fb"], services)
        self.features = bytes.fromhex("0f05" + 15 * "00")
        #: What is answered to the question for settings, an indication each.
        self.settings = [bytes.fromhex("f001000000" + "00018200" + "01010e00")]
        self.start_status = 0
        self.is_sending = False
        self.told: list[bytes] = []

    def read(self, uuid: str) -> bytes:
        return self.features if uuid == PMD_CONTROL_POINT else super().read(uuid)

    def write(self, uuid: str, value: bytes) -> None:
        assert uuid == PMD_CONTROL_POINT
        self.told.append(value)
        if value == bytes.fromhex("0100"):
            for part in self.settings:
                asyncio.get_running_loop().call_soon(self.notify, PMD_CONTROL_POINT, part)
            return
        if value == start_ecg():
            status = 6 if self.is_sending else self.start_status
            self.is_sending |= status == 0
            answer = bytes([0xF0, 2, 0, status, 0])
        elif value == bytes.fromhex("0300"):
            self.is_sending = False
            answer = bytes.fromhex("f0030000")
        else:
            answer = bytes([0xF0, value[0], 0, 1])
        asyncio.get_running_loop().call_soon(self.notify, PMD_CONTROL_POINT, answer)

    def send_ecg(self, last_ns: int, samples_uv: Iterable[int]) -> None:
        """Send samples, if it was asked to."""
        if self.is_sending:
            data = b"".join(sample.to_bytes(3, "little", signed=True) for sample in samples_uv)
            self.notify(PMD_DATA, b"\x00" + last_ns.to_bytes(8, "little") + b"\x00" + data)

    def send_heart_rate(self, bpm: int, *rr_1024: int) -> None:
        rr = b"".join(one.to_bytes(2, "little") for one in rr_1024)
        self.notify(HEART_RATE_MEASUREMENT, bytes([0x10, bpm]) + rr)

    def drop(self) -> None:
        super().drop()
        self.is_sending = False


class Air:
    """What is near a machine, and whether that has Bluetooth at all."""

    def __init__(self, *near: Peripheral) -> None:
        self.near: Final = list(near)
        self.reason: BleakBluetoothNotAvailableReason | None = None

    def radio(self) -> Radio:
        """Return a machine's radio in this air."""
        return Radio(_scanner(self), _client(self))


def _scanner(air: Air) -> type[BaseBleakScanner]:
    class Scanner(BaseBleakScanner):
        def __init__(
            self,
            detection_callback: Any,
            service_uuids: Any,
            scanning_mode: str,
            **_: Any,
        ) -> None:
            assert scanning_mode == "active"
            super().__init__(detection_callback, service_uuids)
            self._task: asyncio.Task[None] | None = None

        async def start(self) -> None:
            if air.reason is not None:
                raise BleakBluetoothNotAvailableError("no Bluetooth here", air.reason)
            self._task = asyncio.create_task(self._advertise())

        async def stop(self) -> None:
            assert self._task is not None
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

        async def _advertise(self) -> None:
            while True:
                for rssi, one in enumerate(air.near, -60):
                    if one.is_near and not one.is_connected:
                        said = AdvertisementData(one.name, {}, {}, one.advertised, None, rssi, ())
                        device = self.create_or_update_device(one.address, one.address, one.name, None, said)
                        self.call_detection_callbacks(device, said)
                await asyncio.sleep(0.02)

    return Scanner


def _client(air: Air) -> type[BaseBleakClient]:
    class Client(BaseBleakClient):
        _one: Peripheral | None = None

        def _peripheral(self) -> Peripheral:
            if self._one is None or not self._one.is_connected:
                raise BleakError("Not connected")
            return self._one

        async def connect(self, pair: bool, **kwargs: Any) -> None:
            one = next((one for one in air.near if one.address == self.address and one.is_near), None)
            if one is None:
                raise BleakError(f"device {self.address} not found")
            one.take(self._disconnected_callback or (lambda: None))
            self._one = one
            self.services = _collection(one)

        async def disconnect(self) -> None:
            if self._one is not None:
                self._one.drop()

        @property
        def is_connected(self) -> bool:
            return self._one is not None and self._one.is_connected

        @property
        def mtu_size(self) -> int:
            return 232

        async def read_gatt_char(
            self,
            characteristic: BleakGATTCharacteristic,
            *,
            use_cached: bool = False,
            **kwargs: Any,
        ) -> bytearray:
            return bytearray(self._peripheral().read(characteristic.uuid))

        async def write_gatt_char(
            self,
            characteristic: BleakGATTCharacteristic,
            data: Any,
            response: bool,
        ) -> None:
            assert response
            self._peripheral().write(characteristic.uuid, bytes(data))

        async def start_notify(
            self,
            characteristic: BleakGATTCharacteristic,
            callback: Callable[[bytearray], None],
            **kwargs: Any,
        ) -> None:
            self._peripheral().subscribe(characteristic.uuid, callback)

        async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
            raise NotImplementedError

        async def pair(self, *args: Any, **kwargs: Any) -> None:
            raise NotImplementedError

        async def unpair(self) -> None:
            raise NotImplementedError

        async def read_gatt_descriptor(
            self,
            descriptor: BleakGATTDescriptor,
            *,
            use_cached: bool = False,
            **kwargs: Any,
        ) -> bytearray:
            raise NotImplementedError

        async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
            raise NotImplementedError

    return Client


def _collection(one: Peripheral) -> BleakGATTServiceCollection:
    services = BleakGATTServiceCollection()
    handle = 0
    for service_uuid, uuids in one.services.items():
        handle += 1
        service = BleakGATTService(None, handle, service_uuid)
        services.add_service(service)
        for uuid in uuids:
            handle += 1
            services.add_characteristic(
                BleakGATTCharacteristic(None, handle, uuid, ["read", "write", "notify"], lambda: 229, service)
            )
    return services
