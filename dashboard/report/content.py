"""What stands in a report, as it was read; nothing of how it is drawn.  Pure."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

HOUR_US: Final = 3_600_000_000
#: Most bars of a chart over the period.
_BARS_MOST: Final = 72


class Asked(msgspec.Struct, frozen=True):
    """Which report: of whom, of which time (UTC microseconds), and in which language."""

    patient_id: int
    from_us: int
    to_us: int
    language: str
    by: str


class Whose(msgspec.Struct, frozen=True):
    """The patient, and the zone of the ward: in it times are said."""

    id: int
    name: str
    ward: str
    zone: str


class Bar(msgspec.Struct, frozen=True):
    """A part of the period.

    Attributes
    ----------
    begin_us : int
        UTC microseconds.
    mean_bpm, low_bpm, high_bpm : float, optional
        Heart rate; least and greatest mean of a minute. ``None`` where no beat is known.
    n_beats, n_s, n_v : int
        Beats of any class, supraventricular and ventricular ones.
    signal_us, af_us : int
        How much of it there is ECG of, and how long it was atrial fibrillation or flutter.
    n_corrected : int
        Beats that a person corrected, as they are counted here.
    """

    begin_us: int
    mean_bpm: float | None
    low_bpm: float | None
    high_bpm: float | None
    n_beats: int
    n_s: int
    n_v: int
    signal_us: int
    af_us: int
    n_corrected: int = 0


class Extreme(msgspec.Struct, frozen=True):
    """A minute's mean heart rate that no other passes, and when the minute began."""

    bpm: float
    at_us: int


class CallCount(msgspec.Struct, frozen=True):
    """The alarms of one call.

    Attributes
    ----------
    n, n_late : int
        All, and those of signal that came late; without those that a greater call hid.
    n_acknowledged : int
        Answered by a person.
    n_true, n_false, n_unsure : int
        As they were reviewed; the others were not.
    longest_us : int, optional
        Longest of its episodes that are over.
    """

    call: str
    n: int
    n_late: int
    n_acknowledged: int
    n_true: int
    n_false: int
    n_unsure: int
    longest_us: int | None

    @property
    def n_unreviewed(self) -> int:
        """Of which nobody has said what they were."""
        return self.n - self.n_true - self.n_false - self.n_unsure


class Reviewer(msgspec.Struct, frozen=True):
    """Who judged how many of the alarms, and when last."""

    name: str
    role: str
    n: int
    last_us: int


class Felt(msgspec.Struct, frozen=True):
    """A symptom that the patient reported."""

    at_us: int
    chips: list[str]
    note: str


class Spread(msgspec.Struct, frozen=True):
    """A measure of many hours: median, least and greatest."""

    median: float
    low: float
    high: float


class Candidate(msgspec.Struct, frozen=True):
    """An alarm of which a strip may be shown."""

    call: str
    onset_us: int
    end_us: int | None
    verdict: str | None
    note: str
    reviewer: str | None
    confidence: float | None


class Strip(msgspec.Struct, frozen=True):
    """A stretch of ECG that is shown, and why.

    Attributes
    ----------
    reason : str
        ``alarm``, ``symptom``, ``fastest``, ``slowest`` or ``first``.
    t0_us : int
        Instant of the first sample.
    ecg_mv : (n_samples,) float32
        mV; NaN where nothing is stored.
    beats : list of tuple
        Instant (UTC microseconds) and label of each beat; with a star where a person said so, and a cross where a
        person said that it is none.
    """

    reason: str
    begin_us: int
    end_us: int
    alarm: Candidate | None
    felt: Felt | None
    bpm: float | None
    lead: str
    t0_us: int
    fs_hz: float
    ecg_mv: NDArray[np.float32]
    beats: list[tuple[int, str]]


class Report(msgspec.Struct, frozen=True):
    """All of it; `engines` are the versions that analysed the period."""

    asked: Asked
    whose: Whose
    bars: list[Bar]
    bar_us: int
    slowest: Extreme | None
    fastest: Extreme | None
    hrv: dict[str, Spread]
    hrv_hours: int
    calls: list[CallCount]
    reviewers: list[Reviewer]
    symptoms: list[Felt]
    engines: list[str]
    strips: list[Strip]
    made_us: int
    version: str

    @property
    def signal_us(self) -> int:
        """ECG of the period."""
        return sum(bar.signal_us for bar in self.bars)

    @property
    def af_us(self) -> int:
        """Of it, atrial fibrillation or flutter."""
        return sum(bar.af_us for bar in self.bars)

    @property
    def n_beats(self) -> int:
        """All that were found."""
        return sum(bar.n_beats for bar in self.bars)

    @property
    def mean_bpm(self) -> float | None:
        """Mean over all intervals: each bar by its beats."""
        known = [(bar.mean_bpm, bar.n_beats) for bar in self.bars if bar.mean_bpm is not None and bar.n_beats > 0]
        minutes = sum(n / bpm for bpm, n in known)
        return sum(n for _, n in known) / minutes if minutes > 0 else None


def bar_of(from_us: int, to_us: int) -> int:
    """Return how long a bar is: whole hours, as few as make a chart that can be read, microseconds."""
    hours = -(-(to_us - from_us) // HOUR_US)
    return next(n for n in (1, 2, 4, 6, 12, 24, 48) if hours <= n * _BARS_MOST or n == 48) * HOUR_US
