"""What other limits would have changed: alarms saved, alarms lost, alarms added.  Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from analytics.comparison import EpisodeAt, pair_episodes
from analytics.rehearsal.both import Ring
from heartwire.calls import CALLS, hidden_by

#: Alarms of each kind that are listed, at most; all are counted.
LISTED_MOST: Final = 200
#: Rings no further apart are of one event, microseconds.
_NEAR_US: Final = 1_000_000
_FOR_EVER_US: Final = 2**62
_VERDICT_RANK: Final = {"true": 0, "unsure": 1, None: 2, "false": 3}


class Told(NamedTuple):
    """An alarm that was raised in the stretch, and how it was reviewed."""

    alarm_id: int
    ring: Ring
    verdict: str | None
    note: str
    reviewer: str | None


class Listed(msgspec.Struct, frozen=True):
    """An alarm that the limits change.

    Attributes
    ----------
    alarm_id : int, optional
        The one that was raised then, with its review; ``None`` where none was.
    still : str, optional
        Call of an alarm about the same moment that the tried limits raise.
    """

    call: str
    device_id: str
    onset_us: int
    end_us: int | None
    alarm_id: int | None
    verdict: str | None
    note: str
    reviewer: str | None
    still: str | None


class CallOutcome(msgspec.Struct, frozen=True):
    """One call's counts.

    Attributes
    ----------
    rang : int
        Alarms that were raised in the stretch.
    now, tried : int
        What the engine raises again with the limits of now, and with those that are tried.
    saved, added : int
        Of `now` not in `tried`, and of `tried` not in `now`.
    saved_true, saved_false, saved_unsure : int
        Of those saved, how they were reviewed; the others were not.
    lost : int
        Reviewed true and saved, with nothing that still rings about that moment.
    not_repeated : int
        Of `rang`, those that the engine does not raise again with the limits of now: there were others then, or
        another engine.
    """

    call: str
    rang: int
    now: int
    tried: int
    saved: int
    added: int
    saved_true: int
    saved_false: int
    saved_unsure: int
    lost: int
    not_repeated: int


class Outcome(msgspec.Struct, frozen=True):
    """All of a rehearsal; what would be lost comes first."""

    engine: str
    signal_us: int
    calls: list[CallOutcome]
    saved: list[Listed]
    added: list[Listed]


def compare_rings(
    now: Sequence[Ring], then: Sequence[Ring], told: Sequence[Told], signal_us: int, engine: str
) -> Outcome:
    """Say what the tried limits change.

    Parameters
    ----------
    now, then : sequence of Ring
        What both analyses raised in the stretch.
    told : sequence of Told
        What was raised then, of the live analysis.
    """
    saved, added = [], []
    for ours, theirs in _pair(now, then):
        if theirs is None and ours is not None:
            saved.append(ours)
        elif ours is None and theirs is not None:
            added.append(theirs)
    by_ring = {
        ours: alarm
        for ours, alarm in _pair(now, [alarm.ring for alarm in told])
        if ours is not None and alarm is not None
    }
    alarms = {alarm.ring: alarm for alarm in told}
    repeated = set(by_ring.values())
    listed = [_list(ring, alarms.get(by_ring[ring]) if ring in by_ring else None, then) for ring in saved]
    more = [_list(ring, None, ()) for ring in added]
    calls = {ring.call for ring in (*now, *then, *alarms)}
    outcomes = [
        CallOutcome(
            call=call,
            rang=_count(alarms, call),
            now=_count(now, call),
            tried=_count(then, call),
            saved=_count(saved, call),
            added=_count(added, call),
            saved_true=sum(each.call == call and each.verdict == "true" for each in listed),
            saved_false=sum(each.call == call and each.verdict == "false" for each in listed),
            saved_unsure=sum(each.call == call and each.verdict == "unsure" for each in listed),
            lost=sum(each.call == call and _is_lost(each) for each in listed),
            not_repeated=sum(ring.call == call and ring not in repeated for ring in alarms),
        )
        for call in CALLS
        if call in calls
    ]
    listed.sort(key=lambda each: (not _is_lost(each), _VERDICT_RANK.get(each.verdict, 2), each.onset_us))
    return Outcome(engine, signal_us, outcomes, listed[:LISTED_MOST], more[:LISTED_MOST])


def _pair(ours: Iterable[Ring], theirs: Iterable[Ring]) -> list[tuple[Ring | None, Ring | None]]:
    """Pair rings of one device and call that overlap or nearly so, each in one pair at most."""
    groups: dict[tuple[str, str], tuple[list[Ring], list[Ring]]] = {}
    for side, rings in enumerate((ours, theirs)):
        for ring in rings:
            groups.setdefault((ring.device_id, ring.call), ([], []))[side].append(ring)
    return [
        (None if a is None else Ring(*a), None if b is None else Ring(*b))
        for own, other in groups.values()
        for a, b in pair_episodes((EpisodeAt(*ring) for ring in own), (EpisodeAt(*ring) for ring in other))
    ]


def _list(ring: Ring, alarm: Told | None, then: Iterable[Ring]) -> Listed:
    return Listed(
        call=ring.call,
        device_id=ring.device_id,
        onset_us=ring.onset_us,
        end_us=ring.end_us,
        alarm_id=None if alarm is None else alarm.alarm_id,
        verdict=None if alarm is None else alarm.verdict,
        note="" if alarm is None else alarm.note,
        reviewer=None if alarm is None else alarm.reviewer,
        still=_still(ring, then),
    )


def _still(ring: Ring, then: Iterable[Ring]) -> str | None:
    """Return what the tried limits raise about that moment, of this kind: itself, a greater call, or a lesser one."""
    kinds = [ring.call, *sorted(hidden_by(ring.call)), *(CALLS[ring.call].implies if ring.call in CALLS else ())]
    about = {
        each.call
        for each in then
        if each.device_id == ring.device_id
        and each.onset_us <= _end_us(ring) + _NEAR_US
        and ring.onset_us <= _end_us(each) + _NEAR_US
    }
    return next((call for call in kinds if call in about), None)


def _is_lost(listed: Listed) -> bool:
    return listed.verdict == "true" and listed.still is None


def _count(rings: Iterable[Ring], call: str) -> int:
    return sum(ring.call == call for ring in rings)


def _end_us(ring: Ring) -> int:
    return _FOR_EVER_US if ring.end_us is None else ring.end_us
