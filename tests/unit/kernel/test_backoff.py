"""Pauses grow to a bound, never all at the same moment, and begin anew."""

from heartwire.backoff import Backoff


def test_pauses_double_to_a_bound() -> None:
    backoff = Backoff(8.0, first_s=1.0)
    pauses = [backoff.next_s() for _ in range(60)]
    for pause_s, bound_s in zip(pauses, [1, 2, 4, *[8] * 57], strict=True):
        assert bound_s / 2 <= pause_s <= bound_s
    assert len(set(pauses[3:])) > 1
    backoff.reset()
    assert backoff.next_s() <= 1.0
