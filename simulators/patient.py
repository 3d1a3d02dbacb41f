"""A synthetic patient: a script becomes samples, and the truth about them.  Pure; memory does not grow with time.

Everything but noise is a function of the sample's time, and noise is drawn sample by sample: however the signal is
cut, the samples are the same.
"""

import math
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heartwire.frames import I16_MAX, I16_MIN, EcgFlag
from simulators.beat import AFTER_R_S, BEFORE_R_S, SHAPE_FS_HZ, SHAPE_RR_S
from simulators.scripts import STILL, UNSEEN, Rhythm, Segment, Span, Timeline

GAIN: Final = 200.0  # units per mV
_FADE_S: Final = 0.15
_QRS_S: Final = 0.06
_SHAPE_T_S: Final = np.arange(-round(BEFORE_R_S * SHAPE_FS_HZ), round(AFTER_R_S * SHAPE_FS_HZ)) / SHAPE_FS_HZ
_MAYER_HZ: Final = 0.095
_SMALL_NOISE_MV: Final = 0.008
_MUSCLE_MV: Final = 0.6
_MOTION_MV: Final = 0.5
_MOTION_HZ: Final = (0.7, 1.9, 3.1, 5.3)


class _Variability(NamedTuple):
    """Standard parts of RR, as fractions of its mean: with breath, with blood pressure (Mayer waves), by chance."""

    breath: float
    mayer: float
    chance: float


# Resting adults: SDNN of short records about 30 to 50 ms (Task Force, Circulation 93:1043, 1996); fast ones vary less.
_RESTING: Final = _Variability(0.045, 0.03, 0.01)
_FAST: Final = _Variability(0.006, 0.004, 0.003)


class Beat(NamedTuple):
    """A beat: time of its R peak since the script began, the interval before it, whether it can be seen."""

    t_s: float
    rr_s: float
    seen: bool


class Episode(NamedTuple):
    """A segment of the script as it was played, seconds since the script began."""

    rhythm: Rhythm
    begin_s: float
    end_s: float


class Rendered(NamedTuple):
    """A stretch of signal and its truth.

    Attributes
    ----------
    first : int
        Number of its first sample since the script began.
    samples : (n,) int16
        `GAIN` units per mV, 0 mV is 0.
    flags : EcgFlag
        What holds for any of the samples.
    beats, episodes : tuple
        Those whose R peak, whose beginning, lies in the stretch.
    """

    first: int
    samples: NDArray[np.int16]
    flags: EcgFlag
    beats: tuple[Beat, ...]
    episodes: tuple[Episode, ...]


def render(
    script: tuple[Segment, ...],
    seed: int,
    fs_hz: float,
    shape: NDArray[np.float64],
    *,
    loop: bool = False,
    chunk_s: float = 1.0,
) -> Iterator[Rendered]:
    """Play a script: the same arguments give the same samples, whatever `chunk_s`.

    Parameters
    ----------
    script : tuple of Segment
        Played once, or for ever with `loop`.
    seed : int
        Chooses breath, noise, the beats' moments and heights.
    fs_hz : float
        Sampling rate.
    shape : (1000,) float64, mV
        Of one beat, see `simulators.beat`.
    chunk_s : float
        Length of a stretch, seconds; the last one may be shorter.
    """
    patient = _Patient(Timeline(script, loop=loop), seed, fs_hz, shape)
    n_total = None if loop else math.floor(patient.timeline.total_s * fs_hz + 1e-6)
    n_chunk = max(1, round(chunk_s * fs_hz))
    first = 0
    while n_total is None or first < n_total:
        n = n_chunk if n_total is None else min(n_chunk, n_total - first)
        yield patient.stretch(first, n)
        first += n


