"""A Polar H10 in Chromium's emulation of Bluetooth.

The browser itself finds it, pairs with it, discovers its services and writes to it, over the BluetoothEmulation domain
of its debugging protocol. That domain cannot send notifications: what the sensor says is dispatched in the page, on the
very characteristic that the app subscribed to, as the bytes that an H10 sends ("Polar Measurement Data Specification").
"""

import base64
import math
import struct
from collections.abc import Sequence
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.pages import wait_for

NAME: Final = "Polar H10 1A2B3C4D"
FS_HZ: Final = 130
PACKET_SAMPLES: Final = 73
PACKET_S: Final = PACKET_SAMPLES / FS_HZ
_ADDRESS: Final = "09:12:35:42:36:01"
_BASE: Final = "0000{:04x}-0000-1000-8000-00805f9b34fb"
_PMD: Final = "fb005c8{}-02e7-f387-1cad-8acd2d8df0c8"
_CONTROL: Final = _PMD.format(1)
_DATA: Final = _PMD.format(2)
_RATE: Final = _BASE.format(0x2A37)
_BATTERY: Final = _BASE.format(0x2A19)
_SERVICES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    _PMD.format(0): {_CONTROL: ("read", "write", "indicate"), _DATA: ("notify",)},
    _BASE.format(0x180D): {_RATE: ("notify",)},
    _BASE.format(0x180F): {_BATTERY: ("read", "notify")},
}
#: The control point's value: ECG and acceleration. The battery's: 87 %.
_VALUES: Final = {_CONTROL: b"\x0f\x05" + bytes(15), _BATTERY: b"\x57"}
_SETTINGS: Final = bytes.fromhex("f00100000000018200" + "01010e00")
#: The sensor's clock begins in 2019 when nobody has set it; nanoseconds since 2000.
EPOCH_NS: Final = 599_616_000 * 10**9

_IN_PAGE: Final = """(() => {
  const now = Date.now.bind(Date);  // whatever a test does to the phone's clock later
  const heard = new Map();
  const say = (uuid, hex) => {
    const characteristic = heard.get(uuid);
    if (characteristic === undefined) return;
    const bytes = Uint8Array.from(hex.match(/../g), (two) => parseInt(two, 16));
    Object.defineProperty(characteristic, "value", { configurable: true, value: new DataView(bytes.buffer) });
    characteristic.dispatchEvent(new Event("characteristicvaluechanged"));
  };
  const { prototype } = BluetoothRemoteGATTCharacteristic;
  const { startNotifications, writeValueWithResponse } = prototype;
  prototype.startNotifications = async function () {
    await startNotifications.call(this);
    heard.set(this.uuid, this);
    return this;
  };
  prototype.writeValueWithResponse = async function (value) {
    await writeValueWithResponse.call(this, value);
    if (this.uuid !== CONTROL) return;
    const [command] = new Uint8Array(value.buffer ?? value);
    setTimeout(() => say(CONTROL, command === 1 ? SETTINGS : `f00${command}0000`), 20);
  };
  window.strap = { say, isHeard: (uuid) => heard.has(uuid), timer: 0, said: 0, beganMs: 0, pageMs: 0 };
  window.strap.play = (packets, every_ms) => {
    clearInterval(window.strap.timer);
    window.strap.said = 0;
    window.strap.beganMs = now();
    window.strap.pageMs = Date.now();
    const next = () => {
      for (const [uuid, hex] of packets[window.strap.said++] ?? []) say(uuid, hex);
      if (window.strap.said >= packets.length) clearInterval(window.strap.timer);
    };
    window.strap.timer = setInterval(next, every_ms);
    next();
  };
})();"""


