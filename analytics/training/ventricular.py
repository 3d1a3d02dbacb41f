"""Fit the trees of `analytics.ecg.ventricular`: `python -m analytics.training.ventricular DIR`.

`DIR` holds folders of PhysioNet databases (Goldberger et al. 2000, doi:10.1161/01.CIR.101.23.e215; Open Data Commons
Attribution 1.0), of each a share that the results are not measured on elsewhere: cudb (Nolle et al. 1986), vfdb
(Greenwald 1986), mitdb (Moody and Mark 2001), cinc2015 (Clifford et al. 2015), cinc2017 (Clifford et al. 2017), nstdb
(Moody et al. 1984).

Method: the engine is run over both leads of each record, and over mitdb with nstdb's noise added; what the trees would
be asked is kept. A second is fibrillation where at least half of the 4.1 s before it are annotated so (VF, VFIB, VFL),
and says nothing where between 30 and 70 % are. Where vfdb says VT, a second is an example of what is not fibrillation
only if its wave is of one frequency and slow enough for VT: much of the rest (423, 427) has no rhythm at all, and the
annotators of cudb would have called it VF. Records weigh as the square root of what they have of fibrillation.

Printed is a cross-validation in six parts, no record in two of them: seconds as EC57 counts them, against the
annotations as they are (NOISE left out); seconds annotated VT apart. Same input, same trees.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import lightgbm as lgb
import numpy as np
import wfdb
from numpy.typing import NDArray

from analytics.ecg import ventricular
from analytics.ecg.compiled import compiled
from analytics.ecg.ventricular import FEATURES, NARROW, PEAK_HZ, WAVE
from analytics.evaluation.records import list_records
from analytics.rows import Floats, Singles
from analytics.training.questions import Recording, ask, mix, pack, read_recording

_MODEL: Final = 1
_FILE: Final = Path(__file__).parents[1] / "ecg" / "models" / "ventricular.npz"
_WINDOW_S: Final = 4.1
_FIBRILLATES: Final = frozenset({"VF", "(VF", "(VFIB", "(VFL"})
_LEADS: Final = {"vfdb": 2, "cudb": 1, "mitdb": 2, "cinc2017": 1, "cinc2015": 2, "nstdb": 2}
_TOGETHER: Final = 32
_PARTS: Final = 6
_ROUNDS: Final = 200
#: Noise that is mixed into every other record of mitdb: standard deviation, digital units (200 a mV).
_NOISE_UNITS: Final = (100.0, 250.0)
_PARAMETERS: Final = {
    "objective": "binary",
    "num_leaves": 8,
    "learning_rate": 0.04,
    "min_data_in_leaf": 120,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "verbose": -1,
    "num_threads": 1,
    "seed": 3,
    "deterministic": True,
}
_ALARM_S: Final = 300.0
#: Log-odds where the engine does not ask the trees.
_NOT_ASKED: Final = -6.0
#: Episodes shorter than this may be over before they can be told; an alarm later than this is late.
_LONG_S: Final = 6.0
_LATE_S: Final = 10.0


class Span(NamedTuple):
    """A rhythm, as annotated."""

    from_s: float
    to_s: float
    rhythm: str


class Examples(NamedTuple):
    """Seconds of one recording.

    Attributes
    ----------
    fibrillates, asked : (n,) bool
        The answer wanted; whether the trees are asked at all.
    weight : (n,) float64
    """

    recording: Recording
    spans: list[Span]
    t_s: Floats
    features: Singles
    fibrillates: NDArray[np.bool_]
    asked: NDArray[np.bool_]
    weight: Floats


def read_spans(directory: Path, name: str, end_s: float) -> list[Span]:
    """Read the rhythms of a record: none where there are no annotations."""
    if not (directory / f"{name}.atr").exists():
        return []
    notes = wfdb.rdann(str(directory / name), "atr")
    spans: list[Span] = []
    rhythm: Span | None = None
    fibrillates: float | None = None
    for t_s, symbol, note in zip((notes.sample / notes.fs).tolist(), notes.symbol, notes.aux_note, strict=True):
        text = note.strip("\0 ")
        if symbol == "[":
            fibrillates = t_s
        elif symbol == "]" and fibrillates is not None:
            spans.append(Span(fibrillates, t_s, "VF"))
            fibrillates = None
        if text.startswith("("):
            if rhythm:
                spans.append(rhythm._replace(to_s=t_s))
            rhythm = Span(t_s, end_s, text)
    if rhythm:
        spans.append(rhythm)
    if fibrillates is not None:
        spans.append(Span(fibrillates, end_s, "VF"))
    return spans


def is_in(spans: Sequence[Span], t_s: Floats, rhythms: frozenset[str]) -> NDArray[np.bool_]:
    """Return which times lie in one of the rhythms."""
    inside = np.zeros(len(t_s), np.bool_)
    for span in spans:
        if span.rhythm in rhythms:
            inside |= (t_s >= span.from_s) & (t_s < span.to_s)
    return inside


def _read(directory: Path) -> Iterator[list[Recording]]:
    """Yield recordings in parts that the engine can take together."""
    for database, leads in _LEADS.items():
        folder = directory / database
        clean = []
        for name in list_records(folder):
            for lead in range(leads):
                try:
                    clean.append(read_recording(folder, name, lead))
                except (ValueError, IndexError):
                    continue  # a record of fewer leads
        yield from (clean[at : at + _TOGETHER] for at in range(0, len(clean), _TOGETHER))
        if database == "mitdb":
            mitdb = [each for each in clean if each.lead == 0][::2]
        if database == "nstdb":
            for noise in clean:
                if noise.lead == 0:
                    line = np.concatenate([frame.samples for frame in noise.frames]).astype(np.float64)
                    line = (line - line.mean()) / line.std()
                    for units in _NOISE_UNITS:
                        yield [mix(each, line, units, f"+{noise.name}") for each in mitdb]


def _label(directory: Path, recording: Recording, t_s: Floats, features: Singles, alarms: dict[str, str]) -> Examples:
    """Give seconds their answers and weights."""
    database = recording.database.partition("+")[0]
    folder = directory / database
    n = len(t_s)
    spans = read_spans(folder, recording.name, recording.seconds) if database in {"vfdb", "cudb", "mitdb"} else []
    backs = np.linspace(0.1, _WINDOW_S - 0.1, 9)
    part = np.mean([is_in(spans, t_s - back, _FIBRILLATES) for back in backs], axis=0)
    fibrillates = part >= 0.5
    weight = np.where((part > 0.3) & (part < 0.7), 0.0, 1.0)
    if database in {"vfdb", "cudb"}:
        centre_s = t_s - _WINDOW_S / 2
        weight[is_in(spans, centre_s, frozenset({"(NOISE"})) & ~fibrillates] = 0.5
        is_organised = (features[:, NARROW] > 0.6) & (features[:, WAVE] > 8)
        weight[is_in(spans, centre_s, frozenset({"(VT"})) & ~fibrillates & ~is_organised] = 0
    elif database == "mitdb":
        weight *= 0.12
    elif database == "cinc2015":
        alarm = alarms[recording.name]
        if alarm == "Ventricular_Flutter_Fib,1":
            fibrillates = (t_s > _ALARM_S - 6) & (t_s <= _ALARM_S)
            weight = np.where(fibrillates, 1.0, np.where(t_s < _ALARM_S - 60, 0.15, 0.0))
        elif alarm == "Ventricular_Tachycardia,1":
            weight = np.where(t_s > _ALARM_S - 60, 0.0, 0.15)
        else:
            near = 0.3 if alarm.endswith("1") else 1.0
            weight = np.where(t_s > _ALARM_S - 10, near, 0.15) * (t_s <= _ALARM_S + 0.5)
    else:
        weight *= 0.3
    weight = np.where(fibrillates, 4 * weight, weight)
    asked = features[:, PEAK_HZ] > 0
    return Examples(recording._replace(frames=[]), spans, t_s, features, fibrillates, asked, weight.reshape(n))


def collect(directory: Path) -> list[Examples]:
    """Run all records through the engine and label what the trees would be asked."""
    lines = (directory / "cinc2015" / "ALARMS").read_text().splitlines()
    alarms = {name: rest for name, _, rest in (line.strip().partition(",") for line in lines)}
    found = []
    for recordings in _read(directory):
        for recording, asked in zip(recordings, ask(recordings), strict=True):
            question = asked[_MODEL]
            found.append(_label(directory, recording, question.t_s, question.features[:, :FEATURES], alarms))
    # Records with much fibrillation weigh less a second.
    total: dict[str, float] = {}
    for each in found:
        group = _group(each)
        total[group] = total.get(group, 0.0) + float(each.weight[each.fibrillates].sum())
    return [
        each._replace(
            weight=np.where(each.fibrillates, each.weight * np.sqrt(400 / max(total[_group(each)], 1e-9)), each.weight)
        )
        for each in found
    ]


def _group(examples: Examples) -> str:
    """Return the record, whatever noise was added."""
    return f"{examples.recording.database.partition('+')[0]}/{examples.recording.name}"


def fit(examples: Sequence[Examples]) -> lgb.Booster:
    """Fit trees to examples."""
    features = np.concatenate([each.features for each in examples])
    answer = np.concatenate([each.fibrillates for each in examples])
    weight = np.concatenate([each.weight for each in examples])
    used = np.concatenate([each.asked for each in examples]) & (weight > 0)
    return lgb.train(_PARAMETERS, lgb.Dataset(features[used], answer[used], weight=weight[used]), _ROUNDS)


@compiled
def _follow(states: NDArray[np.void], t_s: Floats, odds: Floats, found: Floats) -> int:
    """Fill begin, end and time told of each episode that the engine would make of log-odds; returns how many."""
    state = states[0]
    count = 0
    was_on = False
    for at in range(len(t_s)):
        if at > 0:
            for _ in range(int(np.rint(5 * (t_s[at] - t_s[at - 1] - 1)))):  # blocks that were lost
                ventricular.lose(state)
        ventricular.decide(state, odds[at], odds[at] > _NOT_ASKED, int(t_s[at] * 1e6))
        if state.is_on and not was_on:
            found[count, 2] = t_s[at]
        if was_on and not state.is_on:
            found[count, 0] = state.since_us / 1e6
            found[count, 1] = state.until_us / 1e6
            count += 1
        was_on = state.is_on
    if was_on:
        found[count, 0] = state.since_us / 1e6
        found[count, 1] = np.inf
        count += 1
    return count


def find_episodes(t_s: Floats, odds: Floats) -> Floats:
    """Return (n, 3) begin, end and time told of episodes, s: what the engine would make of these log-odds."""
    found = np.zeros((len(t_s) + 1, 3))
    return found[: _follow(np.zeros(1, ventricular.VENTRICULAR), t_s, odds, found)]


def cross_validate(examples: Sequence[Examples]) -> list[Floats]:
    """Return the log-odds of each recording's seconds, by trees that have not seen the record."""
    groups = sorted({_group(each) for each in examples})
    order = np.random.default_rng(5).permutation(len(groups))
    odds = [np.full(len(each.t_s), _NOT_ASKED) for each in examples]
    for part in range(_PARTS):
        out = {groups[at] for at in order[part::_PARTS]}
        booster = fit([each for each in examples if _group(each) not in out])
        for each, values in zip(examples, odds, strict=True):
            if _group(each) in out and each.asked.any():
                values[each.asked] = np.asarray(booster.predict(each.features[each.asked], raw_score=True))
    return odds


