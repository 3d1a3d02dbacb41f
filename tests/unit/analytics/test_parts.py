"""The engine's own arithmetic against NumPy's."""

from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.ecg import order, shapes
from analytics.ecg.forest import Trees, add_up, plant
from analytics.ecg.peaks import RING
from analytics.rows import Singles

_FEATURES: Final = 7
_SEEDS: Final = range(20)


def _make_trees(rng: np.random.Generator, count: int, classes: int) -> Trees:
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    root: list[int] = []

    def grow(first: int, depth: int) -> int:
        at = len(feature)
        is_leaf = depth == 0 or rng.random() < 0.3
        feature.append(-1 if is_leaf else int(rng.integers(_FEATURES)))
        threshold.append(float(rng.normal()))
        left.append(0)
        right.append(0)
        if not is_leaf:
            left[at] = grow(first, depth - 1) - first
            right[at] = grow(first, depth - 1) - first
        return at

    for _ in range(count):
        root.append(len(feature))
        grow(len(feature), int(rng.integers(1, 6)))
    return Trees(
        np.array(feature, np.int16), np.array(threshold, np.float32), np.array(left, np.int16),
        np.array(right, np.int16), np.array(root, np.int32), rng.normal(size=classes).astype(np.float32),
    )  # fmt: skip


def _walk(trees: Trees, features: Singles, kind: int) -> float:
    total = float(trees.base[kind])
    for root in trees.root[kind :: len(trees.base)]:
        node = root
        while trees.feature[node] >= 0:
            below = trees.left if features[trees.feature[node]] <= trees.threshold[node] else trees.right
            node = root + below[node]
        total += float(trees.threshold[node])
    return total


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_forest_adds_up_what_its_trees_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    classes = 1 + seed % 2
    trees = _make_trees(rng, classes * int(rng.integers(1, 40)), classes)
    forest = plant(trees)[0]
    for features in rng.normal(size=(20, _FEATURES)).astype(np.float32):
        for kind in range(classes):
            whole = _walk(trees, features, kind)
            assert add_up(forest, features, kind, -np.inf) == pytest.approx(whole, abs=1e-4)
            for enough in (-3.0, 0.0, 3.0):
                some = add_up(forest, features, kind, enough)
                assert some == pytest.approx(whole, abs=1e-4) if whole >= enough else some < enough


def test_a_forest_too_large_is_refused() -> None:
    trees = _make_trees(np.random.default_rng(1), 400, 1)
    with pytest.raises(ValueError, match="there is room for 384"):
        plant(trees)


@pytest.mark.parametrize("seed", _SEEDS)
def test_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 41))
    values = np.full(40, np.nan, np.float32)
    values[:count] = rng.integers(0, 12, count)  # many are equal
    ranked = np.zeros(40, np.float32)
    order.sort_few(values, count, ranked)
    assert ranked[:count].tolist() == np.sort(values[:count]).tolist()
    assert [order.get_ranked(values, count, rank) for rank in range(count)] == ranked[:count].tolist()
    assert order.count_known(values) == count


def _shift_and_correlate(wave: Singles, shape: Singles, half: int) -> NDArray[np.float64]:
    middle = slice(shapes.HALF - half, shapes.HALF + half + 1)
    moved = [wave[shift : shift + shapes.SIZE][middle] for shift in range(2 * shapes.SHIFT + 1)]
    return np.array([np.corrcoef(one, shape[middle])[0, 1] for one in moved])


@pytest.mark.parametrize("half", [shapes.HALF, shapes.QRS_HALF])
@pytest.mark.parametrize("seed", _SEEDS)
def test_likeness(seed: int, half: int) -> None:
    rng = np.random.default_rng(seed)
    wave = rng.normal(size=shapes.WIDE).astype(np.float32)
    wave -= wave.mean()
    shift = int(rng.integers(2 * shapes.SHIFT + 1))
    shape = (wave[shift : shift + shapes.SIZE] / 2 + 0.1 * rng.normal(size=shapes.SIZE)).astype(np.float32)
    shape -= shape.mean()
    like = shapes.compare(wave, shape, half)
    assert like.alike == pytest.approx(_shift_and_correlate(wave, shape, half).max(), abs=1e-3)
    if half == shapes.HALF:
        assert like.shift == pytest.approx(shift, abs=1)
        assert like.size == pytest.approx(2, rel=0.2)


def test_a_beat_is_cut_out_across_the_end_of_the_ring() -> None:
    ecg = np.arange(RING, dtype=np.float32)
    wave = np.zeros(shapes.WIDE, np.float32)
    shapes.cut(ecg, RING + 3, wave)
    expected = np.take(ecg, np.arange(RING + 3 - shapes.WIDE // 2, RING + 3 + shapes.WIDE // 2 + 1), mode="wrap")
    np.testing.assert_allclose(wave, expected - expected.mean(), atol=1e-3)


def test_a_p_wave_is_found_a_little_earlier() -> None:
    at = np.arange(RING)
    ecg = np.exp(-0.5 * ((at - 100) / 4) ** 2).astype(np.float32)
    usual, place = np.zeros(shapes.P_SIZE, np.float32), np.zeros(shapes.P_SIZE, np.float32)
    shapes.cut_p(ecg, 88, usual)
    assert shapes.compare_p(ecg, 91, usual, place) == pytest.approx(1, abs=1e-3)
    shapes.cut_p(ecg, 91, place)
    assert shapes.dot(place, usual) < 0.95 * shapes.dot(usual, usual)
