"""A notifier that gives no sign of life is told to each hospital that counts on it, once (promise P4)."""

import pytest

from analytics.freshness import OpenAlarm
from analytics.telling import NOTIFIER_SILENT, judge_notifier

_S = 1_000_000


@pytest.mark.parametrize(
    ("began_s", "sign_s", "tenants", "told", "raised", "ended"),
    [
        (0, 991, [1, 2], [], [], []),
        (0, 990, [2, 1], [], [1, 2], []),
        (0, 990, [], [], [], []),
        (0, None, [1], [], [1], []),  # it was never started
        (991, 500, [1], [], [], []),  # all may have been down until then
        (0, 500, [1, 2], [1], [2], []),
        (0, 500, [1, 2], [1, 2], [], []),
        (991, 500, [1], [1], [], []),  # only a sign of life ends it
        (0, 999, [1], [1], [], [1]),
        (0, 500, [2], [1, 2], [], [1]),  # the first does not count on it any more
    ],
)
def test_each_hospital_that_counts_on_it_is_told(
    *, began_s: int, sign_s: int | None, tenants: list[int], told: list[int], raised: list[int], ended: list[int]
) -> None:
    open_alarms = [OpenAlarm(tenant, NOTIFIER_SILENT, None, 0, 0, tenant) for tenant in told]
    sign_us = None if sign_s is None else sign_s * _S
    verdict = judge_notifier(1000 * _S, began_s * _S, sign_us, tenants, open_alarms)
    assert [item.tenant_id for item in verdict.raises] == raised
    assert {item.call for item in verdict.raises} <= {NOTIFIER_SILENT}
    assert [close.alarm.tenant_id for close in verdict.closes] == ended
