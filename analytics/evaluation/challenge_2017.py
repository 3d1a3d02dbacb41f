"""Atrial fibrillation in short hand-held ECGs by record, as the PhysioNet/CinC Challenge 2017 scores that class.

A record is taken for atrial fibrillation where the engine's rhythm is that in at least half of the time from the
first beat to the last. F1 is 2 Aa / (A + a): A records annotated so, a found so, Aa both.
Source: Clifford et al., doi:10.22489/CinC.2017.065-469, https://physionet.org/content/challenge-2017/.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from analytics.evaluation.annotations import AF_RHYTHMS, Annotations
from analytics.evaluation.records import UnreadableRecordError

COVERAGE: Final = 0.5
_CLASSES: Final = frozenset("NAO~")


class AfRecords(NamedTuple):
    """Records by whether atrial fibrillation is annotated and found."""

    tp: int
    fn: int
    fp: int
    tn: int

    @property
    def se_percent(self) -> float | None:
        """Sensitivity; ``None`` without records with atrial fibrillation."""
        return 100 * self.tp / (self.tp + self.fn) if self.tp + self.fn else None

    @property
    def sp_percent(self) -> float | None:
        """Specificity; ``None`` without others."""
        return 100 * self.tn / (self.tn + self.fp) if self.tn + self.fp else None

    @property
    def f1_percent(self) -> float | None:
        """The Challenge's F1 of this class; ``None`` where neither says it of any record."""
        whole = 2 * self.tp + self.fn + self.fp
        return 200 * self.tp / whole if whole else None


def read_classes(directory: Path) -> dict[str, str]:
    """Return by record what REFERENCE.csv says: N, A, O or ~; nothing where there is no such file.

    Raises
    ------
    UnreadableRecordError
        For a line that is not ``record,class``.
    """
    listed = directory / "REFERENCE.csv"
    if not listed.is_file():
        return {}
    classes = {}
    for line in listed.read_text(encoding="utf-8").split():
        name, _, label = line.partition(",")
        if label not in _CLASSES:
            raise UnreadableRecordError(f"{listed}: {line!r}, wanted record,class with one of N, A, O, ~")
        classes[name] = label
    return classes


def get_coverage(found: Annotations) -> float:
    """Return which part of the time from first to last beat is atrial fibrillation, 0 to 1."""
    if len(found.beats_s) < 2:
        return 0.0
    begin_s, end_s = float(found.beats_s[0]), float(found.beats_s[-1])
    inside = [min(stop_s, end_s) - max(start_s, begin_s) for start_s, stop_s in found.get_spans(AF_RHYTHMS)]
    return sum(each for each in inside if each > 0) / (end_s - begin_s)


def count_records(classes: Sequence[tuple[str, float]], coverage: float = COVERAGE) -> AfRecords:
    """Count (annotated class, coverage) where at least so much makes a record one of atrial fibrillation."""
    cells = [(label == "A", covered >= coverage) for label, covered in classes]
    return AfRecords(*(cells.count(cell) for cell in ((True, True), (True, False), (False, True), (False, False))))
