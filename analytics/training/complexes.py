"""Fit the trees that judge peaks in noise, `analytics/ecg/models/complexes.npz`, and tell how well they do.

``python -m analytics.training.complexes DIR`` with PhysioNet's databases (Open Data Commons Attribution 1.0) in
folders of DIR: ``mitdb``, the MIT-BIH Arrhythmia Database (doi:10.1109/51.932724), of which the 22 records of the
first set of de Chazal et al. (2004) are meant, first lead; and ``nstdb``, the noise of the Noise Stress Test Database
(Moody, Muldrow and Mark 1984): movement of electrodes, and of muscles.

Noise is mixed in as that database's authors did (WFDB's ``nst``): after five minutes, for two minutes of every four;
at a ratio of the signal's power, an eighth of the squared height of the complexes, to that of the noise. The engine
looks at all of it with the present trees, is told which peaks were complexes, and the trees are fitted anew; a few
rounds, since what is asked depends on what was taken for a complex before. Cross-validation is in five parts of the
records.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import lightgbm
import numpy as np
import wfdb
from numpy.typing import NDArray

from analytics.ecg.beats import FEATURES
from analytics.ecg.forest import Trees, plant
from analytics.ecg.row import make_models
from analytics.evaluation.annotations import is_inside
from analytics.evaluation.beats import LEARNING_S, MATCH_WINDOW_S, Counts, pair
from analytics.evaluation.records import list_records
from analytics.rows import Bools, Floats, Samples, Singles
from analytics.training.beats import read_letters
from analytics.training.questions import BOOSTING, Recording, ask, mix, pack, read_recording

_MODEL: Final = Path(__file__).parents[1] / "ecg" / "models" / "complexes.npz"
#: Noise, its ratio in dB, and what its peaks weigh in fitting; the clean records first.
_KINDS: Final = (
    ("", 0, 4.0),
    ("em", 24, 0.3),
    ("em", 12, 0.6),
    ("em", 6, 0.6),
    ("em", 0, 0.5),
    ("ma", 12, 0.4),
    ("ma", 6, 0.4),
    ("ma", 0, 0.3),
)
_PARTS: Final = 5
_ROUNDS: Final = 2
_TREES: Final = 60
#: A peak is the rather a complex, the higher it is and the more like the ones before.
_MONOTONE: Final = {0: 1, 1: 1, 7: 1, 21: 1}
_PARAMETERS: Final = {
    **BOOSTING,
    "num_leaves": 10,
    "learning_rate": 0.12,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.6,
    "monotone_constraints": [_MONOTONE.get(each, 0) for each in range(FEATURES)],
}
_COMPLEXES: Final = 300
_TRIM: Final = 20
_PERIOD_S: Final = 240
_NOISY_S: Final = 120


class Peaks(NamedTuple):
    """Peaks that the trees were asked about in one recording, and the counts of its noisy parts (or of all)."""

    features: Singles
    is_complex: Bools
    weight: float
    counts: Counts


class Reference(NamedTuple):
    """What experts annotated: beats, and stretches of flutter, seconds."""

    beats_s: Floats
    flutter_s: tuple[tuple[float, float], ...]


def _count(reference: Reference, found_s: Floats) -> Counts:
    """Count beats found after the first five minutes, flutter left out."""
    pairing = pair(reference.beats_s, found_s)
    annotated, found = (
        (times_s >= LEARNING_S) & ~is_inside(reference.flutter_s, times_s) for times_s in (reference.beats_s, found_s)
    )
    return Counts(
        int((annotated & (pairing.of_reference >= 0)).sum()),
        int((annotated & (pairing.of_reference < 0)).sum()),
        int((found & (pairing.of_found < 0)).sum()),
    )


def _is_noisy(t_s: Floats) -> Bools:
    return (t_s >= LEARNING_S) & ((t_s - LEARNING_S) % _PERIOD_S < _NOISY_S)


def measure_signal(recording: Recording, beats_s: Floats) -> float:
    """Return the signal's power as WFDB's ``nst`` takes it: an eighth of the squared mean height of 300 complexes."""
    line = np.concatenate([frame.samples for frame in recording.frames]).astype(np.float64)
    fs_hz = recording.frames[0].fs_mhz / 1000
    reach = round(0.05 * fs_hz)
    places = np.rint(beats_s * fs_hz).astype(np.int64)[:_COMPLEXES]
    heights = np.sort([np.ptp(line[max(at - reach, 0) : at + reach + 1]) for at in places])
    cut = len(heights) // _TRIM
    return float(heights[cut : len(heights) - cut].mean() ** 2 / 8)


def measure_noise(noise: Floats, fs_hz: int) -> float:
    """Return the noise's power likewise: the squared mean of the deviations within 300 seconds."""
    deviations = np.sort(noise[: _COMPLEXES * fs_hz].reshape(_COMPLEXES, fs_hz).std(axis=1))
    cut = len(deviations) // _TRIM
    return float(deviations[cut:-cut].mean() ** 2)


def add_noise(recording: Recording, beats_s: Floats, noise: Floats, name: str, ratio_db: int) -> Recording:
    """Mix noise into a recording, two minutes of every four."""
    fs_hz = round(recording.frames[0].fs_mhz / 1000)
    power = measure_signal(recording, beats_s) / measure_noise(noise, fs_hz) / 10 ** (ratio_db / 10)
    size = sum(len(frame.samples) for frame in recording.frames)
    scaled = np.resize(noise, size) * np.sqrt(power) * _is_noisy(np.arange(size) / fs_hz)
    line: Samples = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return mix(recording, line, 1.0, f"+{name}{ratio_db}")


