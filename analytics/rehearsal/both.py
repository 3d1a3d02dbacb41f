"""A patient's signal analysed twice at once: with the limits that are his, and with those that he might get.  Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from analytics.analysis import Analysis, CallChange, Findings
from analytics.checkpoints import Limits
from analytics.ordering import Frame

#: What the second analysis calls a device: no device has such a name.
_OTHER: Final = "'"
_ENDED: Final = "stretch_ended"


class Ring(NamedTuple):
    """An alarm that a person would have been told; `end_us` is None where only the signal ended."""

    device_id: str
    call: str
    onset_us: int
    end_us: int | None


class Both:
    """The two analyses, and what each has raised so far.

    Parameters
    ----------
    now, then : Limits
        The patient's limits, and those that are tried.
    """

    def __init__(self, now: Limits, then: Limits) -> None:
        self._analysis: Final = Analysis()
        self._limits: Final = (now, then)
        self._rings: Final[tuple[dict[Ring, Ring], dict[Ring, Ring]]] = ({}, {})
        self._devices: Final[set[str]] = set()
        self.signal_us = 0

    def take(self, frames: Sequence[Frame]) -> None:
        """Analyse what comes next, in the order of time."""
        both = [twin for frame in frames for twin in (frame, replace(frame, device_id=frame.device_id + _OTHER))]
        for frame in both:
            if frame.device_id not in self._devices:
                self._devices.add(frame.device_id)
                self._analysis.begin(frame.device_id, at=frame)
                self._analysis.set_limits(frame.device_id, self._limits[frame.device_id.endswith(_OTHER)])
        self._note(self._analysis.analyse(both))
        self.signal_us += sum(frame.duration_us for frame in frames)

    def end(self) -> None:
        """Nothing more comes."""
        for device in sorted(self._devices):
            self._note(self._analysis.end(device, _ENDED))

    def rings(self) -> tuple[list[Ring], list[Ring]]:
        """Return what rang with the limits of now, and with those that are tried, in the order of time."""
        now, then = (sorted(found.values(), key=lambda ring: ring.onset_us) for found in self._rings)
        return now, then

    def lasts(self, begin_us: int, end_us: int) -> bool:
        """Whether something that began within the stretch has no end yet."""
        return any(
            begin_us <= ring.onset_us < end_us and ring.end_us is None
            for found in self._rings
            for ring in found.values()
        )

    def _note(self, findings: Findings) -> None:
        for change in findings.changes:
            self._add(change)

    def _add(self, change: CallChange) -> None:
        """Keep what was raised; what a greater call hid from its beginning on never rang."""
        found = self._rings[change.device_id.endswith(_OTHER)]
        key = Ring(change.device_id.removesuffix(_OTHER), change.call, change.onset_us, None)
        if change.kind == "raised":
            found.setdefault(key, key)
        elif key in found and change.detail.get("reason") != _ENDED:
            found[key] = key._replace(end_us=max(change.onset_us, change.end_us or change.at_us))


def within(rings: Iterable[Ring], begin_us: int, end_us: int) -> list[Ring]:
    """Return those that began in a stretch; the end is not in it."""
    return [ring for ring in rings if begin_us <= ring.onset_us < end_us]
