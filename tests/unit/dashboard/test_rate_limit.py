"""How often somebody may ask."""

from dashboard.rate_limit import RateLimit


def test_a_minute_slides_and_keys_do_not_meet() -> None:
    limit = RateLimit(2)
    assert [limit.wait_s("a", at_s) for at_s in (0.0, 10.0)] == [0, 0]
    assert limit.wait_s("a", 20.0) == 40.0
    assert limit.wait_s("b", 20.0) == 0
    assert limit.wait_s("a", 60.0) == 0, "the first has left the window; the refused one is not counted"
    assert limit.wait_s("a", 61.0) == 9.0


def test_only_so_many_keys_are_remembered() -> None:
    limit = RateLimit(1, keys_most=2)
    for key in ("a", "b", "c"):
        assert limit.wait_s(key, 0.0) == 0
    assert limit.wait_s("c", 1.0) > 0
    assert limit.wait_s("a", 1.0) == 0, "forgotten"
