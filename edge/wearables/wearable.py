"""What a kind of wearable is, and what it says.  Adding a kind is adding a file with a `WEARABLE` to this folder."""

import importlib
import pkgutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple, Protocol, TypeAlias

import edge.wearables

#: Bluetooth's own numbers are short for this.
_BASE: Final = "0000{:04x}-0000-1000-8000-00805f9b34fb"


def uuid_of(number: int) -> str:
    """Return the UUID of a number that the Bluetooth SIG has given."""
    return _BASE.format(number)


class Contact(IntEnum):
    """Whether the wearable feels skin, as the wire says it."""

    UNKNOWN = 0
    """It cannot tell."""
    NONE = 1
    PRESENT = 2


class EcgPacket(NamedTuple):
    """Samples of one lead, evenly spaced.

    Attributes
    ----------
    last_ns : int
        The wearable's own time of the last sample, nanoseconds of whatever epoch.
    fs_hz : float
        Nominal sampling rate.
    lead : str
    samples_uv : tuple of int
        Microvolts.
    """

    last_ns: int
    fs_hz: float
    lead: str
    samples_uv: tuple[int, ...]


class HeartRate(NamedTuple):
    """One notification of the Heart Rate Service.

    Attributes
    ----------
    bpm : int
        Beats a minute; 0 where the wearable finds none.
    contact : Contact
    energy_kj : int, optional
        Energy expended since the last reset.
    rr_1024 : tuple of int
        Times between beats, in 1/1024 s, the oldest first.
    """

    bpm: int
    contact: Contact
    energy_kj: int | None
    rr_1024: tuple[int, ...]

    @property
    def rr_ms(self) -> tuple[int, ...]:
        """Times between beats, milliseconds, rounded."""
        return tuple((rr * 1000 + 512) // 1024 for rr in self.rr_1024)


class Battery(NamedTuple):
    """How full the wearable's battery is."""

    percent: int


class Stopped(NamedTuple):
    """The wearable has stopped its ECG by itself; it has to be asked again."""


Reading: TypeAlias = EcgPacket | HeartRate | Battery | Stopped


class Gatt(Protocol):
    """A connection to a wearable: its characteristics, by UUID in lower case."""

    def has(self, uuid: str) -> bool:
        """Whether there is such a characteristic."""

    async def read(self, uuid: str) -> bytes:
        """Return a characteristic's value."""

    async def write(self, uuid: str, value: bytes) -> None:
        """Write a characteristic's value, and wait until it was taken."""

    async def subscribe(self, uuid: str, hear: Callable[[bytes], None]) -> None:
        """Hear a characteristic's notifications or indications."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A wearable that is near."""

    address: str
    name: str
    rssi_dbm: int
    services: frozenset[str]


class Wearable(Protocol):
    """A kind of wearable.

    Attributes
    ----------
    kind : str
        Its name in settings and files.
    title : str
        Its name for people.
    rank : int
        Of two kinds that both fit, the greater is meant.
    has_ecg : bool
        Whether it sends ECG.
    """

    kind: str
    title: str
    rank: int
    has_ecg: bool

    def fits(self, name: str, services: Collection[str]) -> bool:
        """Whether a wearable of this name and with these services is of this kind."""

    async def begin(self, gatt: Gatt, hear: Callable[[Reading], None], refuse: Callable[[str], None]) -> None:
        """Make a connected wearable send; `hear` is called with what it says, `refuse` with why bytes were left out.

        Raises
        ------
        WearableError
            If it does not offer what is needed, or says no.
        """


@cache
def kinds() -> tuple[Wearable, ...]:
    """Return every kind that there is, those to be preferred first."""
    found: list[Wearable] = []
    for module in pkgutil.iter_modules(edge.wearables.__path__):
        wearable = getattr(importlib.import_module(f"edge.wearables.{module.name}"), "WEARABLE", None)
        if wearable is not None:
            found.append(wearable)
    return tuple(sorted(found, key=lambda one: -one.rank))


def shown(name: str) -> str:
    """Return a wearable's name without what cannot be shown: it is the wearable that says it, and may say anything."""
    return "".join(character for character in name if character.isprintable()).strip()


def kind_of(name: str, services: Collection[str]) -> Wearable | None:
    """Return the kind of a wearable that was seen; ``None`` when it is none that is known."""
    return next((kind for kind in kinds() if kind.fits(name, services)), None)
