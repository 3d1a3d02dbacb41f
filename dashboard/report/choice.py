"""Which stretches of the period are shown as strips.  Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dashboard.report.content import Candidate, Extreme, Felt
from heartwire.calls import CALLS, Priority

#: Alarms of one call that may be shown, at most.
EACH: Final = 2
#: Rows of paper are so long, and begin so long before what they show.
ROW_S: Final = 7.0
_BEFORE_S: Final = 2.0
#: Strips of alarms and of symptoms, at most: a report is read, not leafed through.
_ALARMS_MOST: Final = 14
_SYMPTOMS_MOST: Final = 6
_US: Final = 1_000_000
_RANK: Final = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class Wanted(NamedTuple):
    """A stretch, and why: see `dashboard.report.content.Strip`."""

    reason: str
    begin_us: int
    end_us: int
    alarm: Candidate | None = None
    felt: Felt | None = None
    bpm: float | None = None


def choose_strips(
    candidates: Sequence[Candidate],
    symptoms: Sequence[Felt],
    slowest: Extreme | None,
    fastest: Extreme | None,
    first_us: int | None,
) -> list[Wanted]:
    """Return the strips in the order in which they are shown: alarms by gravity, symptoms, then the usual rhythm.

    What is of high priority gets two rows, and both of the call's alarms; of the others, one each.
    """
    chosen: list[Wanted] = []
    seen: set[str] = set()
    for alarm in sorted(candidates, key=lambda each: (_rank(each), each.onset_us)):
        is_high = _rank(alarm) == _RANK[Priority.HIGH]
        if len(chosen) == _ALARMS_MOST or (alarm.call in seen and not is_high):
            continue
        seen.add(alarm.call)
        begin_us = alarm.onset_us - round(_BEFORE_S * _US)
        rows = 2 if is_high else 1
        chosen.append(Wanted("alarm", begin_us, begin_us + round(rows * ROW_S * _US), alarm=alarm))
    for felt in symptoms[:_SYMPTOMS_MOST]:
        # What is felt was there before the button was found.
        begin_us = felt.at_us - round((ROW_S - _BEFORE_S) * _US)
        chosen.append(Wanted("symptom", begin_us, begin_us + round(ROW_S * _US), felt=felt))
    usual = [("slowest", slowest), ("fastest", fastest)]
    chosen += [_within(reason, each.at_us, each.bpm) for reason, each in usual if each is not None]
    if not chosen and first_us is not None:
        chosen.append(_within("first", first_us, None))
    return chosen


def _within(reason: str, minute_us: int, bpm: float | None) -> Wanted:
    """Return a row out of the middle of a minute."""
    begin_us = minute_us + 25 * _US
    return Wanted(reason, begin_us, begin_us + round(ROW_S * _US), bpm=bpm)


def _rank(alarm: Candidate) -> int:
    return _RANK[CALLS[alarm.call].priority] if alarm.call in CALLS else len(_RANK)
