"""What one annotator says of a record, an expert or the engine: classes of beats, and rhythms.

Read from WFDB annotation files, and written as such.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import wfdb
from numpy.typing import NDArray

from analytics.evaluation.records import EcgRecord, UnreadableRecordError, say_error
from analytics.rows import Floats

Span: TypeAlias = tuple[float, float]

#: EC57 classes by WFDB code, as de Chazal 2004 (doi:10.1109/TBME.2004.827359) and most who report by class since take
#: them. WFDB's bxb differs in the escape beats e, j, n: there they are S, so its figures of S are others.
CLASSES: Final = {
    **dict.fromkeys("NLRBejn", b"N"),
    **dict.fromkeys("AaJS", b"S"),
    **dict.fromkeys("VEr", b"V"),
    "F": b"F",
    **dict.fromkeys("/fQ?", b"Q"),
}
#: Rhythms that count as atrial fibrillation; EC57 has fibrillation alone, the engine's call flutter too.
AF_RHYTHMS: Final = frozenset({"AFIB", "AFL"})
#: Ventricular flutter and fibrillation, as MIT-BIH databases and vfdb spell them.
VF_RHYTHMS: Final = frozenset({"VF", "VFIB", "VFL"})
#: vfdb: the expert could not judge; such time is in no score of rhythms.
NOISE_RHYTHMS: Final = frozenset({"NOISE"})


class Rhythm(NamedTuple):
    """A stretch of one rhythm, named as MIT-BIH databases do."""

    begin_s: float
    end_s: float
    name: str


class Annotations(NamedTuple):
    """One annotator's view of a record.

    Attributes
    ----------
    beats_s : (n,) float64
        Times of the beats, ascending.
    labels : (n,) S1
        N, S, V, F, Q.
    rhythms : tuple of Rhythm
        Ascending, without overlap.
    brackets_s : tuple of (float, float)
        Ventricular flutter or fibrillation between ``[`` and ``]``.
    seconds : float
        Length of the record.
    has_classes : bool
        The beats' classes are told: `cudb` knows only N.
    """

    beats_s: Floats
    labels: NDArray[np.bytes_]
    rhythms: tuple[Rhythm, ...]
    brackets_s: tuple[Span, ...]
    seconds: float
    has_classes: bool = True

    @property
    def has_rhythms(self) -> bool:
        """Whether rhythms are told at all."""
        return bool(self.rhythms)

    @property
    def has_vf(self) -> bool:
        """Whether ventricular fibrillation would be told."""
        return bool(self.rhythms or self.brackets_s)

    def get_spans(self, names: frozenset[str]) -> list[Span]:
        """Return when any of these rhythms is, ascending, merged."""
        return merge((each.begin_s, each.end_s) for each in self.rhythms if each.name in names)

    @property
    def vf_s(self) -> list[Span]:
        """Ventricular flutter and fibrillation, by brackets or by rhythm."""
        return merge([*self.brackets_s, *self.get_spans(VF_RHYTHMS)])


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch joined, empty ones left out."""
    merged: list[Span] = []
    for begin_s, end_s in sorted(spans):
        if end_s <= begin_s:
            continue
        if merged and begin_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_s))
        else:
            merged.append((begin_s, end_s))
    return merged


def is_inside(spans: Sequence[Span], times_s: Floats) -> NDArray[np.bool_]:
    """Tell of each time whether it lies in a span, ends included."""
    inside = np.zeros(len(times_s), np.bool_)
    for begin_s, end_s in spans:
        inside |= (times_s >= begin_s) & (times_s <= end_s)
    return inside


