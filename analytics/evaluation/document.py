"""The document of ``--json``: percentages are numbers, what does not apply is left out."""

from typing import Any, Final

import numpy as np

from analytics.evaluation.beats import Counts, Matrix, get_qrs, get_veb
from analytics.evaluation.challenge_2015 import AlarmCounts
from analytics.evaluation.challenge_2017 import get_coverage
from analytics.evaluation.episodes import Episodes, Seconds
from analytics.evaluation.heart_rate import get_error
from analytics.evaluation.outcome import Figures, Outcome
from analytics.evaluation.run import Alarm, Analysed
from analytics.evaluation.runs import Runs, TwoSided
from analytics.rows import Floats
from heartwire.calls import CALLS

_DECIMALS: Final = 3


def get_document(outcome: Outcome) -> dict[str, Any]:
    """Return the document."""
    return _present(
        alarms=[_get_alarm(each, alarm) for each in outcome.analysed for alarm in each.alarms],
        records={each.record.name: _get_record(outcome, each) for each in outcome.analysed},
        gross=_get_gross(outcome),
        average=_get_average(outcome),
        false_alarms={
            call: _present(
                alarms=each.alarms,
                judged=each.judged,
                false=each.false if each.judged else None,
                false_per_patient_day=each.per_day,
                onset_to_alarm_s=get_spread(each.onset_to_alarm_s),
            )
            for call, each in outcome.false_alarms.items()
        },
        noise=[
            _present(
                snr_db=each.snr_db,
                noise=outcome.noise_name,
                qrs=_get_counts(get_qrs(each.scored)),
                veb=_get_counts(get_veb(each.scored)),
                qrs_noisy=_get_counts(get_qrs(each.noisy)),
                veb_noisy=_get_counts(get_veb(each.noisy)),
            )
            for each in outcome.noise
        ]
        or None,
    )


def _get_alarm(each: Analysed, alarm: Alarm) -> dict[str, Any]:
    return _present(
        record=each.record.name,
        call=alarm.call,
        priority=CALLS[alarm.call].priority.value,
        onset_s=alarm.onset_s,
        raised_s=alarm.raised_s,
        ended_s=alarm.ended_s,
        confidence=alarm.confidence,
    )


def _get_record(outcome: Outcome, each: Analysed) -> dict[str, Any]:
    name = each.record.name
    verdict = next(((alarm, found) for record, alarm, found in outcome.verdicts if record == name), None)
    return {
        **_get_figures(outcome.figures.get(name, Figures())),
        **_present(
            beats=len(each.beat_times_s),
            lead=each.record.lead,
            fs_hz=each.record.fs_hz,
            seconds=each.record.seconds,
            seconds_unanalysable=each.seconds_unanalysable,
            hidden=[
                _present(call=alarm.call, onset_s=alarm.onset_s, raised_s=alarm.raised_s, by=alarm.hidden_by)
                for alarm in each.hidden
            ]
            or None,
            monitor_alarm=None
            if verdict is None
            else _present(call=verdict[0].call, is_true=verdict[0].is_true, found=verdict[1]),
            af_class=outcome.classes.get(name),
            af_coverage=get_coverage(each.annotations) if name in outcome.classes else None,
        ),
    }


def _get_figures(figures: Figures) -> dict[str, Any]:
    error = get_error(figures.rates)
    return _present(
        qrs=_get_counts(figures.qrs),
        qrs_first_5_min=_get_counts(figures.qrs_learning),
        veb=_get_counts(figures.veb),
        sveb=_get_counts(figures.sveb),
        matrix=None if figures.classes is None else _get_matrix(figures.classes),
        ventricular_runs=_get_runs(figures.ventricular_runs),
        supraventricular_runs=_get_runs(figures.supraventricular_runs),
        af=_get_episodes(figures.af),
        vf=_join(_get_episodes(figures.vf), _get_seconds(figures), _get_vf_delays(figures)),
        heart_rate=None if error is None else _present(**error._asdict()),
    )


