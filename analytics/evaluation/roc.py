"""Receiver operating characteristics, where one threshold rules a decision."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.evaluation.outcome import Outcome
from analytics.rows import Bools, Floats


class Roc(NamedTuple):
    """Sensitivity and specificity over all thresholds, percent, from the strictest to none.

    Attributes
    ----------
    thresholds : (n,) float64
        At least so much is a yes; infinity first.
    """

    thresholds: Floats
    se_percent: Floats
    sp_percent: Floats

    @property
    def area(self) -> float:
        """Area under the curve, 0 to 1."""
        false_percent = 100 - self.sp_percent
        heights = (self.se_percent[1:] + self.se_percent[:-1]) / 2
        return float((np.diff(false_percent) * heights).sum() / 10_000)


def get_roc(values: Floats, is_true: Bools) -> Roc | None:
    """Return the curve; ``None`` where all values are one, or all cases of one kind."""
    if len(np.unique(values)) < 2 or is_true.all() or not is_true.any():
        return None
    thresholds = np.concatenate([[np.inf], np.unique(values)[::-1]])
    se = [float((values[is_true] >= threshold).mean()) for threshold in thresholds.tolist()]
    sp = [float((values[~is_true] < threshold).mean()) for threshold in thresholds.tolist()]
    return Roc(thresholds, 100 * np.array(se), 100 * np.array(sp))


def get_af_roc(outcome: Outcome) -> Roc | None:
    """Return the curve of records by how much of them is atrial fibrillation."""
    coverage: Sequence[tuple[str, float]] = outcome.coverage
    if not coverage:
        return None
    return get_roc(np.array([covered for _, covered in coverage]), np.array([label == "A" for label, _ in coverage]))


def get_vf_roc(outcome: Outcome) -> Roc | None:
    """Return the curve of seconds by the confidence of the ventricular fibrillation alarm that speaks of them."""
    values, is_true = [], []
    for each in outcome.analysed:
        reference = outcome.references.get(each.record.name)
        if reference is None or not reference.has_vf:
            continue
        size = int(each.record.seconds)
        confidence = np.zeros(size)
        for alarm in each.alarms:
            if alarm.call == "ventricular_fibrillation":
                end_s = each.record.seconds if alarm.ended_s is None else alarm.ended_s
                part = slice(max(int(alarm.onset_s), 0), int(end_s))
                confidence[part] = np.maximum(confidence[part], alarm.confidence)
        annotated = np.zeros(size, np.bool_)
        for begin_s, end_s in reference.vf_s:
            annotated[round(begin_s) : round(end_s)] = True
        values.append(confidence)
        is_true.append(annotated)
    return get_roc(np.concatenate(values), np.concatenate(is_true)) if values else None
