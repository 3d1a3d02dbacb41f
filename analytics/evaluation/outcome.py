"""All figures of an evaluation: record by record, gross, average."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from analytics.evaluation import challenge_2015, challenge_2017
from analytics.evaluation.annotations import AF_RHYTHMS, NOISE_RHYTHMS, Annotations
from analytics.evaluation.beats import LEARNING, LEARNING_S, SCORED, Counts, Matrix, compare, get_qrs, get_sveb, get_veb
from analytics.evaluation.challenge_2015 import AlarmCounts, MonitorAlarm
from analytics.evaluation.challenge_2017 import AfRecords
from analytics.evaluation.confirmation import FalseAlarms, count_false_alarms
from analytics.evaluation.episodes import Episodes, Seconds, compare_episodes, count_seconds, get_delays
from analytics.evaluation.heart_rate import get_rates
from analytics.evaluation.run import Analysed
from analytics.evaluation.runs import Runs, compare_supraventricular_runs, compare_ventricular_runs
from analytics.rows import Floats

_T = TypeVar("_T")


class Figures(NamedTuple):
    """Figures of a record, or of many added up; ``None`` where the annotations do not tell.

    Attributes
    ----------
    scored, learning : Matrix or None
        Beats by class, after the first five minutes and in them.
    classes : Matrix or None
        As `scored`, of records whose annotations tell classes.
    af, vf : Episodes or None
        Atrial fibrillation after the first five minutes, ventricular fibrillation in the whole record: records that
        have it are short.
    vf_delays_s : tuple of (float or None)
        From the onset of each annotated ventricular fibrillation to its alarm.
    rates : (n, 2) float64
        Heart rate annotated and found, 1/min.
    """

    scored: Matrix | None = None
    learning: Matrix | None = None
    classes: Matrix | None = None
    ventricular_runs: Runs | None = None
    supraventricular_runs: Runs | None = None
    af: Episodes | None = None
    vf: Episodes | None = None
    vf_seconds: Seconds | None = None
    vf_delays_s: tuple[float | None, ...] = ()
    rates: Floats = np.zeros((0, 2))

    @property
    def qrs(self) -> Counts | None:
        """All beats."""
        return None if self.scored is None else get_qrs(self.scored)

    @property
    def qrs_learning(self) -> Counts | None:
        """All beats of the first five minutes."""
        return None if self.learning is None else get_qrs(self.learning)

    @property
    def veb(self) -> Counts | None:
        """Ventricular ectopic beats."""
        return None if self.classes is None else get_veb(self.classes)

    @property
    def sveb(self) -> Counts | None:
        """Supraventricular ectopic beats."""
        return None if self.classes is None else get_sveb(self.classes)

    def plus(self, other: "Figures") -> "Figures":
        """Add up, for gross statistics."""
        return Figures(
            _add(self.scored, other.scored, np.add),
            _add(self.learning, other.learning, np.add),
            _add(self.classes, other.classes, np.add),
            _add(self.ventricular_runs, other.ventricular_runs, Runs.plus),
            _add(self.supraventricular_runs, other.supraventricular_runs, Runs.plus),
            _add(self.af, other.af, Episodes.plus),
            _add(self.vf, other.vf, Episodes.plus),
            _add(self.vf_seconds, other.vf_seconds, Seconds.plus),
            self.vf_delays_s + other.vf_delays_s,
            np.concatenate([self.rates, other.rates]),
        )


def _add(mine: _T | None, its: _T | None, plus: Callable[[_T, _T], _T]) -> _T | None:
    if mine is None or its is None:
        return its if mine is None else mine
    return plus(mine, its)


def add_up(figures: Iterable[Figures]) -> Figures:
    """Return gross figures."""
    gross = Figures()
    for each in figures:
        gross = gross.plus(each)
    return gross


def score(reference: Annotations, each: Analysed) -> Figures:
    """Return the figures of one record."""
    found = each.annotations
    figures = Figures()
    excluded = reference.get_spans(NOISE_RHYTHMS)
    if len(reference.beats_s):
        scored = compare(reference, found, [SCORED])
        figures = figures._replace(
            scored=scored, learning=compare(reference, found, [LEARNING]), rates=get_rates(reference, found)
        )
        if reference.has_classes:
            figures = figures._replace(
                classes=scored,
                ventricular_runs=compare_ventricular_runs(reference, found),
                supraventricular_runs=compare_supraventricular_runs(reference, found),
            )
    if reference.has_rhythms:
        spans = (reference.get_spans(AF_RHYTHMS), found.get_spans(AF_RHYTHMS))
        figures = figures._replace(af=compare_episodes(*spans, (LEARNING_S, reference.seconds), excluded))
    if reference.has_vf:
        raised = [
            (alarm.raised_s, float("inf") if alarm.ended_s is None else alarm.ended_s)
            for alarm in each.alarms
            if alarm.call == "ventricular_fibrillation"
        ]
        figures = figures._replace(
            vf=compare_episodes(reference.vf_s, found.vf_s, (0.0, reference.seconds), excluded),
            vf_seconds=count_seconds(reference.vf_s, found.vf_s, reference.seconds, excluded),
            vf_delays_s=tuple(get_delays(reference.vf_s, raised)),
        )
    return figures


class NoiseFigures(NamedTuple):
    """Gross beats by class at one signal-to-noise ratio: all after five minutes, and the noisy stretches alone."""

    snr_db: float
    scored: Matrix
    noisy: Matrix


@dataclass(slots=True)
class Outcome:
    """What an evaluation gave.

    Attributes
    ----------
    database : str
        Name of the folder.
    analysed : list of Analysed
    references : dict of str to Annotations
        What is annotated, by record.
    figures : dict of str to Figures
        By record.
    monitor_alarms, classes : dict
        What the files ALARMS and REFERENCE.csv say, by record.
    noise : list of NoiseFigures
    noise_name : str
        The noise record.
    engine_s : float
        Time in the engine alone.
    """

    database: str
    analysed: list[Analysed] = field(default_factory=list)
    references: dict[str, Annotations] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=dict)
    monitor_alarms: dict[str, MonitorAlarm] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    noise: list[NoiseFigures] = field(default_factory=list)
    noise_name: str = ""
    engine_s: float = 0.0

    @property
    def gross(self) -> Figures:
        """All records added up."""
        return add_up(self.figures[each.record.name] for each in self.analysed if each.record.name in self.figures)

    def get_average(self, of: Callable[[Figures], float | None]) -> float | None:
        """Return the mean of a figure over the records that have it."""
        values = [value for each in self.figures.values() if (value := of(each)) is not None]
        return float(np.mean(values)) if values else None

    @property
    def false_alarms(self) -> dict[str, FalseAlarms]:
        """Alarms by call, and which the annotations do not confirm."""
        return count_false_alarms(
            (each.alarms, self.references.get(each.record.name), each.record.seconds) for each in self.analysed
        )

    @property
    def verdicts(self) -> list[tuple[str, MonitorAlarm, bool]]:
        """The record, what its monitor called, and whether the engine had it too."""
        return [
            (name, alarm, challenge_2015.is_found(alarm.call, each.alarms, each.hidden))
            for each in self.analysed
            if (alarm := self.monitor_alarms.get(name := each.record.name)) is not None
        ]

    @property
    def alarm_counts(self) -> dict[str, AlarmCounts]:
        """Monitor alarms by call; all of them under an empty name."""
        verdicts = self.verdicts
        groups: dict[str, Sequence[tuple[str, MonitorAlarm, bool]]] = {"": verdicts} if verdicts else {}
        for call in challenge_2015.CALLS.values():
            if mine := [each for each in verdicts if each[1].call == call]:
                groups[call] = mine
        return {
            call: challenge_2015.count_alarms([(alarm, found) for _, alarm, found in mine])
            for call, mine in groups.items()
        }

    @property
    def coverage(self) -> list[tuple[str, float]]:
        """Annotated class of each record, and which part of it the engine takes for atrial fibrillation."""
        return [
            (self.classes[each.record.name], challenge_2017.get_coverage(each.annotations))
            for each in self.analysed
            if each.record.name in self.classes
        ]

    @property
    def af_records(self) -> AfRecords | None:
        """Records by atrial fibrillation, where a class of each is annotated."""
        coverage = self.coverage
        return challenge_2017.count_records(coverage) if coverage else None