def gather(
    recordings: Sequence[Recording], references: Mapping[str, Reference], weight: float, models: NDArray[np.void]
) -> list[Peaks]:
    """Run recordings of one kind through the engine."""
    found = []
    is_clean = recordings[0].database == "mitdb"
    for recording, asked in zip(recordings, ask(recordings, models), strict=True):
        reference = references[recording.name]
        peaks, beats = asked[3], asked[0]
        is_complex = np.zeros(len(peaks.t_s), np.bool_)
        for beat_s in reference.beats_s:
            if not len(peaks.t_s):
                break
            nearest = int(np.argmin(np.abs(peaks.t_s - beat_s)))
            is_complex[nearest] |= abs(peaks.t_s[nearest] - beat_s) <= MATCH_WINDOW_S
        use = np.ones(len(peaks.t_s), np.bool_) if is_clean else _is_noisy(peaks.t_s)
        for begin, end in reference.flutter_s:
            use &= (peaks.t_s < begin) | (peaks.t_s > end)
        if is_clean:
            counts = _count(reference, beats.t_s)
        else:
            mine = Reference(reference.beats_s[_is_noisy(reference.beats_s)], reference.flutter_s)
            counts = _count(mine, beats.t_s[_is_noisy(beats.t_s)])
        found.append(Peaks(peaks.features[use][:, :FEATURES], is_complex[use], weight, counts))
    return found


def fit(peaks: Sequence[Peaks]) -> "lightgbm.Booster":
    """Fit whether a peak is a complex."""
    features = np.concatenate([each.features for each in peaks])
    answer = np.concatenate([each.is_complex for each in peaks]).astype(np.float64)
    weight = np.concatenate([np.full(len(each.is_complex), each.weight) for each in peaks])
    return lightgbm.train(_PARAMETERS, lightgbm.Dataset(features, answer, weight=weight), _TREES)


def _make_forest(booster: "lightgbm.Booster") -> NDArray[np.void]:
    packed = pack(booster, 1)
    return plant(Trees(*(packed[each] for each in Trees._fields)))  # type: ignore[arg-type]


def make_first() -> NDArray[np.void]:
    """Return what the rounds begin with: a peak over the threshold is a complex."""
    trees = Trees(
        np.array([1, -1, -1], np.int16), np.array([1, -3, 3], np.float32), np.array([1, 0, 0], np.int16),
        np.array([2, 0, 0], np.int16), np.zeros(1, np.int32), np.zeros(1, np.float32),
    )  # fmt: skip
    return plant(trees)


def train(
    kinds: Sequence[Sequence[Recording]], references: Mapping[str, Reference], names: Sequence[str]
) -> "lightgbm.Booster":
    """Fit to the named records."""
    peaks: list[Peaks] = []
    forest = make_first()
    for _ in range(_ROUNDS):
        now: list[Peaks] = []
        for recordings, (_, _, weight) in zip(kinds, _KINDS, strict=True):
            mine = [each for each in recordings if each.name in names]
            now += gather(mine, references, weight, make_models({"complexes": forest}))
        peaks += now
        booster = fit(peaks)
        forest = _make_forest(booster)
    return booster


def main() -> None:
    """Cross-validate, fit on all, and write the model."""
    parser = argparse.ArgumentParser(description="Fit the trees that judge peaks in noise.")
    parser.add_argument("directory", type=Path, help="with the folders mitdb and nstdb")
    parser.add_argument("--only-fit", action="store_true", help="without the cross-validation")
    arguments = parser.parse_args()
    mitdb = arguments.directory / "mitdb"
    names = list_records(mitdb)
    clean = [read_recording(mitdb, name, 0) for name in names]
    references, normal_s = {}, {}
    for name in names:
        annotated = read_letters(mitdb, name)
        references[name] = Reference(annotated.beats_s, tuple(annotated.flutter_s))
        normal_s[name] = annotated.beats_s[annotated.letters == "N"]
    noises = {
        name: np.asarray(wfdb.rdrecord(str(arguments.directory / "nstdb" / name)).p_signal[:, 0], np.float64)
        for name in ("em", "ma")
    }
    kinds = [clean] + [
        [add_noise(each, normal_s[each.name], noises[name], name, ratio_db) for each in clean]
        for name, ratio_db, _ in _KINDS[1:]
    ]
    if not arguments.only_fit:
        totals = [Counts(0, 0, 0)] * len(_KINDS)
        for part in range(_PARTS):
            out = names[part::_PARTS]
            models = make_models(
                {"complexes": _make_forest(train(kinds, references, [name for name in names if name not in out]))}
            )
            for at, (recordings, (_, _, weight)) in enumerate(zip(kinds, _KINDS, strict=True)):
                for peaks in gather([each for each in recordings if each.name in out], references, weight, models):
                    totals[at] = Counts(*map(sum, zip(totals[at], peaks.counts, strict=True)))
        for (name, ratio_db, _), total in zip(_KINDS, totals, strict=True):
            f1 = 200 * total.tp / (2 * total.tp + total.fn + total.fp)
            sys.stdout.write(
                f"{name or 'clean':5} {ratio_db:2} dB: sensitivity {total.se_percent:.2f} %, "
                f"positive predictivity {total.ppv_percent:.2f} %, F1 {f1:.2f} %\n"
            )
    forest = pack(train(kinds, references, names), 1)
    np.savez_compressed(_MODEL, **forest)  # type: ignore[arg-type]
    sys.stdout.write(f"{_MODEL.name}: {len(forest['root'])} trees, {len(forest['feature'])} nodes\n")


if __name__ == "__main__":
    main()
