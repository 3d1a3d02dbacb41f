"""Gradient-boosted trees, as fitted offline: what a feature vector is taken for.  Pure."""

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.ecg.compiled import Record, compiled
from analytics.rows import Singles

_FOLDER: Final = Path(__file__).parent / "models"
#: Trees that are walked side by side: the machine looks up one while it waits for the others.
_ABREAST: Final = 4
#: What rounding can add to a sum.
_ROUNDING: Final = 1e-3

#: A node of a tree. threshold: not more than this, and the way leads to `below`, else to the node after it.
#: below: number in the forest.  feature: what is asked.
#: A leaf leads to itself whatever it asks, so that every tree of a group can be walked as deep as the deepest.
NODE: Final = np.dtype([("threshold", np.float32), ("below", np.uint16), ("feature", np.uint16)])


#: Room of a forest, the same for every model so that all run the same compiled code.
_NODES: Final = 6144
_GROUPS: Final = 96
_CLASSES: Final = 2

#: Binary trees of one model, for one or more classes, in groups of four.
#:
#: node: of all trees.  value: what a leaf adds to the sum of its class.
#: root: first node of each tree.  depth: steps from a group's roots to its deepest leaf.
#: most: what a group and those of its class after it can add at most.
#: first: first group of each class, and the end.  base: sum before the first tree.
FOREST: Final = np.dtype(
    [
        ("node", NODE, (_NODES,)),
        ("value", np.float32, (_NODES,)),
        ("root", np.uint16, (_GROUPS, _ABREAST)),
        ("depth", np.int32, (_GROUPS,)),
        ("most", np.float32, (_GROUPS,)),
        ("first", np.int32, (_CLASSES + 1,)),
        ("base", np.float32, (_CLASSES,)),
    ],
    align=True,
)


class Trees(NamedTuple):
    """A model as its file has it.

    Attributes
    ----------
    feature : (n,) int16
        Feature that a node asks; -1: a leaf.
    threshold : (n,) float32
        At most this, and the way leads left; of a leaf: its value.
    left, right : (n,) int16
        Nodes below, counted from the tree's root.
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


def load_forest(name: str) -> NDArray[np.void]:
    """Read a model's file: (1,) FOREST."""
    with np.load(_FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return plant(Trees(*(file[each] for each in Trees._fields)))


def plant(trees: Trees) -> NDArray[np.void]:
    """Lay out trees so that they are walked fast: (1,) FOREST.

    Raises
    ------
    ValueError
        For more trees, nodes or classes than there is room for.
    """
    nodes: list[tuple[float, int, int]] = [(np.inf, 0, 0)]  # a tree that adds nothing fills up the last group
    values = [0.0]
    forest = np.zeros(1, FOREST)
    one = forest[0]
    classes, count = len(trees.base), 0
    for kind in range(classes):
        own = [_plant_tree(trees, int(root), nodes, values) for root in trees.root[kind::classes]]
        own += [(0, 0, 0.0)] * (-len(own) % _ABREAST)
        groups = [own[at : at + _ABREAST] for at in range(0, len(own), _ABREAST)]
        end = count + len(groups)
        if end > _GROUPS or len(nodes) > _NODES or classes > _CLASSES:
            raise ValueError(
                f"a model of {len(trees.root)} trees, {len(trees.feature)} nodes and {classes} classes;"
                f" there is room for {_ABREAST * _GROUPS}, {_NODES} and {_CLASSES}"
            )
        one["root"][count:end] = [[tree[0] for tree in group] for group in groups]
        one["depth"][count:end] = [max(tree[1] for tree in group) for group in groups]
        most = np.cumsum([sum(tree[2] for tree in group) for group in reversed(groups)])[::-1]
        one["most"][count:end] = most + _ROUNDING
        count = end
        one["first"][kind + 1] = count
    one["node"][: len(nodes)] = np.array(nodes, NODE)
    one["value"][: len(values)] = values
    one["base"][:classes] = trees.base
    return forest


def _plant_tree(
    trees: Trees, root: int, nodes: list[tuple[float, int, int]], values: list[float]
) -> tuple[int, int, float]:
    """Add a tree's nodes, siblings side by side; returns its root, depth and greatest leaf."""
    planted = len(nodes)
    nodes.append((0.0, 0, 0))
    values.append(0.0)
    waiting = [(root, planted, 0)]
    depth, most = 0, -np.inf
    while waiting:
        old, new, level = waiting.pop()
        if trees.feature[old] < 0:
            nodes[new] = (np.inf, new, 0)
            values[new] = float(trees.threshold[old])
            depth, most = max(depth, level), max(most, values[new])
            continue
        below = len(nodes)
        nodes[new] = (float(trees.threshold[old]), below, int(trees.feature[old]))
        nodes += [(0.0, 0, 0)] * 2
        values += [0.0] * 2
        waiting.append((root + int(trees.right[old]), below + 1, level + 1))
        waiting.append((root + int(trees.left[old]), below, level + 1))
    return planted, depth, most


@compiled
def add_up(forest: Record, features: Singles, kind: int, enough: float) -> float:
    """Return the raw sum of a class; the logistic function makes it a probability.

    Parameters
    ----------
    forest : FOREST
    enough : float
        Once the sum cannot come to this any more, the most that it could come to is returned: less than this.
        `-np.inf`: all trees are asked.
    """
    node, value = forest.node, forest.value
    total = forest.base[kind]
    for group in range(forest.first[kind], forest.first[kind + 1]):
        if total + forest.most[group] < enough:
            return total + forest.most[group]
        a, b, c, d = forest.root[group, 0], forest.root[group, 1], forest.root[group, 2], forest.root[group, 3]
        for _ in range(forest.depth[group]):
            at_a, at_b, at_c, at_d = node[a], node[b], node[c], node[d]
            a = at_a.below + np.uint16(features[at_a.feature] > at_a.threshold)
            b = at_b.below + np.uint16(features[at_b.feature] > at_b.threshold)
            c = at_c.below + np.uint16(features[at_c.feature] > at_c.threshold)
            d = at_d.below + np.uint16(features[at_d.feature] > at_d.threshold)
        total += (value[a] + value[b]) + (value[c] + value[d])
    return total
