"""The histogram counts as Prometheus's own does."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from heartwire.tally import Tally

_BOUNDS = (0.5, 1.0, 10.0)


@given(st.lists(st.floats(min_value=-1, max_value=20) | st.sampled_from(_BOUNDS), max_size=20))
def test_a_tally_agrees_with_prometheus(values: list[float]) -> None:
    registry = CollectorRegistry()
    theirs = Histogram("x", "x", buckets=_BOUNDS, registry=registry)
    ours = Tally(_BOUNDS)
    for value in values:
        theirs.observe(value)
        ours.add(value)
    for bound, count in ours.cumulative():
        label = "+Inf" if bound == float("inf") else str(bound)
        assert registry.get_sample_value("x_bucket", {"le": label}) == count
    assert registry.get_sample_value("x_sum") == ours.total
