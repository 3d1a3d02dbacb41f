"""Small synthetic ECG for the engine's tests: known beats at known times."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.engine import Engine, Results, Segment, Transition

T0_US = 1_700_000_000_000_000
GAIN = 400.0
#: Waves: amplitude mV, time from the R peak, width, seconds.
_WAVES = ((0.12, -0.16, 0.025), (-0.08, -0.026, 0.009), (1.0, 0.0, 0.012), (-0.18, 0.028, 0.011), (0.25, 0.28, 0.045))


def make_ecg(
    beats_s: Iterable[float],
    seconds: float,
    fs_hz: float,
    *,
    height: float = 1.0,
    noise_mv: float = 0.01,
    seed: int = 1,
) -> NDArray[np.float64]:
    """Return mV samples: a complex at each time, a little wander and noise."""
    times = np.arange(round(seconds * fs_hz)) / fs_hz
    line = 0.03 * np.sin(2 * np.pi * 0.23 * times)
    line += np.random.default_rng(seed).normal(0, noise_mv, len(times))
    for beat_s in beats_s:
        first, last = np.searchsorted(times, [beat_s - 0.5, beat_s + 0.6])
        near = times[first:last] - beat_s
        for amplitude, at, width in _WAVES:
            line[first:last] += height * amplitude * np.exp(-0.5 * ((near - at) / width) ** 2)
    return line


def every(rr_s: float, begin_s: float, end_s: float) -> list[float]:
    """Return regular beats."""
    return [float(time) for time in np.arange(begin_s, end_s, rr_s)]


def to_digital(ecg_mv: NDArray[np.float64], gain: float = GAIN) -> NDArray[np.int16]:
    """Return what a converter makes of it."""
    return np.clip(np.rint(ecg_mv * gain), -32768, 32767).astype(np.int16)


def cut(
    row: int,
    samples: NDArray[np.int16],
    fs_hz: float,
    cuts: Sequence[int] | None = None,
    *,
    t0_us: int = T0_US,
    flags: int = 0,
    gain: float = GAIN,
) -> list[Segment]:
    """Return segments that end at the cuts; seconds when none are given."""
    fs_mhz = round(fs_hz * 1000)
    if cuts is None:
        cuts = range(round(fs_hz), len(samples), round(fs_hz))
    edges = [0, *cuts, len(samples)]
    return [
        Segment(row, t0_us + round(a * 1_000_000_000 / fs_mhz), fs_mhz, gain, 0, flags, samples[a:b])
        for a, b in pairwise(edges)
        if b > a
    ]


class Heard(NamedTuple):
    """All that an engine said of one row: beats as (t_us, rr, amplitude), and transitions."""

    beats: list[tuple[int, str, str]]
    transitions: list[Transition]

    @property
    def beats_s(self) -> NDArray[np.float64]:
        """Times of the beats since `T0_US`."""
        return np.array([(beat[0] - T0_US) / 1e6 for beat in self.beats])

    def of(self, call: str) -> list[tuple[str, float, float]]:
        """Return a call's transitions as (kind, onset, at), seconds since `T0_US`."""
        return [
            (each.kind, (each.onset_us - T0_US) / 1e6, (each.at_us - T0_US) / 1e6)
            for each in self.transitions
            if each.call == call
        ]


def collect(results: Iterable[Results]) -> dict[int, Heard]:
    """Sort what an engine said by row; floats by their exact text, so that NaN equals NaN."""
    heard: dict[int, Heard] = {}
    for result in results:
        for row in result.rows.tolist():
            heard.setdefault(row, Heard([], []))
        beats = result.beats
        for row, t_us, rr_s, amplitude_mv in zip(
            beats.row.tolist(), beats.t_us.tolist(), beats.rr_s.tolist(), beats.amplitude_mv.tolist(), strict=True
        ):
            heard[row].beats.append((t_us, repr(rr_s), repr(amplitude_mv)))
        for transition in result.transitions:
            heard[transition.row].transitions.append(transition)
    return heard


def listen(ecg_mv: NDArray[np.float64], fs_hz: float = 250.0, engine: Engine | None = None) -> Heard:
    """Run one patient's signal through an engine in seconds."""
    engine = engine or Engine(1)
    row = engine.open()
    segments = cut(row, to_digital(ecg_mv), fs_hz)
    return collect([engine.tick([segment]) for segment in segments])[row]


def make_fibrillation(seconds: float, fs_hz: float, *, seed: int = 1, height: float = 0.5) -> NDArray[np.float64]:
    """Return mV samples of a coarse fibrillating wave: some 5 Hz, its rate and height never the same."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fs_hz)) / fs_hz
    knots = np.arange(0, seconds + 0.25, 0.25)
    rate_hz = np.interp(times, knots, rng.uniform(4.0, 6.0, len(knots)))
    swing_mv = np.interp(times, knots, rng.uniform(0.5, 1.0, len(knots)) * height)
    phase = 2 * np.pi * np.cumsum(rate_hz) / fs_hz
    wave: NDArray[np.float64] = swing_mv * (np.sin(phase) + 0.25 * np.sin(2 * phase + 1.0))
    return wave + rng.normal(0, 0.01, len(times))


#: A ventricular complex: wide, the other way round, its T wave too.
_VENTRICULAR = ((-1.3, 0.0, 0.035), (0.5, 0.09, 0.03), (0.55, 0.28, 0.06))


def make_beats(
    beats: Iterable[tuple[float, str]], seconds: float, fs_hz: float, *, noise_mv: float = 0.01, seed: int = 1
) -> NDArray[np.float64]:
    """Return mV samples: at each time a beat of its kind: N, S (another P wave), V, or A (no P wave)."""
    times = np.arange(round(seconds * fs_hz)) / fs_hz
    line = 0.03 * np.sin(2 * np.pi * 0.23 * times)
    line += np.random.default_rng(seed).normal(0, noise_mv, len(times))
    for beat_s, kind in beats:
        waves = {
            "V": _VENTRICULAR,
            "A": _WAVES[1:],
            "S": ((-0.1, -0.13, 0.02), *_WAVES[1:]),
        }.get(kind, _WAVES)
        first, last = np.searchsorted(times, [beat_s - 0.5, beat_s + 0.6])
        near = times[first:last] - beat_s
        for amplitude, at, width in waves:
            line[first:last] += amplitude * np.exp(-0.5 * ((near - at) / width) ** 2)
    return line
