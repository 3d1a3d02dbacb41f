"""Gradient-boosted trees, as fitted offline: what a feature vector is taken for.  Pure."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.ecg.compiled import compiled
from analytics.rows import Singles

_FOLDER: Final = Path(__file__).parent / "models"


class Forest(NamedTuple):
    """Binary trees of one model, for one or more classes.

    Attributes
    ----------
    feature : (n,) int16
        Feature that a node asks; -1: a leaf.
    threshold : (n,) float32
        At most this, and the way leads left; of a leaf: its value.
    left, right : (n,) int16
        Nodes below.
    root : (n_trees,) int32
        First node of each tree; the trees of the classes take turns.
    base : (n_classes,) float32
        Sum before the first tree.
    """

    feature: NDArray[np.int16]
    threshold: Singles
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    root: NDArray[np.int32]
    base: Singles


def load_forest(name: str) -> Forest:
    """Read a model's file."""
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return Forest(*(np.ascontiguousarray(file[each]) for each in Forest._fields))


@compiled
def add_up(forest: Forest, features: Singles, sums: Singles) -> None:
    """Fill the raw sum of each class; the logistic function (one class) or softmax (more) makes them probabilities."""
    classes = len(forest.base)
    for each in range(classes):
        sums[each] = forest.base[each]
    for tree in range(len(forest.root)):
        first = forest.root[tree]
        node = first
        while forest.feature[node] >= 0:
            is_left = features[forest.feature[node]] <= forest.threshold[node]
            node = first + (forest.left[node] if is_left else forest.right[node])
        sums[tree % classes] += forest.threshold[node]
