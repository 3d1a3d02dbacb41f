"""How much signal frames bring to each minute.  Pure.

Counted from frames as they are read, in the commit that moves the cursor past them: so each frame counts once,
whatever is killed or read again, and a frame that nobody could analyse counts all the same.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from analytics.ordering import Frame

_MINUTE_US: Final = 60_000_000


class EcgMinute(NamedTuple):
    """One minute of one lead; `minute_s` is its beginning, UTC seconds."""

    patient_id: int
    tenant_id: int
    device_id: str
    lead: str
    minute_s: int


NO_SIGNAL: Final[Mapping[EcgMinute, int]] = MappingProxyType({})


def signal_by_minute(frames: Iterable[Frame]) -> dict[EcgMinute, int]:
    """Return the length of the frames in each minute, microseconds; one that crosses a border is cut there."""
    found: dict[EcgMinute, int] = {}
    for frame in frames:
        begin_us, end_us = frame.t0_us, frame.t_end_us
        while begin_us < end_us:
            minute = begin_us // _MINUTE_US
            until_us = min(end_us, (minute + 1) * _MINUTE_US)
            key = EcgMinute(frame.patient_id, frame.tenant_id, frame.device_id, frame.lead, minute * 60)
            found[key] = found.get(key, 0) + until_us - begin_us
            begin_us = until_us
    return found