class VirtualStrap:
    """An H10 near the browser of a context, and the person who picks it from the browser's list."""

    def __init__(self, browser: Browser, context: BrowserContext) -> None:
        self._session: Final = browser.new_browser_cdp_session()
        self._uuids: Final[dict[str, str]] = {}
        self.is_near = True
        self._session.on("BluetoothEmulation.gattOperationReceived", self._on_gatt)
        self._session.on("BluetoothEmulation.characteristicOperationReceived", self._on_characteristic)
        self.appear()
        context.add_init_script(
            _IN_PAGE.replace("CONTROL", f'"{_CONTROL}"').replace("SETTINGS", f'"{_SETTINGS.hex()}"')
        )

    def appear(self) -> None:
        """Be near, as at first; needed again after a page was loaded anew, with which the emulation ends."""
        self._session.send("BluetoothEmulation.disable")
        self._session.send("BluetoothEmulation.enable", {"state": "powered-on", "leSupported": True})
        self._session.send(
            "BluetoothEmulation.simulatePreconnectedPeripheral",
            {
                "address": _ADDRESS,
                "name": NAME,
                "manufacturerData": [],
                "knownServiceUuids": [_BASE.format(0x180D)],
            },
        )

    def close(self) -> None:
        """End the emulation."""
        self._session.send("BluetoothEmulation.disable")
        self._session.detach()

    def be_picked(self, page: Page) -> None:
        """Have the person in front of the page pick the strap from the browser's list, whenever it opens."""
        session = page.context.new_cdp_session(page)
        picked: set[str] = set()

        def pick(event: dict[str, Any]) -> None:
            if event["devices"] and event["id"] not in picked:
                picked.add(event["id"])
                session.send("DeviceAccess.selectPrompt", {"id": event["id"], "deviceId": event["devices"][0]["id"]})

        session.on("DeviceAccess.deviceRequestPrompted", pick)
        session.send("DeviceAccess.enable")

    def go_away(self) -> None:
        """Break the connection, and answer no other."""
        self.is_near = False
        self._session.send("BluetoothEmulation.simulateGATTDisconnection", {"address": _ADDRESS})

    def come_back(self) -> None:
        """Answer again."""
        self.is_near = True

    def _on_gatt(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind == "connection" and not self.is_near:
            self._session.send(
                "BluetoothEmulation.simulateGATTOperationResponse",
                {"address": _ADDRESS, "type": kind, "code": 0x3E},  # connection failed to be established
            )
            return
        if kind == "discovery":  # what was discovered before is forgotten with the connection
            self._add_services()
        self._session.send(
            "BluetoothEmulation.simulateGATTOperationResponse", {"address": _ADDRESS, "type": kind, "code": 0}
        )

    def _add_services(self) -> None:
        for service, characteristics in _SERVICES.items():
            added = self._session.send("BluetoothEmulation.addService", {"address": _ADDRESS, "serviceUuid": service})[
                "serviceId"
            ]
            for uuid, properties in characteristics.items():
                one = self._session.send(
                    "BluetoothEmulation.addCharacteristic",
                    {
                        "serviceId": added,
                        "characteristicUuid": uuid,
                        "properties": dict.fromkeys(properties, True),
                    },
                )["characteristicId"]
                self._uuids[one] = uuid
                self._session.send(
                    "BluetoothEmulation.addDescriptor",
                    {"characteristicId": one, "descriptorUuid": _BASE.format(0x2902)},
                )

    def _on_characteristic(self, event: dict[str, Any]) -> None:
        answer = {"characteristicId": event["characteristicId"], "type": event["type"], "code": 0}
        if event["type"] == "read":
            value = _VALUES[self._uuids[event["characteristicId"]]]
            answer["data"] = base64.b64encode(value).decode()
        self._session.send("BluetoothEmulation.simulateCharacteristicOperationResponse", answer)


def heart_uv(first: int, n: int, bpm: int = 75) -> list[int]:
    """Return samples of a heart that beats evenly, microvolts; each sample is like no other's neighbour."""
    period = FS_HZ * 60 / bpm
    samples = []
    for i in range(first, first + n):
        phase = i % period
        spike = {0: 150, 1: 900, 2: 1400, 3: 300, 4: -350, 5: -100}.get(int(phase), 0)
        wave = round(220 * math.exp(-(((phase - 35) / 7) ** 2)))
        samples.append(spike + wave + (i * 7919) % 23 - 11)
    return samples


def ecg_packet(first: int, samples_uv: Sequence[int], *, epoch_ns: int = EPOCH_NS) -> bytes:
    """Return the notification that ends with sample `first + len(samples_uv) - 1`."""
    last_ns = epoch_ns + round((first + len(samples_uv) - 1) * 1e9 / FS_HZ)
    values = b"".join(value.to_bytes(3, "little", signed=True) for value in samples_uv)
    return bytes([0]) + struct.pack("<Q", last_ns) + bytes([0]) + values


def rate_packet(bpm: int, *, contact: bool = True) -> bytes:
    """Return the notification of a heart rate, with a contact bit and one interval."""
    return bytes([0x10 | 0x04 | (0x02 if contact else 0), bpm]) + struct.pack("<H", round(60 / bpm * 1024))


def samples(packets: int, bpm: int = 75) -> bytes:
    """Return the samples of the first packets, as the database has them."""
    return b"".join(value.to_bytes(2, "little", signed=True) for value in heart_uv(0, packets * PACKET_SAMPLES, bpm))


def minute(first_packet: int, packets: int, *, contact: bool = True, bpm: int = 75) -> list[list[tuple[str, str]]]:
    """Return what the strap says: in each packet's time the ECG, and every second one a heart rate."""
    said = []
    for n in range(first_packet, first_packet + packets):
        first = n * PACKET_SAMPLES
        here = [(_DATA, ecg_packet(first, heart_uv(first, PACKET_SAMPLES, bpm)).hex())]
        if n % 2 == 0:
            here.append((_RATE, rate_packet(bpm, contact=contact).hex()))
        said.append(here)
    return said


def is_heard(page: Page) -> bool:
    """Whether the app listens to the strap."""
    return bool(page.evaluate(f'strap.isHeard("{_RATE}") && strap.isHeard("{_BATTERY}")'))


def play(page: Page, said: Sequence[Sequence[tuple[str, str]]]) -> None:
    """Have the strap say it in the page, at a heart's own pace."""
    wait_for(page, lambda: is_heard(page), "the app to listen")
    page.evaluate("([said, every]) => strap.play(said, every)", [said, PACKET_S * 1000])


def began_us(page: Page) -> int:
    """Return when the first packet was said, which is when its last sample was made, by the true clock."""
    began_ms = page.evaluate("strap.beganMs")
    assert isinstance(began_ms, int)
    return 1000 * began_ms


def wait_until_said(page: Page, packets: int) -> None:
    """Wait until so many packets have been said."""
    wait_for(page, lambda: page.evaluate("strap.said") >= packets, "the strap to have spoken")
