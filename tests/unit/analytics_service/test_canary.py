"""The canary's heart is understood by the engine, each run has one verdict, and an old proof is none."""

import numpy as np
import pytest

from analytics.canary.runs import Verdict, judge
from analytics.canary.signal import CYCLE_S_LEAST, FS_HZ, GAIN, ONSET_S, draw_cycle
from analytics.engine import Engine, Segment
from analytics.freshness import Close, OpenAlarm
from analytics.proof import UNPROVEN, Canary, judge_canary
from dashboard.canary import CanaryFacts, CanaryState, canary_now
from heartwire.canary import Stage

_S = 1_000_000
_WANTED = [Stage.SENT, Stage.STORED, Stage.RAISED]


@pytest.mark.parametrize("cycle_s", [CYCLE_S_LEAST, 45])
def test_each_cycle_is_one_ventricular_tachycardia_and_nothing_graver(cycle_s: int) -> None:
    engine = Engine(1)
    row = engine.open()
    ecg = np.concatenate([draw_cycle(cycle_s, number) for number in range(4)])
    told = []
    for second in range(len(ecg) // FS_HZ):
        part = ecg[second * FS_HZ : (second + 1) * FS_HZ]
        told += engine.tick([Segment(row, second * _S, FS_HZ * 1000, GAIN, 0, 0, part)]).transitions
    raised = [change for change in told if change.kind == "raised" and change.call == "ventricular_tachycardia"]
    onsets_s = [change.onset_us / _S for change in raised]
    assert onsets_s == pytest.approx([ONSET_S + number * cycle_s for number in range(4)], abs=0.1)
    assert all(change.at_us / _S - onset_s < 4 for change, onset_s in zip(raised, onsets_s, strict=True))
    assert {change.call for change in told} <= {"ventricular_tachycardia", "ventricular_run", "frequent_pvcs"}


def test_a_cycle_is_no_shorter_than_it_can_be_understood() -> None:
    with pytest.raises(ValueError, match="20 s or more"):
        draw_cycle(CYCLE_S_LEAST - 1, 0)


@pytest.mark.parametrize(
    ("reached", "waited_s", "verdict"),
    [
        ([], 1.0, Verdict(ended=False)),
        ([Stage.SENT], 9.9, Verdict(ended=False)),
        ([], 10.0, Verdict(ended=True, failed=Stage.SENT)),
        ([Stage.SENT], 10.0, Verdict(ended=True, failed=Stage.STORED)),
        ([Stage.SENT, Stage.RAISED], 10.0, Verdict(ended=True, failed=Stage.STORED)),
        (_WANTED, 11.0, Verdict(ended=True)),
    ],
)
def test_a_run_fails_at_the_first_stage_that_it_does_not_reach_in_time(
    reached: list[Stage], waited_s: float, verdict: Verdict
) -> None:
    assert judge(reached, _WANTED, waited_s=waited_s, patience_s=10.0) == verdict


@pytest.mark.parametrize(
    ("began_s", "since_s", "proven_s", "is_open", "told"),
    [
        (0, 0, 900, False, ""),
        (0, 0, 640, False, "raised"),
        (0, 0, 641, False, ""),
        (0, 0, None, False, "raised"),
        (0, 700, None, False, ""),
        (700, 0, None, False, ""),
        (700, 0, 600, False, ""),
        (0, 0, 900, True, "ended"),
        (0, 0, 600, True, ""),
        (0, 0, None, True, ""),
    ],
)
def test_a_way_that_was_not_proven_for_two_cycles_is_told(
    began_s: int, since_s: int, proven_s: int | None, told: str, *, is_open: bool
) -> None:
    canary = Canary(since_s * _S, 180.0, None if proven_s is None else proven_s * _S)
    open_alarms = [OpenAlarm(1, UNPROVEN, None, 0, 0)] if is_open else []
    verdict = judge_canary(1000 * _S, began_s * _S, canary, open_alarms)
    assert [item.call for item in verdict.raises] == ([UNPROVEN] if told == "raised" else [])
    assert [close.alarm for close in verdict.closes] == (open_alarms if told == "ended" else [])


def test_without_a_canary_nothing_is_told() -> None:
    assert judge_canary(1000 * _S, 0, None, []) == ([], [])
    # One that was retired asks for nothing any more.
    told = OpenAlarm(1, UNPROVEN, None, 0, 0)
    assert judge_canary(1000 * _S, 0, None, [told]) == ([], [Close(told)])


@pytest.mark.parametrize(
    ("age_s", "failed", "state"),
    [
        (None, None, CanaryState.NEVER),
        (None, Stage.STORED, CanaryState.NEVER),
        (10, None, CanaryState.PROVEN),
        (150, None, CanaryState.PROVEN),
        (151, None, CanaryState.STALE),
        (10, Stage.RAISED, CanaryState.STALE),
        (200, Stage.RAISED, CanaryState.STALE),
        (201, Stage.RAISED, CanaryState.FAILED),
        (201, None, CanaryState.FAILED),
    ],
)
def test_a_proof_grows_old(age_s: int | None, failed: Stage | None, state: CanaryState) -> None:
    proven_us = None if age_s is None else (1000 - age_s) * _S
    now = canary_now(CanaryFacts(proven_us, 100.0, failed, []), 1000 * _S)
    assert (now.state, now.proven_us, now.failed_stage) == (state, proven_us, failed)