class _Heart:
    """When it beats."""

    def __init__(self, timeline: Timeline, seed: int, breath_hz: float) -> None:
        self._timeline: Final = timeline
        self._rng: Final = np.random.default_rng([seed, 1])
        self._breath_hz: Final = breath_hz
        self._phase: Final = self._rng.uniform(0, 2 * math.pi)

    def beats(self) -> Iterator[Beat]:
        number = 0
        span = self._timeline.span(0)
        assert span is not None
        t_s = span.segment.rr_s * self._rng.uniform(0.4, 0.8)
        last_s = t_s - span.segment.rr_s
        still_for = 0
        while span is not None:
            if span.segment.rhythm is Rhythm.PAUSE and last_s < span.begin_s <= t_s:
                t_s = max(t_s, last_s + span.segment.seconds)
            if t_s >= span.end_s or span.segment.rhythm is Rhythm.ASYSTOLE:
                still_for = still_for + 1 if span.segment.rhythm is Rhythm.ASYSTOLE else 0
                number += 1
                span_after = self._timeline.span(number)
                if span.segment.rhythm is Rhythm.ASYSTOLE and span_after is not None:
                    t_s = max(t_s, span.end_s + 0.5 * span_after.segment.rr_s)
                span = span_after
                if still_for > 2000:  # a script of nothing but asystole, for ever
                    return
                continue
            still_for = 0
            yield Beat(t_s, t_s - last_s, span.segment.rhythm not in UNSEEN)
            last_s = t_s
            t_s += self._rr_s(span.segment, t_s)

    def _rr_s(self, segment: Segment, t_s: float) -> float:
        vary = _FAST if segment.rhythm is Rhythm.TACHYCARDIA else _RESTING
        breath = vary.breath * math.sin(2 * math.pi * self._breath_hz * t_s)
        mayer = vary.mayer * math.sin(2 * math.pi * _MAYER_HZ * t_s + self._phase)
        chance = vary.chance * float(np.clip(self._rng.standard_normal(), -3, 3))
        return segment.rr_s * (1 + breath + mayer + chance)


