"""What an acknowledgement says is believed exactly, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.watermark import ContradictoryAckError, confirmed_ranges
from heartwire.frames import Ack


def _ack(committed: int, missing: tuple[tuple[int, int], ...], highest: int) -> Ack:
    return Ack(1, "ecg", committed, missing, highest)


@given(st.sets(st.integers(0, 40)))
def test_says_what_a_server_has(have: set[int]) -> None:
    highest = max(have, default=-1)
    absent = [seq for seq in range(highest) if seq not in have]
    ranges: list[tuple[int, int]] = []
    for seq in absent:
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    committed = ranges[0][0] - 1 if ranges else highest
    confirmed = confirmed_ranges(_ack(committed, tuple(ranges), highest))
    assert {seq for first, last in confirmed for seq in range(first, last + 1)} == have


@pytest.mark.parametrize(
    "ack",
    [
        _ack(5, (), 4),
        _ack(5, ((3, 7),), 9),
        _ack(5, ((8, 7),), 9),
        _ack(5, ((6, 9),), 9),
        _ack(5, ((6, 7), (7, 8)), 9),
        _ack(5, ((8, 8), (6, 6)), 9),
        _ack(-1, ((0, 0),), -1),
    ],
)
def test_a_contradiction_is_not_believed(ack: Ack) -> None:
    with pytest.raises(ContradictoryAckError):
        confirmed_ranges(ack)
