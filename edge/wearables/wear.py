"""Whether a strap is worn: the ways in which it is not are told apart.  Pure.

- Its contact bits say so (Heart Rate Service): `LEAD_OFF`.
- Values flow off the body. A Polar H10 that was taken off may go on sending ECG for ever, and has no contact bits that
  could say it. Told by two witnesses who both must say so: the wearable has found no beat for 10 s, *and* what it
  sends cannot be of a heart, being mostly the hum of a mains that an open electrode picks up, or wandering by more than
  20 mV: `LEAD_OFF`.
- Flat: not a flag. The server sees it, and asystole is for it to call; whoever looks at the device is told.
- Railed: `SATURATED`.

Frames with `LEAD_OFF` are not searched for arrhythmia, so nothing here may take a heart that stands still or
fibrillates for a strap on a table. In both of them there are no beats, but fibrillation is slow (its energy lies below
10 Hz) and small. One witness is never enough, and a wearable that feels skin is believed.
"""

from collections import deque
from enum import StrEnum
from typing import Final, NamedTuple

from edge.wearables.wearable import Contact, EcgPacket, HeartRate
from heartwire.frames import EcgFlag

#: No beat for so long is the first witness, seconds.
_NO_BEAT_S: Final = 10.0
#: What is looked at, seconds.
_LOOK_S: Final = 4.0
#: Root mean square of the differences between neighbouring samples, by that of the samples: 1.9 for 50 and 60 Hz at 130
#: samples/s, 1.4 for white noise, about 0.4 for ECG, 0.25 for fibrillation at 5 Hz;
#: 1.01 at most in CUDB and VFDB.
_HUM: Final = 1.2
#: Hum that is smaller is no open electrode's, root mean square, microvolts.
_HUM_LEAST_UV: Final = 20.0
#: Fibrillation with its noise fills the 10 mV that the recorders of CUDB had.
_WANDER_UV: Final = 20_000
#: No electrode on a body is so still for so long: the least step of 14 bits is 2.4 microvolts.
_FLAT_UV: Final = 5
_FLAT_S: Final = 2.0
#: At a rail: a value beyond this, and a part of the samples at exactly the same.
_RAIL_UV: Final = 5_000
_RAIL_PART: Final = 0.25


class Wear(StrEnum):
    """How the wearable is worn, in words for whoever looks at the device."""

    UNKNOWN = "not heard yet"
    WORN = "worn"
    NO_CONTACT = "no contact with the skin"
    OFF_BODY = "off the body, though it sends"
    FLAT = "flat"
    RAILED = "at its limit"


class _Look(NamedTuple):
    """What counts of one packet."""

    n: int
    least: int
    most: int
    total: int
    squares: int
    steps: int


class WearWatch:
    """Watches one wearable; to be told what it says in its order.

    Attributes
    ----------
    wear : Wear
        How it is worn.
    """

    def __init__(self) -> None:
        self.wear = Wear.UNKNOWN
        self._contact = Contact.UNKNOWN
        self._no_beat_s = 0.0
        self._looks: Final[deque[_Look]] = deque()
        self._n_looks = 0
        self._last_uv: int | None = None

    def hear(self, reading: HeartRate) -> None:
        """Take a heart rate."""
        self._contact = reading.contact
        if reading.rr_1024:
            self._no_beat_s = 0.0
        if self._contact is Contact.NONE:
            self.wear = Wear.NO_CONTACT
        elif not self._looks:
            self.wear = Wear.WORN if self._contact is Contact.PRESENT or reading.rr_1024 else Wear.UNKNOWN

    def look(self, packet: EcgPacket) -> EcgFlag:
        """Take a packet, and return what holds for its samples."""
        samples = packet.samples_uv
        self._no_beat_s += len(samples) / packet.fs_hz
        self._add(samples, packet.fs_hz)
        self.wear = self._judge(samples, packet.fs_hz)
        if self.wear in {Wear.NO_CONTACT, Wear.OFF_BODY}:
            return EcgFlag.LEAD_OFF
        return EcgFlag.SATURATED if self.wear is Wear.RAILED else EcgFlag(0)

    def _judge(self, samples: tuple[int, ...], fs_hz: float) -> Wear:
        if self._contact is Contact.NONE:
            return Wear.NO_CONTACT
        if _is_railed(samples):
            return Wear.RAILED
        if self._is_flat(fs_hz):
            return Wear.FLAT
        if self._is_off_body(fs_hz):
            return Wear.OFF_BODY
        return Wear.WORN

    def _is_flat(self, fs_hz: float) -> bool:
        n, least, most = 0, 2**31, -(2**31)
        for look in reversed(self._looks):
            n, least, most = n + look.n, min(least, look.least), max(most, look.most)
            if n >= _FLAT_S * fs_hz:
                return most - least <= _FLAT_UV
        return False

    def _is_off_body(self, fs_hz: float) -> bool:
        if self._contact is Contact.PRESENT or self._no_beat_s < _NO_BEAT_S or self._n_looks < _LOOK_S * fs_hz / 2:
            return False
        looks = self._looks
        if max(look.most for look in looks) - min(look.least for look in looks) > _WANDER_UV:
            return True
        # Of each packet about its own mean: a slow drift is none of the heart's business.
        squares = sum(look.squares - look.total * look.total / look.n for look in looks)
        steps = sum(look.steps for look in looks)
        return squares > _HUM_LEAST_UV**2 * self._n_looks and steps > _HUM**2 * squares

    def _add(self, samples: tuple[int, ...], fs_hz: float) -> None:
        steps = 0
        before = samples[0] if self._last_uv is None else self._last_uv
        for sample in samples:
            steps += (sample - before) ** 2
            before = sample
        self._last_uv = before
        self._looks.append(
            _Look(len(samples), min(samples), max(samples), sum(samples), sum(one * one for one in samples), steps)
        )
        self._n_looks += len(samples)
        while self._n_looks - self._looks[0].n >= _LOOK_S * fs_hz:
            self._n_looks -= self._looks.popleft().n


def _is_railed(samples: tuple[int, ...]) -> bool:
    least, most = min(samples), max(samples)
    n = (samples.count(most) if most > _RAIL_UV else 0) + (samples.count(least) if least < -_RAIL_UV else 0)
    return n >= _RAIL_PART * len(samples)
