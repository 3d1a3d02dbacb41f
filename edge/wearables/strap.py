"""What one wearable says becomes what a source hands out, over any number of connections.  Pure."""

from typing import Final

from edge.sources.source import Condition, Item, Pulse
from edge.wearables.timeline import Arrival, Timeline
from edge.wearables.wear import Wear, WearWatch
from edge.wearables.wearable import Battery, EcgPacket, HeartRate, Reading, shown

#: A strap is worn, or not, when it was so for this long: a status is no flicker.
_STEADY_US: Final = 3_000_000
#: RR intervals that one frame of the wire holds.
_RR_MAX: Final = 64
#: Heart rates wait for the next ECG, so that both are written to disk at once; so many, at most.
_PULSES_MAX: Final = 4
_NAME_MAX: Final = 36
_CONDITION_MAX: Final = 64
#: What a radio can mean, and a status frame say.
_RSSI_DBM: Final = range(-127, 21)


class Strap:
    """One wearable.

    Parameters
    ----------
    name : str
        As it calls itself.
    has_ecg : bool
        Whether it sends ECG.
    """

    def __init__(self, name: str, *, has_ecg: bool) -> None:
        self.timeline: Final = Timeline()
        self.watch: Final = WearWatch()
        self._name: Final = shown(name)[:_NAME_MAX]
        self._has_ecg: Final = has_ecg
        self._pulses: list[Item] = []
        self._battery: int | None = None
        self._rssi_dbm: int | None = None
        self._wear = Wear.UNKNOWN
        self._new_wear = Wear.UNKNOWN
        self._new_wear_us = 0
        self._told: Condition | None = None

    def take(self, reading: Reading, arrival: Arrival) -> list[Item]:
        """Take what the wearable says; return what is to be handed out."""
        items: list[Item] = []
        if isinstance(reading, EcgPacket):
            flags = self.watch.look(reading)
            items += self.timeline.take(reading, arrival, flags)
        elif isinstance(reading, HeartRate):
            self.watch.hear(reading)
            for at in range(0, max(1, len(reading.rr_ms)), _RR_MAX):
                rr_ms = reading.rr_ms[at : at + _RR_MAX]
                self._pulses.append(Pulse(arrival.utc_us, reading.bpm, rr_ms, int(reading.contact)))
        elif isinstance(reading, Battery):
            self._battery = reading.percent
        if items or not self._has_ecg or len(self._pulses) >= _PULSES_MAX:
            items = [*self._pulses, *items]
            self._pulses = []
        self._settle(arrival)
        return items + self._condition(f"{self._name}, {self._wear}")

    def connected(self, rssi_dbm: int | None) -> list[Item]:
        """Take that there is a connection, and how strong its signal is."""
        # Some systems say 127 where they do not know.
        self._rssi_dbm = rssi_dbm if rssi_dbm is not None and rssi_dbm in _RSSI_DBM else None
        return self._condition(f"{self._name}, connected")

    def disconnected(self, why: str) -> list[Item]:
        """Take that there is no connection: what is held is handed out."""
        items = [*self._pulses, *self.timeline.flush()]
        self._pulses = []
        self._rssi_dbm = None
        self._wear = self._new_wear = Wear.UNKNOWN
        return items + self._condition(f"{self._name}, {why}")

    def _settle(self, arrival: Arrival) -> None:
        wear = self.watch.wear
        if wear is not self._new_wear:
            self._new_wear, self._new_wear_us = wear, arrival.monotonic_us
        is_steady = arrival.monotonic_us - self._new_wear_us >= _STEADY_US
        if is_steady or self._wear is Wear.UNKNOWN:
            self._wear = wear

    def _condition(self, words: str) -> list[Item]:
        condition = Condition(shown(words)[:_CONDITION_MAX], self._battery, self._rssi_dbm)
        if condition == self._told:
            return []
        self._told = condition
        return [condition]
