"""Alarms of an intensive care unit, true or false, as the PhysioNet/CinC Challenge 2015 scores them.

In real time (event 1): the monitor's alarm comes at 5:00, and only what is before it is analysed. The engine takes an
alarm for true when it had that call raised within the last ten seconds before, or still raised then. A finding that a
greater call hid counts: the engine had it. Ventricular tachycardia is none in place of flutter or fibrillation.
Source: Clifford et al., doi:10.1088/0967-3334/37/8/E5 (2016), https://physionet.org/content/challenge-2015/.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from analytics.evaluation.records import UnreadableRecordError
from analytics.evaluation.run import Alarm

ALARM_S: Final = 300.0
#: By the Challenge's rules the event is within 10 s before the alarm.
_BEFORE_S: Final = 10.0
CALLS: Final[Mapping[str, str]] = {
    "Asystole": "asystole",
    "Bradycardia": "extreme_bradycardia",
    "Tachycardia": "extreme_tachycardia",
    "Ventricular_Flutter_Fib": "ventricular_fibrillation",
    "Ventricular_Tachycardia": "ventricular_tachycardia",
}


class MonitorAlarm(NamedTuple):
    """What the monitor called, and whether experts found it true."""

    call: str
    is_true: bool


class AlarmCounts(NamedTuple):
    """Alarms by what experts and the engine said."""

    tp: int
    fp: int
    tn: int
    fn: int

    @property
    def score(self) -> float | None:
        """100 (TP + TN) / (TP + TN + FP + 5 FN); ``None`` without alarms."""
        weight = self.tp + self.tn + self.fp + 5 * self.fn
        return 100 * (self.tp + self.tn) / weight if weight else None


def read_monitor_alarms(directory: Path) -> dict[str, MonitorAlarm]:
    """Return by record what the file ALARMS says; nothing where there is no such file.

    Raises
    ------
    UnreadableRecordError
        For a line that is not ``record,call,0 or 1``.
    """
    listed = directory / "ALARMS"
    if not listed.is_file():
        return {}
    alarms = {}
    for line in listed.read_text(encoding="utf-8").split():
        parts = line.split(",")
        if len(parts) != 3 or parts[1] not in CALLS or parts[2] not in {"0", "1"}:
            raise UnreadableRecordError(f"{listed}: {line!r}, wanted record,call,0 or 1 with one of {', '.join(CALLS)}")
        alarms[parts[0]] = MonitorAlarm(CALLS[parts[1]], parts[2] == "1")
    return alarms


def is_found(call: str, alarms: Sequence[Alarm], hidden: Sequence[Alarm]) -> bool:
    """Tell whether the engine had the call when the monitor's alarm came."""
    if any(each.call == call and _is_late_enough(each) for each in alarms):
        return True
    covers = {each.call for each in alarms if _is_late_enough(each)}
    return any(
        each.call == call
        and each.raised_s <= ALARM_S
        and (each.raised_s >= ALARM_S - _BEFORE_S or each.hidden_by in covers)
        for each in hidden
    )


def _is_late_enough(alarm: Alarm) -> bool:
    return alarm.raised_s <= ALARM_S and (alarm.ended_s is None or alarm.ended_s >= ALARM_S - _BEFORE_S)


def count_alarms(verdicts: Sequence[tuple[MonitorAlarm, bool]]) -> AlarmCounts:
    """Count (what experts said, what the engine found)."""
    cells = [(alarm.is_true, found) for alarm, found in verdicts]
    return AlarmCounts(
        cells.count((True, True)), cells.count((False, True)), cells.count((False, False)), cells.count((True, False))
    )
