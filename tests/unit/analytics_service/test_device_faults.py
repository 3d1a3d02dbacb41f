"""Battery, outbox, clock: each begins at its limit, ends well beyond it, and is the patient's own where he has one."""

import pytest

from analytics.device_faults import Condition, judge_devices
from analytics.freshness import OpenAlarm

_S = 1_000_000
_FINE = Condition("0" * 16, 7, 1, 300_000, 80, 3, 200_000_000, None, None, None)


@pytest.mark.parametrize(
    ("call", "field", "begins", "stays", "ends"),
    [
        ("clock_wrong", "offset_us", [10 * _S, -10 * _S, 86_400 * _S], [9 * _S, -9 * _S], [7 * _S, 0]),
        ("battery_low", "battery_percent", [15, 0], [16, 20], [21, 100]),
        ("outbox_filling", "outbox_bytes_left", [1_800, 0], [2_000, 2_600], [3_000, 10**9]),
    ],
)
def test_a_value_at_the_limit_does_not_come_and_go(
    call: str, field: str, begins: list[int], stays: list[int], ends: list[int]
) -> None:
    lasting = OpenAlarm(1, call, _FINE.device_id, 0, 0)
    for values, raised, closed in ((begins, [call], False), (stays, [], False), ([None], [], False), (ends, [], True)):
        for value in values:
            device = Condition(**_FINE._asdict() | {field: value})
            fresh = judge_devices(5, [device], [])
            assert [item.call for item in fresh.raises] == raised, value
            open_one = judge_devices(5, [device], [lasting])
            assert open_one.raises == []
            assert [close.alarm for close in open_one.closes] == [lasting] * closed, value


def test_a_patients_own_limit_holds() -> None:
    device = _FINE._replace(offset_us=3 * _S, battery_percent=30, clock_s=2.0, battery_limit=40.0)
    verdict = judge_devices(5, [device], [])
    assert [(item.call, item.device_id, item.patient_id, item.onset_us) for item in verdict.raises] == [
        ("clock_wrong", device.device_id, 7, 5),
        ("battery_low", device.device_id, 7, 5),
    ]
    assert judge_devices(5, [_FINE], []) == ([], [])


def test_of_a_device_that_was_shut_out_nothing_lasts() -> None:
    low = OpenAlarm(1, "battery_low", "1" * 16, 0, 0)
    of_others = OpenAlarm(2, "gone_quiet", "1" * 16, 0, 0)
    assert [close.alarm for close in judge_devices(5, [_FINE], [low, of_others]).closes] == [low]
