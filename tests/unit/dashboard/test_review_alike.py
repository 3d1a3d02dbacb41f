"""What is alike in the review queue stands together, and nothing else."""

from dashboard.review.alike import Looks, group_alike


def _looks(patient: int = 1, call: str = "bradycardia", bpm: float | None = 45.0, mv: float | None = 1.0) -> Looks:
    return Looks(patient, call, bpm, mv)


def test_alarms_of_one_patient_and_call_with_rate_and_height_near_are_alike() -> None:
    alarms = [_looks(), _looks(bpm=48.9), _looks(patient=2), _looks(call="pause"), _looks(bpm=51), _looks(mv=0.5),
              _looks(mv=0.8), _looks(bpm=52)]  # fmt: skip
    assert group_alike(alarms) == [0, 0, 2, 3, 4, 5, 0, 4]


def test_a_group_does_not_drift_from_what_it_began_with() -> None:
    assert group_alike([_looks(bpm=100.0), _looks(bpm=109.0), _looks(bpm=118.0)]) == [0, 0, 2]


def test_what_has_no_beats_is_like_what_has_none() -> None:
    assert group_alike([_looks(bpm=None, mv=None), _looks(), _looks(bpm=None, mv=None)]) == [0, 1, 0]
