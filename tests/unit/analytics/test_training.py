"""How annotated records become answers that trees are fitted to."""

import numpy as np

from analytics.training.atrial import label_by_record, label_by_rhythm


def test_a_question_counts_where_the_rhythm_has_been_the_same() -> None:
    times_s = np.array([50.0, 105.0, 125.0, 195.0, 205.0, 225.0])
    fibrillates, weight = label_by_rhythm(times_s, [(100.0, 200.0)])
    assert fibrillates.tolist() == [False, True, True, True, False, False]
    assert (weight > 0).tolist() == [True, False, True, True, False, True]


def test_recordings_of_one_answer_weigh_the_same_however_long() -> None:
    for n in (3, 40):
        fibrillates, weight = label_by_record(n, fibrillates=True)
        assert fibrillates.all()
        assert abs(weight.sum() - 20) < 1e-9
        assert weight[0] < weight[-1]
    assert not len(label_by_record(0, fibrillates=False)[1])