def _get_gross(outcome: Outcome) -> dict[str, Any]:
    counts, af = outcome.alarm_counts, outcome.af_records
    total = counts.get("")
    return {
        **_get_figures(outcome.gross),
        **_present(
            alarm_score=None
            if total is None
            else {
                **_get_alarm_counts(total),
                "by_call": {call: _get_alarm_counts(each) for call, each in counts.items() if call},
            },
            af_by_record=None
            if af is None
            else _present(se=af.se_percent, sp=af.sp_percent, f1=af.f1_percent, **af._asdict()),
        ),
    }


def _get_average(outcome: Outcome) -> dict[str, Any]:
    """Return the means of the records' own figures."""

    def get(path: str) -> float | None:
        return outcome.get_average(lambda figures: _get_rate(figures, path))

    beats = {
        name: _present(se=get(f"{kind}.se_percent"), ppv=get(f"{kind}.ppv_percent")) or None
        for name, kind in (("qrs", "qrs"), ("qrs_first_5_min", "qrs_learning"), ("veb", "veb"), ("sveb", "sveb"))
    }
    episodes = {
        name: _present(
            episode_se=get(f"{name}.counts.se_percent"),
            episode_ppv=get(f"{name}.counts.ppv_percent"),
            duration_se=get(f"{name}.duration_se_percent"),
            duration_ppv=get(f"{name}.duration_ppv_percent"),
        )
        or None
        for name in ("af", "vf")
    }
    return _present(**beats, **episodes)


def _get_rate(figures: Figures, path: str) -> float | None:
    """Return a percentage by the names on the way to it; ``None`` where one of them is nothing."""
    value: Any = figures
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return None if value is None else float(value)


def _get_counts(counts: Counts | None) -> dict[str, Any] | None:
    if counts is None or not any(counts):
        return None
    return _present(
        se=counts.se_percent,
        ppv=counts.ppv_percent,
        f1=counts.f1_percent,
        tp=counts.tp,
        fn=counts.fn,
        fp=counts.fp,
    )


def _get_matrix(matrix: Matrix) -> dict[str, dict[str, int]]:
    return {name: dict(zip("nsvfqo", row, strict=True)) for name, row in zip("NSVFQO", matrix.tolist(), strict=True)}


def _get_runs(runs: Runs | None) -> dict[str, Any] | None:
    if runs is None:
        return None
    return _present(**{name: _get_two_sided(each) for name, each in runs._asdict().items()}) or None


def _get_two_sided(counts: TwoSided) -> dict[str, Any] | None:
    if not any(counts):
        return None
    return _present(se=counts.se_percent, ppv=counts.ppv_percent, **counts._asdict())


def _get_episodes(episodes: Episodes | None) -> dict[str, Any] | None:
    if episodes is None or not any(episodes.counts):
        return None
    return _present(
        episode_se=episodes.counts.se_percent,
        episode_ppv=episodes.counts.ppv_percent,
        duration_se=episodes.duration_se_percent,
        duration_ppv=episodes.duration_ppv_percent,
        **episodes.counts._asdict(),
        annotated_s=episodes.reference_s,
        found_s=episodes.found_s,
    )


def _get_seconds(figures: Figures) -> dict[str, Any] | None:
    seconds: Seconds | None = figures.vf_seconds
    return None if seconds is None else _present(se_1s=seconds.se_percent, sp_1s=seconds.sp_percent)


def _get_vf_delays(figures: Figures) -> dict[str, Any] | None:
    told = np.array([delay for delay in figures.vf_delays_s if delay is not None], np.float64)
    spread = get_spread(told)
    return None if spread is None else {"onset_to_alarm_s": spread}


def get_spread(values: Floats) -> dict[str, Any] | None:
    """Return median and 95th percentile; ``None`` without values."""
    if not len(values):
        return None
    return _present(median=float(np.median(values)), p95=float(np.percentile(values, 95)))


def _get_alarm_counts(counts: AlarmCounts) -> dict[str, Any]:
    return _present(score=counts.score, **counts._asdict())


def _join(*parts: dict[str, Any] | None) -> dict[str, Any] | None:
    whole: dict[str, Any] = {}
    for part in parts:
        whole |= part or {}
    return whole or None


def _present(**values: object) -> dict[str, Any]:
    """Leave out what does not apply, and round."""
    return {
        name: round(value, _DECIMALS) if isinstance(value, float) else value
        for name, value in values.items()
        if value is not None
    }
