"""A synthetic patient: a script becomes samples, and the truth about them.  Pure; memory does not grow with time.

Everything but noise is a function of the sample's time, and noise is drawn sample by sample: however the signal is
cut, the samples are the same.
"""

import math
from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from heartwire.frames import I16_MAX, I16_MIN, EcgFlag
from simulators.beat import AFTER_R_S, BEFORE_R_S, SHAPE_FS_HZ, SHAPE_RR_S
from simulators.scripts import BEATLESS, STILL, UNSEEN, Rhythm, Segment, Span, Timeline

GAIN: Final = 200.0  # units per mV
_FADE_S: Final = 0.15
_QRS_S: Final = 0.06
_SHAPE_T_S: Final = np.arange(-round(BEFORE_R_S * SHAPE_FS_HZ), round(AFTER_R_S * SHAPE_FS_HZ)) / SHAPE_FS_HZ
_MAYER_HZ: Final = 0.095
_SMALL_NOISE_MV: Final = 0.008
_MUSCLE_MV: Final = 0.6
_MOTION_MV: Final = 0.5
_MOTION_HZ: Final = (0.7, 1.9, 3.1, 5.3)
#: Waves of fibrillating ventricles and atria: frequency, Hz, and height, mV.
_VF_WAVES: Final = ((4.3, 0.35), (5.1, 0.25), (3.7, 0.18))
_AF_WAVES: Final = ((5.9, 0.035), (6.7, 0.025))
#: A ventricular beat's height, mV, place, s from its R peak, and width, s, of each of its waves (Gaussian).
_VENTRICULAR_WAVES: Final = ((1.45, 0.0, 0.035), (-0.45, 0.15, 0.05), (-0.43, -0.075, 0.02))
#: P waves are before it, seconds from the R peak.
_P_END_S: Final = -0.08
#: An ectopic beat comes after so much of an interval, and the next so much later, that both make two.
_PREMATURE: Final = 0.6
_ECTOPIC_PART: Final = 0.28
#: How much RR varies in atrial fibrillation, as a standard part of its logarithm; no node leads faster than the least.
_AF_SPREAD: Final = 0.22
_AF_RR_S_LEAST: Final = 0.33


class _Variability(NamedTuple):
    """Standard parts of RR, as fractions of its mean: with breath, with blood pressure (Mayer waves), by chance."""

    breath: float
    mayer: float
    chance: float


# Resting adults: SDNN of short records about 30 to 50 ms (Task Force, Circulation 93:1043, 1996); fast ones vary less.
_RESTING: Final = _Variability(0.045, 0.03, 0.01)
_FAST: Final = _Variability(0.006, 0.004, 0.003)


class Form(Enum):
    """Where a beat comes from, and so how it looks."""

    SINUS = auto()
    NO_P = auto()
    VENTRICULAR = auto()


class Beat(NamedTuple):
    """A beat: time of its R peak since the script began, the interval before it, whether it can be seen, its form."""

    t_s: float
    rr_s: float
    seen: bool
    form: Form = Form.SINUS