def sort_annotations(times_s: Floats, symbols: Sequence[str], notes: Sequence[str], seconds: float) -> Annotations:
    """Sort WFDB annotations into beats, brackets and rhythms; what does not end lasts until the record's end."""
    at, labels = [], []
    changes: list[tuple[float, str]] = []
    brackets: list[Span] = []
    open_s: float | None = None
    for time_s, symbol, note in zip(times_s.tolist(), symbols, notes, strict=True):
        if symbol in CLASSES:
            at.append(time_s)
            labels.append(CLASSES[symbol])
        elif symbol == "[":
            open_s = time_s if open_s is None else open_s
        elif symbol == "]" and open_s is not None:
            brackets.append((open_s, time_s))
            open_s = None
        elif symbol == "+" and note.startswith("("):
            changes.append((time_s, note.rstrip("\0 ").removeprefix("(")))
    if open_s is not None:
        brackets.append((open_s, seconds))
    return Annotations(
        np.array(at, np.float64),
        np.array(labels, "S1"),
        get_rhythms(changes, seconds),
        tuple(brackets),
        seconds,
        has_classes=not set(symbols) <= {"N", "[", "]"},
    )


def get_rhythms(changes: Sequence[tuple[float, str]], seconds: float) -> tuple[Rhythm, ...]:
    """Return the stretches between changes of rhythm, the last until the record's end."""
    following = [*changes, (max([seconds, *(time for time, _ in changes)]), "")]
    return tuple(Rhythm(begin_s, end_s, name) for (begin_s, name), (end_s, _) in pairwise(following) if end_s > begin_s)


def read_annotations(record: EcgRecord) -> Annotations | None:
    """Return what the experts annotated (.atr), ``None`` without such a file or with nothing in it.

    Raises
    ------
    UnreadableRecordError
        When it cannot be read.
    """
    path = record.directory / record.name
    if not path.with_name(path.name + ".atr").is_file():
        return None
    try:
        read = wfdb.rdann(str(path), "atr")
    except Exception as error:
        raise UnreadableRecordError(f"{record.name}: its annotations cannot be read ({say_error(error)})") from error
    notes = [str(note or "") for note in (read.aux_note or [""] * len(read.symbol))]
    found = sort_annotations(read.sample / record.fs_hz, read.symbol, notes, record.seconds)
    return found if len(found.beats_s) or found.has_vf else None


def put_on_samples(found: Annotations, record: EcgRecord) -> Annotations:
    """Move the engine's annotations onto the record's samples, at most one beat a sample, all within the record."""
    samples = np.clip(np.rint(found.beats_s * record.fs_hz), 0, record.n_samples - 1).astype(np.int64)
    samples, first = np.unique(samples, return_index=True)
    changes = [
        (min(max(round(each.begin_s * record.fs_hz), 0), record.n_samples - 1) / record.fs_hz, each.name)
        for each in found.rhythms
    ]
    return found._replace(
        beats_s=samples / record.fs_hz,
        labels=found.labels[first],
        rhythms=get_rhythms(changes, found.seconds),
    )


def write_annotations(path: Path, found: Annotations, fs_hz: float) -> None:
    """Write the engine's annotations as `path`.hw, so that WFDB's bxb, rxr and epicmp read them.

    Ventricular fibrillation and flutter lie between ``[`` and ``]``, flutter is a rhythm too. Fibrillation is none in
    MIT-BIH's list: what was before it ends with ``(N``, or a reader of rhythms alone would let it go on.
    """
    lines = [(0, 0, "+", "(N")]
    before = "N"
    for each in found.rhythms:
        begin, end = round(each.begin_s * fs_hz), round(each.end_s * fs_hz)
        told = "N" if each.name == "VF" else each.name
        if told != before:
            lines.append((max(begin, 1), 1, "+", f"({told}"))
        if each.name in VF_RHYTHMS:
            lines.append((begin, 2, "[", ""))
            if each.end_s < found.seconds:
                lines.append((end, 0, "]", ""))
        before = told
    samples = np.rint(found.beats_s * fs_hz).astype(np.int64)
    lines += [(at, 3, label.decode(), "") for at, label in zip(samples.tolist(), found.labels.tolist(), strict=True)]
    lines.sort()
    path.parent.mkdir(parents=True, exist_ok=True)
    wfdb.wrann(
        path.name,
        "hw",
        np.array([line[0] for line in lines]),
        symbol=[line[2] for line in lines],
        aux_note=[line[3] for line in lines],
        write_dir=str(path.parent),
    )
