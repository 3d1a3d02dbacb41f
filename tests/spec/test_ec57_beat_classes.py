"""ANSI/AAMI EC57: ventricular and supraventricular ectopic beats by the matrix of classes (WFDB's bxb)."""

import numpy as np
import pytest

from analytics.evaluation.annotations import sort_annotations
from analytics.evaluation.beats import CLASSES, SCORED, Counts, Matrix, compare, get_qrs, get_sveb, get_veb
from tests.annotated import annotate


@pytest.mark.parametrize(("label", "codes"), [("N", "NLRBejn"), ("S", "AaJS"), ("V", "VEr"), ("F", "F"), ("Q", "/fQ?")])
def test_classes_by_code(label: str, codes: str) -> None:
    found = sort_annotations(np.arange(float(len(codes))), list(codes), [""] * len(codes), 60.0)
    assert found.labels.tolist() == [label.encode()] * len(codes)


@pytest.mark.parametrize("code", list('+~|x!"@pt[]'))
def test_other_codes_are_no_beats(code: str) -> None:
    assert not len(sort_annotations(np.zeros(1), [code], [""], 60.0).beats_s)


def _compare_one(annotated: str, found: str) -> Matrix:
    """One annotated beat and one found, at the same time; O is none."""
    sides = [annotate(times_s=[]) if each == "O" else annotate(each) for each in (annotated, found)]
    return compare(sides[0], sides[1], [SCORED])


#: Annotated and found class: what it is for the VEB (EC57 and bxb: VFN = Vn+Vs+Vf+Vq+Vo, VFP = Nv+Sv+Ov).
_VEB = {"VV": "tp", "VN": "fn", "VS": "fn", "VF": "fn", "VQ": "fn", "VO": "fn", "NV": "fp", "SV": "fp", "OV": "fp"}
#: For the SVEB (SFN = Sn+Sv+Sf+Sq+So, SFP = Ns+Vs+Fs+Os).
_SVEB = {
    "SS": "tp", "SN": "fn", "SV": "fn", "SF": "fn", "SQ": "fn", "SO": "fn",
    "NS": "fp", "VS": "fp", "FS": "fp", "OS": "fp",
}  # fmt: skip


@pytest.mark.parametrize("cell", [a + f for a in CLASSES for f in CLASSES if a + f != "OO"])
def test_each_cell_of_the_matrix(cell: str) -> None:
    matrix = _compare_one(*cell)
    assert matrix[CLASSES.index(cell[0]), CLASSES.index(cell[1])] == 1
    assert matrix.sum() == 1
    for table, counts in ((_VEB, get_veb(matrix)), (_SVEB, get_sveb(matrix))):
        kind = table.get(cell)
        assert counts == Counts(kind == "tp", kind == "fn", kind == "fp"), cell


def test_a_beat_of_another_class_is_a_beat() -> None:
    assert get_qrs(compare(annotate("NVSFQ"), annotate("VNNNN"), [SCORED])) == Counts(5, 0, 0)


def test_a_ventricular_beat_in_fibrillation_is_not_scored() -> None:
    reference = annotate("NVN", brackets_s=[(300.5, 301.5)])
    assert get_veb(compare(reference, annotate("NVN"), [SCORED])) == Counts(0, 0, 0)
