"""Numbers of alarms, from counts of those that are alike in all that is asked about them.  Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

from dashboard.statistics.suggestion import DIRECTIONS, LEAST_RINGS, Suggestion
from heartwire.calls import CALLS

#: Patients, and limits, that are named.
WORST: Final = 10
SHIFTS: Final[tuple[Literal["early", "late", "night"], ...]] = ("early", "late", "night")
_Key = TypeVar("_Key")


class Told(NamedTuple):
    """Alarms of one patient, call, priority, verdict and shift; `after_s` are seconds until each was acknowledged."""

    patient_id: int | None
    call: str
    priority: str
    verdict: str | None
    shift: int
    n: int
    n_acknowledged: int
    after_s: Sequence[float]


class CallNumbers(msgspec.Struct, frozen=True):
    """One call's alarms: how reviewed, how many were acknowledged, and after how many seconds half of those were."""

    call: str
    n: int
    n_true: int
    n_false: int
    n_unsure: int
    n_acknowledged: int
    median_s: float | None


class PatientNumbers(msgspec.Struct, frozen=True):
    """One of the patients with most alarms, and the call that was most of them."""

    patient_id: int
    name: str
    ward: str
    n: int
    n_true: int
    n_false: int
    most: str


class ShiftNumbers(msgspec.Struct, frozen=True):
    """A shift, all days together: ``early`` from 6 h, ``late`` from 14 h, ``night`` from 22 h, in that zone."""

    shift: Literal["early", "late", "night"]
    high: int
    medium: int
    low: int
    n_true: int
    n_false: int


class LimitNumbers(msgspec.Struct, frozen=True):
    """One of the limits that rang most: its `name`, its `value` now, and whether that is the patient's own."""

    patient_id: int
    patient: str
    ward: str
    call: str
    name: str
    value: float
    unit: str
    is_own: bool
    n: int
    n_true: int
    n_false: int
    suggestion: Suggestion | None


class Named(NamedTuple):
    """A patient."""

    name: str
    ward: str


def by_call(told: Sequence[Told]) -> list[CallNumbers]:
    """Return each call's numbers, the most first."""
    order = {call: place for place, call in enumerate(CALLS)}
    found = [
        CallNumbers(
            call=call,
            n=_n(alike),
            n_true=_n(alike, "true"),
            n_false=_n(alike, "false"),
            n_unsure=_n(alike, "unsure"),
            n_acknowledged=sum(each.n_acknowledged for each in alike),
            median_s=_median([seconds for each in alike for seconds in each.after_s]),
        )
        for call, alike in _grouped(told, lambda each: each.call).items()
    ]
    return sorted(found, key=lambda each: (-each.n, order.get(each.call, len(order))))


def by_shift(told: Sequence[Told]) -> list[ShiftNumbers]:
    """Return the numbers of all shifts in the day's order."""
    groups = _grouped(told, lambda each: each.shift)
    found = []
    for number, shift in enumerate(SHIFTS):
        alike = groups.get(number, [])
        of = {
            priority: sum(each.n for each in alike if each.priority == priority)
            for priority in ("high", "medium", "low")
        }
        found.append(ShiftNumbers(shift, of["high"], of["medium"], of["low"], _n(alike, "true"), _n(alike, "false")))
    return found


def worst_patients(told: Sequence[Told]) -> list[tuple[int, list[Told]]]:
    """Return the patients with most alarms, and those."""
    groups = _grouped(told, lambda each: each.patient_id)
    named = [(patient_id, alike) for patient_id, alike in groups.items() if patient_id is not None]
    return sorted(named, key=lambda pair: (-_n(pair[1]), pair[0]))[:WORST]


def worst_limits(told: Sequence[Told]) -> list[tuple[int, str, list[Told]]]:
    """Return the patients and calls whose limit rang most, of those about which something can be suggested."""
    groups = _grouped(told, lambda each: (each.patient_id, each.call))
    found = [
        (patient_id, call, alike)
        for (patient_id, call), alike in groups.items()
        if patient_id is not None and call in DIRECTIONS and _n(alike) >= LEAST_RINGS
    ]
    return sorted(found, key=lambda each: (-_n(each[2]), each[0], each[1]))[:WORST]


def patient_numbers(patient_id: int, named: Named, alike: Sequence[Told]) -> PatientNumbers:
    """Return a patient's numbers."""
    calls: Counter[str] = Counter()
    for each in alike:
        calls[each.call] += each.n
    ((most, _),) = calls.most_common(1)
    return PatientNumbers(patient_id, *named, _n(alike), _n(alike, "true"), _n(alike, "false"), most)


def limit_numbers(
    patient_id: int, named: Named, call: str, own: float | None, alike: Sequence[Told], *, suggestion: Suggestion | None
) -> LimitNumbers:
    """Return a limit's numbers; `own` is the patient's, if there is one."""
    name = DIRECTIONS[call].name
    limit = CALLS[call].limits[name]
    value = limit.default if own is None else own
    counts = (_n(alike), _n(alike, "true"), _n(alike, "false"))
    return LimitNumbers(patient_id, *named, call, name, value, limit.unit, own is not None, *counts, suggestion)


def _grouped(told: Iterable[Told], key: Callable[[Told], _Key]) -> dict[_Key, list[Told]]:
    groups: dict[_Key, list[Told]] = {}
    for each in told:
        groups.setdefault(key(each), []).append(each)
    return groups


def _n(told: Iterable[Told], verdict: str | None = None) -> int:
    """Return how many, all or of one verdict."""
    return sum(each.n for each in told if verdict is None or each.verdict == verdict)


def _median(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None
