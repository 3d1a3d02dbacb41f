"""Fit the trees that class beats, `analytics/ecg/models/classes.npz`, and tell how well they do on records unseen.

``python -m analytics.training.beats DIR`` with PhysioNet's databases (Open Data Commons Attribution 1.0) in folders
of DIR: ``mitdb``, the MIT-BIH Arrhythmia Database (Moody and Mark 2001, doi:10.1109/51.932724), of which the 22
records of the first set of de Chazal et al. (2004, doi:10.1109/TBME.2004.827359) are meant, both leads; and
``cinc2017``, the training set of the CinC Challenge 2017 (Clifford et al., doi:10.22489/CinC.2017.065-469), recordings
called normal or atrial fibrillation, in which no beat is taken for an S.

Two boosters of binary trees are fitted (LightGBM): is a beat a V, and if not, is it an S. The second sees what tells
how early a beat comes and how its P wave and QRS resemble the usual, little else: with few patients who have S beats,
more only describes those patients. Trees may not go against physiology: the wider, or the less like the usual beat,
the rather a V; the earlier, the rather an S. Records weigh nearly alike however many beats they have.

Each record in turn is left out, fitted on the others, and judged on its first lead after five minutes, by the beats
that the engine itself found (EC57: a V told for an F counts neither way, nor an S). The features do not depend on
what the model answered, so that one pass of the engine serves all; where that pass found atrial fibrillation, no beat
counts as told an S, as in the engine (the trees that find it were fitted on all records). Results are sensitivity
and positive predictivity, in percent, summed over beats.
"""

import argparse
import sys
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import lightgbm
import numpy as np
import wfdb
from numpy.typing import NDArray

from analytics.ecg.atrial import BEGINS, ENDS
from analytics.ecg.classes import FEATURES
from analytics.ecg.row import MODEL_NAMES
from analytics.evaluation.beats import LEARNING_S, MATCH_WINDOW_S
from analytics.evaluation.records import list_records
from analytics.rows import Bools, Floats, Singles
from analytics.training.questions import BOOSTING, Asked, Recording, ask, pack_together, read_recording

_MODEL: Final = Path(__file__).parents[1] / "ecg" / "models" / "classes.npz"
#: Letters of beats as EC57 groups them.
_GROUPS: Final = {**dict.fromkeys("NLRBejn", "N"), **dict.fromkeys("AaJS", "S"), **dict.fromkeys("VEr", "V")}
_GROUPS.update({"F": "F", **dict.fromkeys("/fQ?", "Q")})
#: A beat found where no one annotated one; one in flutter, which is not scored.
_NONE: Final = "-"
_FLUTTER: Final = "["
_BEATS, _ATRIAL = MODEL_NAMES.index("classes"), MODEL_NAMES.index("atrial")
_V_FEATURES: Final = tuple(range(FEATURES))
_S_FEATURES: Final = (
    2, 3, 4, 5, 6, 9, 15, 16, 17, 20, 25, 26, 28, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 44, 45, 46, 47, 48, 49,
    51,
)  # fmt: skip
#: Features with which a V becomes likelier (1) or less likely (-1): width, likeness to the usual beat.
_V_MONOTONE: Final = {6: -1, 8: 1, 9: 1, 21: -1, 22: 1, 44: -1}
#: The same for S: how late it comes, by several measures.
_S_MONOTONE: Final = {2: -1, 4: -1, 26: -1, 32: -1, 34: -1, 36: -1, 38: -1, 39: -1}
#: Added to the raw sums: chosen by the same cross-validation, for about as many beats missed as falsely told (V), and
#: for somewhat more S beats found.
_V_BASE: Final = 0.3
_S_BASE: Final = 2.6
#: Other sums at which the table tells how many beats would be found, and told falsely.
_BASES: Final = {"V": (-0.6, 0.0, 0.3, 0.6, 1.2), "S": (0.8, 1.4, 2.0, 2.6, 2.8, 3.2)}
_TREES: Final = 120
_PARAMETERS: Final = {
    **BOOSTING,
    "learning_rate": 0.06,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.25,
}
#: N beats of a record and lead that are enough.
_N_MOST: Final = 700
#: Beats of a class and record from which on more of them weigh less each.
_ENOUGH: Final = 400.0
_V_WEIGHT: Final = 1.5
_S_WEIGHT: Final = 3.0
_NORMAL_WEIGHT: Final = 0.2
_FIBRILLATION_WEIGHT: Final = 0.6
_SOME: Final = 200


