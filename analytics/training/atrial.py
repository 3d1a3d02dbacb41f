"""Fit the trees that see atrial fibrillation, `analytics/ecg/models/atrial.npz`, and tell how well they do.

``python -m analytics.training.atrial DIR`` with PhysioNet's databases (Open Data Commons Attribution 1.0) in folders
of DIR: ``cinc2017``, the training set of the CinC Challenge 2017 (Clifford et al., doi:10.22489/CinC.2017.065-469),
hand-held recordings of 9 to 60 s called normal, atrial fibrillation, other or noisy; and ``mitdb``, the MIT-BIH
Arrhythmia Database (Moody and Mark 2001, doi:10.1109/51.932724), of which the 22 records of the first set of de Chazal
et al. (2004, doi:10.1109/TBME.2004.827359) are meant, both leads.

The engine looks at all of it and is asked after every second beat what the last intervals are. A recording of cinc2017
has one answer, and each weighs the same: its later questions more, which look back on more of it. In mitdb a question
has an answer where the rhythm has been the same for 20 s (AFIB and AFL against all others).

Cross-validation is in eight parts of the records. Each part is analysed by the engine itself, with trees fitted to the
others: recordings of cinc2017 are counted as its Challenge does, mitdb's first leads after five minutes by the duration
that is annotated and found. (The trees that class beats have seen mitdb; they matter little here.)
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import lightgbm
import numpy as np
from numpy.typing import NDArray

from analytics.ecg.atrial import FEATURES
from analytics.ecg.forest import Trees, plant
from analytics.ecg.row import make_models
from analytics.evaluation.annotations import (
    AF_RHYTHMS,
    Annotations,
    Span,
    get_rhythms,
    is_inside,
    read_annotations,
)
from analytics.evaluation.beats import LEARNING_S
from analytics.evaluation.challenge_2017 import count_records, get_coverage, read_classes
from analytics.evaluation.episodes import Episodes, compare_episodes
from analytics.evaluation.records import list_records, open_record
from analytics.evaluation.runs import TwoSided
from analytics.rows import Bools, Floats, Singles
from analytics.training.questions import BOOSTING, Recording, ask, listen, pack, read_recording

_MODEL: Final = Path(__file__).parents[1] / "ecg" / "models" / "atrial.npz"
_QUESTIONS: Final = 2
_SAME_S: Final = 20.0
#: What a recording of cinc2017 weighs, and a question of mitdb; and how many questions it takes to look back on enough.
_RECORDING_WEIGHT: Final = 20.0
_QUESTION_WEIGHT: Final = 0.06
_ENOUGH: Final = 5
_TREES: Final = 80
_PARAMETERS: Final = {
    **BOOSTING,
    "num_leaves": 5,
    "learning_rate": 0.05,
    "min_data_in_leaf": 75,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.6,
}
_PARTS: Final = 8
_TOGETHER: Final = 64


class Questions(NamedTuple):
    """What was asked of one recording.

    Attributes
    ----------
    features : (n, FEATURES) float32
    fibrillates : (n,) bool
        The answer.
    weight : (n,) float64
        In fitting.
    """

    group: str
    features: Singles
    fibrillates: Bools
    weight: Floats


def label_by_rhythm(t_s: Floats, fibrillates_s: Sequence[Span]) -> tuple[Bools, Floats]:
    """Return the answers to questions at times in a record with annotated rhythms, and what they weigh."""
    now, before = is_inside(fibrillates_s, t_s), is_inside(fibrillates_s, t_s - _SAME_S)
    return now, np.where(now == before, _QUESTION_WEIGHT, 0.0)


def label_by_record(n: int, *, fibrillates: bool) -> tuple[Bools, Floats]:
    """Return the answers to questions of a recording that has one, and what they weigh."""
    weight = np.minimum(1.0, (np.arange(n) + 0.5) / _ENOUGH)
    return np.full(n, fibrillates), weight * (_RECORDING_WEIGHT / max(weight.sum(), 1e-9))


def read_spans(directory: Path, name: str) -> list[Span]:
    """Return when a record fibrillates, as experts annotated it."""
    annotations = read_annotations(open_record(directory, name, "0"))
    return annotations.get_spans(AF_RHYTHMS) if annotations is not None else []


def _cut(recordings: Sequence[Recording]) -> list[Sequence[Recording]]:
    return [recordings[at : at + _TOGETHER] for at in range(0, len(recordings), _TOGETHER)]


def gather(recordings: Sequence[Recording], spans: dict[str, list[Span]], classes: dict[str, str]) -> list[Questions]:
    """Run recordings through the engine, and answer what it asks."""
    found = []
    for some in _cut(recordings):
        for recording, asked in zip(some, ask(some), strict=True):
            question = asked[_QUESTIONS]
            if recording.name in classes:
                answers = label_by_record(len(question.t_s), fibrillates=classes[recording.name] == "A")
            else:
                answers = label_by_rhythm(question.t_s, spans[recording.name])
            found.append(Questions(recording.group, question.features[:, :FEATURES], *answers))
    return found


def fit(questions: Sequence[Questions]) -> "lightgbm.Booster":
    """Fit whether intervals are those of atrial fibrillation."""
    features = np.concatenate([each.features for each in questions])
    answer = np.concatenate([each.fibrillates for each in questions])
    weight = np.concatenate([each.weight for each in questions])
    kept = weight > 0
    data = lightgbm.Dataset(features[kept], answer[kept].astype(np.float64), weight=weight[kept])
    return lightgbm.train(_PARAMETERS, data, _TREES)


def _make_models(booster: "lightgbm.Booster") -> NDArray[np.void]:
    packed = pack(booster, 1)
    return make_models({"atrial": plant(Trees(*(packed[each] for each in Trees._fields)))})  # type: ignore[arg-type]


class Verdicts(NamedTuple):
    """How the engine did.

    Attributes
    ----------
    records : list of (str, float)
        Of recordings of cinc2017: their class, and which part was found to fibrillate.
    episodes : dict of str to Episodes
        By record of mitdb.
    """

    records: list[tuple[str, float]]
    episodes: dict[str, Episodes]


def judge(
    recordings: Sequence[Recording],
    models: NDArray[np.void],
    spans: dict[str, list[Span]],
    classes: dict[str, str],
    verdicts: Verdicts,
) -> None:
    """Let the engine analyse recordings with these models, and add how it did to `verdicts`."""
    for some in _cut(recordings):
        for recording, heard in zip(some, listen(some, models), strict=True):
            rhythms = get_rhythms([(0.0, "N"), *heard.rhythms], recording.seconds)
            found = Annotations(heard.beats_s, np.empty(0, "S1"), rhythms, (), recording.seconds)
            if recording.name in classes:
                verdicts.records.append((classes[recording.name], get_coverage(found)))
            else:
                within = (LEARNING_S, recording.seconds)
                verdicts.episodes[recording.name] = compare_episodes(
                    spans[recording.name], found.get_spans(AF_RHYTHMS), within
                )


def cross_validate(
    recordings: Sequence[Recording],
    questions: Sequence[Questions],
    spans: dict[str, list[Span]],
    classes: dict[str, str],
) -> Verdicts:
    """Leave out each part of the records in turn."""
    verdicts = Verdicts([], {})
    groups = sorted({each.group for each in questions})
    order = np.random.default_rng(5).permutation(len(groups))
    for part in range(_PARTS):
        out = {groups[at] for at in order[part::_PARTS]}
        models = _make_models(fit([each for each in questions if each.group not in out]))
        # Of two leads the first is judged.
        mine = [each for each in recordings if each.group in out and each.lead == 0]
        judge(mine, models, spans, classes, verdicts)
    return verdicts


def describe(verdicts: Verdicts) -> str:
    """Return the figures."""
    counts = count_records(verdicts.records)
    wrong = Counter(label for label, covered in verdicts.records if (label == "A") != (covered >= 0.5))
    total = Episodes(TwoSided(0, 0, 0, 0), 0.0, 0.0, 0.0)
    lines = []
    for name, each in sorted(verdicts.episodes.items()):
        total = total.plus(each)
        if each.reference_s or each.found_s:
            seconds = f"{each.reference_s:.0f} s annotated, {each.found_s:.0f} found, {each.both_s:.0f} both"
            lines.append(f"{name}: {seconds}")
    se, ppv = total.duration_se_percent or 0, total.duration_ppv_percent or 0
    lines.append(f"mitdb: duration sensitivity {se:.1f} %, positive predictivity {ppv:.1f} %")
    se, sp, f1 = counts.se_percent or 0, counts.sp_percent or 0, counts.f1_percent or 0
    lines.append(f"cinc2017: sensitivity {se:.1f} %, specificity {sp:.1f} %, F1 {f1:.1f} %")
    lines.append(f"wrong by class: {dict(sorted(wrong.items()))}")
    return "\n".join(lines)


def main() -> None:
    """Cross-validate, fit on all, and write the model."""
    parser = argparse.ArgumentParser(description="Fit the trees that see atrial fibrillation.")
    parser.add_argument("directory", type=Path, help="with the folders mitdb and cinc2017")
    parser.add_argument("--only-fit", action="store_true", help="without the cross-validation")
    arguments = parser.parse_args()
    mitdb, cinc = arguments.directory / "mitdb", arguments.directory / "cinc2017"
    classes = read_classes(cinc)
    spans = {name: read_spans(mitdb, name) for name in list_records(mitdb)}
    recordings = [read_recording(mitdb, name, lead) for name in list_records(mitdb) for lead in (0, 1)]
    recordings += [read_recording(cinc, name, 0) for name in list_records(cinc)]
    questions = gather(recordings, spans, classes)
    if not arguments.only_fit:
        sys.stdout.write(describe(cross_validate(recordings, questions, spans, classes)) + "\n")
    forest = pack(fit(questions), 1)
    np.savez_compressed(_MODEL, **forest)  # type: ignore[arg-type]
    sys.stdout.write(f"{_MODEL.name}: {len(forest['root'])} trees, {len(forest['feature'])} nodes\n")


if __name__ == "__main__":
    main()
