"""Runs the engine over a folder of records, scores what it finds, and again with noise mixed in."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation import challenge_2015, challenge_2017, noise_stress
from analytics.evaluation.annotations import read_annotations
from analytics.evaluation.beats import SCORED, compare
from analytics.evaluation.outcome import NoiseFigures, Outcome, score
from analytics.evaluation.records import EcgRecord, UnreadableRecordError
from analytics.evaluation.run import Analysed, Job, Session, Source, run
from analytics.rows import Floats


class Watcher(NamedTuple):
    """Who is told of the progress.

    Attributes
    ----------
    on_begin : function
        Called with what the records go through now, and how many there are.
    on_record : function
        Called with each record of the run without noise.
    on_step : function
        Called when a record is through, noise or not.
    on_samples : function
        Called with the number of samples analysed so far.
    """

    on_begin: Callable[[str, int], None] = lambda _what, _total: None
    on_record: Callable[[Analysed], None] = lambda _: None
    on_step: Callable[[], None] = lambda: None
    on_samples: Callable[[int], None] = lambda _: None


_NOBODY: Final = Watcher()


class NoiseTest(NamedTuple):
    """What to mix in, and at which ratios (dB)."""

    noise: noise_stress.Noise
    snr_db: tuple[float, ...]


def evaluate(
    directory: Path,
    names: Sequence[str],
    lead: str | None = None,
    noise_test: NoiseTest | None = None,
    watcher: Watcher = _NOBODY,
) -> tuple[Outcome, list[str]]:
    """Return the outcome, and one sentence for each thing that could not be read.

    Parameters
    ----------
    lead : str or None
        See `open_record`.

    Raises
    ------
    UnreadableRecordError
        When ALARMS or REFERENCE.csv cannot be read.
    """
    outcome = Outcome(
        directory.resolve().name,
        monitor_alarms=challenge_2015.read_monitor_alarms(directory),
        classes=challenge_2017.read_classes(directory),
    )
    problems: list[str] = []
    until_s = challenge_2015.ALARM_S if outcome.monitor_alarms else None

    def take(each: Analysed) -> None:
        _take(outcome, each, problems)
        watcher.on_step()
        watcher.on_record(each)

    watcher.on_begin(outcome.database, len(names))
    session = run(Source(directory, lead, until_s), [Job(name) for name in names], take, watcher.on_samples)
    outcome.engine_s = session.engine_s
    outcome.analysed.sort(key=lambda each: names.index(each.record.name))
    problems = session.problems + problems
    if noise_test is not None:
        outcome.noise_name = noise_test.noise.name
        noisy = _run_noisy(outcome, Source(directory, lead), noise_test, watcher)
        problems += [f"{problem}, with noise" for problem in dict.fromkeys(noisy.problems)]
        if not noisy.analysed:
            problems.append("no record to mix noise into: the size of the QRS is measured at annotated normal beats")
            return outcome, problems
        outcome.noise = [_score_noisy(outcome, noisy, snr_db) for snr_db in noise_test.snr_db]
    return outcome, problems


def _take(outcome: Outcome, each: Analysed, problems: list[str]) -> None:
    outcome.analysed.append(each)
    try:
        reference = read_annotations(each.record)
    except UnreadableRecordError as error:
        problems.append(str(error))
        return
    if reference is not None:
        outcome.references[each.record.name] = reference
        outcome.figures[each.record.name] = score(reference, each)


def _run_noisy(outcome: Outcome, source: Source, noise_test: NoiseTest, watcher: Watcher) -> Session:
    """Analyse all records at all ratios at once: the engine is quickest when it has many rows."""

    @functools.cache
    def get_qrs_mv(record: EcgRecord) -> float:
        return noise_stress.measure_qrs(record, outcome.references[record.name])

    def get_noise_mv(record: EcgRecord, snr_db: float) -> Floats:
        return noise_stress.mix(noise_test.noise, record, get_qrs_mv(record), snr_db)

    names = [
        each.record.name
        for each in outcome.analysed
        if each.record.name in outcome.references and len(outcome.references[each.record.name].beats_s)
    ]
    jobs = [Job(name, snr_db) for name in names for snr_db in noise_test.snr_db]
    watcher.on_begin(f"with noise {noise_test.noise.name}", len(jobs))
    return run(source._replace(get_noise_mv=get_noise_mv), jobs, lambda _: watcher.on_step(), watcher.on_samples)


def _score_noisy(outcome: Outcome, session: Session, snr_db: float) -> NoiseFigures:
    scored, noisy = np.zeros((6, 6), np.int64), np.zeros((6, 6), np.int64)
    for each in session.analysed:
        if each.snr_db == snr_db:
            reference, found = outcome.references[each.record.name], each.annotations
            scored += compare(reference, found, [SCORED])
            noisy += compare(reference, found, noise_stress.get_noisy_spans(each.record.seconds))
    return NoiseFigures(snr_db, scored, noisy)
