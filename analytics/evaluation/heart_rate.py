"""Heart rate against the annotated beats (ANSI/AAMI EC57 leaves the method to whoever tests, who tells it).

Each second after the first five minutes, from either annotator's beats: the mean rate over the whole intervals of the
last 10 s, two of them at least. A second with an annotated ventricular flutter or fibrillation in those 10 s, or
without a rate on either side, is not compared. Errors are normalised by the mean of the reference, as ``mxm`` does.
"""

from typing import Final, NamedTuple

import numpy as np

from analytics.evaluation.annotations import Annotations
from analytics.evaluation.beats import LEARNING_S
from analytics.rows import Floats

_SPAN_S: Final = 10.0
_INTERVALS: Final = 2


class RateError(NamedTuple):
    """Errors of the heart rate.

    Attributes
    ----------
    seconds : int
        Seconds compared.
    mean_bpm, mean_abs_bpm, rms_bpm, sd_bpm : float
        Mean error (found less annotated), mean absolute error, root of the mean square, standard deviation.
    rms_percent : float
        The root of the mean square over the mean annotated rate.
    """

    seconds: int
    mean_bpm: float
    mean_abs_bpm: float
    rms_bpm: float
    sd_bpm: float
    rms_percent: float


def get_rates(reference: Annotations, found: Annotations) -> Floats:
    """Return (n, 2) float64: annotated and found rate, 1/min, of each second that is compared."""
    ends_s = np.arange(LEARNING_S, np.floor(reference.seconds) + 1)
    usable = np.ones(len(ends_s), np.bool_)
    for begin_s, end_s in reference.vf_s:
        usable &= (ends_s < begin_s) | (ends_s - _SPAN_S > end_s)
    pairs = np.stack([_get_rate(each.beats_s, ends_s) for each in (reference, found)], axis=1)
    kept: Floats = pairs[usable & ~np.isnan(pairs).any(axis=1)]
    return kept


def _get_rate(beats_s: Floats, ends_s: Floats) -> Floats:
    """Return the mean rate at each time, NaN where there is none."""
    rates = np.full(len(ends_s), np.nan)
    first = np.searchsorted(beats_s, ends_s - _SPAN_S, "left")
    last = np.searchsorted(beats_s, ends_s, "right") - 1
    enough = last - first >= _INTERVALS
    spans_s = beats_s[last[enough]] - beats_s[first[enough]]
    rates[enough] = 60 * (last - first)[enough] / spans_s
    return rates


def get_error(rates: Floats) -> RateError | None:
    """Return the errors of such rates; ``None`` without any."""
    if not len(rates):
        return None
    error = rates[:, 1] - rates[:, 0]
    rms = float(np.sqrt(np.mean(error**2)))
    return RateError(
        len(error),
        float(error.mean()),
        float(np.abs(error).mean()),
        rms,
        float(error.std()),
        100 * rms / float(rates[:, 0].mean()),
    )
