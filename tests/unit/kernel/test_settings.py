"""Settings come from the environment and from files, and a wrong one is a sentence that names the variable."""

from pathlib import Path

import pytest
from pydantic_settings import SettingsConfigDict

from heartwire.settings import BrokerSettings, DatabaseSettings, ServiceSettings, SettingsError


class _Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    model_config = SettingsConfigDict(env_prefix="HEARTWIRE_UNIT_")


def test_given_values_win_over_the_environment_over_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql://file\n")
    monkeypatch.setenv("HEARTWIRE_UNIT_DATABASE_FILE", str(secret))
    assert _Settings.load().database.get_secret_value() == "postgresql://file"
    monkeypatch.setenv("HEARTWIRE_UNIT_DATABASE", "postgresql://environment")
    assert _Settings.load().database.get_secret_value() == "postgresql://environment"
    assert _Settings.load(database="postgresql://given").database.get_secret_value() == "postgresql://given"
    assert _Settings.load(database=None).database.get_secret_value() == "postgresql://environment"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTWIRE_UNIT_BROKER_PASSWORD", "opensesame")
    assert "opensesame" not in repr(_Settings.load())


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("BROKER_PORT", "0", "HEARTWIRE_UNIT_BROKER_PORT: .*greater than or equal to 1"),
        ("BROKER_PORT", "many", "HEARTWIRE_UNIT_BROKER_PORT: .*integer"),
        ("BROKER_PROT", "1883", "HEARTWIRE_UNIT_BROKER_PROT is not a setting; known: .*HEARTWIRE_UNIT_BROKER_PORT"),
        ("BROKER_KEY_FILE", "key.pem", "go together"),
        ("DATABASE_FILE", "/nowhere/at/all", "HEARTWIRE_UNIT_DATABASE_FILE names /nowhere/at/all.*No such file"),
    ],
)
def test_a_wrong_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str) -> None:
    monkeypatch.setenv(f"HEARTWIRE_UNIT_{variable}", value)
    with pytest.raises(SettingsError, match=says):
        _Settings.load()


def test_settings_do_not_change() -> None:
    settings = _Settings.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.broker_port = 1


def test_a_ca_file_turns_tls_on(tmp_path: Path) -> None:
    assert not _Settings.load().uses_tls
    assert _Settings.load(broker_ca_file=tmp_path).uses_tls
