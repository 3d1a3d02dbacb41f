"""Two that claim to be one device: who is heard, and who is refused.  Pure: the clocks are arguments.

A device that starts again begins a new boot, and sends what is left of the old one beside it: that is no quarrel. Two
devices with one credential are: both record at the same time. It shows when a boot delivers signal that was recorded
after another boot had been heard of. The one that was heard of first is believed, the other refused until the first has
been silent for a while; what is refused is not confirmed, so it stays in its sender's outbox.

Only signal that is live by the server's clock says when it was recorded: a clock that is wrong by a day accuses nobody.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

#: A device's clock that is wrong by less counts as right, microseconds.
CLOCK_MAX_US: Final = 30_000_000
#: A boot that was silent for so long leaves its place to another, microseconds.
SILENT_AFTER_US: Final = 60_000_000
#: Boots remembered of one device; the one that was silent for longest is forgotten first.
BOOTS_MAX: Final = 4


@dataclass(slots=True)
class _Boot:
    first_us: int
    heard_us: int
    #: When the last live signal was heard, and the end of it by the device's clock; 0 for none yet.
    live_us: int = 0
    t_end_us: int = 0


@dataclass(slots=True)
class _Device:
    boots: dict[int, _Boot] = field(default_factory=dict)


class Refusal(NamedTuple):
    """A boot that is refused, and the one that is believed."""

    refused: int
    believed: int


class Claims:
    """Remembers, of each device, the boots that were heard of lately.

    Parameters
    ----------
    most : int
        Most devices remembered; the one that was first heard of is forgotten first, and begins anew.
    """

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._devices: Final[dict[str, _Device]] = {}

    def hear(self, device: str, boot_id: int, first_us: int, t_end_us: int, received_us: int) -> Refusal | None:
        """Take in the newest frame of a boot, and return whether the boot is refused.

        Parameters
        ----------
        first_us : int
            When the boot was first heard of, by the server's clock, UTC microseconds.
        t_end_us : int
            End of the frame's signal, by the device's clock.
        received_us : int
            When it arrived, by the server's clock.
        """
        known = self._devices.get(device)
        if known is None:
            known = self._devices[device] = _Device()
            if len(self._devices) > self._most:
                del self._devices[next(iter(self._devices))]
        boot = known.boots.get(boot_id)
        if boot is None:
            boot = known.boots[boot_id] = _Boot(first_us, received_us)
            _forget_silent(known, boot_id)
        boot.heard_us = received_us
        if abs(received_us - t_end_us) <= CLOCK_MAX_US:
            boot.live_us = received_us
            boot.t_end_us = max(boot.t_end_us, t_end_us)
        if len(known.boots) == 1:
            return None
        return _judge(known, boot_id, received_us)

    def forget(self, device: str) -> None:
        """Forget a device: another process hears it now."""
        self._devices.pop(device, None)

    def __len__(self) -> int:
        """Return how many devices are remembered."""
        return len(self._devices)


def _forget_silent(device: _Device, kept: int) -> None:
    while len(device.boots) > BOOTS_MAX:
        others = (boot_id for boot_id in device.boots if boot_id != kept)
        del device.boots[min(others, key=lambda boot_id: device.boots[boot_id].heard_us)]


def _judge(device: _Device, boot_id: int, now_us: int) -> Refusal | None:
    """Return whether an older boot still records, so that this one cannot be the same device."""
    boot = device.boots[boot_id]
    for other_id, other in device.boots.items():
        if (other.first_us, other_id) >= (boot.first_us, boot_id):
            continue
        records_beside = other.t_end_us > boot.first_us + CLOCK_MAX_US
        if records_beside and now_us - other.live_us < SILENT_AFTER_US:
            return Refusal(boot_id, other_id)
    return None