class Questions(NamedTuple):
    """Beats that the engine found, and what they are.

    Attributes
    ----------
    record, letter : (n,) str
        Record; N, S, V, F, Q, or `_NONE`, `_FLUTTER`.
    scored : (n,) bool
        Of the first lead, after five minutes.
    in_af : (n,) bool
        The engine found atrial fibrillation there: early and late are one.
    features : (n, FEATURES) float32
    weight : (n,) float64
        In fitting; 0 for beats that are left out.
    """

    record: NDArray[np.str_]
    letter: NDArray[np.str_]
    scored: Bools
    in_af: Bools
    features: Singles
    weight: Floats


class Annotated(NamedTuple):
    """What experts say: times and letters of beats, and stretches of flutter."""

    beats_s: Floats
    letters: NDArray[np.str_]
    flutter_s: list[tuple[float, float]]


def read_letters(directory: Path, name: str) -> Annotated:
    """Read a record's beats."""
    notes = wfdb.rdann(str(directory / name), "atr")
    times = notes.sample / float(wfdb.rdheader(str(directory / name)).fs)
    beats, letters, flutter = [], [], []
    begin = np.inf
    for time, symbol in zip(times.tolist(), notes.symbol, strict=True):
        if symbol in _GROUPS:
            beats.append(time)
            letters.append(_GROUPS[symbol])
        elif symbol == "[":
            begin = time
        elif symbol == "]":
            flutter.append((begin, time))
    return Annotated(np.array(beats), np.array(letters), flutter)


def pair(reference_s: Floats, found_s: Floats) -> NDArray[np.int64]:
    """Return for each beat found the place of its partner among those annotated, -1 without."""
    partner = np.full(len(found_s), -1)
    i = j = 0
    while i < len(reference_s) and j < len(found_s):
        distance = found_s[j] - reference_s[i]
        if abs(distance) <= MATCH_WINDOW_S:
            partner[j] = i
        i += distance >= -MATCH_WINDOW_S
        j += distance <= MATCH_WINDOW_S
    return partner


def find_fibrillation(beats_s: Floats, asked: Asked) -> Bools:
    """Tell before which beats the engine had found atrial fibrillation, as `analytics.ecg.atrial` does: (n,) bool."""
    is_on, states = False, []
    for chance in asked.answer.tolist():
        is_on = chance > BEGINS if not is_on else chance >= ENDS
        states.append(is_on)
    before = np.searchsorted(asked.t_s, beats_s) - 1
    return np.array([False, *states])[before + 1]


def gather(directory: Path) -> Questions:
    """Run MIT-BIH records through the engine."""
    recordings = [read_recording(directory, name, lead) for name in list_records(directory) for lead in (0, 1)]
    parts = []
    for recording, asked in zip(recordings, ask(recordings), strict=True):
        beats = asked[_BEATS]
        annotated = read_letters(directory, recording.name)
        partner = pair(annotated.beats_s, beats.t_s)
        letter = np.where(partner < 0, _NONE, annotated.letters[np.maximum(partner, 0)])
        for begin, end in annotated.flutter_s:
            letter[(beats.t_s >= begin) & (beats.t_s <= end)] = _FLUTTER
        scored = (beats.t_s >= LEARNING_S) & (recording.lead == 0)
        record = np.full(len(letter), recording.name)
        in_af = find_fibrillation(beats.t_s, asked[_ATRIAL])
        parts.append(Questions(record, letter, scored, in_af, beats.features[:, :FEATURES], _weigh(letter)))
    return _join(parts)


