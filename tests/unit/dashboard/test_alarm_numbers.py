"""Numbers of alarms are sums of what is alike, whatever it is asked by."""

from dashboard.statistics.numbers import (
    WORST,
    Named,
    Told,
    by_call,
    by_shift,
    limit_numbers,
    patient_numbers,
    worst_limits,
    worst_patients,
)

_TOLD = [
    Told(1, "bradycardia", "medium", "false", 0, 6, 4, [10, 20, 30, 40]),
    Told(1, "bradycardia", "medium", "true", 2, 1, 1, [90]),
    Told(1, "asystole", "high", None, 0, 2, 2, [5, 7]),
    Told(2, "pause", "medium", "unsure", 1, 4, 0, []),
    Told(None, "broker_unreachable", "high", None, 2, 1, 0, []),
]


def test_by_call() -> None:
    brady, pause, asystole, broker = by_call(_TOLD)
    assert (brady.call, brady.n, brady.n_true, brady.n_false, brady.n_acknowledged) == ("bradycardia", 7, 1, 6, 5)
    assert brady.median_s == 30
    assert (pause.call, pause.n, pause.n_unsure, pause.median_s) == ("pause", 4, 4, None)
    assert (asystole.call, asystole.median_s, broker.call) == ("asystole", 6, "broker_unreachable")


def test_by_shift_all_of_them() -> None:
    early, late, night = by_shift(_TOLD)
    assert (early.shift, early.high, early.medium, early.low, early.n_false) == ("early", 2, 6, 0, 6)
    assert (late.shift, late.medium) == ("late", 4)
    assert (night.shift, night.high, night.medium, night.n_true) == ("night", 1, 1, 1)
    assert [shift.medium for shift in by_shift([])] == [0, 0, 0]


def test_the_worst_patients_and_limits_are_ten_and_patients() -> None:
    (ada, alarms), (ben, _) = worst_patients(_TOLD)
    assert (ada, ben) == (1, 2)
    numbers = patient_numbers(ada, Named("Ada", "B"), alarms)
    assert (numbers.name, numbers.n, numbers.most) == ("Ada", 9, "bradycardia")
    ((patient_id, call, alike),) = worst_limits(_TOLD)
    assert (patient_id, call) == (1, "bradycardia")
    default = limit_numbers(1, Named("Ada", "B"), call, None, alike, suggestion=None)
    assert (default.value, default.unit, default.is_own, default.n) == (50, "1/min", False, 7)
    assert limit_numbers(1, Named("Ada", "B"), call, 44, alike, suggestion=None).is_own
    many = [Told(number, "pause", "medium", None, 0, 5 + number, 0, []) for number in range(30)]
    assert [patient_id for patient_id, _ in worst_patients(many)] == list(range(29, 19, -1))
    assert len(worst_limits(many)) == WORST
