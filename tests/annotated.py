"""Hand-made annotations: ``annotate("N N V N")`` is four beats a second apart."""

from collections.abc import Sequence

import numpy as np

from analytics.evaluation.annotations import Annotations, Rhythm, Span


def annotate(
    labels: str = "",
    begin_s: float = 300.0,
    rr_s: float = 1.0,
    *,
    times_s: Sequence[float] | None = None,
    rhythms: Sequence[tuple[float, float, str]] = (),
    brackets_s: Sequence[Span] = (),
    seconds: float = 1800.0,
    has_classes: bool = True,
) -> Annotations:
    """Return what an annotator would have said; spaces in `labels` are for reading."""
    beats = labels.replace(" ", "")
    times = np.array([begin_s + rr_s * at for at in range(len(beats))] if times_s is None else times_s, np.float64)
    return Annotations(
        times,
        np.array(list(beats) or ["N"] * len(times), "S1"),
        tuple(Rhythm(*each) for each in rhythms),
        tuple(brackets_s),
        seconds,
        has_classes,
    )
