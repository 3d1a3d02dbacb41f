"""The heartbeat speaks for the analysis, not for the process."""

from analytics.service import AnalyticsService
from analytics.settings import AnalyticsSettings


def test_a_service_that_does_not_come_round_has_no_heartbeat() -> None:
    service = AnalyticsService(AnalyticsSettings.load(stuck_after_s=5.0))
    described = service._describe()
    assert described is not None
    assert described["shards"] == 0
    service._round._at_s -= 6.0
    assert service._describe() is None
