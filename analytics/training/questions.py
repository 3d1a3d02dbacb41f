"""What the engine's models are asked on annotated records, and the answers that experts gave."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.ecg.row import MODEL_NAMES
from analytics.engine import Engine, Segment
from analytics.evaluation.records import open_record, read_frames
from analytics.rows import Floats, Samples, Singles

_EPOCH_US: Final = 1_000_000_000_000_000


#: How trees are fitted, whatever they answer: small, and the same again from the same input.
BOOSTING: Final = {
    "objective": "binary",
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "seed": 7,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class Recording(NamedTuple):
    """One lead of a record, in frames of a second."""

    database: str
    name: str
    lead: int
    seconds: float
    frames: list[Segment]

    @property
    def group(self) -> str:
        """The record: what is fitted on it is never tried on it."""
        return f"{self.database}/{self.name}"


class Asked(NamedTuple):
    """Questions of one recording: times, features, the present model's answer, and the labels found."""

    t_s: Floats
    features: Singles
    answer: Singles


def read_recording(directory: Path, name: str, lead: int) -> Recording:
    """Read a record as a device would send it."""
    record = open_record(directory, name, str(lead))
    frames = [
        Segment(0, _EPOCH_US + round(frame.start_s * 1e6), frame.fs_mhz, frame.gain, frame.baseline, 0, frame.samples)
        for frame in read_frames(record)
    ]
    return Recording(directory.name, name, lead, record.seconds, frames)


def mix(recording: Recording, noise: Samples, part: float, name: str) -> Recording:
    """Add noise (digital, at the recording's rate and gain) to a recording."""
    frames, at = [], 0
    for frame in recording.frames:
        size = len(frame.samples)
        added = np.clip(frame.samples + np.take(noise, range(at, at + size), mode="wrap") * part, -32768, 32767)
        frames.append(frame._replace(samples=np.rint(added).astype(np.int16)))
        at += size
    return recording._replace(name=f"{recording.name}", frames=frames, database=f"{recording.database}{name}")


def ask(
    recordings: Sequence[Recording], models: NDArray[np.void] | None = None, seconds: int = 10
) -> list[dict[int, Asked]]:
    """Run recordings through the engine together, and return for each what each model was asked."""
    engine = Engine(len(recordings), traces=len(recordings) * seconds * 12 + 4096)
    if models is not None:
        engine._models = models  # noqa: SLF001
    rows = [engine.open() for _ in recordings]
    parts: list[NDArray[np.void]] = []
    longest = max(len(each.frames) for each in recordings)
    for first in range(0, longest, seconds):
        segments = [
            frame._replace(row=row)
            for row, each in zip(rows, recordings, strict=True)
            for frame in each.frames[first : first + seconds]
        ]
        engine.tick(segments)
        parts += engine.traces
    for row in rows:
        engine.flush_row(row)
        parts += engine.traces
    whole = np.concatenate(parts)
    found = []
    for row in rows:
        mine = whole[whole["row"] == row]
        of_model = {}
        for model in range(len(MODEL_NAMES)):
            some = mine[mine["model"] == model]
            some = some[np.argsort(some["t_us"], kind="stable")]
            of_model[model] = Asked((some["t_us"] - _EPOCH_US) / 1e6, some["features"].copy(), some["answer"].copy())
        found.append(of_model)
    return found


class Heard(NamedTuple):
    """What the engine found in one recording: times of beats, and from when on its rhythm is which."""

    beats_s: Floats
    rhythms: list[tuple[float, str]]


def listen(recordings: Sequence[Recording], models: NDArray[np.void] | None = None, seconds: int = 10) -> list[Heard]:
    """Run recordings through the engine together, and return what it found in each."""
    engine = Engine(len(recordings))
    if models is not None:
        engine._models = models  # noqa: SLF001
    rows = [engine.open() for _ in recordings]
    beats: dict[int, list[float]] = {row: [] for row in rows}
    rhythms: dict[int, list[tuple[float, str]]] = {row: [] for row in rows}
    longest = max(len(each.frames) for each in recordings)
    results = [
        engine.tick([
            frame._replace(row=row)
            for row, each in zip(rows, recordings, strict=True)
            for frame in each.frames[first : first + seconds]
        ])
        for first in range(0, longest, seconds)
    ]  # fmt: skip
    for result in results + [engine.flush_row(row) for row in rows]:
        for row, t_us in zip(result.beats.row.tolist(), result.beats.t_us.tolist(), strict=True):
            beats[row].append((t_us - _EPOCH_US) / 1e6)
        for change in result.rhythms:
            rhythms[change.row].append(((change.t_us - _EPOCH_US) / 1e6, change.rhythm))
    return [Heard(np.sort(np.array(beats[row], np.float64)), rhythms[row]) for row in rows]


def pack(booster: object, classes: int) -> dict[str, NDArray[np.generic]]:
    """Return a LightGBM booster's trees as the arrays of `analytics.ecg.forest.Trees`."""
    return _pack(_dump(booster), [0.0] * classes)


def pack_together(boosters: Sequence[object], base: Sequence[float]) -> dict[str, NDArray[np.generic]]:
    """Return boosters of one answer each, and of as many trees, as one forest of as many answers."""
    return _pack([tree for turn in zip(*map(_dump, boosters), strict=True) for tree in turn], base)


def _dump(booster: object) -> list[dict[str, object]]:
    return [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]  # type: ignore[attr-defined]


def _pack(trees: Sequence[dict[str, object]], base: Sequence[float]) -> dict[str, NDArray[np.generic]]:
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    root: list[int] = []

    def add(node: dict[str, object], first: int) -> int:
        at = len(feature)
        feature.append(-1)
        threshold.append(0.0)
        left.append(0)
        right.append(0)
        if "leaf_value" in node:
            threshold[at] = float(node["leaf_value"])  # type: ignore[arg-type]
        else:
            feature[at] = int(node["split_feature"])  # type: ignore[call-overload]
            threshold[at] = float(node["threshold"])  # type: ignore[arg-type]
            left[at] = add(node["left_child"], first) - first  # type: ignore[arg-type]
            right[at] = add(node["right_child"], first) - first  # type: ignore[arg-type]
        return at

    for tree in trees:
        root.append(len(feature))
        add(tree, len(feature))
    return {
        "feature": np.array(feature, np.int16),
        "threshold": np.array(threshold, np.float32),
        "left": np.array(left, np.int16),
        "right": np.array(right, np.int16),
        "root": np.array(root, np.int32),
        "base": np.array(base, np.float32),
    }
