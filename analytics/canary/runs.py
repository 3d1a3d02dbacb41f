"""When one run of the canary is over, and what it did not reach.  Pure."""

from collections.abc import Container, Sequence
from typing import NamedTuple

from heartwire.canary import Stage


class Verdict(NamedTuple):
    """What is to be said of a run now; `failed` names the first stage that it did not reach in time."""

    ended: bool
    failed: Stage | None = None


def judge(reached: Container[Stage], wanted: Sequence[Stage], *, waited_s: float, patience_s: float) -> Verdict:
    """Judge a run by the stages that it has reached.

    Parameters
    ----------
    reached : container of Stage
        Those that it has.
    wanted : sequence of Stage
        Those that it must reach, in order.
    waited_s, patience_s : float
        Since the tachycardia began, and how long it may take, seconds of a steady clock.
    """
    missing = next((stage for stage in wanted if stage not in reached), None)
    if missing is None:
        return Verdict(ended=True)
    return Verdict(ended=True, failed=missing) if waited_s >= patience_s else Verdict(ended=False)