class _Patient:
    """Heart, breath, skin and muscles of one script; asked for stretches in the order of time."""

    def __init__(self, timeline: Timeline, seed: int, fs_hz: float, shape: NDArray[np.float64]) -> None:
        self.timeline: Final = timeline
        self._fs_hz: Final = fs_hz
        self._shape: Final = shape
        rng = np.random.default_rng([seed, 0])
        self._height_mv: Final = rng.uniform(0.8, 1.5)
        self._breath_hz: Final = rng.uniform(0.2, 0.3)
        self._wander: Final = tuple(  # (Hz, mV, phase)
            (hz, mv, rng.uniform(0, 2 * math.pi)) for hz, mv in ((self._breath_hz, 0.06), (0.05, 0.05), (0.13, 0.03))
        )
        self._motion: Final = tuple((hz, _MOTION_MV, rng.uniform(0, 2 * math.pi)) for hz in _MOTION_HZ)
        self._noise: Final = np.random.default_rng([seed, 2])
        self._muscle: Final = np.random.default_rng([seed, 3])
        self._to_come: Final = _Heart(timeline, seed, self._breath_hz).beats()
        self._coming = next(self._to_come, None)
        self._near: Final[deque[Beat]] = deque()
        self._number = 0
        self._before: Segment | None = None

    def stretch(self, first: int, n: int) -> Rendered:
        """Return `n` samples from the sample number `first` on."""
        t_s = (first + np.arange(n)) / self._fs_hz
        begin_s, end_s = float(t_s[0]), (first + n) / self._fs_hz
        present, muscle, flags, episodes = self._levels(t_s, begin_s, end_s)
        ecg_mv = self._beats_mv(t_s, begin_s, end_s)
        ecg_mv += _waves_mv(t_s, self._wander) + _SMALL_NOISE_MV * self._noise.standard_normal(n)
        ecg_mv *= present
        shaking = muscle > 0
        if shaking.any():
            artefact = _MUSCLE_MV * self._muscle.standard_normal(int(shaking.sum())) + _waves_mv(
                t_s[shaking], self._motion
            )
            ecg_mv[shaking] += muscle[shaking] * artefact
        samples = np.clip(np.rint(ecg_mv * GAIN), I16_MIN, I16_MAX).astype(np.int16)
        beats = tuple(beat for beat in self._near if begin_s <= beat.t_s < end_s)
        return Rendered(first, samples, flags, beats, episodes)

    def _beats_mv(self, t_s: NDArray[np.float64], begin_s: float, end_s: float) -> NDArray[np.float64]:
        while self._coming is not None and self._coming.t_s < end_s + 2 * BEFORE_R_S:
            self._near.append(self._coming)
            self._coming = next(self._to_come, None)
        while self._near and self._near[0].t_s < begin_s - 2 * AFTER_R_S:
            self._near.popleft()
        ecg_mv = np.zeros(len(t_s))
        for beat in self._near:
            # P and T keep their place in the cycle (Bazett), QRS keeps its width.
            stretched = math.sqrt(min(max(beat.rr_s, 0.3), 1.4) / SHAPE_RR_S)
            low = np.searchsorted(t_s, beat.t_s - BEFORE_R_S * max(1.0, stretched))
            high = np.searchsorted(t_s, beat.t_s + AFTER_R_S * max(1.0, stretched))
            if low == high:
                continue
            away_s = t_s[low:high] - beat.t_s
            outside = np.abs(away_s) > _QRS_S
            away_s[outside] = np.sign(away_s[outside]) * (_QRS_S + (np.abs(away_s[outside]) - _QRS_S) / stretched)
            breath = 1 + 0.05 * math.sin(2 * math.pi * self._breath_hz * beat.t_s)
            ecg_mv[low:high] += self._height_mv * breath * np.interp(away_s, _SHAPE_T_S, self._shape, left=0, right=0)
        return ecg_mv

    def _levels(
        self, t_s: NDArray[np.float64], begin_s: float, end_s: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], EcgFlag, tuple[Episode, ...]]:
        """Return how much of the heart and how much of the muscles is in each sample, 0 to 1."""
        present, muscle = np.ones(len(t_s)), np.zeros(len(t_s))
        flags = EcgFlag(0)
        episodes = []
        span = self.timeline.span(self._number)
        while span is not None and span.begin_s < end_s:
            part = slice(int(np.searchsorted(t_s, span.begin_s)), int(np.searchsorted(t_s, span.end_s)))
            before = self._before or span.segment
            faded = _fade(t_s[part], span)
            present[part] = _mix(before.rhythm not in STILL, span.segment.rhythm not in STILL, faded)
            muscle[part] = _mix(before.rhythm is Rhythm.NOISE, span.segment.rhythm is Rhythm.NOISE, faded)
            if span.segment.rhythm is Rhythm.LEAD_OFF and part.start < part.stop:
                flags |= EcgFlag.LEAD_OFF
            if span.begin_s >= begin_s:
                episodes.append(Episode(span.segment.rhythm, span.begin_s, span.end_s))
            if span.end_s > end_s:
                break
            self._before = span.segment
            self._number += 1
            span = self.timeline.span(self._number)
        return present, muscle, flags, tuple(episodes)


def _fade(t_s: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    """Return 0 at the beginning of the span and 1 from `_FADE_S` on, without an edge."""
    faded: NDArray[np.float64] = 0.5 - 0.5 * np.cos(math.pi * np.clip((t_s - span.begin_s) / _FADE_S, 0, 1))
    return faded


def _mix(before: bool, now: bool, faded: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: FBT001
    mixed: NDArray[np.float64] = float(before) + (float(now) - float(before)) * faded
    return mixed


def _waves_mv(t_s: NDArray[np.float64], waves: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    total = np.zeros(len(t_s))
    for hz, mv, phase in waves:
        total += mv * np.sin(2 * math.pi * hz * t_s + phase)
    return total
