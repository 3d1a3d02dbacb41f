"""Any strap or watch that speaks the Heart Rate Service (Bluetooth SIG, HRS 1.0) and, maybe, the Battery Service.

The layouts are of "Heart Rate Service 1.0", section 3.1, and "Battery Service 1.0", section 3.1; numbers are
little-endian. Reserved bits are not looked at, as Bluetooth asks of a client.
"""

from collections.abc import Callable, Collection
from typing import Final

from edge.errors import WearableBytesError, WearableError, WearableReason
from edge.wearables.wearable import Battery, Contact, Gatt, HeartRate, Reading, uuid_of

HEART_RATE_SERVICE: Final = uuid_of(0x180D)
HEART_RATE_MEASUREMENT: Final = uuid_of(0x2A37)
BATTERY_SERVICE: Final = uuid_of(0x180F)
BATTERY_LEVEL: Final = uuid_of(0x2A19)

_IS_16_BIT: Final = 0x01
_CONTACT_DETECTED: Final = 0x02
_CONTACT_SUPPORTED: Final = 0x04
_HAS_ENERGY: Final = 0x08
_HAS_RR: Final = 0x10


def read_heart_rate(data: bytes) -> HeartRate:
    """Read a Heart Rate Measurement (0x2A37).

    Parameters
    ----------
    data : bytes
        Flags; the rate in 8 or 16 bits; energy and RR intervals where the flags say so.

    Raises
    ------
    WearableBytesError
        If it is shorter or longer than its flags say; no other exception, whatever the bytes.
    """
    if not data:
        raise WearableBytesError("a heart rate measurement of no bytes, wanted its flags and the rate")
    flags = data[0]
    rate_end = 3 if flags & _IS_16_BIT else 2
    energy_end = rate_end + (2 if flags & _HAS_ENERGY else 0)
    rest = len(data) - energy_end
    if rest < 0 or (rest % 2 if flags & _HAS_RR else rest):
        raise WearableBytesError(
            f"a heart rate measurement of {len(data)} bytes with the flags {flags:#04x}, wanted {energy_end}"
            + (" and two for each RR interval" if flags & _HAS_RR else "")
        )
    contact = Contact.UNKNOWN
    if flags & _CONTACT_SUPPORTED:
        contact = Contact.PRESENT if flags & _CONTACT_DETECTED else Contact.NONE
    return HeartRate(
        bpm=int.from_bytes(data[1:rate_end], "little"),
        contact=contact,
        energy_kj=int.from_bytes(data[rate_end:energy_end], "little") if flags & _HAS_ENERGY else None,
        rr_1024=tuple(int.from_bytes(data[at : at + 2], "little") for at in range(energy_end, len(data), 2)),
    )


def read_battery(data: bytes) -> Battery:
    """Read a Battery Level (0x2A19): one byte, 0 to 100.

    Raises
    ------
    WearableBytesError
        If it is anything else.
    """
    if len(data) != 1 or data[0] > 100:
        raise WearableBytesError(f"a battery level of {data[:8].hex() or 'no bytes'}, wanted one byte from 0 to 100")
    return Battery(data[0])


async def hear_battery(gatt: Gatt, hear: Callable[[Reading], None], refuse: Callable[[str], None]) -> None:
    """Hear of the battery now and whenever it changes, where there is a Battery Service."""
    if not gatt.has(BATTERY_LEVEL):
        return
    take = taking(read_battery, hear, refuse)
    take(await gatt.read(BATTERY_LEVEL))
    await gatt.subscribe(BATTERY_LEVEL, take)


async def hear_heart_rate(gatt: Gatt, hear: Callable[[Reading], None], refuse: Callable[[str], None]) -> None:
    """Hear of each heart rate.

    Raises
    ------
    WearableError
        `UNFIT` without the characteristic.
    """
    if not gatt.has(HEART_RATE_MEASUREMENT):
        raise WearableError(WearableReason.UNFIT, "it has no Heart Rate Service; choose another wearable")
    await gatt.subscribe(HEART_RATE_MEASUREMENT, taking(read_heart_rate, hear, refuse))


def taking(
    read: Callable[[bytes], Reading], hear: Callable[[Reading], None], refuse: Callable[[str], None]
) -> Callable[[bytes], None]:
    """Return what takes a notification's bytes: it hands on what they say, or tells why they say nothing."""

    def take(data: bytes) -> None:
        try:
            reading = read(data)
        except WearableBytesError as error:
            refuse(str(error))
        else:
            hear(reading)

    return take


class HeartRateStrap:
    """See `Wearable`."""

    kind = "heart_rate"
    title = "heart rate strap or watch"
    rank = 0
    has_ecg = False

    def fits(self, name: str, services: Collection[str]) -> bool:
        """See `Wearable`."""
        del name
        return HEART_RATE_SERVICE in services

    async def begin(self, gatt: Gatt, hear: Callable[[Reading], None], refuse: Callable[[str], None]) -> None:
        """See `Wearable`."""
        await hear_heart_rate(gatt, hear, refuse)
        await hear_battery(gatt, hear, refuse)


WEARABLE: Final = HeartRateStrap()