_FORMS: Final = MappingProxyType({Rhythm.AFIB: Form.NO_P, Rhythm.VT: Form.VENTRICULAR})


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
        form = Form.SINUS
        while span is not None:
            if span.segment.rhythm is Rhythm.PAUSE and last_s < span.begin_s <= t_s:
                t_s = max(t_s, last_s + span.segment.seconds)
            if t_s >= span.end_s or span.segment.rhythm in BEATLESS:
                still_for = still_for + 1 if span.segment.rhythm in BEATLESS else 0
                number += 1
                span_after = self._timeline.span(number)
                if span.segment.rhythm in BEATLESS and span_after is not None:
                    t_s = max(t_s, span.end_s + 0.5 * span_after.segment.rr_s)
                span = span_after
                if still_for > 2000:  # a script of nothing but asystole, for ever
                    return
                continue
            still_for = 0
            if span.segment.rhythm is not Rhythm.ECTOPY:
                form = _FORMS.get(span.segment.rhythm, Form.SINUS)
            yield Beat(t_s, t_s - last_s, span.segment.rhythm not in UNSEEN, form)
            last_s = t_s
            rr_s = self._rr_s(span.segment, t_s)
            if span.segment.rhythm is Rhythm.ECTOPY:
                was, form = form, self._ectopic_or_not(form)
                rr_s *= _PREMATURE if form is Form.VENTRICULAR else 2 - _PREMATURE if was is Form.VENTRICULAR else 1
            t_s += rr_s

    def _ectopic_or_not(self, before: Form) -> Form:
        is_ectopic = before is not Form.VENTRICULAR and self._rng.random() < _ECTOPIC_PART
        return Form.VENTRICULAR if is_ectopic else Form.SINUS

    def _rr_s(self, segment: Segment, t_s: float) -> float:
        if segment.rhythm is Rhythm.AFIB:
            spread = math.exp(_AF_SPREAD * float(np.clip(self._rng.standard_normal(), -2.5, 2.5)))
            return max(_AF_RR_S_LEAST, segment.rr_s * spread)
        vary = _FAST if segment.rhythm in {Rhythm.TACHYCARDIA, Rhythm.VT} else _RESTING
        breath = vary.breath * math.sin(2 * math.pi * self._breath_hz * t_s)
        mayer = vary.mayer * math.sin(2 * math.pi * _MAYER_HZ * t_s + self._phase)
        chance = vary.chance * float(np.clip(self._rng.standard_normal(), -3, 3))
        return segment.rr_s * (1 + breath + mayer + chance)


class _Levels(NamedTuple):
    """How much of the heart, the muscles, fibrillating ventricles and atria is in each sample, 0 to 1, float64."""

    present: NDArray[np.float64]
    muscle: NDArray[np.float64]
    ventricles: NDArray[np.float64]
    atria: NDArray[np.float64]
    flags: EcgFlag
    episodes: tuple[Episode, ...]


