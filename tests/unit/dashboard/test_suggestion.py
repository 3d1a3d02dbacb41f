"""A limit is suggested where it silences much and loses nothing, and only where somebody has looked."""

import pytest

from dashboard.statistics.suggestion import DIRECTIONS, Reach, Ring, extreme, suggest
from heartwire.calls import CALLS, Priority


def _rings(*extremes: float | None, verdict: str | None = "false") -> list[Ring]:
    return [Ring(extreme, verdict) for extreme in extremes]


def test_the_limit_that_silences_most_is_the_nearest_that_does() -> None:
    # 38 rang between 45 and 49, none of them true.
    rings = _rings(*[45.2] * 10, *[48.1] * 28)
    found = suggest("bradycardia", 50, rings)
    assert found is not None
    assert (found.value, found.silences, found.of, found.still_true) == (45, 38, 38, 0)


def test_nothing_true_is_ever_silenced() -> None:
    rings = [*_rings(*[48.5] * 10), *_rings(44.4, 41, verdict="true"), *_rings(*[43] * 4)]
    found = suggest("bradycardia", 50, rings)
    assert found is not None
    assert (found.value, found.silences, found.still_true) == (48, 10, 2)
    # A true one just below the limit: there is no room.
    assert suggest("bradycardia", 50, [*rings, Ring(49.7, "true")]) is None


def test_above_as_below() -> None:
    found = suggest("tachycardia", 120, _rings(*[128.6] * 8))
    assert found is not None
    assert (found.value, found.silences) == (129, 8)
    found = suggest("pause", 2.5, _rings(*[2.74] * 8))
    assert found is not None
    assert (found.value, found.silences) == (2.8, 8)


@pytest.mark.parametrize(
    ("call", "value", "far", "suggested"),
    [
        ("supraventricular_tachycardia", 150, 163.2, 164),
        ("atrial_fibrillation", 30, 38, 40),
        ("frequent_pvcs", 10, 12, 12),
    ],
)
def test_each_limit_is_about_its_own_measure(call: str, value: float, far: float, suggested: float) -> None:
    nothing = Reach(None, None, None, None, None)
    reach = nothing._replace(**{DIRECTIONS[call].reach: far})
    assert extreme(call, reach) == far
    assert extreme(call, nothing) is None
    found = suggest(call, value, _rings(*[far] * 8))
    assert found is not None
    assert (found.value, found.silences) == (suggested, 8)


def test_no_limit_of_high_priority_is_ever_suggested() -> None:
    assert all(CALLS[call].priority != Priority.HIGH for call in DIRECTIONS)
    assert all(direction.name in CALLS[call].limits for call, direction in DIRECTIONS.items())


@pytest.mark.parametrize(
    ("call", "rings"),
    [
        ("bradycardia", _rings(48, 48, 48, 48)),
        ("bradycardia", _rings(*[48] * 20, verdict=None)),
        ("bradycardia", [*_rings(*[48] * 4), *_rings(*[47] * 4, verdict="true")]),
        ("bradycardia", _rings(*[20] * 10)),
        ("bradycardia", _rings(*[None] * 10)),
        ("extreme_bradycardia", _rings(*[39] * 10)),
        ("asystole", _rings(*[5] * 10)),
    ],
    ids=["few", "nobody looked", "as many true", "far beyond", "no beats", "high priority", "no rate"],
)
def test_where_nothing_is_known_or_won_nothing_is_suggested(call: str, rings: list[Ring]) -> None:
    assert suggest(call, 50, rings) is None
