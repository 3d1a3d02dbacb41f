"""The command line says what it is, and refuses what it cannot mean."""

import pytest
from click.testing import CliRunner

from analytics.command import analytics
from analytics.settings import AnalyticsSettings
from heartwire.settings import SettingsError


def test_help_is_for_a_stranger() -> None:
    result = CliRunner().invoke(analytics, ["--help"])
    assert result.exit_code == 0
    for word in ("--database", "HEARTWIRE_ANALYTICS_DATABASE", "heartwire migrate", "SIGTERM"):
        assert word in result.output


@pytest.mark.parametrize(
    ("variable", "value"), [("BATCH_FRAMES", "0"), ("POLL_S", "60"), ("CHEKPOINT_EVERY_S", "5"), ("INSTANCE", "a b")]
)
def test_a_setting_that_is_wrong_is_named(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"HEARTWIRE_ANALYTICS_{variable}"
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        AnalyticsSettings.load()