def gather_without_s(directory: Path) -> Questions:
    """Run CinC 2017 recordings called normal or atrial fibrillation through the engine."""
    called = dict(line.split(",") for line in (directory / "REFERENCE.csv").read_text("utf-8").split())
    recordings = [read_recording(directory, name, 0) for name in list_records(directory) if called[name] in "NA"]
    parts = []
    for some in _cut(recordings):
        for recording, asked in zip(some, ask(some), strict=True):
            beats = asked[_BEATS]
            count = len(beats.t_s)
            record = np.full(count, f"cinc2017/{called[recording.name]}")
            weight = _NORMAL_WEIGHT if called[recording.name] == "N" else _FIBRILLATION_WEIGHT
            kept = np.where(np.arange(count) % 2, weight, 0.0)
            none = np.zeros(count, np.bool_)
            parts.append(Questions(record, np.full(count, "N"), none, none, beats.features[:, :FEATURES], kept))
    return _join(parts)


def _cut(recordings: list[Recording]) -> list[list[Recording]]:
    return [recordings[at : at + _SOME] for at in range(0, len(recordings), _SOME)]


def _join(parts: list[Questions]) -> Questions:
    return Questions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _weigh(letter: NDArray[np.str_]) -> Floats:
    """Return what each beat of one lead of a record weighs in fitting, before its class's own weight."""
    weight = np.zeros(len(letter))
    for each in "NSV":
        places = np.flatnonzero(letter == each)
        if not len(places):
            continue
        kept = places
        if each == "N" and len(places) > _N_MOST:
            kept = np.random.default_rng(0).permutation(places)[:_N_MOST]
        # Both leads of a record together are twice as many.
        weight[kept] = min(1.0, (_ENOUGH / (2 * len(places))) ** 0.5) * len(places) / len(kept)
    return weight


def fit_v(questions: Questions, use: Bools) -> "lightgbm.Booster":
    """Fit whether a beat is a V."""
    is_v = questions.letter == "V"
    weight = questions.weight * np.where(is_v, _V_WEIGHT, 1.0)
    return _fit(questions.features, is_v, np.where(use, weight, 0), _V_FEATURES, _V_MONOTONE, 12)


def fit_s(questions: Questions, use: Bools) -> "lightgbm.Booster":
    """Fit whether a beat that is no V is an S."""
    is_s = questions.letter == "S"
    weight = questions.weight * np.where(is_s, _S_WEIGHT, 1.0) * (questions.letter != "V")
    return _fit(questions.features, is_s, np.where(use, weight, 0), _S_FEATURES, _S_MONOTONE, 12)


def _fit(  # noqa: PLR0917 # the columns of a fit
    features: Singles, answer: Bools, weight: Floats, used: tuple[int, ...], monotone: dict[int, int], leaves: int
) -> "lightgbm.Booster":
    kept = weight > 0
    # Features that are not used are constant, so that those used keep their places.
    seen = np.zeros((int(kept.sum()), FEATURES), np.float32)
    seen[:, used] = features[kept][:, used]
    constraints = [monotone.get(each, 0) for each in range(FEATURES)]
    parameters = {**_PARAMETERS, "num_leaves": leaves, "monotone_constraints": constraints}
    data = lightgbm.Dataset(seen, answer[kept].astype(np.float64), weight=weight[kept])
    return lightgbm.train(parameters, data, _TREES)


class Unseen(NamedTuple):
    """What trees that never saw a record say of its beats.

    Attributes
    ----------
    record, letter : (n,) str
        Record, and what the beat is.
    in_af : (n,) bool
        See `Questions`.
    v, s : (n,) float64
        Sums of the trees, before the bases are added.
    """

    record: NDArray[np.str_]
    letter: NDArray[np.str_]
    in_af: Bools
    v: Floats
    s: Floats


def cross_validate(questions: Questions, without_s: Questions) -> Unseen:
    """Leave out each record in turn."""
    whole = _join([questions, without_s])
    parts = []
    for name in np.unique(questions.record):
        use = whole.record != name
        mine = questions.scored & (questions.record == name)
        sums = [
            np.asarray(fit(whole, use).predict(questions.features[mine], raw_score=True), np.float64)
            for fit in (fit_v, fit_s)
        ]
        parts.append(Unseen(*(column[mine] for column in (questions.record, questions.letter, questions.in_af)), *sums))
    return Unseen(*(np.concatenate(column) for column in zip(*parts, strict=True)))