class _Patient:
    """Heart, breath, skin and muscles of one script; asked for stretches in the order of time."""

    def __init__(self, timeline: Timeline, seed: int, fs_hz: float, shape: NDArray[np.float64]) -> None:
        self.timeline: Final = timeline
        self._fs_hz: Final = fs_hz
        self._shapes: Final = {
            Form.SINUS: shape,
            Form.NO_P: np.where(_SHAPE_T_S < _P_END_S, 0.0, shape),
            Form.VENTRICULAR: _ventricular(),
        }
        rng = np.random.default_rng([seed, 0])
        self._height_mv: Final = rng.uniform(0.8, 1.5)
        self._breath_hz: Final = rng.uniform(0.2, 0.3)
        self._wander: Final = tuple(  # (Hz, mV, phase)
            (hz, mv, rng.uniform(0, 2 * math.pi)) for hz, mv in ((self._breath_hz, 0.06), (0.05, 0.05), (0.13, 0.03))
        )
        self._motion: Final = tuple((hz, _MOTION_MV, rng.uniform(0, 2 * math.pi)) for hz in _MOTION_HZ)
        phases = np.random.default_rng([seed, 4]).uniform(0, 2 * math.pi, len(_VF_WAVES) + len(_AF_WAVES))
        self._vf: Final = tuple((hz, mv, phase) for (hz, mv), phase in zip(_VF_WAVES, phases, strict=False))
        self._af: Final = tuple((hz, mv, phase) for (hz, mv), phase in zip(_AF_WAVES, phases[::-1], strict=False))
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
        levels = self._levels(t_s, begin_s, end_s)
        ecg_mv = self._beats_mv(t_s, begin_s, end_s)
        ecg_mv += _waves_mv(t_s, self._wander) + _SMALL_NOISE_MV * self._noise.standard_normal(n)
        for level, waves in ((levels.ventricles, self._vf), (levels.atria, self._af)):
            if level.any():
                ecg_mv += level * _waves_mv(t_s, waves)
        ecg_mv *= levels.present
        shaking = levels.muscle > 0
        if shaking.any():
            artefact = _MUSCLE_MV * self._muscle.standard_normal(int(shaking.sum())) + _waves_mv(
                t_s[shaking], self._motion
            )
            ecg_mv[shaking] += levels.muscle[shaking] * artefact
        samples = np.clip(np.rint(ecg_mv * GAIN), I16_MIN, I16_MAX).astype(np.int16)
        beats = tuple(beat for beat in self._near if begin_s <= beat.t_s < end_s)
        return Rendered(first, samples, levels.flags, beats, levels.episodes)

    def _beats_mv(self, t_s: NDArray[np.float64], begin_s: float, end_s: float) -> NDArray[np.float64]:
        while self._coming is not None and self._coming.t_s < end_s + 2 * BEFORE_R_S:
            self._near.append(self._coming)
            self._coming = next(self._to_come, None)
        while self._near and self._near[0].t_s < begin_s - 2 * AFTER_R_S:
            self._near.popleft()
        ecg_mv = np.zeros(len(t_s))
        for beat in self._near:
            # P and T keep their place in the cycle (Bazett), QRS keeps its width; a ventricular beat is all QRS.
            is_wide = beat.form is Form.VENTRICULAR
            stretched = 1.0 if is_wide else math.sqrt(min(max(beat.rr_s, 0.3), 1.4) / SHAPE_RR_S)
            low = np.searchsorted(t_s, beat.t_s - BEFORE_R_S * max(1.0, stretched))
            high = np.searchsorted(t_s, beat.t_s + AFTER_R_S * max(1.0, stretched))
            if low == high:
                continue
            away_s = t_s[low:high] - beat.t_s
            outside = np.abs(away_s) > _QRS_S
            away_s[outside] = np.sign(away_s[outside]) * (_QRS_S + (np.abs(away_s[outside]) - _QRS_S) / stretched)
            breath = 1 + 0.05 * math.sin(2 * math.pi * self._breath_hz * beat.t_s)
            shape = self._shapes[beat.form]
            ecg_mv[low:high] += self._height_mv * breath * np.interp(away_s, _SHAPE_T_S, shape, left=0, right=0)
        return ecg_mv

    def _levels(self, t_s: NDArray[np.float64], begin_s: float, end_s: float) -> _Levels:
        present, muscle, ventricles, atria = np.ones(len(t_s)), *(np.zeros(len(t_s)) for _ in range(3))
        flags = EcgFlag(0)
        episodes = []
        span = self.timeline.span(self._number)
        while span is not None and span.begin_s < end_s:
            part = slice(int(np.searchsorted(t_s, span.begin_s)), int(np.searchsorted(t_s, span.end_s)))
            before, now = (self._before or span.segment).rhythm, span.segment.rhythm
            faded = _fade(t_s[part], span)
            present[part] = _mix(before not in STILL, now not in STILL, faded)
            muscle[part] = _mix(before is Rhythm.NOISE, now is Rhythm.NOISE, faded)
            ventricles[part] = _mix(before is Rhythm.VF, now is Rhythm.VF, faded)
            atria[part] = _mix(before is Rhythm.AFIB, now is Rhythm.AFIB, faded)
            if now is Rhythm.LEAD_OFF and part.start < part.stop:
                flags |= EcgFlag.LEAD_OFF
            if span.begin_s >= begin_s:
                episodes.append(Episode(now, span.begin_s, span.end_s))
            if span.end_s > end_s:
                break
            self._before = span.segment
            self._number += 1
            span = self.timeline.span(self._number)
        return _Levels(present, muscle, ventricles, atria, flags, tuple(episodes))


def _fade(t_s: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    """Return 0 at the beginning of the span and 1 from `_FADE_S` on, without an edge."""
    faded: NDArray[np.float64] = 0.5 - 0.5 * np.cos(math.pi * np.clip((t_s - span.begin_s) / _FADE_S, 0, 1))
    return faded


def _mix(before: bool, now: bool, faded: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: FBT001
    mixed: NDArray[np.float64] = float(before) + (float(now) - float(before)) * faded
    return mixed


def _ventricular() -> NDArray[np.float64]:
    """Return the shape of a beat that begins in a ventricle: as a sinus beat's, but wide, and without P."""
    return sum(
        (mv * np.exp(-(((_SHAPE_T_S - place_s) / width_s) ** 2) / 2) for mv, place_s, width_s in _VENTRICULAR_WAVES),
        np.zeros(len(_SHAPE_T_S)),
    )


def _waves_mv(t_s: NDArray[np.float64], waves: tuple[tuple[float, float, float], ...]) -> NDArray[np.float64]:
    total = np.zeros(len(t_s))
    for hz, mv, phase in waves:
        total += mv * np.sin(2 * math.pi * hz * t_s + phase)
    return total
