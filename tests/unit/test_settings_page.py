"""The page of settings says what the sources say, and every setting says what it is."""

import pytest

from heartwire.settings import ServiceSettings
from setup.settings_page import PAGE, render, settings_classes


def test_the_page_is_what_the_sources_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "docs/settings.md is out of date: run `make docs`"


@pytest.mark.parametrize("settings", settings_classes(), ids=lambda settings: settings.__name__)
def test_every_setting_has_a_title_and_a_description(settings: type[ServiceSettings]) -> None:
    for name, field in settings.model_fields.items():
        assert field.title, name
        assert field.description, name


@pytest.mark.parametrize("settings", settings_classes(), ids=lambda settings: settings.__name__)
def test_every_settings_class_is_frozen_and_strict(settings: type[ServiceSettings]) -> None:
    assert settings.model_config.get("frozen") is True
    assert settings.model_config.get("extra") == "forbid"
    assert (settings.model_config.get("env_prefix") or "").startswith("HEARTWIRE_")