def report(examples: Sequence[Examples], odds: Sequence[Floats]) -> str:
    """Return how the episodes found compare with those annotated."""
    total = np.zeros(5, np.int64)
    late: list[float] = []
    false: dict[str, int] = {}
    seconds: dict[str, int] = {}
    lines = ["record        TP    FN    FP    TN  FP in VT"]
    for each, values in zip(examples, odds, strict=True):
        recording = each.recording
        episodes = find_episodes(each.t_s, values)
        t_s = np.arange(0.5, recording.seconds)
        found = np.zeros(len(t_s), np.bool_)
        for begin, end, _ in episodes.tolist():
            found |= (t_s >= begin) & (t_s < end)
        if recording.database not in {"vfdb", "cudb"}:
            database = recording.database.partition("+")[0]
            ours = found & ~is_in(each.spans, t_s, _FIBRILLATES)
            false[database] = false.get(database, 0) + int(ours.sum())
            seconds[database] = seconds.get(database, 0) + len(t_s)
            continue
        if recording.lead:
            continue
        wanted = is_in(each.spans, t_s, _FIBRILLATES)
        kept = ~is_in(each.spans, t_s, frozenset({"(NOISE"}))
        is_vt = is_in(each.spans, t_s, frozenset({"(VT"}))
        counts = [found & wanted, ~found & wanted, found & ~wanted, ~found & ~wanted, found & ~wanted & is_vt]
        row = np.array([(count & kept).sum() for count in counts])
        total += row
        lines.append(f"{recording.group:10}" + "".join(f"{value:6d}" for value in row))
        for span in each.spans:
            if span.rhythm in _FIBRILLATES and span.to_s - span.from_s > _LONG_S:
                told = [told for begin, end, told in episodes.tolist() if end > span.from_s and begin < span.to_s]
                late.append(told[0] - span.from_s if told else np.inf)
    hit, missed, wrong, right, in_vt = total.tolist()
    told_s = np.array(late)
    lines.append(
        f"Se {100 * hit / (hit + missed):.1f} Sp {100 * right / (right + wrong):.1f}, "
        f"without seconds annotated VT {100 * right / (right + wrong - in_vt):.1f}; latency median "
        f"{np.median(told_s):.1f} s; {np.isinf(told_s).sum()} of {len(told_s)} episodes missed; "
        f"{(told_s > _LATE_S).sum()} later than {_LATE_S:.0f} s"
    )
    lines += [f"{database}: {count} of {seconds[database]} s false" for database, count in false.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Cross-validate, fit to everything, write the trees."""
    parser = argparse.ArgumentParser(
        prog="analytics.training.ventricular", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("directory", type=Path)
    directory: Path = parser.parse_args(arguments).directory
    examples = collect(directory)
    sys.stdout.write(report(examples, cross_validate(examples)))
    np.savez_compressed(_FILE, **pack(fit(examples), 1))  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
