"""Many who go quiet at once go quiet for one reason: a network, a power cut, a gateway.  Pure.

Looked for where the way itself is well. Five devices or more of one hospital, and more than half of those that were
heard, whose last arrivals lie within ten seconds: one alarm of the hospital, and each of them is noted as quiet because
of it. It is over when no more than half of them are still missing; who is, has his normal time from then on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

SIGNALS_LOST: Final = "signals_lost"
#: Who was not heard for this time may be about to go quiet, microseconds.
_LATE_US: Final = 5_000_000
#: Last arrivals so close together have one reason, microseconds.
_TOGETHER_US: Final = 10_000_000
_MANY: Final = 5
_FEW: Final = 3


class Heard(NamedTuple):
    """A device that was heard before: its last arrival, and whether it is missing by its own limit now."""

    device_id: str
    patient_id: int
    received_us: int
    is_due: bool
    is_live: bool


@dataclass(slots=True)
class Loss:
    """Devices that went quiet together, since when."""

    onset_us: int
    members: frozenset[str]


class Losses:
    """What went quiet together, by hospital."""

    def __init__(self) -> None:
        self._losses: Final[dict[int, Loss]] = {}
        #: Where many are about to go quiet: nobody is told by himself meanwhile.
        self.suspects: Final[set[int]] = set()

    def look(
        self, now_us: int, heard: Mapping[int, Sequence[Heard]], told: Mapping[int, int]
    ) -> tuple[dict[int, Loss], set[int]]:
        """Return the losses that last, by tenant, and the tenants in which one is over.

        Parameters
        ----------
        heard : mapping of int to sequence of Heard
            By tenant.
        told : mapping of int to int
            By tenant, since when one is told already: microseconds.
        """
        self.suspects.clear()
        over = set()
        for tenant_id in told.keys() - heard.keys():
            over.add(tenant_id)
        for tenant_id, devices in heard.items():
            loss = self._losses.get(tenant_id)
            if loss is None and tenant_id in told:
                # Another process told of it, before this one began.
                loss = _since(told[tenant_id], devices)
            if loss is not None:
                if _is_over(loss, devices):
                    self._losses.pop(tenant_id, None)
                    over.add(tenant_id)
                else:
                    self._losses[tenant_id] = _joined(now_us, loss, devices)
                continue
            together = _together(now_us, devices)
            if together and any(device.is_due for device in together):
                self._losses[tenant_id] = Loss(
                    min(device.received_us for device in together), frozenset(device.device_id for device in together)
                )
            elif together:
                self.suspects.add(tenant_id)
        return dict(self._losses), over

    def forget(self) -> None:
        """Forget all: a fault of the way says more."""
        self._losses.clear()
        self.suspects.clear()

    def count(self, tenant_id: int, devices: Iterable[Heard]) -> int:
        """Return how many patients of a hospital are missing because of its loss."""
        loss = self._losses.get(tenant_id)
        return (
            0
            if loss is None
            else len({one.patient_id for one in devices if one.device_id in loss.members and not one.is_live})
        )


def by_tenant(heard: Iterable[tuple[int, Heard]]) -> dict[int, list[Heard]]:
    """Return devices by tenant."""
    found: defaultdict[int, list[Heard]] = defaultdict(list)
    for tenant_id, device in heard:
        found[tenant_id].append(device)
    return dict(found)


def _together(now_us: int, devices: Sequence[Heard]) -> list[Heard]:
    """Return those that stopped together, if they are many."""
    late = [device for device in devices if now_us - device.received_us >= _LATE_US]
    if not late:
        return []
    newest_us = max(device.received_us for device in late)
    together = [device for device in late if newest_us - device.received_us <= _TOGETHER_US]
    n_others = len(devices) - len(late)
    return together if len(together) >= _MANY and len(together) > n_others else []


def _since(onset_us: int, devices: Sequence[Heard]) -> Loss:
    return Loss(onset_us, frozenset(one.device_id for one in devices if not one.is_live and _is_of(onset_us, one)))


def _joined(now_us: int, loss: Loss, devices: Sequence[Heard]) -> Loss:
    """Return it with those who were the last to stop, and were not late yet when it was found."""
    late = {one.device_id for one in devices if now_us - one.received_us >= _LATE_US and _is_of(loss.onset_us, one)}
    return Loss(loss.onset_us, loss.members | late)


def _is_of(onset_us: int, device: Heard) -> bool:
    return 0 <= device.received_us - onset_us <= _TOGETHER_US


def _is_over(loss: Loss, devices: Sequence[Heard]) -> bool:
    missing = sum(one.device_id in loss.members and not one.is_live for one in devices)
    return missing < _FEW or 2 * missing <= len(loss.members)