#: By record and letter: told rightly, missed, told falsely.
Counts: TypeAlias = dict[str, dict[str, tuple[int, int, int]]]


def count(unseen: Unseen, totals: dict[str, dict[str, int]], v_base: float, s_base: float) -> Counts:
    """Compare with the experts what `analytics.ecg.classes` would conclude with these bases.

    Parameters
    ----------
    totals
        By record and letter, how many beats are annotated after the first five minutes.
    """
    told = np.where(unseen.v > -v_base, "V", np.where((unseen.s > -s_base) & ~unseen.in_af, "S", "N"))
    counts: Counts = {}
    for name in sorted(totals):
        mine = unseen.record == name
        counts[name] = {}
        for each, false in (("V", ("N", "S", _NONE)), ("S", ("N", "V", "F", _NONE))):
            right = int((mine & (told == each) & (unseen.letter == each)).sum())
            wrong = int((mine & (told == each) & np.isin(unseen.letter, false)).sum())
            counts[name][each] = (right, totals[name].get(each, 0) - right, wrong)
    return counts


def count_scored(directory: Path) -> dict[str, dict[str, int]]:
    """Return by record and letter how many beats are annotated after the first five minutes."""
    totals = {}
    for name in list_records(directory):
        annotated = read_letters(directory, name)
        letters, numbers = np.unique(annotated.letters[annotated.beats_s >= LEARNING_S], return_counts=True)
        totals[name] = dict(zip(letters.tolist(), numbers.tolist(), strict=True))
    return totals


def describe(unseen: Unseen, totals: dict[str, dict[str, int]]) -> str:
    """Return the table: by record, in all, and with other bases."""
    counts = count(unseen, totals, _V_BASE, _S_BASE)
    lines = ["record   V right missed false   S right missed false"]
    for name, mine in counts.items():
        lines.append(f"{name:6}" + "  ".join("{:9}{:7}{:6}".format(*mine[each]) for each in "VS"))
    lines += [f"{each}: {_add_up(counts, each)}" for each in "VS"]
    for each, bases in _BASES.items():
        for base in bases:
            other = count(unseen, totals, base if each == "V" else _V_BASE, base if each == "S" else _S_BASE)
            lines.append(f"{each} with {base:4} added: {_add_up(other, each)}")
    return "\n".join(lines)


def _add_up(counts: Counts, letter: str) -> str:
    right, missed, false = (sum(mine[letter][at] for mine in counts.values()) for at in range(3))
    found, told = 100 * right / max(right + missed, 1), 100 * right / max(right + false, 1)
    return f"sensitivity {found:.1f} %, positive predictivity {told:.1f} %"


def main() -> None:
    """Cross-validate, fit on all, and write the model."""
    parser = argparse.ArgumentParser(description="Fit the trees that class beats.")
    parser.add_argument("directory", type=Path, help="with the folders mitdb and cinc2017")
    parser.add_argument("--only-fit", action="store_true", help="without the cross-validation")
    arguments = parser.parse_args()
    mitdb = arguments.directory / "mitdb"
    questions = gather(mitdb)
    without_s = gather_without_s(arguments.directory / "cinc2017")
    if not arguments.only_fit:
        sys.stdout.write(describe(cross_validate(questions, without_s), count_scored(mitdb)) + "\n")
    whole = _join([questions, without_s])
    use = np.ones(len(whole.record), np.bool_)
    forest = pack_together([fit_v(whole, use), fit_s(whole, use)], [_V_BASE, _S_BASE])
    np.savez_compressed(_MODEL, **forest)  # type: ignore[arg-type]
    sys.stdout.write(f"{_MODEL.name}: {len(forest['root'])} trees, {len(forest['feature'])} nodes\n")


if __name__ == "__main__":
    main()
