"""Which alarms are alike: one patient's, of one call, of about the same rate and height of beats.  Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

#: Rates this near, and heights of beats this near, are alike: parts of the greater.
_RATE_NEAR: Final = 0.1
_HEIGHT_NEAR: Final = 0.25


class Looks(NamedTuple):
    """What an alarm is compared by; ``None`` where no beat is known."""

    patient_id: int
    call: str
    bpm: float | None
    amplitude_mv: float | None


def group_alike(alarms: Sequence[Looks]) -> list[int]:
    """Return for each alarm the index of the first that it is like: itself, or an earlier one.

    It is compared with the first of each group, so that a group does not drift from what it began with.
    """
    groups: dict[tuple[int, str], list[int]] = {}
    found = []
    for place, alarm in enumerate(alarms):
        firsts = groups.setdefault((alarm.patient_id, alarm.call), [])
        like = next((first for first in firsts if _are_alike(alarms[first], alarm)), None)
        if like is None:
            firsts.append(like := place)
        found.append(like)
    return found


def _are_alike(one: Looks, other: Looks) -> bool:
    return _are_near(one.bpm, other.bpm, _RATE_NEAR) and _are_near(one.amplitude_mv, other.amplitude_mv, _HEIGHT_NEAR)


def _are_near(one: float | None, other: float | None, part: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= part * max(one, other)
